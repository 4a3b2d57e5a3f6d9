#include "libs/schema/descriptor.h"
#include "libs/schema/message_name.h"

namespace hangou {
namespace {

using namespace hangou::catalog::v1;  // NOLINT: the names of the field types

// A type in a .proto file, and what it means to people.
struct TypeText {
  std::string_view proto;
  std::string_view meaning;
};

TypeText TypeTextOf(FieldType type) {
  switch (type) {
    case FIELD_TYPE_INTEGER:
      return {"int64", "whole number"};
    case FIELD_TYPE_DECIMAL:
      return {"int64", "decimal, the value without its point"};
    case FIELD_TYPE_MONEY:
      return {"int64", "money in fen (分)"};
    case FIELD_TYPE_DATE:
      return {"int32", "date in days since 1970-01-01"};
    case FIELD_TYPE_TIMESTAMP:
      return {"int64", "instant in microseconds since 1970-01-01 UTC"};
    case FIELD_TYPE_BOOL:
      return {"bool", "true or false"};
    case FIELD_TYPE_CODE:
      return {"string", "code"};
    case FIELD_TYPE_CITIZEN_ID:
      return {"string", "citizen id (公民身份号码)"};
    case FIELD_TYPE_USCC:
      return {"string", "unified social credit code (统一社会信用代码)"};
    case FIELD_TYPE_DIVISION:
      return {"string", "division code (行政区划代码)"};
    case FIELD_TYPE_ORGANIZATION_CODE:
      return {"string", "organisation code (组织机构代码)"};
    case FIELD_TYPE_REGISTRATION_NUMBER:
      return {"string", "business registration number (工商注册号)"};
    case FIELD_TYPE_TAXPAYER_ID:
      return {"string", "taxpayer id (纳税人识别号)"};
    case FIELD_TYPE_INDUSTRY:
      return {"string", "industry code (国民经济行业代码)"};
    case FIELD_TYPE_REAL_ESTATE_UNIT:
      return {"string", "real-estate unit number (不动产单元代码)"};
    case FIELD_TYPE_BANK_CARD:
      return {"string", "bank card number (银行卡号)"};
    case FIELD_TYPE_PHONE:
      return {"string", "telephone number (电话号码)"};
    case FIELD_TYPE_PLATE:
      return {"string", "number plate (号牌号码)"};
    case FIELD_TYPE_VIN:
      return {"string", "vehicle identification number (车辆识别代号)"};
    case FIELD_TYPE_CERTIFICATE_ID:
      return {"string", "id of an electronic certificate (电子证照标识)"};
    case FIELD_TYPE_PASSPORT:
      return {"string", "passport number (护照号码)"};
    case FIELD_TYPE_TRAVEL_PERMIT:
      return {"string", "number of a travel permit (来往内地（大陆）通行证号码)"};
    case FIELD_TYPE_POINT:
      return {"bytes", "point in CGCS2000, WKB"};
    case FIELD_TYPE_GEOMETRY:
      return {"bytes", "geometry in CGCS2000, WKB"};
    default:
      return {"string", "text"};
  }
}

// Text of the catalog as the rest of a comment line: control characters would end it.
std::string Line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return line;
}

std::string LengthRule(const Field& field) {
  std::string rule;
  if (field.min_length() != 0) rule += ", at least " + std::to_string(field.min_length()) + " characters";
  if (field.max_length() != 0) rule += ", at most " + std::to_string(field.max_length()) + " characters";
  return rule;
}

// The rules of a field as one comment line.
std::string RulesOf(const Resource& resource, const Field& field) {
  std::string rules(TypeTextOf(field.type()).meaning);
  if (field.type() == FIELD_TYPE_DECIMAL) rules += ", scale " + std::to_string(field.scale());
  if (!field.code_list().empty()) rules += " of " + field.code_list();
  if (field.required()) rules += ", required";
  if (field.name() == resource.owner_field()) rules += ", the owner";
  if (field.name() == resource.version_field()) rules += ", the version";
  for (const std::string& key : resource.record_key_fields()) {
    if (field.name() == key) rules += ", part of the record key";
  }
  rules += LengthRule(field);
  if (!field.min().empty()) rules += ", from " + field.min();
  if (!field.max().empty()) rules += ", up to " + field.max();
  if (!field.pattern().empty()) rules += ", matches " + field.pattern();
  if (!field.birth_date_of().empty()) rules += ", the birth date in " + field.birth_date_of();
  return Line(rules);
}

std::string ReservedOf(const std::vector<const Field*>& fields) {
  std::string reserved;
  for (const NumberGap& gap : NumberGaps(fields)) {
    reserved += reserved.empty() ? "  reserved " : ", ";
    reserved += std::to_string(gap.first);
    if (gap.last != gap.first) reserved += " to " + std::to_string(gap.last);
  }
  return reserved.empty() ? reserved : reserved + ";\n";
}

void AppendField(const Resource& resource, const Field& field, std::string* text) {
  if (!field.title().empty()) *text += "  // " + Line(field.title()) + "\n";
  *text += "  // " + RulesOf(resource, field) + "\n";
  *text += "  optional ";
  *text += TypeTextOf(field.type()).proto;
  *text += " " + field.name() + " = " + std::to_string(field.number()) + ";\n";
}

}  // namespace

std::string ProtoTextOf(const Resource& resource) {
  const MessageName name = SplitName(resource);
  std::string text = "// " + name.file + ": " + Line(resource.name()) + ", schema revision " +
                     std::to_string(resource.schema_revision()) + "\n";
  text += "syntax = \"proto3\";\n\npackage " + name.package + ";\n\n";
  if (!resource.title().empty()) text += "// " + Line(resource.title()) + "\n";
  if (!resource.summary().empty()) text += "// " + Line(resource.summary()) + "\n";
  text += "message " + name.message + " {\n";
  const std::vector<const Field*> fields = FieldsByNumber(resource);
  text += ReservedOf(fields);
  for (const Field* field : fields) AppendField(resource, *field, &text);
  return text + "}\n";
}

}  // namespace hangou

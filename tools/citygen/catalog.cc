#include "tools/citygen/catalog.h"

#include "libs/base/status.h"
#include "libs/policy/yaml.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

constexpr std::string_view kResourcePrefix = "resources/";
constexpr std::string_view kToday = "today";
constexpr std::string_view kLowestAmount = "0";

ColumnKind KindOfDate(const v1::Field& field) {
  if (!field.birth_date_of().empty()) return ColumnKind::kBirthDate;
  return field.max() == kToday ? ColumnKind::kPastDate : ColumnKind::kDate;
}

ColumnKind KindOfField(const v1::Resource& resource, const v1::Field& field) {
  switch (field.type()) {
    case v1::FIELD_TYPE_TEXT:
      return field.pattern().empty() && field.max_length() > 0 ? ColumnKind::kText : ColumnKind::kOther;
    case v1::FIELD_TYPE_CODE:
      return ColumnKind::kCode;
    case v1::FIELD_TYPE_CITIZEN_ID:
    case v1::FIELD_TYPE_USCC:
      return ColumnKind::kId;
    case v1::FIELD_TYPE_DIVISION:
      return ColumnKind::kDivision;
    case v1::FIELD_TYPE_DATE:
      return KindOfDate(field);
    case v1::FIELD_TYPE_TIMESTAMP:
      return field.name() == resource.version_field() ? ColumnKind::kInstant : ColumnKind::kOther;
    case v1::FIELD_TYPE_INTEGER:
    case v1::FIELD_TYPE_DECIMAL:
    case v1::FIELD_TYPE_MONEY:
      return field.min() == kLowestAmount ? ColumnKind::kAmount : ColumnKind::kOther;
    case v1::FIELD_TYPE_BOOL:
    case v1::FIELD_TYPE_POINT:
    case v1::FIELD_TYPE_GEOMETRY:
      return ColumnKind::kOther;
    default:
      return ColumnKind::kSpelled;
  }
}

TableSpec SpecOf(const v1::Resource& resource) {
  TableSpec spec;
  spec.name = resource.name().substr(kResourcePrefix.size());
  for (const v1::Field& field : resource.fields()) {
    spec.columns.push_back(
        {field.name(), KindOfField(resource, field), field.required(), static_cast<int>(field.max_length())});
  }
  return spec;
}

// 市民政局 is 扬州市民政局 to others; those of the province or the state have their full name already.
Organ OrganOf(const v1::Department& department) {
  constexpr std::string_view kCityWord = "市";
  const bool of_city = department.title().starts_with(kCityWord);
  return {of_city ? "扬州" + department.title() : department.title(), department.uscc()};
}

}  // namespace

absl::StatusOr<CityCatalog> LoadCityCatalog(const std::vector<std::string>& paths) {
  CityCatalog catalog;
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(const auto objects, LoadObjects(path));
    for (const v1::CatalogObject& object : objects) {
      if (object.has_resource()) {
        TableSpec spec = SpecOf(object.resource());
        catalog.tables[spec.name] = std::move(spec);
      } else if (object.has_department()) {
        catalog.organs[object.department().name()] = OrganOf(object.department());
      }
    }
  }
  return catalog;
}

}  // namespace hangou

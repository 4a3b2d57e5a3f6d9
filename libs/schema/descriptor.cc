#include "libs/schema/descriptor.h"

#include <algorithm>
#include <vector>

#include "libs/schema/message_name.h"

namespace hangou {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::FieldDescriptorProto;
using namespace hangou::catalog::v1;  // NOLINT: the names of the field types

FieldDescriptorProto::Type WireTypeOf(FieldType type) {
  switch (type) {
    case FIELD_TYPE_INTEGER:
    case FIELD_TYPE_DECIMAL:
    case FIELD_TYPE_MONEY:
    case FIELD_TYPE_TIMESTAMP:
      return FieldDescriptorProto::TYPE_INT64;
    case FIELD_TYPE_DATE:
      return FieldDescriptorProto::TYPE_INT32;
    case FIELD_TYPE_BOOL:
      return FieldDescriptorProto::TYPE_BOOL;
    case FIELD_TYPE_POINT:
    case FIELD_TYPE_GEOMETRY:
      return FieldDescriptorProto::TYPE_BYTES;
    default:
      return FieldDescriptorProto::TYPE_STRING;
  }
}

// proto3's explicit presence stands in a descriptor as a oneof of this one field.
void AddField(const Field& field, DescriptorProto* message) {
  FieldDescriptorProto* out = message->add_field();
  out->set_name(field.name());
  out->set_number(static_cast<int32_t>(field.number()));
  out->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
  out->set_type(WireTypeOf(field.type()));
  out->set_proto3_optional(true);
  out->set_oneof_index(message->oneof_decl_size());
  message->add_oneof_decl()->set_name("_" + field.name());
}

}  // namespace

std::vector<const Field*> FieldsByNumber(const Resource& resource) {
  std::vector<const Field*> fields;
  for (const Field& field : resource.fields()) fields.push_back(&field);
  std::sort(fields.begin(), fields.end(),
            [](const Field* a, const Field* b) { return a->number() < b->number(); });
  return fields;
}

std::vector<NumberGap> NumberGaps(const std::vector<const Field*>& fields) {
  std::vector<NumberGap> gaps;
  uint32_t expected = 1;
  for (const Field* field : fields) {
    if (field->number() > expected) gaps.push_back({expected, field->number() - 1});
    expected = field->number() + 1;
  }
  return gaps;
}

MessageName SplitName(const Resource& resource) {
  std::string_view name = resource.name();
  name.remove_prefix(std::min(name.size(), name.find('/') + 1));
  const size_t dot = name.find('.');
  const std::string department(name.substr(0, dot));
  const std::string short_name(dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1));
  MessageName split;
  split.package = "hangou.resource." + department;
  split.file = "hangou/resource/" + department + "/" + short_name + ".proto";
  bool upper = true;
  for (char c : short_name) {
    if (c != '_')
      split.message.push_back(upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    upper = c == '_';
  }
  return split;
}

std::string MessageNameOf(const Resource& resource) {
  const MessageName name = SplitName(resource);
  return name.package + "." + name.message;
}

google::protobuf::FileDescriptorSet DescriptorOf(const Resource& resource) {
  const MessageName name = SplitName(resource);
  google::protobuf::FileDescriptorSet set;
  google::protobuf::FileDescriptorProto* file = set.add_file();
  file->set_name(name.file);
  file->set_package(name.package);
  file->set_syntax("proto3");
  DescriptorProto* message = file->add_message_type();
  message->set_name(name.message);
  const std::vector<const Field*> fields = FieldsByNumber(resource);
  for (const Field* field : fields) AddField(*field, message);
  for (const NumberGap& gap : NumberGaps(fields)) {
    DescriptorProto::ReservedRange* range = message->add_reserved_range();
    range->set_start(static_cast<int32_t>(gap.first));
    range->set_end(static_cast<int32_t>(gap.last) + 1);
  }
  return set;
}

}  // namespace hangou

// A resource and its code lists, for tests.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/schema/resource_schema.h"
#include "libs/schema/text_codec.h"

namespace hangou::schema_test {

// 2026-11-22T00:00:00Z, the "now" of these tests; in China it is 08:00 of that day.
constexpr int64_t kNowUs = 1'795'305'600 * kUsPerSecond;

inline std::shared_ptr<const std::unordered_set<std::string>> CodeList(const std::string& name) {
  static const auto kSex = std::make_shared<const std::unordered_set<std::string>>(
      std::unordered_set<std::string>{"0", "1", "2", "9"});
  return name == "sex" ? kSex : nullptr;
}

// A resource without fields, owned by a person.
inline hangou::catalog::v1::Resource BareResource() {
  hangou::catalog::v1::Resource resource;
  resource.set_name("resources/psb.resident");
  resource.set_title("常住人口");
  resource.set_number(7);
  resource.set_schema_revision(1);
  resource.set_library("population");
  resource.set_responsible("psb");
  resource.add_providers("psb");
  resource.set_sharing(hangou::catalog::v1::SHARING_TYPE_CONDITIONAL);
  resource.set_versioning(hangou::catalog::v1::VERSIONING_SOURCE);
  resource.set_owner_kind(hangou::record::v1::ENTITY_KIND_PERSON);
  resource.set_owner_field("citizen_id");
  return resource;
}

// Adds a field with the number behind the last.
inline hangou::catalog::v1::Field* AddField(hangou::catalog::v1::Resource* resource, const std::string& name,
                                            FieldType type) {
  hangou::catalog::v1::Field* field = resource->add_fields();
  field->set_name(name);
  field->set_number(static_cast<uint32_t>(resource->fields_size()));
  field->set_type(type);
  return field;
}

// The field of this name, which there must be.
inline hangou::catalog::v1::Field* FieldOfName(hangou::catalog::v1::Resource* resource,
                                               std::string_view name) {
  for (auto& field : *resource->mutable_fields()) {
    if (field.name() == name) return &field;
  }
  Crash("schema_for_test.h", "no such field");
}

// One field of every type; numbers are places, from 1.
inline hangou::catalog::v1::Resource ResidentResource() {
  namespace v1 = hangou::catalog::v1;
  v1::Resource resource = BareResource();
  AddField(&resource, "citizen_id", v1::FIELD_TYPE_CITIZEN_ID)->set_title("公民身份号码");
  v1::Field* name = AddField(&resource, "full_name", v1::FIELD_TYPE_TEXT);
  name->set_title("姓名");
  name->set_required(true);
  name->set_max_length(20);
  v1::Field* birth = AddField(&resource, "birth_date", v1::FIELD_TYPE_DATE);
  birth->set_birth_date_of("citizen_id");
  birth->set_max("today");
  AddField(&resource, "sex", v1::FIELD_TYPE_CODE)->set_code_list("sex");
  AddField(&resource, "division", v1::FIELD_TYPE_DIVISION);
  AddField(&resource, "employer", v1::FIELD_TYPE_USCC);
  v1::Field* children = AddField(&resource, "children", v1::FIELD_TYPE_INTEGER);
  children->set_min("0");
  children->set_max("20");
  AddField(&resource, "height", v1::FIELD_TYPE_DECIMAL)->set_scale(2);
  AddField(&resource, "income", v1::FIELD_TYPE_MONEY)->set_min("0");
  AddField(&resource, "married", v1::FIELD_TYPE_BOOL);
  AddField(&resource, "updated", v1::FIELD_TYPE_TIMESTAMP);
  v1::Field* phone = AddField(&resource, "phone", v1::FIELD_TYPE_TEXT);
  phone->set_pattern("1[3-9][0-9]{9}");
  v1::Field* household = AddField(&resource, "household", v1::FIELD_TYPE_TEXT);
  household->set_min_length(2);
  household->set_max_length(32);
  resource.add_record_key_fields("household");
  resource.set_version_field("updated");
  return resource;
}

// The compiled form of a resource that must be right.
inline std::shared_ptr<const ResourceSchema> MustCompile(const hangou::catalog::v1::Resource& resource) {
  auto schema = ResourceSchema::Compile(resource, CodeList);
  HANGOU_CHECK(schema.ok(), Message(schema.status()));
  return *schema;
}

// A field in wire format, from its name and text.
struct NamedText {
  std::string_view name;
  std::string_view text;
};
inline std::string Encode(const ResourceSchema& schema, const std::vector<NamedText>& values) {
  std::string payload;
  for (const NamedText& value : values) {
    const int index = schema.IndexOfName(value.name);
    HANGOU_CHECK(index >= 0, "no such field");
    HANGOU_CHECK(EncodeField(schema.fields()[static_cast<size_t>(index)], value.text, &payload).ok(),
                 "wrong text");
  }
  return payload;
}

// A valid record of ResidentResource.
inline std::vector<NamedText> ResidentValues() {
  return {{"citizen_id", "321002198507140016"},
          {"full_name", "欧阳小丰"},
          {"birth_date", "1985-07-14"},
          {"sex", "1"},
          {"division", "321002001"},
          {"employer", "91321000714092832H"},
          {"children", "2"},
          {"height", "1.75"},
          {"income", "123456.78"},
          {"married", "true"},
          {"updated", "2026-11-21T00:00:00Z"},
          {"phone", "13812345678"},
          {"household", "H-0001"}};
}

}  // namespace hangou::schema_test

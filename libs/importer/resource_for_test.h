// A small resource for the tests of this folder.
#pragma once

#include <memory>
#include <unordered_set>

#include "libs/base/status.h"
#include "libs/schema/resource_schema.h"

namespace hangou {

// "resources/psb.resident": citizen_id 1, name 2, born 3, income 4 (money), points 5 (integer).
inline std::shared_ptr<const ResourceSchema> ResidentForTest() {
  using namespace hangou::catalog::v1;  // NOLINT: test data
  Resource resource;
  resource.set_name("resources/psb.resident");
  resource.set_title("常住人口");
  resource.set_number(1);
  resource.set_library("population");
  resource.set_responsible("psb");
  resource.add_providers("psb");
  resource.set_sharing(SHARING_TYPE_UNCONDITIONAL);
  resource.set_versioning(VERSIONING_SOURCE);
  resource.set_owner_kind(hangou::record::v1::ENTITY_KIND_PERSON);
  resource.set_owner_field("citizen_id");
  resource.set_schema_revision(1);
  const auto add = [&](uint32_t number, const char* name, const char* title, FieldType type) {
    Field* field = resource.add_fields();
    field->set_number(number);
    field->set_name(name);
    field->set_title(title);
    field->set_type(type);
    field->set_required(number == 1);
  };
  add(1, "citizen_id", "公民身份号码", FIELD_TYPE_CITIZEN_ID);
  add(2, "name", "姓名", FIELD_TYPE_TEXT);
  add(3, "born", "出生日期", FIELD_TYPE_DATE);
  add(4, "income", "收入", FIELD_TYPE_MONEY);
  add(5, "points", "积分", FIELD_TYPE_INTEGER);
  const auto none = std::make_shared<const std::unordered_set<std::string>>();
  auto schema = ResourceSchema::Compile(resource, [&](const std::string&) { return none; });
  HANGOU_CHECK(schema.ok(), schema.ok() ? "" : std::string(Message(schema.status())));
  return *schema;
}

}  // namespace hangou

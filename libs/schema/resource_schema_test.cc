#include "libs/schema/resource_schema.h"

#include <catch2/catch.hpp>

#include "libs/schema/schema_for_test.h"

namespace hangou {
namespace {

using namespace hangou::catalog::v1;  // NOLINT: the names of the field types
using schema_test::AddField;
using schema_test::CodeList;
using schema_test::FieldOfName;
using schema_test::MustCompile;
using schema_test::ResidentResource;

// The field that the error of a changed declaration names; "" where it compiles.
template <typename Change>
std::string Wrong(Change change) {
  Resource resource = ResidentResource();
  change(&resource);
  const auto schema = ResourceSchema::Compile(resource, CodeList);
  if (schema.ok()) return "";
  CHECK(ReasonOf(schema.status()) == Reason::kInvalidObject);
  return FieldOf(schema.status());
}

// The same for a change of one field.
template <typename Change>
bool FieldWrong(std::string_view name, Change change) {
  return Wrong([&](Resource* resource) { change(FieldOfName(resource, name)); }) == name;
}

}  // namespace

TEST_CASE("A compiled resource knows its fields by number and name") {
  const auto schema = MustCompile(ResidentResource());
  CHECK(schema->name() == "resources/psb.resident");
  CHECK(schema->number() == 7);
  CHECK(schema->fields().size() == 13);
  CHECK(schema->IndexOfName("income") == 8);
  CHECK(schema->IndexOfNumber(9) == 8);
  CHECK(schema->IndexOfName("nobody") == -1);
  CHECK(schema->IndexOfNumber(0) == -1);
  CHECK(schema->IndexOfNumber(14) == -1);
  CHECK(schema->IndexOfNumber(limits::kFieldNumber + 1) == -1);
  CHECK(schema->owner_index() == 0);
  CHECK(schema->owner_kind() == EntityKind::kPerson);
  CHECK(schema->record_key_indexes() == std::vector<int>{12});
  CHECK(schema->version_index() == 10);
  CHECK(schema->versioned_by_source());
  CHECK(schema->IsProvider("psb"));
  CHECK_FALSE(schema->IsProvider("tax"));
}

TEST_CASE("Fields are in the order of their numbers, not of the declaration") {
  Resource resource = ResidentResource();
  std::reverse(resource.mutable_fields()->begin(), resource.mutable_fields()->end());
  const auto schema = MustCompile(resource);
  for (size_t i = 0; i < schema->fields().size(); ++i) CHECK(schema->fields()[i].number == i + 1);
  CHECK(schema->fields()[2].birth_date_of == 0);
  CHECK(schema->owner_index() == 0);
}

TEST_CASE("The owner, the record key and the version are required, also where not declared so") {
  const auto schema = MustCompile(ResidentResource());
  for (const char* name : {"citizen_id", "household", "updated", "full_name"}) {
    CHECK(schema->fields()[static_cast<size_t>(schema->IndexOfName(name))].required);
  }
  CHECK_FALSE(schema->fields()[static_cast<size_t>(schema->IndexOfName("phone"))].required);
}

TEST_CASE("Names of resources, departments and libraries are checked") {
  for (const char* name : {"", "psb.resident", "resources/psb", "resources/.resident", "resources/psb.",
                           "resources/PSB.resident", "resources/psb.resident.more", "resources/psb.a-b"}) {
    CAPTURE(name);
    CHECK(Wrong([&](Resource* r) { r->set_name(name); }) == "name");
  }
  CHECK(Wrong([](Resource* r) { r->clear_responsible(); }) == "responsible");
  CHECK(Wrong([](Resource* r) { r->clear_providers(); }) == "providers");
  CHECK(Wrong([](Resource* r) { r->add_providers("psb"); }) == "providers");
  CHECK(Wrong([](Resource* r) { r->add_providers("No"); }) == "providers");
  CHECK(Wrong([](Resource* r) { r->set_library("people"); }) == "library");
  CHECK(Wrong([](Resource* r) { r->set_update_cycle("sometimes"); }) == "update_cycle");
  CHECK(Wrong([](Resource* r) { r->set_update_cycle("daily"); }).empty());
}

TEST_CASE("What is not shared rests on a law, and a field is never shared more than its resource") {
  CHECK(Wrong([](Resource* r) { r->clear_sharing(); }) == "sharing");
  CHECK(Wrong([](Resource* r) { r->set_sharing(SHARING_TYPE_NOT_SHARED); }) == "legal_basis");
  CHECK(FieldWrong("phone", [](Field* f) { f->set_sharing(SHARING_TYPE_UNCONDITIONAL); }));
  CHECK(FieldWrong("phone", [](Field* f) { f->set_sharing(SHARING_TYPE_NOT_SHARED); }));
  CHECK_FALSE(FieldWrong("phone", [](Field* f) {
    f->set_sharing(SHARING_TYPE_NOT_SHARED);
    f->set_legal_basis("some law");
  }));
}

TEST_CASE("Names and numbers of fields are in their limits and unlike each other") {
  CHECK(Wrong([](Resource* r) { FieldOfName(r, "phone")->set_name("Phone"); }) == "Phone");
  CHECK(FieldWrong("phone", [](Field* f) { f->set_number(0); }));
  CHECK(FieldWrong("phone", [](Field* f) { f->set_number(limits::kFieldNumber + 1); }));
  CHECK_FALSE(FieldWrong("phone", [](Field* f) { f->set_number(limits::kFieldNumber); }));
  CHECK(Wrong([](Resource* r) { FieldOfName(r, "phone")->set_number(13); }) == "household");
  CHECK(Wrong([](Resource* r) { AddField(r, "phone", FIELD_TYPE_TEXT); }) == "phone");
  CHECK(Wrong([](Resource* r) { AddField(r, "fullname", FIELD_TYPE_TEXT); }) == "fullname");
  CHECK(Wrong([](Resource* r) { r->clear_fields(); }) == "fields");
  const auto with_fields = [](int count) {
    return [count](Resource* r) {
      while (r->fields_size() < count) AddField(r, "f" + std::to_string(r->fields_size()), FIELD_TYPE_TEXT);
    };
  };
  CHECK(Wrong(with_fields(200)).empty());
  CHECK(Wrong(with_fields(201)) == "fields");
}

TEST_CASE("Rules go with the types that have them") {
  CHECK(FieldWrong("phone", [](Field* f) { f->clear_type(); }));
  CHECK(FieldWrong("phone", [](Field* f) { f->set_scale(2); }));
  CHECK(FieldWrong("height", [](Field* f) { f->set_scale(10); }));
  CHECK(FieldWrong("children", [](Field* f) { f->set_max_length(3); }));
  CHECK(FieldWrong("children", [](Field* f) { f->set_pattern("[0-9]"); }));
  CHECK(FieldWrong("phone", [](Field* f) { f->set_max("9"); }));
  CHECK(FieldWrong("married", [](Field* f) { f->set_min("false"); }));
  CHECK(FieldWrong("phone", [](Field* f) { f->set_code_list("sex"); }));
  CHECK(FieldWrong("sex", [](Field* f) { f->clear_code_list(); }));
  CHECK(FieldWrong("sex", [](Field* f) { f->set_code_list("none_such"); }));
  CHECK(FieldWrong("updated", [](Field* f) { f->set_birth_date_of("citizen_id"); }));
  CHECK(FieldWrong("birth_date", [](Field* f) { f->set_birth_date_of("full_name"); }));
  CHECK(FieldWrong("birth_date", [](Field* f) { f->set_birth_date_of("nobody"); }));
}

TEST_CASE("Ranges are in the notation of the type, and not empty") {
  CHECK(FieldWrong("children", [](Field* f) { f->set_min("zero"); }));
  CHECK(FieldWrong("children", [](Field* f) { f->set_min("21"); }));
  CHECK(FieldWrong("children", [](Field* f) { f->set_max("today"); }));
  CHECK(FieldWrong("birth_date", [](Field* f) { f->set_min("today"); }));
  const auto schema = MustCompile(ResidentResource());
  CHECK(schema->fields()[8].min == 0);
  CHECK_FALSE(schema->fields()[8].max.has_value());
  CHECK(schema->fields()[2].max_is_today);
}

TEST_CASE("Lengths contradict neither each other nor the record") {
  CHECK(FieldWrong("household", [](Field* f) { f->set_min_length(33); }));
  CHECK(FieldWrong("household", [](Field* f) { f->set_max_length(limits::kRecordBytes + 1); }));
}

TEST_CASE("Patterns are of RE2's syntax, and short") {
  CHECK(FieldWrong("phone", [](Field* f) { f->set_pattern("("); }));
  CHECK(FieldWrong("phone", [](Field* f) { f->set_pattern("(a)\\1"); }));
  CHECK(FieldWrong("phone", [](Field* f) { f->set_pattern("(?=a)b"); }));
  CHECK(FieldWrong("phone", [](Field* f) { f->set_pattern(std::string(kPatternBytes + 1, 'a')); }));
  CHECK_FALSE(FieldWrong("phone", [](Field* f) { f->set_pattern("(a+)+"); }));
}

TEST_CASE("The owner is a field that identifies its kind") {
  CHECK(Wrong([](Resource* r) { r->clear_owner_kind(); }) == "owner_kind");
  CHECK(Wrong([](Resource* r) { r->clear_owner_field(); }) == "owner_field");
  CHECK(Wrong([](Resource* r) { r->set_owner_field("nobody"); }) == "owner_field");
  CHECK(Wrong([](Resource* r) { r->set_owner_field("employer"); }) == "employer");
  const auto place = [](const char* field) {
    return [field](Resource* r) {
      r->set_owner_kind(hangou::record::v1::ENTITY_KIND_PLACE);
      r->set_owner_field(field);
    };
  };
  CHECK(Wrong(place("division")).empty());
  CHECK(Wrong(place("household")).empty());
  CHECK(Wrong(place("phone")) == "phone");
  const auto owned_by = [](hangou::record::v1::EntityKind kind, FieldType type) {
    return Wrong([kind, type](Resource* r) {
      r->set_owner_kind(kind);
      schema_test::FieldOfName(r, "employer")->set_type(type);
      r->set_owner_field("employer");
    });
  };
  CHECK(owned_by(hangou::record::v1::ENTITY_KIND_ORGANISATION, FIELD_TYPE_ORGANIZATION_CODE).empty());
  CHECK(owned_by(hangou::record::v1::ENTITY_KIND_PLACE, FIELD_TYPE_REAL_ESTATE_UNIT) == "");
  CHECK(owned_by(hangou::record::v1::ENTITY_KIND_PERSON, FIELD_TYPE_REAL_ESTATE_UNIT) == "employer");
  CHECK(owned_by(hangou::record::v1::ENTITY_KIND_VEHICLE, FIELD_TYPE_VIN).empty());
  CHECK(owned_by(hangou::record::v1::ENTITY_KIND_VEHICLE, FIELD_TYPE_PLATE).empty());
  CHECK(owned_by(hangou::record::v1::ENTITY_KIND_VEHICLE, FIELD_TYPE_USCC) == "employer");
  CHECK(owned_by(hangou::record::v1::ENTITY_KIND_PERSON, FIELD_TYPE_PASSPORT) == "employer");
}

TEST_CASE("The record key and the version are fields that can be it") {
  CHECK(Wrong([](Resource* r) { r->add_record_key_fields("nobody"); }) == "record_key_fields");
  CHECK(Wrong([](Resource* r) { r->add_record_key_fields("household"); }) == "household");
  CHECK(Wrong([](Resource* r) {
          for (int i = 0; i < kRecordKeyFields; ++i) r->add_record_key_fields("household");
        }) == "record_key_fields");
  CHECK(Wrong([](Resource* r) { r->clear_versioning(); }) == "versioning");
  CHECK(Wrong([](Resource* r) { r->set_versioning(VERSIONING_ARRIVAL); }) == "version_field");
  CHECK(Wrong([](Resource* r) { r->set_version_field("nobody"); }) == "version_field");
  CHECK(Wrong([](Resource* r) { r->set_version_field("income"); }) == "income");
  CHECK(Wrong([](Resource* r) { r->clear_version_field(); }).empty());
}

}  // namespace hangou

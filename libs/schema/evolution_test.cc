#include <catch2/catch.hpp>

#include "libs/schema/descriptor.h"
#include "libs/schema/schema_for_test.h"

namespace hangou {
namespace {

using hangou::catalog::v1::Field;
using hangou::catalog::v1::Resource;
using schema_test::FieldOfName;
using schema_test::ResidentResource;

// The resource as a department declares it: without numbers.
Resource Declared() {
  Resource resource = ResidentResource();
  resource.clear_schema_revision();
  for (Field& field : *resource.mutable_fields()) field.clear_number();
  return resource;
}

Resource Stored() {
  Resource resource = Declared();
  REQUIRE(AssignNumbers(nullptr, &resource).ok());
  return resource;
}

Field* AddOptional(Resource* resource, const std::string& name) {
  Field* field = resource->add_fields();
  field->set_name(name);
  field->set_type(hangou::catalog::v1::FIELD_TYPE_TEXT);
  return field;
}

// Whether a change of a stored field is compatible; where not, the error must name the field.
template <typename Change>
bool Compatible(std::string_view name, Change change) {
  Resource next = Declared();
  change(FieldOfName(&next, name));
  const absl::Status status = CheckCompatible(Stored(), next);
  if (!status.ok()) {
    CHECK(ReasonOf(status) == Reason::kInvalidObject);
    CHECK(FieldOf(status) == name);
  }
  return status.ok();
}

// Whether a change of the resource itself is compatible.
template <typename Change>
bool ResourceCompatible(Change change) {
  Resource next = Declared();
  change(&next);
  return CheckCompatible(Stored(), next).ok();
}

}  // namespace

TEST_CASE("A new resource has the numbers from 1 in the order of its fields, and revision 1") {
  const Resource resource = Stored();
  for (int i = 0; i < resource.fields_size(); ++i)
    CHECK(resource.fields(i).number() == static_cast<uint32_t>(i + 1));
  CHECK(resource.schema_revision() == 1);
}

TEST_CASE("Numbers survive a second apply, whatever the order of the fields") {
  const Resource stored = Stored();
  Resource next = Declared();
  std::reverse(next.mutable_fields()->begin(), next.mutable_fields()->end());
  REQUIRE(AssignNumbers(&stored, &next).ok());
  CHECK(next.schema_revision() == 1);
  CHECK(DescriptorOf(next).SerializeAsString() == DescriptorOf(stored).SerializeAsString());
}

TEST_CASE("A new field has the number behind the highest, and raises the revision") {
  const Resource stored = Stored();
  Resource next = Declared();
  AddOptional(&next, "nickname");
  std::reverse(next.mutable_fields()->begin(), next.mutable_fields()->end());
  REQUIRE(AssignNumbers(&stored, &next).ok());
  CHECK(FieldOfName(&next, "nickname")->number() == static_cast<uint32_t>(stored.fields_size() + 1));
  CHECK(FieldOfName(&next, "citizen_id")->number() == 1);
  CHECK(next.schema_revision() == 2);
  CHECK(CheckCompatible(stored, next).ok());
}

TEST_CASE("Titles and sharing leave the revision, rules raise it") {
  const Resource stored = Stored();
  Resource next = Declared();
  next.set_title("another");
  FieldOfName(&next, "phone")->set_title("another");
  FieldOfName(&next, "phone")->set_sharing(hangou::catalog::v1::SHARING_TYPE_NOT_SHARED);
  REQUIRE(AssignNumbers(&stored, &next).ok());
  CHECK(next.schema_revision() == 1);
  FieldOfName(&next, "phone")->clear_pattern();
  REQUIRE(AssignNumbers(&stored, &next).ok());
  CHECK(next.schema_revision() == 2);
}

TEST_CASE("A stored field keeps its number: another one named is refused, the same is not") {
  const Resource stored = Stored();
  Resource next = Declared();
  FieldOfName(&next, "phone")->set_number(FieldOfName(&next, "phone")->number());
  Resource same = stored;
  CHECK(AssignNumbers(&stored, &same).ok());
  FieldOfName(&next, "phone")->set_number(99);
  CHECK(FieldOf(AssignNumbers(&stored, &next)) == "phone");
  CHECK(FieldOf(CheckCompatible(stored, next)) == "phone");
}

TEST_CASE("A number of another field is refused, also of one that the request leaves out") {
  const Resource stored = Stored();
  Resource next = Declared();
  AddOptional(&next, "nickname")->set_number(3);
  CHECK(FieldOf(AssignNumbers(&stored, &next)) == "nickname");
  next.mutable_fields()->DeleteSubrange(2, 1);
  CHECK(FieldOf(AssignNumbers(&stored, &next)) == "nickname");
  FieldOfName(&next, "nickname")->clear_number();
  REQUIRE(AssignNumbers(&stored, &next).ok());
  CHECK(FieldOfName(&next, "nickname")->number() == static_cast<uint32_t>(stored.fields_size() + 1));
}

TEST_CASE("Numbers named for a new resource are kept, so that a catalog can be set up again") {
  Resource resource = Declared();
  FieldOfName(&resource, "phone")->set_number(40);
  REQUIRE(AssignNumbers(nullptr, &resource).ok());
  CHECK(FieldOfName(&resource, "phone")->number() == 40);
  CHECK(FieldOfName(&resource, "citizen_id")->number() == 41);
}

TEST_CASE("Numbers end at the limit") {
  Resource resource = Declared();
  FieldOfName(&resource, "phone")->set_number(limits::kFieldNumber);
  CHECK_FALSE(AssignNumbers(nullptr, &resource).ok());
  FieldOfName(&resource, "phone")->set_number(limits::kFieldNumber + 1);
  CHECK(FieldOf(AssignNumbers(nullptr, &resource)) == "phone");
}

TEST_CASE("The same declaration is compatible, and one with other titles, providers and sharing") {
  CHECK(ResourceCompatible([](Resource*) {}));
  CHECK(ResourceCompatible([](Resource* next) {
    next->set_title("another");
    next->add_providers("housing");
    next->set_sharing(hangou::catalog::v1::SHARING_TYPE_NOT_SHARED);
  }));
}

TEST_CASE("What places and orders records never changes") {
  CHECK_FALSE(ResourceCompatible([](Resource* next) { next->set_name("resources/psb.other"); }));
  CHECK_FALSE(ResourceCompatible([](Resource* next) { next->set_number(9); }));
  CHECK_FALSE(ResourceCompatible([](Resource* next) { next->set_library("tax"); }));
  CHECK_FALSE(ResourceCompatible(
      [](Resource* next) { next->set_versioning(hangou::catalog::v1::VERSIONING_ARRIVAL); }));
  CHECK_FALSE(ResourceCompatible([](Resource* next) { next->clear_version_field(); }));
  CHECK_FALSE(ResourceCompatible(
      [](Resource* next) { next->set_owner_kind(hangou::record::v1::ENTITY_KIND_ORGANISATION); }));
  CHECK_FALSE(ResourceCompatible([](Resource* next) { next->set_owner_field("employer"); }));
  CHECK_FALSE(ResourceCompatible([](Resource* next) { next->clear_record_key_fields(); }));
  CHECK_FALSE(ResourceCompatible([](Resource* next) { next->add_record_key_fields("phone"); }));
}

TEST_CASE("A field is neither removed nor added as required") {
  CHECK_FALSE(ResourceCompatible([](Resource* next) { next->mutable_fields()->RemoveLast(); }));
  CHECK_FALSE(ResourceCompatible([](Resource* next) { FieldOfName(next, "phone")->set_name("telephone"); }));
  CHECK(ResourceCompatible([](Resource* next) { AddOptional(next, "nickname"); }));
  CHECK_FALSE(ResourceCompatible([](Resource* next) { AddOptional(next, "nickname")->set_required(true); }));
}

TEST_CASE("Type, scale and code list of a field never change") {
  CHECK_FALSE(Compatible("phone", [](Field* f) { f->set_type(hangou::catalog::v1::FIELD_TYPE_USCC); }));
  CHECK_FALSE(Compatible("height", [](Field* f) { f->set_scale(3); }));
  CHECK_FALSE(Compatible("sex", [](Field* f) { f->set_code_list("other"); }));
}

TEST_CASE("A field becomes optional but not required") {
  CHECK(Compatible("full_name", [](Field* f) { f->set_required(false); }));
  CHECK_FALSE(Compatible("phone", [](Field* f) { f->set_required(true); }));
}

TEST_CASE("Lengths only relax, and no length stands for the usual limit") {
  CHECK(Compatible("household", [](Field* f) { f->set_min_length(1); }));
  CHECK_FALSE(Compatible("household", [](Field* f) { f->set_min_length(3); }));
  CHECK(Compatible("household", [](Field* f) { f->set_max_length(33); }));
  CHECK(Compatible("household", [](Field* f) { f->clear_max_length(); }));
  CHECK_FALSE(Compatible("household", [](Field* f) { f->set_max_length(31); }));
  CHECK_FALSE(Compatible("phone", [](Field* f) { f->set_max_length(limits::kTextLength - 1); }));
  CHECK(Compatible("phone", [](Field* f) { f->set_max_length(limits::kTextLength); }));
}

TEST_CASE("Ranges only relax, and today is neither wider nor narrower than a day") {
  CHECK(Compatible("children", [](Field* f) { f->set_max("21"); }));
  CHECK(Compatible("children", [](Field* f) { f->clear_max(); }));
  CHECK(Compatible("children", [](Field* f) { f->set_max("020"); }));
  CHECK_FALSE(Compatible("children", [](Field* f) { f->set_max("19"); }));
  CHECK(Compatible("children", [](Field* f) { f->set_min("-1"); }));
  CHECK_FALSE(Compatible("children", [](Field* f) { f->set_min("1"); }));
  CHECK_FALSE(Compatible("height", [](Field* f) { f->set_min("0"); }));
  CHECK(Compatible("birth_date", [](Field* f) { f->clear_max(); }));
  CHECK_FALSE(Compatible("birth_date", [](Field* f) { f->set_max("2999-12-31"); }));
}

TEST_CASE("A pattern and the join with a citizen id are removed or stay") {
  CHECK(Compatible("phone", [](Field* f) { f->clear_pattern(); }));
  CHECK_FALSE(Compatible("phone", [](Field* f) { f->set_pattern(".*"); }));
  CHECK_FALSE(Compatible("full_name", [](Field* f) { f->set_pattern(".*"); }));
  CHECK(Compatible("birth_date", [](Field* f) { f->clear_birth_date_of(); }));
}

}  // namespace hangou

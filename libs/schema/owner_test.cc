#include "libs/schema/owner.h"

#include <catch2/catch.hpp>

#include "libs/schema/schema_for_test.h"
#include "libs/schema/text_codec.h"

namespace hangou {
namespace {

using hangou::catalog::v1::Resource;

absl::StatusOr<std::string> Normalize(const Resource& resource, hangou::record::v1::EntityKind kind,
                                      const std::string& id) {
  hangou::record::v1::Entity owner;
  owner.set_kind(kind);
  owner.set_id(id);
  return NormalizeOwner(*schema_test::MustCompile(resource), owner, schema_test::kNowUs);
}

absl::StatusOr<std::string> NormalizePerson(const std::string& id) {
  return Normalize(schema_test::ResidentResource(), hangou::record::v1::ENTITY_KIND_PERSON, id);
}

}  // namespace

TEST_CASE("An owner is found by any spelling, with or without its kind") {
  CHECK(NormalizePerson("321002 19850714 0016").value() == "321002198507140016");
  CHECK(Normalize(schema_test::ResidentResource(), hangou::record::v1::ENTITY_KIND_UNSPECIFIED,
                  "321002198507140016")
            .value() == "321002198507140016");
}

TEST_CASE("An owner of another kind is a wrong request") {
  const auto owner = Normalize(schema_test::ResidentResource(), hangou::record::v1::ENTITY_KIND_ORGANISATION,
                               "91321000714092832H");
  CHECK(ReasonOf(owner.status()) == Reason::kInvalidRequest);
}

TEST_CASE("A wrong identifier of an owner is refused without being repeated") {
  const auto digit = NormalizePerson("321002198507140017");
  CHECK(ReasonOf(digit.status()) == Reason::kCheckDigit);
  CHECK(Message(digit.status()).find("0017") == std::string_view::npos);
  CHECK(ReasonOf(NormalizePerson("1").status()) == Reason::kFieldInvalid);
  CHECK(ReasonOf(NormalizePerson("").status()) == Reason::kFieldInvalid);
}

TEST_CASE("An owner that is plain text is spelled as records are") {
  Resource resource = schema_test::BareResource();
  schema_test::AddField(&resource, "plate", hangou::catalog::v1::FIELD_TYPE_TEXT)->set_max_length(10);
  resource.set_owner_kind(hangou::record::v1::ENTITY_KIND_VEHICLE);
  resource.set_owner_field("plate");
  CHECK(Normalize(resource, hangou::record::v1::ENTITY_KIND_VEHICLE, "苏k-12345").value() == "苏K12345");
  CHECK_FALSE(Normalize(resource, hangou::record::v1::ENTITY_KIND_VEHICLE, " - ").ok());
}

TEST_CASE("The partition of a payload is that of its owner, in any spelling, and 0 where it has none") {
  const auto schema = schema_test::MustCompile(schema_test::ResidentResource());
  const auto payload = [&](const std::string& id) {
    std::string bytes;
    REQUIRE(EncodeField(schema->fields()[static_cast<size_t>(schema->owner_index())], id, &bytes).ok());
    return bytes;
  };
  const auto place = [&](const std::string& bytes) {
    return PartitionOfPayload(*schema, bytes, 1 << 20, schema_test::kNowUs);
  };
  const std::string id = "321002198507140016";
  const int32_t partition = PartitionOf(EntityKind::kPerson, CanonicalKey(EntityKind::kPerson, id), 1 << 20);
  CHECK(partition != 0);
  CHECK(place(payload(id)) == partition);
  CHECK(place(payload("321002 19850714 0016")) == partition);
  CHECK(place(payload("321002198507140017")) == 0);
  CHECK(place("") == 0);
  CHECK(place(payload(id).substr(0, 5)) == 0);
}

}  // namespace hangou

#include "libs/schema/geometry.h"

#include <catch2/catch.hpp>

#include "libs/base/status.h"
#include "libs/schema/schema_for_test.h"
#include "libs/schema/walker.h"

namespace hangou {
namespace {

using hangou::catalog::v1::FIELD_TYPE_GEOMETRY;
using hangou::catalog::v1::FIELD_TYPE_POINT;

// What becomes of a text on its way in and out; "refused: MESSAGE" where it is refused.
std::string RoundTrip(FieldType type, std::string_view text) {
  const auto wkb = GeometryFromText(type, text);
  if (!wkb.ok()) return "refused: " + std::string(Message(wkb.status()));
  const auto normal = NormalizeGeometry(type, *wkb);
  return normal.ok() ? GeometryText(*normal) : "refused: " + std::string(Message(normal.status()));
}

bool IsRefused(FieldType type, std::string_view text) { return RoundTrip(type, text).starts_with("refused"); }

TEST_CASE("A point is read as WKT or as two numbers and comes back as WKT") {
  CHECK(RoundTrip(FIELD_TYPE_POINT, "POINT (119.4215 32.3932)") == "POINT (119.4215 32.3932)");
  CHECK(RoundTrip(FIELD_TYPE_POINT, "119.4215 32.3932") == "POINT (119.4215 32.3932)");
  CHECK(RoundTrip(FIELD_TYPE_POINT, "119.4215, 32.3932") == "POINT (119.4215 32.3932)");
}

TEST_CASE("A geometry that is not valid, empty, off the earth or of another kind is refused") {
  CHECK(IsRefused(FIELD_TYPE_POINT, "32.39 119.42"));  // latitude first
  CHECK(IsRefused(FIELD_TYPE_POINT, "POINT (nan 1)"));
  CHECK(IsRefused(FIELD_TYPE_POINT, "POINT EMPTY"));
  CHECK(IsRefused(FIELD_TYPE_POINT, "POINT Z (1 2 3)"));
  CHECK(IsRefused(FIELD_TYPE_POINT, "LINESTRING (0 0, 1 1)"));
  CHECK(IsRefused(FIELD_TYPE_POINT, "somewhere"));
  CHECK(IsRefused(FIELD_TYPE_GEOMETRY, "POLYGON ((0 0, 1 1, 0 1, 1 0, 0 0))"));  // a bow tie
  CHECK(IsRefused(FIELD_TYPE_GEOMETRY, "POLYGON ((0 0, 1 1, 0 1))"));            // open
  CHECK_FALSE(IsRefused(FIELD_TYPE_GEOMETRY, "POLYGON ((0 0, 1 0, 1 1, 0 0))"));
  CHECK_FALSE(IsRefused(FIELD_TYPE_GEOMETRY, "LINESTRING (0 0, 1 1)"));
}

TEST_CASE("Bytes that are not WKB are refused and crash nothing, whatever was cut off or changed") {
  const std::string wkb = *GeometryFromText(FIELD_TYPE_GEOMETRY, "POLYGON ((0 0, 1 0, 1 1, 0 0))");
  CHECK_FALSE(NormalizeGeometry(FIELD_TYPE_GEOMETRY, "").ok());
  for (size_t length = 0; length < wkb.size(); ++length) {
    CHECK_FALSE(NormalizeGeometry(FIELD_TYPE_GEOMETRY, wkb.substr(0, length)).ok());
  }
  for (size_t at = 0; at < wkb.size(); ++at) {
    for (const int change : {1, 0x40, 0x80, 0xFF}) {
      std::string other = wkb;
      other[at] = static_cast<char>(other[at] ^ change);
      const auto normal = NormalizeGeometry(FIELD_TYPE_GEOMETRY, other);
      if (normal.ok()) CHECK(NormalizeGeometry(FIELD_TYPE_GEOMETRY, *normal) == normal);
    }
  }
}

TEST_CASE(
    "A record with a geometry may be larger than one without, and its bytes enter in their normal form") {
  hangou::catalog::v1::Resource resource = schema_test::BareResource();
  schema_test::AddField(&resource, "citizen_id", hangou::catalog::v1::FIELD_TYPE_CITIZEN_ID);
  schema_test::AddField(&resource, "place", FIELD_TYPE_POINT);
  const auto schema = schema_test::MustCompile(resource);
  CHECK(schema->payload_limit() == limits::kGeometryRecordBytes);
  std::string big_endian("\0\0\0\0\1\x40\x5d\xdb\x22\xd0\xe5\x60\x42\x40\x40\x32\x8d\xb8\xba\xc7\x11", 21);
  std::string payload;
  AppendTextField(1, "11010519491231002X", &payload);
  AppendTextField(2, big_endian, &payload);
  std::vector<FieldSlice> scratch;
  AdmittedRecord record;
  std::vector<FieldViolation> violations;
  REQUIRE(AdmitPayload(*schema, payload, schema_test::kNowUs, &scratch, &record, &violations));
  CHECK(record.payload.find(big_endian) == std::string::npos);
  REQUIRE(WalkPayload(*schema, record.payload, &scratch).ok());
  CHECK(DecodeField(schema->fields()[1], scratch[1]).starts_with("POINT (119.42"));
}

}  // namespace
}  // namespace hangou

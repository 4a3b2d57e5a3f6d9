#include "libs/schema/walker.h"

#include <catch2/catch.hpp>
#include <limits>

#include "libs/schema/schema_for_test.h"
#include "libs/schema/wire.h"

namespace hangou {
namespace {

using schema_test::Encode;
using schema_test::MustCompile;
using schema_test::ResidentResource;
using schema_test::ResidentValues;

// Numbers of ResidentResource.
constexpr uint32_t kFullName = 2;
constexpr uint32_t kBirthDate = 3;
constexpr uint32_t kChildren = 7;
constexpr uint32_t kMarried = 10;
constexpr uint32_t kUnknown = 14;

struct Walked {
  absl::Status status;
  std::vector<FieldSlice> slices;
};

Walked Walk(std::string_view payload) {
  static const auto schema = MustCompile(ResidentResource());
  Walked walked;
  walked.status = WalkPayload(*schema, payload, &walked.slices);
  return walked;
}

Reason ReasonOfWalk(std::string_view payload) {
  return ReasonOf(Walk(payload).status).value_or(Reason::kInternal);
}

std::string Tag(uint32_t number, uint32_t wire_type) {
  std::string bytes;
  AppendVarint(number << 3 | wire_type, &bytes);
  return bytes;
}

std::string VarintField(uint32_t number, uint64_t value) {
  std::string bytes = Tag(number, kWireVarint);
  AppendVarint(value, &bytes);
  return bytes;
}

std::string TextField(uint32_t number, std::string_view text) {
  std::string bytes;
  AppendTextField(number, text, &bytes);
  return bytes;
}

// A varint of one byte in two: the same value, not in its shortest form.
std::string Overlong(uint8_t value) { return {static_cast<char>(value | 0x80), '\0'}; }

}  // namespace

TEST_CASE("An empty payload is a payload without fields") {
  const Walked walked = Walk("");
  CHECK(walked.status.ok());
  CHECK(walked.slices.empty());
}

TEST_CASE("Every type of field is read with its value, in the order of the bytes") {
  const auto schema = MustCompile(ResidentResource());
  const std::string payload = Encode(*schema, ResidentValues());
  const Walked walked = Walk(payload);
  REQUIRE(walked.status.ok());
  REQUIRE(walked.slices.size() == ResidentValues().size());
  std::string joined;
  for (size_t i = 0; i < walked.slices.size(); ++i) {
    const FieldSlice& slice = walked.slices[i];
    CHECK(DecodeField(schema->fields()[static_cast<size_t>(slice.index)], slice) == ResidentValues()[i].text);
    joined.append(slice.encoded);
  }
  CHECK(joined == payload);
}

TEST_CASE("Fields may come in any order") {
  const std::string payload =
      VarintField(kMarried, 1) + VarintField(kChildren, 3) + TextField(kFullName, "张三");
  const Walked walked = Walk(payload);
  REQUIRE(walked.status.ok());
  CHECK(walked.slices[0].scalar == 1);
  CHECK(walked.slices[1].scalar == 3);
  CHECK(walked.slices[2].text == "张三");
}

TEST_CASE("A payload cut off anywhere inside a field is malformed, and between fields is shorter") {
  const std::vector<std::string> fields = {TextField(kFullName, "张三"), VarintField(kChildren, 300),
                                           VarintField(kBirthDate, static_cast<uint64_t>(int64_t{-1})),
                                           VarintField(kMarried, 1)};
  std::string payload;
  std::vector<size_t> ends = {0};
  for (const std::string& field : fields) ends.push_back((payload += field).size());
  for (size_t size = 0; size <= payload.size(); ++size) {
    CAPTURE(size);
    const bool between = std::find(ends.begin(), ends.end(), size) != ends.end();
    const absl::Status status = Walk(std::string_view(payload).substr(0, size)).status;
    CHECK(status.ok() == between);
    if (!between) CHECK(ReasonOf(status) == Reason::kPayloadMalformed);
  }
}

TEST_CASE("A tag that is not in its shortest form is malformed") {
  CHECK(Walk(Tag(kChildren, kWireVarint) + "\x05").status.ok());
  CHECK(ReasonOfWalk(Overlong(kChildren << 3) + "\x05") == Reason::kPayloadMalformed);
}

TEST_CASE("A length that is not in its shortest form is malformed") {
  CHECK(Walk(Tag(kFullName, kWireBytes) + "\x01" + "a").status.ok());
  CHECK(ReasonOfWalk(Tag(kFullName, kWireBytes) + Overlong(1) + "a") == Reason::kPayloadMalformed);
}

TEST_CASE("A number that is not in its shortest form is malformed, at every length") {
  for (int size = 2; size <= 11; ++size) {
    CAPTURE(size);
    std::string payload = Tag(kChildren, kWireVarint) + std::string(static_cast<size_t>(size - 1), '\x81');
    CHECK(ReasonOfWalk(payload + std::string(1, '\0')) == Reason::kPayloadMalformed);
    if (size < 10) CHECK(Walk(payload + "\x01").status.ok());
  }
}

TEST_CASE("A number of 64 bits is read, one beyond is malformed") {
  const std::string nine(9, '\xFF');
  const Walked walked = Walk(Tag(kChildren, kWireVarint) + nine + "\x01");
  REQUIRE(walked.status.ok());
  CHECK(walked.slices[0].scalar == -1);
  CHECK(ReasonOfWalk(Tag(kChildren, kWireVarint) + nine + "\x02") == Reason::kPayloadMalformed);
  CHECK(ReasonOfWalk(Tag(kChildren, kWireVarint) + nine + "\x81\x01") == Reason::kPayloadMalformed);
}

TEST_CASE("A length beyond the end is malformed, however large") {
  CHECK(ReasonOfWalk(Tag(kFullName, kWireBytes) + "\x02" + "a") == Reason::kPayloadMalformed);
  std::string payload = Tag(kFullName, kWireBytes);
  AppendVarint(std::numeric_limits<uint64_t>::max(), &payload);
  CHECK(ReasonOfWalk(payload + "a") == Reason::kPayloadMalformed);
}

TEST_CASE("A field given twice is malformed, also with the same bytes") {
  const std::string once = VarintField(kChildren, 1);
  const absl::Status status = Walk(once + TextField(kFullName, "张") + once).status;
  CHECK(ReasonOf(status) == Reason::kPayloadMalformed);
  CHECK(FieldOf(status) == "children");
}

TEST_CASE("A number that the schema does not have is unknown, whatever its type") {
  CHECK(ReasonOfWalk(VarintField(kUnknown, 1)) == Reason::kFieldUnknown);
  CHECK(ReasonOfWalk(TextField(kUnknown, "a")) == Reason::kFieldUnknown);
  CHECK(ReasonOfWalk(VarintField(limits::kFieldNumber + 1, 1)) == Reason::kFieldUnknown);
  CHECK(ReasonOfWalk(VarintField(kWireNumberMax, 1)) == Reason::kFieldUnknown);
}

TEST_CASE("Field number 0 and numbers beyond 29 bits are malformed") {
  CHECK(ReasonOfWalk(VarintField(0, 1)) == Reason::kPayloadMalformed);
  std::string payload;
  AppendVarint((kWireNumberMax + 1) << 3, &payload);
  CHECK(ReasonOfWalk(payload + "\x01") == Reason::kPayloadMalformed);
  payload.clear();
  // The low 32 bits of this tag are those of a field of the schema.
  AppendVarint((uint64_t{1} << 32) | (kChildren << 3), &payload);
  CHECK(ReasonOfWalk(payload + "\x01") == Reason::kPayloadMalformed);
}

TEST_CASE("A wire type that does not go with the type of the field is malformed") {
  const absl::Status status = Walk(TextField(kChildren, "1")).status;
  CHECK(ReasonOf(status) == Reason::kPayloadMalformed);
  CHECK(FieldOf(status) == "children");
  CHECK(ReasonOfWalk(VarintField(kFullName, 1)) == Reason::kPayloadMalformed);
}

TEST_CASE("Fixed-width fields, groups and wire types that do not exist are malformed") {
  for (uint32_t number : {kChildren, kFullName, kUnknown}) {
    for (uint32_t wire_type : {1u, 3u, 4u, 5u, 6u, 7u}) {
      CAPTURE(number, wire_type);
      const std::string field = Tag(number, wire_type) + std::string(8, '\1') + Tag(number, 4);
      CHECK(ReasonOfWalk(field) == Reason::kPayloadMalformed);
    }
  }
}

TEST_CASE("A text that is not UTF-8 is an invalid field") {
  for (const char* text : {"\x80", "\xC0\x80", "\xE4\xB8", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF"}) {
    const absl::Status status = Walk(TextField(kFullName, text)).status;
    CHECK(ReasonOf(status) == Reason::kFieldInvalid);
    CHECK(FieldOf(status) == "full_name");
  }
  CHECK(Walk(TextField(kFullName, std::string_view("\0", 1))).status.ok());
}

TEST_CASE("A bool other than 0 and 1 is malformed") {
  CHECK(Walk(VarintField(kMarried, 0)).status.ok());
  CHECK(Walk(VarintField(kMarried, 1)).status.ok());
  CHECK(ReasonOfWalk(VarintField(kMarried, 2)) == Reason::kPayloadMalformed);
  CHECK(ReasonOfWalk(VarintField(kMarried, uint64_t{1} << 63)) == Reason::kPayloadMalformed);
}

TEST_CASE("A date is an int32, a negative one sign-extended to 64 bits") {
  for (int64_t day : {int64_t{std::numeric_limits<int32_t>::min()}, int64_t{-1}, int64_t{0},
                      int64_t{std::numeric_limits<int32_t>::max()}}) {
    const Walked walked = Walk(VarintField(kBirthDate, static_cast<uint64_t>(day)));
    REQUIRE(walked.status.ok());
    CHECK(walked.slices[0].scalar == day);
  }
  CHECK(ReasonOfWalk(VarintField(kBirthDate, uint64_t{1} << 31)) == Reason::kPayloadMalformed);
  // -1 as 32 bits without the extension.
  CHECK(ReasonOfWalk(VarintField(kBirthDate, 0xFFFFFFFF)) == Reason::kPayloadMalformed);
  CHECK(ReasonOfWalk(VarintField(kBirthDate, static_cast<uint64_t>((int64_t{-1} << 31) - 1))) ==
        Reason::kPayloadMalformed);
}

TEST_CASE("Bytes behind the last field are malformed") {
  const std::string payload = VarintField(kChildren, 1);
  CHECK(ReasonOfWalk(payload + std::string(1, '\0')) == Reason::kPayloadMalformed);
  CHECK(ReasonOfWalk(payload + "\xFF") == Reason::kPayloadMalformed);
}

TEST_CASE("A payload at the limit is read, one byte more is too large") {
  const auto text_of = [](size_t size) {
    std::string payload = TextField(kFullName, std::string(size - 4, 'a'));
    REQUIRE(payload.size() == size);
    return payload;
  };
  CHECK(Walk(text_of(limits::kRecordBytes)).status.ok());
  CHECK(ReasonOfWalk(text_of(limits::kRecordBytes + 1)) == Reason::kRecordTooLarge);
}

TEST_CASE("No message of the walker carries the value") {
  const std::string secret = "321002198507140016";
  for (const std::string& payload : {TextField(kChildren, secret), TextField(kFullName, secret + "\xFF"),
                                     TextField(kUnknown, secret), VarintField(kMarried, 1985)}) {
    const absl::Status status = Walk(payload).status;
    CHECK_FALSE(status.ok());
    CHECK(Message(status).find(secret) == std::string_view::npos);
    CHECK(Message(status).find("1985") == std::string_view::npos);
  }
}

}  // namespace hangou

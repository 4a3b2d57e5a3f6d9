#include "libs/schema/text_codec.h"

#include <catch2/catch.hpp>
#include <limits>

#include "libs/schema/schema_for_test.h"

namespace hangou {
namespace {

using namespace hangou::catalog::v1;  // NOLINT: the names of the field types

// What a text stands for; none where it is refused.
std::optional<int64_t> Parse(FieldType type, std::string_view text, uint32_t scale = 0) {
  const auto value = ParseScalar(type, scale, text);
  if (!value.ok()) {
    CHECK(ReasonOf(value.status()) == Reason::kFieldInvalid);
    return std::nullopt;
  }
  return *value;
}

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

}  // namespace

TEST_CASE("Whole numbers are read over the whole range") {
  CHECK(Parse(FIELD_TYPE_INTEGER, "42") == 42);
  CHECK(Parse(FIELD_TYPE_INTEGER, "-7") == -7);
  CHECK(Parse(FIELD_TYPE_INTEGER, "-0") == 0);
  CHECK(Parse(FIELD_TYPE_INTEGER, "007") == 7);
  CHECK(Parse(FIELD_TYPE_INTEGER, "9223372036854775807") == kMost);
  CHECK(Parse(FIELD_TYPE_INTEGER, "-9223372036854775808") == kLeast);
  for (const char* text :
       {"", "-", "+1", "1.0", "1e3", "9223372036854775808", " 1", "1 ", "1,000", "--1", "一"}) {
    CAPTURE(text);
    CHECK_FALSE(Parse(FIELD_TYPE_INTEGER, text));
  }
}

TEST_CASE("Decimals keep every digit of their scale, and lose none beyond it") {
  CHECK(Parse(FIELD_TYPE_DECIMAL, "12.50", 2) == 1250);
  CHECK(Parse(FIELD_TYPE_DECIMAL, "12.5", 2) == 1250);
  CHECK(Parse(FIELD_TYPE_DECIMAL, "12", 2) == 1200);
  CHECK(Parse(FIELD_TYPE_DECIMAL, "12.500000", 2) == 1250);
  CHECK(Parse(FIELD_TYPE_DECIMAL, "-0.05", 2) == -5);
  CHECK(Parse(FIELD_TYPE_DECIMAL, "3", 0) == 3);
  CHECK(Parse(FIELD_TYPE_DECIMAL, "-9.223372036854775808", 9) == std::nullopt);
  for (const char* text : {"12.505", "12.", ".5", "1.2.3", "-", "1.-2", "92233720368547758.08"}) {
    CAPTURE(text);
    CHECK_FALSE(Parse(FIELD_TYPE_DECIMAL, text, 2));
  }
}

TEST_CASE("Money is written in yuan and stands in fen") {
  CHECK(Parse(FIELD_TYPE_MONEY, "1234.50") == 123450);
  CHECK(Parse(FIELD_TYPE_MONEY, "0.01") == 1);
  CHECK_FALSE(Parse(FIELD_TYPE_MONEY, "0.001"));
  CHECK(FormatScalar(FIELD_TYPE_MONEY, 0, -5) == "-0.05");
}

TEST_CASE("Dates, instants and bools have one notation") {
  CHECK(Parse(FIELD_TYPE_DATE, "1970-01-02") == 1);
  CHECK_FALSE(Parse(FIELD_TYPE_DATE, "2026-02-29"));
  CHECK_FALSE(Parse(FIELD_TYPE_DATE, "2026/01/31"));
  CHECK(Parse(FIELD_TYPE_TIMESTAMP, "1970-01-01T08:00:00+08:00") == 0);
  CHECK(Parse(FIELD_TYPE_TIMESTAMP, "1970-01-01 08:00:00") == 0);
  CHECK_FALSE(Parse(FIELD_TYPE_TIMESTAMP, "1970-01-01"));
  CHECK(Parse(FIELD_TYPE_BOOL, "true") == 1);
  CHECK(Parse(FIELD_TYPE_BOOL, "false") == 0);
  CHECK_FALSE(Parse(FIELD_TYPE_BOOL, "1"));
  CHECK_FALSE(Parse(FIELD_TYPE_TEXT, "text"));
}

TEST_CASE("Numbers at the ends of the range survive as text, at every scale") {
  for (uint32_t scale = 0; scale <= 9; ++scale) {
    for (int64_t value :
         {kLeast, kLeast + 1, int64_t{-10}, int64_t{-1}, int64_t{0}, int64_t{1}, int64_t{99}, kMost}) {
      CAPTURE(scale, value);
      CHECK(Parse(FIELD_TYPE_DECIMAL, FormatScalar(FIELD_TYPE_DECIMAL, scale, value), scale) == value);
    }
  }
}

TEST_CASE("A wrong text names its field and not the value") {
  const auto schema = schema_test::MustCompile(schema_test::ResidentResource());
  std::string payload;
  const absl::Status status = EncodeField(schema->fields()[6], "4711x", &payload);
  CHECK(ReasonOf(status) == Reason::kFieldInvalid);
  CHECK(FieldOf(status) == "children");
  CHECK(Message(status).find("4711") == std::string_view::npos);
  CHECK(ReasonOf(EncodeField(schema->fields()[1], "\xFF", &payload)) == Reason::kFieldInvalid);
  CHECK(payload.empty());
}

TEST_CASE("An empty text appends nothing, whatever the type") {
  const auto schema = schema_test::MustCompile(schema_test::ResidentResource());
  std::string payload;
  for (const FieldSchema& field : schema->fields()) CHECK(EncodeField(field, "", &payload).ok());
  CHECK(payload.empty());
}

}  // namespace hangou

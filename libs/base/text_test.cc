#include "libs/base/text.h"

#include <array>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "absl/time/civil_time.h"

namespace hangou {
namespace {

// The encoding of a code point, written down from the table of RFC 3629 section 3.
std::string Encode(uint32_t c) {
  const auto byte = [](uint32_t value) { return static_cast<char>(value); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 | c >> 6), byte(0x80 | (c & 0x3F))};
  if (c < 0x10000) return {byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F))};
  return {byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 0x3F)), byte(0x80 | (c >> 6 & 0x3F)),
          byte(0x80 | (c & 0x3F))};
}

TEST_CASE("Every code point is valid UTF-8 in its one encoding, and nothing else of up to three bytes is") {
  // The encodings of two and of three bytes, by their number.
  std::vector<bool> of_two(1 << 16);
  std::vector<bool> of_three(1 << 24);
  const auto number_of = [](std::string_view bytes) {
    uint32_t number = 0;
    for (char c : bytes) number = number << 8 | static_cast<uint8_t>(c);
    return number;
  };
  for (uint32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    const std::string encoded = Encode(c);
    if (encoded.size() == 2) of_two[number_of(encoded)] = true;
    if (encoded.size() == 3) of_three[number_of(encoded)] = true;
    if (!IsValidUtf8(encoded) || CodePointCount(encoded) != 1) FAIL("code point " << c);
  }
  for (uint32_t lead = 0x80; lead <= 0xFF; ++lead) {
    CHECK_FALSE(IsValidUtf8(std::string{static_cast<char>(lead)}));
    for (uint32_t tail = 0; tail < 0x10000; ++tail) {
      const std::string three{static_cast<char>(lead), static_cast<char>(tail >> 8), static_cast<char>(tail)};
      // A valid text of these three bytes is one character of three, or one of two and an ASCII one.
      const bool expected = of_three[number_of(three)] ||
                            (of_two[number_of(three.substr(0, 2))] && static_cast<uint8_t>(three[2]) < 0x80);
      if (IsValidUtf8(three) != expected) FAIL("bytes " << Hex(three));
    }
  }
}

TEST_CASE("Chinese characters take two columns") {
  CHECK(DisplayWidth("扬州 Yangzhou") == 13);
  CHECK(DisplayWidth("（公示）") == 8);
  CHECK(CodePointCount("扬州") == 2);
}

TEST_CASE("Days and civil dates convert into each other, and no other date exists") {
  const absl::CivilDay epoch(1970, 1, 1);
  for (int year = 1899; year <= 2101; ++year) {
    for (int month = 0; month <= 13; ++month) {
      for (int day = 0; day <= 32; ++day) {
        const absl::CivilDay normalized(year, month, day);
        const bool exists =
            normalized.year() == year && normalized.month() == month && normalized.day() == day;
        const auto number = DayFromCivil(year, month, day);
        if (number.has_value() != exists) FAIL(year << "-" << month << "-" << day);
        if (!exists) continue;
        if (*number != normalized - epoch || ParseDay(FormatDay(*number)) != number) {
          FAIL(year << "-" << month << "-" << day);
        }
      }
    }
  }
}

TEST_CASE("Instants are read with their offset, and without one as UTC+8") {
  CHECK(ParseInstant("2026-03-01T00:00:00Z") == 1'772'323'200'000'000);
  CHECK(ParseInstant("2026-03-01T08:00:00+08:00") == 1'772'323'200'000'000);
  CHECK(ParseInstant("2026-03-01 08:00:00") == 1'772'323'200'000'000);
  CHECK(ParseInstant("2026-03-01T00:00:00.000250Z") == 1'772'323'200'000'250);
  CHECK_FALSE(ParseInstant("2026-02-29T00:00:00Z"));
  CHECK_FALSE(ParseInstant("2026-03-01T24:00:00Z"));
  CHECK_FALSE(ParseInstant("2026-03-01T00:00:00Zx"));
  CHECK_FALSE(ParseInstant(""));
  CHECK(FormatInstant(1'772'323'200'000'000) == "2026-03-01T00:00:00Z");
  CHECK(FormatDay(DayInChina(*ParseInstant("2026-03-01T16:00:00Z"))) == "2026-03-02");
}

TEST_CASE("Instants, base64 and big-endian numbers come back as they were") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2000; ++round) {
    const auto instant = static_cast<int64_t>(random() % 4'000'000'000'000'000);
    if (ParseInstant(FormatInstant(instant)) != instant) FAIL("instant " << instant);
    std::string bytes;
    for (size_t left = random() % 40; left > 0; --left) bytes.push_back(static_cast<char>(random()));
    if (FromBase64Url(Base64Url(bytes)) != bytes) FAIL("bytes " << Hex(bytes));
    const uint64_t number = random() >> random() % 64;
    std::string key;
    AppendBigEndian(&key, number, 8);
    if (ReadBigEndian(key) != number) FAIL("number " << number);
  }
  CHECK_FALSE(FromBase64Url("a+b/"));
  CHECK_FALSE(FromBase64Url("a"));
}

TEST_CASE("Big-endian numbers sort as numbers") {
  std::string small;
  std::string large;
  AppendBigEndian(&small, 255, 4);
  AppendBigEndian(&large, 256, 4);
  CHECK(small < large);
}

}  // namespace
}  // namespace hangou

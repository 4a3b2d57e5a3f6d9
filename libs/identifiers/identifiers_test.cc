#include "libs/identifiers/identifiers.h"

#include <catch2/catch.hpp>

#include "libs/base/text.h"
#include "libs/identifiers/generate_for_test.h"

namespace hangou {
namespace {

// Random bytes that are rich in what normalisation looks at, whole and torn.
std::string RandomText(std::mt19937_64& random) {
  constexpr const char* kPieces[] = {"0",    "9",    "x",    "X",    "a",    "-",    " ",    "\t",   "　",
                                     "０",   "Ｘ",   "ｘ",   "－",   "～",   "中",   "é",    "\xEF", "\xBC",
                                     "\x81", "\xBD", "\x9E", "\xE3", "\x80", "\xFF", "\r\n", "𠮷"};
  std::string text;
  const int count = identifier_test::Uniform(random, 0, 24);
  for (int i = 0; i < count; ++i) text += kPieces[identifier_test::Uniform(random, 0, 25)];
  return text;
}

TEST_CASE("Normalisation drops blanks and hyphens, narrows and raises letters, and leaves the rest") {
  CHECK(NormalizeIdentifierText("  3210-02 1985\t0714 001x\r\n") == "32100219850714001X");
  CHECK(NormalizeIdentifierText("３２１００２－Ｘｘ") == "321002XX");
  CHECK(NormalizeIdentifierText("　苏k 12345　") == "苏K12345");
  CHECK(NormalizeIdentifierText("！～") == "!~");
  CHECK(NormalizeIdentifierText("") == "");
}

TEST_CASE("Normalisation is idempotent") {
  std::mt19937_64 random(identifier_test::kSeed);
  INFO("seed " << identifier_test::kSeed);
  for (int round = 0; round < 20'000; ++round) {
    const std::string once = NormalizeIdentifierText(RandomText(random));
    REQUIRE(NormalizeIdentifierText(once) == once);
  }
}

TEST_CASE("Malformed text is refused and never normalised to something valid") {
  const int32_t today = *ParseDay("2026-11-22");
  std::mt19937_64 random(identifier_test::kSeed);
  for (int round = 0; round < 2000; ++round) {
    std::string id = identifier_test::RandomCitizenId(random);
    id.insert(static_cast<size_t>(identifier_test::Uniform(random, 0, 18)), 1,
              static_cast<char>(identifier_test::Uniform(random, 0x80, 0xFF)));
    REQUIRE_FALSE(CheckIdentifier(IdentifierType::kCitizenId, id, today).ok());
  }
}

TEST_CASE("Checks of arbitrary text end in a verdict") {
  const int32_t today = *ParseDay("2026-11-22");
  std::mt19937_64 random(identifier_test::kSeed);
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = RandomText(random);
    for (int type = 0; type < kIdentifierTypes; ++type) {
      CHECK_NOTHROW(CheckIdentifier(static_cast<IdentifierType>(type), text, today));
    }
  }
}

TEST_CASE("Rules have stable names") {
  CHECK(RuleName(IdentifierRule::kNone) == "");
  CHECK(RuleName(IdentifierRule::kLength) == "length");
  CHECK(RuleName(IdentifierRule::kCharset) == "charset");
  CHECK(RuleName(IdentifierRule::kFormat) == "format");
  CHECK(RuleName(IdentifierRule::kRegion) == "region");
  CHECK(RuleName(IdentifierRule::kBirthdate) == "birthdate");
  CHECK(RuleName(IdentifierRule::kCategory) == "category");
  CHECK(RuleName(IdentifierRule::kCheck) == "check");
  CHECK(RuleName(IdentifierRule::kOrgCode) == "orgcode");
}

}  // namespace
}  // namespace hangou

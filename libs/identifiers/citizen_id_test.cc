#include <catch2/catch.hpp>

#include "libs/base/text.h"
#include "libs/identifiers/entity_key.h"
#include "libs/identifiers/generate_for_test.h"
#include "libs/identifiers/identifiers.h"

namespace hangou {
namespace {

const int32_t kToday = *ParseDay("2026-11-22");

IdentifierVerdict Check(std::string_view raw, int32_t today) {
  return CheckIdentifier(IdentifierType::kCitizenId, raw, today);
}

std::string RuleOf(std::string_view raw) { return std::string(RuleName(Check(raw, kToday).rule)); }

TEST_CASE("The standard's examples and those of the field are valid") {
  for (const char* id : {"11010519491231002X", "440524188001010014", "360426199101010071",
                         "321002198507140016", "321023200002290029", "830000199001010012"}) {
    const IdentifierVerdict verdict = Check(id, kToday);
    INFO(id);
    CHECK(verdict.ok());
    CHECK(verdict.normalized == id);
    CHECK(verdict.warnings().empty());
  }
}

TEST_CASE("A 15-digit id becomes its 18-digit form") {
  CHECK(Check("110105491231002", kToday).normalized == "11010519491231002X");
  CHECK(Check("320311770706001", kToday).normalized == "320311197707060018");
  CHECK(RuleOf("110105491331002") == "birthdate");
  CHECK(RuleOf("990105491231002") == "region");
  CHECK(RuleOf("11010549123100X") == "charset");
}

TEST_CASE("An invalid citizen id is refused by the rule that it breaks") {
  CHECK(RuleOf("110105194912310029") == "check");
  CHECK(RuleOf("11010519490231002X") == "birthdate");
  CHECK(RuleOf("321002190002290012") == "birthdate");
  CHECK(RuleOf("990105194912310023") == "region");
  CHECK(RuleOf("321002209901010018") == "birthdate");
  CHECK(RuleOf("1101051949123100") == "length");
  CHECK(RuleOf("") == "length");
  CHECK(RuleOf("1101051949123100222") == "length");
  CHECK(RuleOf("11010519491231O02X") == "charset");
  CHECK(RuleOf("1101051949123100X2") == "charset");
  CHECK(RuleOf("11010519491231002Y") == "charset");
}

TEST_CASE("Each rule of the check digit is the one that refuses: the twins with a right check digit") {
  // Impossible days whose check digit is right: only the calendar refuses them.
  for (const char* first17 :
       {"11010519490231002", "32100219000229001", "32100220990101001", "32100218491231001"}) {
    const std::string id = std::string(first17) + CitizenIdCheck(first17);
    INFO(id);
    CHECK(RuleOf(id) == "birthdate");
  }
}

TEST_CASE("A birth date of today is valid, of tomorrow it is not") {
  const std::string first17 = "32100220261122001";
  const std::string id = first17 + CitizenIdCheck(first17);
  CHECK(Check(id, kToday).ok());
  CHECK(Check(id, kToday - 1).rule == IdentifierRule::kBirthdate);
}

TEST_CASE("Regions that were given up are known, those that no list has are a warning") {
  for (const char* region :
       {"321011", "321022", "321026", "321088", "321027", "321029", "321020", "321028"}) {
    const std::string first17 = std::string(region) + "19700101001";
    const IdentifierVerdict verdict = Check(first17 + CitizenIdCheck(first17), kToday);
    INFO(region);
    CHECK(verdict.ok());
    CHECK(verdict.warnings().empty());
  }
  const std::string unknown = "32999919700101001";
  const IdentifierVerdict verdict = Check(unknown + CitizenIdCheck(unknown), kToday);
  CHECK(verdict.ok());
  CHECK(identifier_test::WarningOf(verdict) == "region unknown");
}

TEST_CASE("The residence permits of Hong Kong, Macao and Taiwan residents are valid") {
  for (const char* region : {"810000", "820000", "830000"}) {
    const std::string first17 = std::string(region) + "19900101001";
    const IdentifierVerdict verdict = Check(first17 + CitizenIdCheck(first17), kToday);
    CHECK(verdict.ok());
    CHECK(verdict.warnings().empty());
  }
}

TEST_CASE("Spellings of a citizen id normalise to one") {
  for (const char* raw : {" 11010519491231002x ", "110105 19491231 002X", "110105-19491231-002X",
                          "１１０１０５１９４９１２３１００２Ｘ", "110105　19491231　002ｘ"}) {
    INFO(raw);
    CHECK(Check(raw, kToday).normalized == "11010519491231002X");
  }
}

TEST_CASE("The birth day of a citizen id is the day inside") {
  CHECK(BirthDayOfCitizenId("11010519491231002X") == *ParseDay("1949-12-31"));
  CHECK(BirthDayOfCitizenId("321023200002290029") == *ParseDay("2000-02-29"));
}

TEST_CASE("Every change of one character of a valid citizen id is refused") {
  std::mt19937_64 random(identifier_test::kSeed);
  INFO("seed " << identifier_test::kSeed);
  for (int round = 0; round < 300; ++round) {
    const std::string id = identifier_test::RandomCitizenId(random);
    REQUIRE(Check(id, kToday).ok());
    for (size_t at = 0; at < id.size(); ++at) {
      for (char c : std::string_view("0123456789XA")) {
        if (c == id[at]) continue;
        std::string changed = id;
        changed[at] = c;
        INFO(id << " -> " << changed);
        REQUIRE_FALSE(Check(changed, kToday).ok());
      }
    }
  }
}

TEST_CASE("Every swap of two unlike neighbours of a valid citizen id is refused") {
  std::mt19937_64 random(identifier_test::kSeed);
  for (int round = 0; round < 1000; ++round) {
    std::string id = identifier_test::RandomCitizenId(random);
    const auto at = static_cast<size_t>(identifier_test::Uniform(random, 0, 16));
    if (id[at] == id[at + 1]) continue;
    std::swap(id[at], id[at + 1]);
    INFO(id);
    REQUIRE_FALSE(Check(id, kToday).ok());
  }
}

TEST_CASE("The 15- and the 18-digit id of a person meet in one key") {
  std::mt19937_64 random(identifier_test::kSeed);
  for (int round = 0; round < 1000; ++round) {
    const std::string id = identifier_test::RandomCitizenId(random);
    if (id.substr(6, 2) != "19") continue;
    const std::string legacy = id.substr(0, 6) + id.substr(8, 9);
    const IdentifierVerdict verdict = Check(legacy, kToday);
    REQUIRE(verdict.ok());
    REQUIRE(verdict.normalized == id);
    REQUIRE(CanonicalKey(EntityKind::kPerson, legacy) == CanonicalKey(EntityKind::kPerson, id));
  }
}

}  // namespace
}  // namespace hangou

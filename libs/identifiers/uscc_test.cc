#include <catch2/catch.hpp>

#include "libs/identifiers/entity_key.h"
#include "libs/identifiers/generate_for_test.h"
#include "libs/identifiers/identifiers.h"

namespace hangou {
namespace {

IdentifierVerdict CheckCode(std::string_view raw) { return CheckIdentifier(IdentifierType::kUscc, raw, 0); }

std::string RuleOfCode(std::string_view raw) { return std::string(RuleName(CheckCode(raw).rule)); }

TEST_CASE("Credit codes in use are valid") {
  for (const char* code :
       {"91330100799655058B", "9144030071526726XG", "914403001922038216", "91110000802100433B",
        "91330100716105852F", "91110000710926094P", "91100000100003962T", "9152000071430580XT",
        "91440300192317458F", "91110108551385082Q", "91321000714092832H", "91321000703903783L",
        "12440600MB2C07549J", "9132100020000003X0", "N2321003MF1234567C"}) {
    const IdentifierVerdict verdict = CheckCode(code);
    INFO(code);
    CHECK(RuleName(verdict.rule) == "");
    CHECK(verdict.normalized == code);
    CHECK(verdict.warnings().empty());
  }
}

TEST_CASE("An invalid credit code is refused by the rule that it breaks") {
  CHECK(RuleOfCode("91330100799655058A") == "check");
  CHECK(RuleOfCode("9133010O799655058B") == "charset");
  CHECK(RuleOfCode("9133010079965505") == "length");
  CHECK(RuleOfCode("91330100799655058") == "length");
  CHECK(RuleOfCode("99330100799655058J") == "category");
  CHECK(RuleOfCode("91330100799655051M") == "orgcode");
  CHECK(RuleOfCode("") == "length");
  for (const char* letter : {"I", "O", "S", "V", "Z"})
    CHECK(RuleOfCode("9133010079965505" + std::string(letter) + "B") == "charset");
}

TEST_CASE("Placeholders and citizen ids are no credit codes") {
  CHECK(RuleOfCode("000000000000000000") == "category");
  CHECK(RuleOfCode("00000000000000000X") == "category");
  // A citizen id that satisfies every check of a credit code but the region.
  CHECK(RuleOfCode("32100219850112017X") == "region");
}

TEST_CASE("The codes of the early pilots are valid, and named as exceptions") {
  for (const char* code : {"91350100M0001TGQXM", "91350211M00013FA1N", "91350203M0001QKT19"}) {
    const IdentifierVerdict verdict = CheckCode(code);
    INFO(code);
    CHECK(verdict.ok());
    CHECK(identifier_test::WarningOf(verdict) == "pilot exception");
  }
  CHECK(RuleOfCode("91350100M0001TGQXN") == "check");
}

TEST_CASE("The national registrars and divisions of the past are known, other regions are refused") {
  const auto code_of = [](const std::string& region) {
    const std::string first17 = "91" + region + "714092832";
    return first17 + UsccCheck(first17);
  };
  CHECK(RuleOfCode(code_of("100000")) == "");
  CHECK(RuleOfCode(code_of("321088")) == "");
  CHECK(RuleOfCode(code_of("321071")) == "region");
  CHECK(RuleOfCode(code_of("329999")) == "region");
}

TEST_CASE("Each department gives its own categories") {
  const auto rule_of = [](const std::string& department_and_category) {
    const std::string first17 = department_and_category + "321000714092832";
    return RuleOfCode(first17 + UsccCheck(first17));
  };
  for (const char* valid : {"11", "13", "19", "21", "29", "31", "35", "39", "41", "51", "53", "62",
                            "72", "81", "91", "92", "93", "A1", "A9", "N1", "N3", "N9", "Y1"}) {
    INFO(valid);
    CHECK(rule_of(valid) == "");
  }
  for (const char* invalid :
       {"14", "22", "36", "54", "63", "73", "82", "94", "99", "A2", "N4", "Y2", "B1", "01"}) {
    INFO(invalid);
    CHECK(rule_of(invalid) == "category");
  }
}

TEST_CASE("Organisation codes carry the check of GB 11714") {
  CHECK(OrganizationCodeCheck("71526726") == 'X');
  CHECK(OrganizationCodeCheck("79965505") == '8');
  CHECK(OrganizationCodeCheck("19220382") == '1');
  CHECK(OrganizationCodeCheck("D2143569") == 'X');
  CHECK(OrganizationCodeCheck("40170530") == '0');
}

TEST_CASE("Every change of one character of a valid credit code is refused") {
  std::mt19937_64 random(identifier_test::kSeed);
  INFO("seed " << identifier_test::kSeed);
  for (int round = 0; round < 200; ++round) {
    const std::string code = identifier_test::RandomUscc(random);
    REQUIRE(CheckCode(code).ok());
    for (size_t at = 0; at < code.size(); ++at) {
      for (char c : std::string_view("0123456789ABCDEFGHJKLMNPQRTUWXYIO#")) {
        if (c == code[at]) continue;
        std::string changed = code;
        changed[at] = c;
        INFO(code << " -> " << changed);
        REQUIRE_FALSE(CheckCode(changed).ok());
      }
    }
  }
}

TEST_CASE("A credit code, its organisation code and its legacy tax id meet in one key") {
  std::mt19937_64 random(identifier_test::kSeed);
  for (int round = 0; round < 1000; ++round) {
    const std::string code = identifier_test::RandomUscc(random);
    const std::string key = CanonicalKey(EntityKind::kOrganisation, CheckCode(code).normalized);
    const std::string org_code = code.substr(8, 9);
    REQUIRE(key == org_code);
    REQUIRE(CanonicalKey(EntityKind::kOrganisation, org_code) == key);
    REQUIRE(CanonicalKey(EntityKind::kOrganisation, code.substr(2, 6) + org_code) == key);
    // Another registrar, after a move: other department digits, region and check character.
    REQUIRE(CanonicalKey(EntityKind::kOrganisation, "N3321084" + org_code + "0") == key);
  }
}

}  // namespace
}  // namespace hangou

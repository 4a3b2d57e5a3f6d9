#include <catch2/catch.hpp>

#include "libs/identifiers/generate_for_test.h"
#include "libs/identifiers/identifiers.h"

namespace hangou {
namespace {

IdentifierVerdict Check(std::string_view raw) { return CheckIdentifier(IdentifierType::kDivision, raw, 0); }

TEST_CASE("Codes of every level are valid") {
  for (const char* code : {"320000", "321000", "321002", "321002001", "321002001001"}) {
    const IdentifierVerdict verdict = Check(code);
    INFO(code);
    CHECK(verdict.ok());
    CHECK(verdict.normalized == code);
    CHECK(verdict.warnings().empty());
  }
}

TEST_CASE("Zeros in place of a village or township are dropped") {
  CHECK(Check("321002000000").normalized == "321002");
  CHECK(Check("321002000").normalized == "321002");
  CHECK(Check("321002001000").normalized == "321002001");
  CHECK(Check("320000000000").normalized == "320000");
  CHECK(Check("321000").normalized == "321000");
}

TEST_CASE("A code of another length, with letters or of no province is refused") {
  CHECK(Check("32").rule == IdentifierRule::kLength);
  CHECK(Check("3210").rule == IdentifierRule::kLength);
  CHECK(Check("32100200100").rule == IdentifierRule::kLength);
  CHECK(Check("").rule == IdentifierRule::kLength);
  CHECK(Check("32100A").rule == IdentifierRule::kCharset);
  CHECK(Check("3210O2").rule == IdentifierRule::kCharset);
  CHECK(Check("990000").rule == IdentifierRule::kRegion);
  CHECK(Check("100000").rule == IdentifierRule::kRegion);
}

TEST_CASE("A county that no list has, and a statistical zone, are a warning each") {
  CHECK(identifier_test::WarningOf(Check("329999")) == "region unknown");
  CHECK(identifier_test::WarningOf(Check("321071001")) == "statistical zone");
  CHECK(identifier_test::WarningOf(Check("321071")) == "statistical zone");
  CHECK(Check("321071001").ok());
}

TEST_CASE("The regions are the union of the lists of all years") {
  for (const char* code : {"110000", "321011", "321022", "321026", "321088", "321027", "321029", "321012",
                           "710000", "810000", "820000", "140703", "330114"}) {
    INFO(code);
    CHECK(IsKnownRegion(code));
  }
  for (const char* code :
       {"321071", "100219", "830000", "100000", "999999", "32100", "3210021", "32100X", ""}) {
    INFO(code);
    CHECK_FALSE(IsKnownRegion(code));
  }
}

}  // namespace
}  // namespace hangou

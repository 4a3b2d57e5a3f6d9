#include "services/comparison/divisions.h"

#include <catch2/catch.hpp>

#include "libs/base/status.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

constexpr int32_t kToday = 20'000;

v1::TaxOffice OfficeFor(const std::string& name, std::initializer_list<const char*> divisions) {
  v1::TaxOffice office;
  office.set_name(name);
  office.set_title("税务所");
  for (const char* prefix : divisions) office.add_divisions(prefix);
  return office;
}

}  // namespace

TEST_CASE("Codes and identifiers tell their division") {
  CHECK(DivisionOf("321081", kToday) == "321081");
  CHECK(DivisionOf("321081104001", kToday) == "321081104001");
  CHECK(DivisionOf("321081001001JC00001F00160001", kToday) == "321081");
  CHECK(DivisionOf("91321081HGYXE2KL58", kToday) == "321081");
  CHECK(DivisionOf("321029197901307019", kToday) == "321029");
}

TEST_CASE("What is no identifier tells no division") {
  for (const char* text : {"", "3", "苏K12345", "91321081HGYXE2KL59", "321029197901307018", "3210811040011"})
    CHECK(DivisionOf(text, kToday).empty());
}

TEST_CASE("The longest beginning of a division decides its office") {
  const std::vector<v1::TaxOffice> offices = {OfficeFor("offices/city", {"3210"}),
                                              OfficeFor("offices/county", {"321081", "321084"}),
                                              OfficeFor("offices/town", {"321081104"})};
  CHECK(OfficeOf(offices, "321002") == "offices/city");
  CHECK(OfficeOf(offices, "321081") == "offices/county");
  CHECK(OfficeOf(offices, "321081104001") == "offices/town");
  CHECK(OfficeOf(offices, "32").empty());
  CHECK(OfficeOf(offices, "110000").empty());
}

TEST_CASE("Two offices of one division, and names that are none, are refused") {
  CHECK(CheckOffices({OfficeFor("offices/a", {"3210"}), OfficeFor("offices/b", {"321081"})}).ok());
  CHECK(Message(CheckOffices({OfficeFor("offices/a", {"3210"}), OfficeFor("offices/b", {"3210"})})) ==
        "office offices/b: division 3210 is that of offices/a already");
  CHECK_FALSE(CheckOffices({OfficeFor("office/a", {})}).ok());
  CHECK_FALSE(CheckOffices({OfficeFor("offices/a", {"32x"})}).ok());
  CHECK_FALSE(CheckOffices({OfficeFor("offices/a", {"1234567890123"})}).ok());
}

}  // namespace hangou

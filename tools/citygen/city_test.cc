#include "tools/citygen/city.h"

#include <catch2/catch.hpp>
#include <set>

#include "libs/identifiers/identifiers.h"
#include "tools/citygen/generated_city_for_test.h"
#include "tools/citygen/people.h"
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

using citygen_test::Content;
using citygen_test::ReadCity;
using citygen_test::SmallCity;
using citygen_test::TestRow;
using citygen_test::TestTable;

// The values of a column in the undamaged rows.
std::set<std::string> Values(const TestTable& table, const std::string& column) {
  std::set<std::string> values;
  const size_t at = table.IndexOf(column);
  for (const TestRow& row : table.rows) {
    if (row.defect.empty()) values.insert(row.cells[at]);
  }
  return values;
}

bool Includes(const std::set<std::string>& all, const std::set<std::string>& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

TEST_CASE("The same seed gives the same bytes, another seed gives others") {
  TempFolder first, second, other;
  REQUIRE(GenerateCity(SmallCity(7, first.path())).ok());
  REQUIRE(GenerateCity(SmallCity(7, second.path())).ok());
  REQUIRE(GenerateCity(SmallCity(8, other.path())).ok());
  std::vector<std::string> files = {"truth.csv"};
  for (const TableSpec* spec : CityTables()) files.push_back(std::string(spec->name) + ".csv");
  CHECK(files.size() == 13);
  for (const std::string& file : files) {
    INFO(file);
    const std::string content = Content(first.path() + "/" + file);
    CHECK(content == Content(second.path() + "/" + file));
    if (file != "nrp.division.csv") CHECK(content != Content(other.path() + "/" + file));
  }
}

TEST_CASE("Every identifier of an undamaged row is valid") {
  TempFolder folder;
  REQUIRE(GenerateCity(SmallCity(1, folder.path())).ok());
  const auto city = ReadCity(folder.path());
  size_t checked = 0;
  for (const TableSpec* spec : CityTables()) {
    const TestTable& table = city.at(spec->name);
    for (size_t i = 0; i < spec->columns.size(); ++i) {
      if (spec->columns[i].kind != ColumnKind::kId) continue;
      for (const std::string& value : Values(table, spec->columns[i].name)) {
        INFO(spec->name << " " << spec->columns[i].name << " " << value);
        const IdentifierVerdict person = CheckIdentifier(IdentifierType::kCitizenId, value, kCityDay);
        const IdentifierVerdict verdict =
            person.ok() ? person : CheckIdentifier(IdentifierType::kUscc, value, kCityDay);
        CHECK(verdict.ok());
        CHECK(verdict.warnings().empty());
        ++checked;
      }
    }
  }
  CHECK(checked > 5000);
}

TEST_CASE("Departments speak of the same people and companies") {
  TempFolder folder;
  CityOptions options = SmallCity(2, folder.path());
  options.dirty_percent = 0;
  REQUIRE(GenerateCity(options).ok());
  const auto city = ReadCity(folder.path());
  const std::set<std::string> people = Values(city.at("psb.resident"), "citizen_id");
  CHECK(people.size() == options.people);
  for (const auto& [table, column] :
       std::vector<std::pair<std::string, std::string>>{{"psb.household", "citizen_id"},
                                                        {"psb.household", "head_citizen_id"},
                                                        {"civil.marriage", "citizen_id"},
                                                        {"civil.marriage", "spouse_citizen_id"},
                                                        {"hrss.social_insurance", "citizen_id"},
                                                        {"scjg.enterprise", "legal_representative_id"},
                                                        {"health.licence", "xk_fr_zjhm"},
                                                        {"credit_office.penalty", "cf_fr_zjhm"}}) {
    INFO(table << " " << column);
    CHECK(Includes(people, Values(city.at(table), column)));
  }
  const std::set<std::string> companies = Values(city.at("scjg.enterprise"), "uscc");
  CHECK(companies.size() == options.companies);
  for (const auto& [table, column] :
       std::vector<std::pair<std::string, std::string>>{{"scjg.annual_report", "uscc"},
                                                        {"tax.declaration", "uscc"},
                                                        {"tax.payment", "uscc"},
                                                        {"hrss.social_insurance", "employer"},
                                                        {"health.licence", "xk_xdr_shxym"},
                                                        {"credit_office.penalty", "cf_xdr_shxym"},
                                                        {"credit_office.grade", "uscc"}}) {
    INFO(table << " " << column);
    const std::set<std::string> values = Values(city.at(table), column);
    CHECK(values.size() > 10);
    CHECK(Includes(companies, values));
  }
}

TEST_CASE("The birth date of a resident is the one in the citizen id, and the sex its 17th digit") {
  TempFolder folder;
  REQUIRE(GenerateCity(SmallCity(3, folder.path())).ok());
  const auto city = ReadCity(folder.path());
  const TestTable& residents = city.at("psb.resident");
  const size_t birth_date = residents.IndexOf("birth_date");
  const size_t sex = residents.IndexOf("sex");
  for (const TestRow& row : residents.rows) {
    if (!row.defect.empty()) continue;
    CHECK(row.cells[birth_date] == FormatDay(BirthDayOfCitizenId(row.cells[0])));
    CHECK(row.cells[sex] == ((row.cells[0][16] - '0') % 2 == 1 ? "1" : "2"));
  }
}

TEST_CASE("The share of damaged rows is the one asked for, and every kind occurs") {
  TempFolder folder;
  const CityOptions options = SmallCity(4, folder.path());
  REQUIRE(GenerateCity(options).ok());
  std::map<std::string, size_t> kinds;
  size_t rows = 0;
  size_t damaged = 0;
  for (const auto& [name, table] : ReadCity(folder.path())) {
    if (name == "nrp.division") continue;
    rows += table.rows.size();
    for (const TestRow& row : table.rows) {
      if (row.defect.empty()) continue;
      ++kinds[row.defect];
      ++damaged;
    }
  }
  CHECK(kinds.size() == static_cast<size_t>(Defect::kCount));
  const double percent = 100.0 * static_cast<double>(damaged) / static_cast<double>(rows);
  CHECK(percent > options.dirty_percent * 0.8);
  CHECK(percent < options.dirty_percent * 1.2);
}

TEST_CASE("A city without damaged rows has a truth without rows") {
  TempFolder folder;
  CityOptions options = SmallCity(5, folder.path());
  options.dirty_percent = 0;
  REQUIRE(GenerateCity(options).ok());
  CHECK(Content(folder.path() + "/truth.csv") == "file,line,kind,field\n");
}

TEST_CASE("Real divisions are all there and undamaged") {
  TempFolder folder;
  REQUIRE(GenerateCity(SmallCity(6, folder.path())).ok());
  const auto city = ReadCity(folder.path());
  const TestTable& divisions = city.at("nrp.division");
  CHECK(divisions.rows.size() == 1544);
  const std::set<std::string> codes = Values(divisions, "code");
  for (const TestRow& row : divisions.rows) {
    CHECK(row.defect.empty());
    CHECK(CheckIdentifier(IdentifierType::kDivision, row.cells[0], kCityDay).normalized == row.cells[0]);
    CHECK((row.cells[3].empty() || codes.contains(row.cells[3])));
  }
}

TEST_CASE("Options out of range and a folder without data are refused") {
  TempFolder folder;
  CityOptions options = SmallCity(1, folder.path());
  options.people = kFewestPeople - 1;
  CHECK_FALSE(GenerateCity(options).ok());
  options = SmallCity(1, folder.path());
  options.companies = 0;
  CHECK_FALSE(GenerateCity(options).ok());
  options = SmallCity(1, folder.path());
  options.dirty_percent = 50.5;
  CHECK_FALSE(GenerateCity(options).ok());
  options = SmallCity(1, folder.path());
  options.data_folder = folder.path();
  CHECK_FALSE(GenerateCity(options).ok());
}

TEST_CASE("Amounts and scaled numbers have all their digits behind the point") {
  CHECK(FormatYuan(0) == "0.00");
  CHECK(FormatYuan(5) == "0.05");
  CHECK(FormatYuan(123450) == "1234.50");
  CHECK(FormatYuan(-123) == "-1.23");
  CHECK(FormatScaled(2000, 6) == "0.002000");
  CHECK(FormatScaled(1300, 4) == "0.1300");
}

}  // namespace
}  // namespace hangou

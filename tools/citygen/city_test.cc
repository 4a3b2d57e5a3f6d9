#include "tools/citygen/city.h"

#include <catch2/catch.hpp>
#include <set>

#include "libs/identifiers/identifiers.h"
#include "tools/citygen/generated_city_for_test.h"
#include "tools/citygen/people.h"

namespace hangou {
namespace {

using citygen_test::Content;
using citygen_test::Generate;
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

// A city that several tests look at.
const std::map<std::string, TestTable>& SharedCity() {
  static const std::map<std::string, TestTable> city = [] {
    TempFolder folder;
    HANGOU_CHECK(Generate(SmallCity(1, folder.path())).ok(), "the city is not made");
    return ReadCity(folder.path());
  }();
  return city;
}

bool Includes(const std::set<std::string>& all, const std::set<std::string>& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

TEST_CASE("The same seed gives the same bytes, another seed gives others") {
  TempFolder first, second, other;
  REQUIRE(Generate(SmallCity(7, first.path())).ok());
  REQUIRE(Generate(SmallCity(7, second.path())).ok());
  REQUIRE(Generate(SmallCity(8, other.path())).ok());
  std::vector<std::string> files = {"truth.csv", "gaps.csv"};
  for (const auto& [name, spec] : citygen_test::TestCatalog().tables) files.push_back(name + ".csv");
  CHECK(files.size() == 117);
  for (const std::string& file : files) {
    INFO(file);
    const std::string content = Content(first.path() + "/" + file);
    CHECK(content == Content(second.path() + "/" + file));
    if (file != "nrp.division.csv") CHECK(content != Content(other.path() + "/" + file));
  }
}

TEST_CASE("Every identifier of an undamaged row is valid") {
  const auto& city = SharedCity();
  size_t checked = 0;
  for (const auto& [name, spec] : citygen_test::TestCatalog().tables) {
    for (const Column& column : spec.columns) {
      if (column.kind != ColumnKind::kId) continue;
      for (const std::string& value : Values(city.at(name), column.name)) {
        if (value.empty()) continue;
        INFO(name << " " << column.name << " " << value);
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

// A column that names what another one registers.
struct Reference {
  const char* table;
  const char* column;
};

void CheckReferences(const std::map<std::string, TestTable>& city, const std::set<std::string>& registered,
                     const std::vector<Reference>& references) {
  for (const Reference& reference : references) {
    INFO(reference.table << " " << reference.column);
    const std::set<std::string> values = Values(city.at(reference.table), reference.column);
    CHECK_FALSE(values.empty());
    CHECK(Includes(registered, values));
  }
}

TEST_CASE("Departments speak of the same people, companies, places, vehicles and contracts") {
  TempFolder folder;
  CityOptions options = SmallCity(2, folder.path());
  options.dirty_percent = 0;
  REQUIRE(Generate(options).ok());
  const auto city = ReadCity(folder.path());
  const std::set<std::string> people = Values(city.at("psb.resident"), "citizen_id");
  CHECK(people.size() == options.people);
  CheckReferences(city, people,
                  {{"psb.household", "citizen_id"},
                   {"psb.household", "head_citizen_id"},
                   {"civil.marriage", "spouse_citizen_id"},
                   {"hrss.social_insurance", "citizen_id"},
                   {"tax.wage_withholding", "citizen_id"},
                   {"scjg.enterprise", "legal_representative_id"},
                   {"scjg.shareholder", "shareholder_id"},
                   {"health.birth", "mother_id"},
                   {"nrp.transfer", "buyer_id"},
                   {"nrp.transfer", "seller_id"},
                   {"housing.presale_contract", "buyer_id"},
                   {"psb.vehicle", "owner"},
                   {"health.licence", "xk_fr_zjhm"},
                   {"credit_office.penalty", "cf_fr_zjhm"}});
  const std::set<std::string> companies = Values(city.at("scjg.enterprise"), "uscc");
  CHECK(companies.size() == options.companies);
  CheckReferences(city, companies,
                  {{"scjg.annual_report", "uscc"},
                   {"tax.declaration", "uscc"},
                   {"tax.payment", "uscc"},
                   {"hrss.social_insurance", "employer"},
                   {"tax.wage_withholding", "payer"},
                   {"health.licence", "xk_xdr_shxym"},
                   {"credit_office.grade", "uscc"},
                   {"credit_office.penalty", "cf_xdr_shxym"},
                   {"housing.presale_contract", "developer"},
                   {"nrp.land_certificate", "uscc"},
                   {"power.enterprise_usage", "uscc"},
                   {"court.dishonest_debtor", "uscc"}});
  CheckReferences(city, Values(city.at("nrp.dwelling"), "unit"),
                  {{"nrp.transfer", "unit"}, {"power.household_bill", "unit"}});
  CheckReferences(city, Values(city.at("psb.vehicle"), "vin"),
                  {{"tax.vehicle_tax", "vin"}, {"tax.purchase_tax", "vin"}});
  CheckReferences(city, Values(city.at("transaction.contract"), "contract_no"),
                  {{"transaction.contract", "contract_no"}});
}

TEST_CASE("A table is the same alone and among all") {
  TempFolder all, some;
  CityOptions options = SmallCity(9, all.path());
  REQUIRE(Generate(options).ok());
  options.out_folder = some.path();
  options.only = {"tax.deed", "psb.vehicle"};
  REQUIRE(Generate(options).ok());
  CHECK(Content(all.path() + "/tax.deed.csv") == Content(some.path() + "/tax.deed.csv"));
  CHECK(Content(all.path() + "/gaps.csv") == Content(some.path() + "/gaps.csv"));
  CHECK_FALSE(ReadFile(some.path() + "/psb.resident.csv").ok());
}

TEST_CASE("The birth date of a resident is the one in the citizen id, and the sex its 17th digit") {
  const auto& city = SharedCity();
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
  const CityOptions options = SmallCity(1, "");
  std::map<std::string, size_t> kinds;
  size_t rows = 0;
  size_t damaged = 0;
  for (const auto& [name, table] : SharedCity()) {
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
  REQUIRE(Generate(options).ok());
  CHECK(Content(folder.path() + "/truth.csv") == "file,line,kind,field\n");
}

TEST_CASE("Real divisions are all there and undamaged") {
  const auto& city = SharedCity();
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
  CHECK_FALSE(Generate(options).ok());
  options = SmallCity(1, folder.path());
  options.only = {"psb.nothing"};
  CHECK_FALSE(Generate(options).ok());
  options = SmallCity(1, folder.path());
  options.dirty_percent = 50.5;
  CHECK_FALSE(Generate(options).ok());
  options = SmallCity(1, folder.path());
  options.data_folder = folder.path();
  CHECK_FALSE(Generate(options).ok());
}

}  // namespace
}  // namespace hangou

#include "tools/citygen/city.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "tools/citygen/registry.h"

namespace hangou {
namespace {

constexpr uint64_t kPeopleOfCompany = 8;
// Real data is not damaged.
constexpr std::string_view kRealTable = "nrp.division";

std::vector<std::string> CatalogOf(const CityOptions& options) {
  if (!options.catalog.empty()) return options.catalog;
  const std::string city = options.data_folder + "/../examples/city/";
  return {city + "base", city + "full"};
}

absl::StatusOr<std::vector<std::string>> TablesOf(const CityOptions& options, const CityCatalog& catalog) {
  std::vector<std::string> names = options.only;
  if (names.empty()) {
    for (const auto& [name, table] : catalog.tables) names.push_back(name);
  }
  for (const std::string& name : names) {
    if (!catalog.tables.contains(name) || !RowWriters().contains(name)) {
      return MakeError(Reason::kInvalidRequest,
                       name + " is no table of this city: see the resources of the catalog", "only");
    }
  }
  return names;
}

absl::Status WriteTable(const City& city, const TableSpec& spec, TableWriter::Settings settings,
                        CityReport* report) {
  if (spec.name == kRealTable) settings.dirty_per_million = 0;
  TableWriter table(settings, spec);
  RETURN_IF_ERROR(table.Open());
  for (const WriteRows write : RowWriters().at(spec.name)) write(city, &table);
  RETURN_IF_ERROR(table.Close());
  ++report->tables;
  report->rows += table.rows();
  report->bytes += table.bytes();
  return absl::OkStatus();
}

absl::Status WriteGaps(const City& city, const std::string& folder) {
  Gaps gaps;
  RETURN_IF_ERROR(gaps.Open(folder));
  AddAllGaps(city, &gaps);
  return gaps.Close();
}

}  // namespace

absl::Status CheckCityOptions(const CityOptions& options) {
  if (options.people < kFewestPeople || options.people > kMostPeople) {
    return MakeError(Reason::kInvalidRequest, "a city has 100 to 10000000 people", "people");
  }
  if (options.companies > kMostCompanies) {
    return MakeError(Reason::kInvalidRequest, "a city has at most 10000000 companies", "companies");
  }
  if (!(options.dirty_percent >= 0 && options.dirty_percent <= kMostDirtyPercent)) {
    return MakeError(Reason::kInvalidRequest, "the share of damaged rows is 0 to 50 percent",
                     "dirty-percent");
  }
  return absl::OkStatus();
}

uint64_t CompaniesOf(const CityOptions& options) {
  return options.companies == 0 ? options.people / kPeopleOfCompany : options.companies;
}

absl::Status GenerateCity(const CityOptions& options, CityReport* report) {
  RETURN_IF_ERROR(CheckCityOptions(options));
  ASSIGN_OR_RETURN(const CityCatalog catalog, LoadCityCatalog(CatalogOf(options)));
  ASSIGN_OR_RETURN(const std::vector<std::string> tables, TablesOf(options, catalog));
  ASSIGN_OR_RETURN(Pools pools, LoadPools(options.data_folder));
  RETURN_IF_ERROR(MakeFolders(options.out_folder));
  const auto city =
      std::make_unique<City>(options.seed, std::move(pools), options.people, CompaniesOf(options));
  city->organs = catalog.organs;
  Truth truth;
  RETURN_IF_ERROR(truth.Open(options.out_folder));
  constexpr double kPerMillionOfPercent = 10'000;
  const TableWriter::Settings settings = {options.out_folder, options.seed,
                                          std::llround(options.dirty_percent * kPerMillionOfPercent), &truth};
  for (const std::string& name : tables) {
    RETURN_IF_ERROR(WriteTable(*city, catalog.tables.at(name), settings, report));
  }
  RETURN_IF_ERROR(WriteGaps(*city, options.out_folder));
  return truth.Close();
}

}  // namespace hangou

#include "tools/citygen/city.h"

#include <cmath>
#include <functional>

#include "libs/base/clock.h"
#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

// A table and how it is written. Real data is not damaged.
struct TableMaker {
  const TableSpec* spec;
  void (*write)(const City&, TableWriter*);
  bool real = false;
};

const std::vector<TableMaker>& Makers() {
  static const std::vector<TableMaker> makers = {
      {&kDivisionTable, WriteDivisions, true},   {&kResidentTable, WriteResidents},
      {&kHouseholdTable, WriteHouseholds},       {&kMarriageTable, WriteMarriages},
      {&kInsuranceTable, WriteInsurance},        {&kEnterpriseTable, WriteEnterprises},
      {&kAnnualReportTable, WriteAnnualReports}, {&kDeclarationTable, WriteDeclarations},
      {&kPaymentTable, WritePayments},           {&kLicenceTable, WriteLicences},
      {&kPenaltyTable, WritePenalties},          {&kGradeTable, WriteGrades},
  };
  return makers;
}

absl::Status CheckOptions(const CityOptions& options) {
  if (options.people < kFewestPeople) {
    return MakeError(Reason::kInvalidRequest, "a city has at least 100 people", "people");
  }
  if (options.companies == 0)
    return MakeError(Reason::kInvalidRequest, "a city has at least 1 company", "companies");
  if (!(options.dirty_percent >= 0 && options.dirty_percent <= kMostDirtyPercent)) {
    return MakeError(Reason::kInvalidRequest, "the share of damaged rows is 0 to 50 percent",
                     "dirty-percent");
  }
  return absl::OkStatus();
}

absl::Status WriteTable(const City& city, const TableMaker& maker, TableWriter::Settings settings) {
  if (maker.real) settings.dirty_per_million = 0;
  TableWriter table(settings, *maker.spec);
  RETURN_IF_ERROR(table.Open());
  maker.write(city, &table);
  return table.Close();
}

}  // namespace

absl::Status GenerateCity(const CityOptions& options) {
  RETURN_IF_ERROR(CheckOptions(options));
  RETURN_IF_ERROR(MakeFolders(options.out_folder));
  City city;
  city.seed = options.seed;
  ASSIGN_OR_RETURN(city.pools, LoadPools(options.data_folder));
  city.people = MakePeople(city.pools, options.seed, options.people);
  city.companies = MakeCompanies(city.pools, city.people, options.seed, options.companies);
  Truth truth;
  RETURN_IF_ERROR(truth.Open(options.out_folder));
  TableWriter::Settings settings;
  settings.folder = options.out_folder;
  settings.seed = options.seed;
  settings.dirty_per_million = std::llround(options.dirty_percent * 10'000);
  settings.truth = &truth;
  for (const TableMaker& maker : Makers()) RETURN_IF_ERROR(WriteTable(city, maker, settings));
  return truth.Close();
}

const std::vector<const TableSpec*>& CityTables() {
  static const std::vector<const TableSpec*> tables = [] {
    std::vector<const TableSpec*> all;
    for (const TableMaker& maker : Makers()) all.push_back(maker.spec);
    return all;
  }();
  return tables;
}

std::string FormatScaled(int64_t value, int digits) {
  std::string text = std::to_string(value < 0 ? -value : value);
  const auto behind = static_cast<size_t>(digits);
  if (text.size() <= behind) text.insert(0, behind + 1 - text.size(), '0');
  text.insert(text.size() - behind, 1, '.');
  return value < 0 ? "-" + text : text;
}

std::string FormatYuan(int64_t fen) { return FormatScaled(fen, 2); }

std::string OfficeInstant(Random& random, int32_t day) {
  // 09:00 to 17:00 in UTC+8.
  const int64_t second = random.Between(3'600, 9 * 3'600);
  return FormatInstant(day * kUsPerDay + second * kUsPerSecond);
}

}  // namespace hangou

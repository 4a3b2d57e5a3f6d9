// The tables of the city, one per resource. Each function writes one file.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/citygen/companies.h"
#include "tools/citygen/people.h"
#include "tools/citygen/pools.h"
#include "tools/citygen/table.h"

namespace hangou {

// A department of the demo city as other departments' rows name it.
struct Organ {
  const char* title;
  const char* uscc;
};
inline constexpr Organ kHrss = {"扬州市人力资源和社会保障局", "11321000HG0000037F"};
inline constexpr Organ kHealth = {"扬州市卫生健康委员会", "11321000HG0000045A"};
inline constexpr Organ kScjg = {"扬州市市场监督管理局", "11321000HG00000535"};
inline constexpr Organ kTax = {"国家税务总局扬州市税务局", "11321000HG00000610"};
inline constexpr Organ kCreditOffice = {"扬州市信用管理办公室", "11321000HG0000088P"};

// All there is to write about. Immutable while tables are written.
struct City {
  uint64_t seed = 0;
  Pools pools;
  std::vector<Person> people;
  std::vector<Company> companies;
};

// One tax declaration of a company; amounts in fen.
struct TaxDeclaration {
  const char* tax_kind = "";
  const char* kind = "";
  int32_t from_day = 0;
  int32_t to_day = 0;
  int64_t base = 0;
  int64_t rate_per_ten_thousand = 0;
  int64_t tax = 0;
  int32_t declared_day = 0;
  bool paid = false;
};

extern const TableSpec kResidentTable;
extern const TableSpec kHouseholdTable;
extern const TableSpec kMarriageTable;
extern const TableSpec kInsuranceTable;
extern const TableSpec kEnterpriseTable;
extern const TableSpec kAnnualReportTable;
extern const TableSpec kDeclarationTable;
extern const TableSpec kPaymentTable;
extern const TableSpec kDivisionTable;
extern const TableSpec kLicenceTable;
extern const TableSpec kPenaltyTable;
extern const TableSpec kGradeTable;

// Population library.
void WriteResidents(const City& city, TableWriter* table);
void WriteHouseholds(const City& city, TableWriter* table);
void WriteMarriages(const City& city, TableWriter* table);
void WriteInsurance(const City& city, TableWriter* table);
// Legal entity library.
void WriteEnterprises(const City& city, TableWriter* table);
void WriteAnnualReports(const City& city, TableWriter* table);
// Tax library. Payments follow from declarations.
std::vector<TaxDeclaration> DeclarationsOf(const City& city, size_t company);
void WriteDeclarations(const City& city, TableWriter* table);
void WritePayments(const City& city, TableWriter* table);
// Geographic library.
void WriteDivisions(const City& city, TableWriter* table);
// Credit library.
void WriteLicences(const City& city, TableWriter* table);
void WritePenalties(const City& city, TableWriter* table);
void WriteGrades(const City& city, TableWriter* table);

// "1234.50" of fen.
std::string FormatYuan(int64_t fen);
// "0.1300" and the like: `value` with `digits` digits behind the point.
std::string FormatScaled(int64_t value, int digits);
// An instant within office hours of a day: ISO 8601, UTC.
std::string OfficeInstant(Random& random, int32_t day);

}  // namespace hangou

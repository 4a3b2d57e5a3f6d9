// The companies of the city, with valid credit codes, led and staffed by its people. Each is computed from the seed and
// an index.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/citygen/people.h"
#include "tools/citygen/pools.h"

namespace hangou {

// What a company is in the city: of each forty, the first 24 have a role, so that every comparison has cases in a city
// of any size. The role is the index modulo kCompanyRoles.
constexpr uint64_t kCompanyRoles = 40;
enum CompanyRole : uint64_t {
  kManufacturer,  // large
  kDeveloper,
  kBuilder,
  kCarrier,
  kMine,
  kImpresario,
  kHitechCompany,
  kSupplier,
  kLandHolder,      // and the next three
  kWaterUser = 12,  // and the next one
  kPowerUser = 14,  // and the next one
  kSubsidised = 16,
  kSharesSold,
  kCapitalRaised,
  kNewcomer,
  kFarmlandUser,
  kOutsideBuilder,
  kWaterTaker,
  kPolluter,
};
constexpr uint64_t kRolesWithCases = 24;

// A company. Amounts in fen (分).
struct Company {
  uint64_t index = 0;
  std::string uscc;
  std::string name;
  const char* type = "";        // code of enterprise_type
  uint64_t representative = 0;  // index of a person
  size_t village = 0;           // index into Pools::villages
  std::string industry;         // code such as C3611
  std::string business;         // what it does, in a word
  int64_t capital = 0;
  int32_t established_day = 0;
  const char* status = "";  // code of enterprise_status
  int64_t staff = 0;
  int64_t revenue = 0;  // a year's
  bool penalised = false;

  uint64_t role() const { return index % kCompanyRoles; }
  // Number among the companies of its role.
  uint64_t ordinal() const { return index / kCompanyRoles; }
  bool active() const { return status == std::string_view("active"); }
};

// Newcomers are registered on this day (2023-07-01) or later; nobody else with a role is.
constexpr int32_t kNewcomersSince = 19'539;

// All of them. Immutable; thread-safe. `pools` and `people` outlive it. Holds 8 bytes a company.
class Companies {
 public:
  Companies(const Pools& pools, const People& people, uint64_t seed, uint64_t count);

  uint64_t count() const { return shares_.size() - 1; }
  // The company of an index below count().
  Company At(uint64_t index) const;
  std::string AddressOf(const Company& company) const;
  std::string PhoneOf(const Company& company) const;
  // The people who may work there: indexes of people. Every person is in one list at most, the same for everybody.
  std::vector<uint64_t> CandidatesOf(uint64_t index) const;
  // A credit code in the series of the city; `number` is unique in it.
  std::string UsccOf(const char* department_and_category, const std::string& county, uint64_t number) const;

 private:
  bool IsActive(uint64_t index) const;
  int64_t WeightOf(uint64_t index) const;
  void SetLife(Random& random, Company* company) const;
  void SetSize(bool individual, Random& random, Company* company) const;

  const Pools& pools_;
  const People& people_;
  uint64_t seed_;
  Shuffle codes_;
  Shuffle staff_;
  Weights businesses_;
  Weights forms_;
  std::vector<uint64_t> shares_;  // where the candidates of each company begin among the shuffled people
};

}  // namespace hangou

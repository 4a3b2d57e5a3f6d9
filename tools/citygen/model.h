// All there is to write about: the people, companies, parcels and vehicles of a city. Everything is computed from the
// seed and an index, so that the same thing is in the rows of every department, and nothing is stored.
#pragma once

#include <map>
#include <string>

#include "tools/citygen/calendar.h"
#include "tools/citygen/catalog.h"
#include "tools/citygen/companies.h"
#include "tools/citygen/people.h"
#include "tools/citygen/pools.h"

namespace hangou {

// Areas have two digits behind the point.
constexpr int64_t kHundredths = 100;

// Immutable while tables are written; thread-safe.
struct City {
  uint64_t seed = 0;
  Pools pools;
  People people;
  Companies companies;
  std::map<std::string, Organ> organs;

  City(uint64_t the_seed, Pools the_pools, uint64_t people_count, uint64_t company_count)
      : seed(the_seed),
        pools(std::move(the_pools)),
        people(pools, seed, people_count),
        companies(pools, people, seed, company_count) {}
  City(const City&) = delete;
  City& operator=(const City&) = delete;

  const Village& VillageOf(const Person& person) const { return pools.villages[person.village]; }
  const Village& VillageOf(const Company& company) const { return pools.villages[company.village]; }
  // How many companies there are of a role, and the one of a number among them.
  uint64_t CountOf(uint64_t role) const {
    return (companies.count() + kCompanyRoles - 1 - role) / kCompanyRoles;
  }
  Company CompanyOf(uint64_t role, uint64_t ordinal) const {
    return companies.At(ordinal * kCompanyRoles + role);
  }
};

// Real-estate units (不动产单元号): the dwelling of a household, and the `number`th parcel of a company (0 to 99), as land
// and with a building; and a new dwelling on a developer's parcel.
std::string DwellingOf(const City& city, const Person& resident);
std::string LandOf(const City& city, const Company& company, uint64_t number);
std::string BuildingOf(const City& city, const Company& company, uint64_t number);
std::string NewDwellingOf(const City& city, const Company& developer, uint64_t number);

}  // namespace hangou

// The companies of the city, with valid credit codes, led by its people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/citygen/people.h"
#include "tools/citygen/pools.h"

namespace hangou {

// A company. Amounts in fen (分).
struct Company {
  std::string uscc;
  std::string name;
  std::string type;           // code of enterprise_type
  size_t representative = 0;  // index of a person
  size_t village = 0;         // index into Pools::villages
  std::string address;
  std::string industry;  // code such as C3611
  std::string business;  // what it does, in a word
  int64_t capital = 0;
  int32_t established_day = 0;
  std::string status;  // code of enterprise_status
  std::string phone;
  int64_t staff = 0;
  int64_t revenue = 0;  // a year's
  bool penalised = false;

  bool active() const { return status == "active"; }
};

// Makes `count` companies; `people` holds at least one adult.
std::vector<Company> MakeCompanies(const Pools& pools, const std::vector<Person>& people, uint64_t seed,
                                   size_t count);

}  // namespace hangou

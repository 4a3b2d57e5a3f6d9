// The people of the city: households of synthetic persons with valid citizen ids.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/citygen/pools.h"

namespace hangou {

// The day on which the city stands still (2025-06-30): nothing in it is younger.
constexpr int32_t kCityDay = 20'269;

// A person. Nobody lives: name, id and everything else are drawn.
struct Person {
  std::string citizen_id;
  std::string surname;
  std::string name;  // surname and given name
  bool female = false;
  int32_t birth_day = 0;
  std::string birth_region;  // 6 digits, as in the id
  size_t village = 0;        // index into Pools::villages
  std::string address;
  std::string household_no;
  size_t head = 0;       // index of the head of the household
  std::string relation;  // to the head, code of household_relation
  int spouse = -1;       // index
  int32_t wedding_day = 0;
  int32_t divorce_day = 0;  // 0: not divorced
  std::string marital_status;
  int32_t death_day = 0;  // 0: alive
};

// Age in full years on kCityDay.
int AgeOf(const Person& person);

// Makes `count` people.
std::vector<Person> MakePeople(const Pools& pools, uint64_t seed, size_t count);

}  // namespace hangou

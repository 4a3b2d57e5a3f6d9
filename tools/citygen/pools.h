// What cities are made of: names, divisions and code lists from data/.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/citygen/random.h"

namespace hangou {

// A 6-digit region that citizen ids were given in, with the years in which it was in force.
struct Region {
  std::string code;
  int from_year = 0;
  int to_year = 0;
};

// A division of the city. Levels: province, city, county, township, village.
struct Division {
  std::string code;
  std::string name;
  std::string level;
  std::string parent;
  std::string valid_from;
};

// A village with the names above it: where people and companies have their addresses.
struct Village {
  std::string code;      // 12 digits
  std::string county;    // 6 digits
  std::string township;  // 9 digits
  std::string county_name;
  std::string township_name;
  std::string name;  // without 居委会 or 村委会
};

// All of them. Immutable once loaded.
struct Pools {
  std::vector<std::string> surnames;
  Weights surname_weights;
  std::vector<std::string> women_characters;  // of given names
  Weights women_weights;
  std::vector<std::string> men_characters;
  Weights men_weights;
  std::vector<std::string> company_names;
  std::vector<Region> regions;      // counties of the whole country
  std::vector<Division> divisions;  // of the city, upper levels first
  std::vector<Village> villages;
  std::array<std::vector<std::string>, 26> industries;  // codes such as C3611, by section
};

// Loads the pools from the folder data/. INVALID_REQUEST with file and line where a table is not as expected.
absl::StatusOr<Pools> LoadPools(const std::string& data_folder);

}  // namespace hangou

// A city on paper: one CSV file per resource, consistent across departments, with a share of damaged rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/citygen/table.h"

namespace hangou {

// What to make.
struct CityOptions {
  uint64_t seed = 1;
  size_t people = 20'000;    // at least kFewestPeople
  size_t companies = 5'000;  // at least 1
  double dirty_percent = 3;  // 0 to 50
  std::string data_folder;   // data/
  std::string out_folder;    // created where missing
};

// Fewer would have no grown-up to lead the companies.
constexpr size_t kFewestPeople = 100;
constexpr double kMostDirtyPercent = 50;

// Writes the files: the same bytes for the same options and data. An error says what to correct.
absl::Status GenerateCity(const CityOptions& options);

// The tables of the city, as GenerateCity writes them.
const std::vector<const TableSpec*>& CityTables();

}  // namespace hangou

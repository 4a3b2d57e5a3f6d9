// A city on paper: one CSV file per resource, consistent across departments, with a share of damaged rows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace hangou {

// What to make.
struct CityOptions {
  uint64_t seed = 1;
  uint64_t people = 20'000;  // kFewestPeople to kMostPeople
  uint64_t companies = 0;    // 0: one for each eight people
  double dirty_percent = 3;  // 0 to 50
  std::string data_folder;   // data/
  std::string out_folder;    // created where missing
  // Folders or files that declare the tables; empty: examples/city/base and examples/city/full, beside data/.
  std::vector<std::string> catalog;
  std::vector<std::string> only;  // tables to write; empty: all that are declared
};

// Fewer would leave no grown-up for some companies.
constexpr uint64_t kFewestPeople = 100;
// More have no numbers: households have nine digits, ids some 19 million.
constexpr uint64_t kMostPeople = 10'000'000;
// More would find no people to lead them, and no numbers of 8 digits.
constexpr uint64_t kMostCompanies = 10'000'000;
constexpr double kMostDirtyPercent = 50;

// What was written.
struct CityReport {
  uint64_t tables = 0;
  uint64_t rows = 0;
  uint64_t bytes = 0;
};

// What is wrong with the options, if anything; and how many companies they ask for.
absl::Status CheckCityOptions(const CityOptions& options);
uint64_t CompaniesOf(const CityOptions& options);

// Writes the tables, truth.csv (what is wrong in them), gaps.csv (what the comparisons must find) and parameters.csv
// (the rates behind them): the same bytes for the same options and data. An error says what to correct.
absl::Status GenerateCity(const CityOptions& options, CityReport* report);

}  // namespace hangou

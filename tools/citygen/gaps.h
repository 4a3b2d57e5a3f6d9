// gaps.csv: the planted gaps and near misses of the comparisons; parameters.csv: the rates that they were made with.
#pragma once

#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "tools/citygen/rules.h"

namespace hangou {

// A case as gaps.csv has it.
struct Gap {
  Rule rule;
  Plant plant;
  std::string subject;  // citizen id, credit code, plate
  std::string key;      // parcel, contract, permit, ...; empty where the subject is all
  std::string period;   // year, quarter or month; empty where there is none
  int64_t amount = 0;   // at stake, in fen, as the formula of the rule gives it
};

// Writes both files. Not thread-safe.
class Gaps {
 public:
  // Creates the files in `folder`, and writes the parameters.
  absl::Status Open(const std::string& folder);
  // Notes the case where it is planted; `rates` are names of parameters.
  void Add(const Gap& gap, std::initializer_list<std::string_view> rates);
  // Writes what is left; an error where the disk did not take it all.
  absl::Status Close();

 private:
  std::ofstream out_;
};

}  // namespace hangou

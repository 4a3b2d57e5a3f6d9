// Gathers the rows of one key into measures.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "libs/comparison/rule.h"

namespace hangou {

// Distinct values of one key that are counted: a set of so many takes some 40 MiB.
constexpr size_t kCountedDistincts = 1'000'000;

// One measure while rows come. Not thread-safe.
class Gatherer {
 public:
  // `measure` must outlive it.
  explicit Gatherer(const CompiledMeasure& measure) : measure_(measure) {}

  // Forgets all rows.
  void Clear();
  // Takes a row, whose columns stand in the frame.
  void Add(const Frame& frame);
  // Takes rows of which the measure is known: how many they are, their sum, the least or the largest number.
  void AddGathered(Wide number);
  // What was gathered. A text in it lives until the next call.
  Value Result() const;

 private:
  void Take(const Value& value, const Frame& frame);
  void AddToSum(Wide number);
  void TakeBest(const Value& value, const Value& by);

  const CompiledMeasure& measure_;
  bool touched_ = false;  // something was gathered since the last Clear
  int64_t count_ = 0;
  Value best_;
  std::string best_text_;
  Value best_by_;
  bool has_any_ = false;
  Value spoiled_;  // withheld, or a fault, among the rows; missing: none
  std::unordered_set<uint64_t> distinct_;
};

}  // namespace hangou

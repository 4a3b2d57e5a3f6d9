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

// Whether what rows add to a measure can be put together before: counts, sums, the least and the largest.
bool IsReducible(const CompiledMeasure& measure);
// Whether the values of a measure are texts.
inline bool IsOfText(const CompiledMeasure& measure) {
  return measure.value && measure.value->type().kind == ValueKind::kText;
}

// What some rows add to a measure that is reducible. The text is a view of theirs.
struct Reduced {
  Wide number = 0;
  bool any = false;
  std::string_view text;

  // Takes the value of a row: for counts and exists whether it holds.
  void Take(Aggregate aggregate, int64_t value) {
    if (aggregate == Aggregate::kSum) {
      number += value;
    } else if (aggregate == Aggregate::kMin) {
      if (!any || value < number) number = value;
    } else if (aggregate == Aggregate::kMax) {
      if (!any || value > number) number = value;
    } else {
      number += value != 0 ? 1 : 0;
    }
    any = true;
  }
  // Takes the text of a row, of which the least or the largest counts; true where it is that until now.
  bool TakeText(Aggregate aggregate, std::string_view value) {
    if (any && (aggregate == Aggregate::kMin ? value >= text : value <= text)) return false;
    text = value;
    any = true;
    return true;
  }
};

// One measure while rows come. Not thread-safe.
class Gatherer {
 public:
  // `measure` must outlive it.
  explicit Gatherer(const CompiledMeasure& measure) : measure_(measure) {}

  // Forgets all rows.
  void Clear();
  // Takes a row, whose columns stand in the frame.
  void Add(const Frame& frame);
  // Takes what rows add together.
  void AddReduced(const Reduced& reduced);
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

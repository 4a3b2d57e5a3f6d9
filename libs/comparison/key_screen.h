// Decides for many keys at once whether a rule may hold for them, so that only the few for which it may are evaluated
// one by one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/comparison/lanes.h"
#include "libs/comparison/rule.h"
#include "libs/comparison/side_gather.h"

namespace hangou {

// Keys that are decided together: their lanes fit the second-level cache.
constexpr size_t kScreenedKeys = 1'024;

// What was decided of keys without evaluating them one by one.
struct ScreenCounts {
  int64_t not_due = 0;
  int64_t undetermined = 0;
};

// Gathers keys with the measures of all sides. Used by one thread.
class KeyScreen {
 public:
  // Null where the rule wants each key evaluated: it has a second step or peers, or measures or formulas with texts.
  // `frame` is that of the run, with the as-of day and the period in it.
  static std::unique_ptr<KeyScreen> Make(const CompiledRule& rule, const Frame& frame, int32_t as_of_day);

  // Adds a key. False: something of it is no number, and it must be evaluated by itself.
  bool Add(std::string_view key, const std::vector<const std::vector<KeyCell>*>& cells_by_side);
  bool full() const { return rows_ == kScreenedKeys; }
  // Decides the keys that were added. Writes those for which the rule may hold, or which must be evaluated to know,
  // into `slots`, and calls `evaluate` for each.
  absl::Status Decide(std::vector<Value>* slots, ScreenCounts* counts,
                      const std::function<absl::Status(const std::string& key)>& evaluate);

 private:
  struct Lane {
    int slot = -1;
    std::vector<int64_t> numbers;
    std::vector<LaneState> states;
  };
  struct NamedFormula {
    int slot = -1;
    LaneFormula formula;
  };

  KeyScreen(const CompiledRule& rule, int32_t as_of_day) : rule_(rule), as_of_day_(as_of_day) {}
  bool MakeFormulas(const Frame& frame);
  void FillKeyParts();
  bool NeedsEvaluation(const NumberLane& due, const NumberLane& when, size_t row, ScreenCounts* counts) const;

  const CompiledRule& rule_;
  const int32_t as_of_day_;
  size_t rows_ = 0;
  std::string keys_;
  std::vector<size_t> key_ends_;
  std::vector<Lane> lanes_;                // rows and measures of the sides, in their order
  std::vector<Lane> parts_;                // of the key, where formulas name them
  std::vector<std::vector<int64_t>> run_;  // the as-of day and the period
  std::vector<Value> key_parts_;
  LaneFrame frame_;
  std::optional<LaneFormula> rates_on_, due_, when_;
  std::vector<int64_t> rates_days_;
  std::vector<NamedFormula> values_;
};

}  // namespace hangou

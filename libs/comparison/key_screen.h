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

#include "absl/status/statusor.h"
#include "libs/comparison/gather.h"
#include "libs/comparison/lanes.h"
#include "libs/comparison/rule.h"
#include "libs/comparison/side_gather.h"

namespace hangou {

// Keys that are decided together: their lanes fit the second-level cache.
constexpr size_t kScreenedKeys = 1'024;
// Bytes of keys and texts that are gathered for it, so that long texts do not fill the memory.
constexpr size_t kScreenedBytes = 1 << 20;

// What was decided of keys without evaluating them one by one.
struct ScreenCounts {
  int64_t not_due = 0;
  int64_t undetermined = 0;
};

// Takes what keys add to the totals of a rule's second step.
class TotalTaker {
 public:
  virtual ~TotalTaker() = default;
  // Has the total of this key at hand; the total before has ended. The answer is what all keys of the total begin with.
  virtual absl::StatusOr<std::string_view> At(std::string_view key) = 0;
  // The measures of the total at hand.
  virtual std::vector<Gatherer>* measures() = 0;
};

// Gathers keys with the measures of all sides. Used by one thread.
class KeyScreen {
 public:
  // Null where the rule wants each key evaluated: it has peers, or formulas that cannot be evaluated so. `frame` is
  // that of the run, with the as-of day and the period in it.
  static std::unique_ptr<KeyScreen> Make(const CompiledRule& rule, const Frame& frame, int32_t as_of_day);

  using EvaluateOne = std::function<absl::Status(const std::string& key)>;

  // Adds a key. False: something of it is unsure, and it must be evaluated by itself, behind those that were added.
  bool Add(std::string_view key, const std::vector<const std::vector<KeyCell>*>& cells_by_side);
  bool full() const { return rows_ == kScreenedKeys || bytes_.size() > kScreenedBytes; }
  // Decides the keys that were added. Writes those for which the rule may hold, or which must be evaluated to know,
  // into `slots`, and calls `evaluate` for each.
  absl::Status Decide(std::vector<Value>* slots, ScreenCounts* counts, const EvaluateOne& evaluate);
  // The same of a rule with a second step: adds the keys to their totals.
  absl::Status AddToTotals(std::vector<Value>* slots, TotalTaker* totals, const EvaluateOne& evaluate);

 private:
  // A text in `bytes_`.
  struct TextPlace {
    size_t begin = 0;
    size_t size = 0;
  };
  struct Lane {
    int slot = -1;
    bool is_text = false;
    std::vector<int64_t> numbers;
    std::vector<LaneState> states;
    std::vector<TextPlace> places;
    std::vector<std::string_view> texts;  // where formulas name them
    bool named = false;
  };
  struct NamedFormula {
    int slot = -1;
    LaneFormula formula;
  };
  // A measure of the second step.
  struct TotalLane {
    std::optional<LaneFormula> formula;  // none of a plain count
    NumberLane numbers;
    TextLane texts;
  };

  KeyScreen(const CompiledRule& rule, int32_t as_of_day) : rule_(rule), as_of_day_(as_of_day) {}
  bool MakeFormulas(const Frame& frame);
  bool MakeTotals(const std::vector<LaneKind>& kinds);
  void KeepNeeded();
  std::string_view KeyAt(size_t row) const {
    return std::string_view(bytes_).substr(keys_[row].begin, keys_[row].size);
  }
  void FillKeyParts();
  void EvaluateValues();
  absl::Status EvaluateRow(size_t row, std::vector<Value>* slots, const EvaluateOne& evaluate);
  void FindUnsure();
  void AddRows(size_t begin, size_t end, std::vector<Gatherer>* measures) const;
  void Clear();
  bool NeedsEvaluation(const NumberLane& due, const NumberLane& when, size_t row, ScreenCounts* counts) const;

  const CompiledRule& rule_;
  const int32_t as_of_day_;
  size_t rows_ = 0;
  std::string bytes_;  // of keys and texts
  std::vector<TextPlace> keys_;
  std::vector<uint32_t> codes_;            // row i has text i
  std::vector<Lane> lanes_;                // rows and measures of the sides, in their order
  std::vector<Lane> parts_;                // of the key, where formulas name them
  std::vector<std::vector<int64_t>> run_;  // the as-of day and the period
  std::vector<Value> key_parts_;
  LaneFrame frame_;
  std::optional<LaneFormula> rates_on_, due_, when_;
  std::vector<int64_t> rates_days_;
  NumberLane days_;  // of `rates_on_`
  std::vector<NamedFormula> values_;
  std::vector<TotalLane> totals_;
  std::vector<uint8_t> unsure_;  // per row: it must be evaluated by itself
};

}  // namespace hangou

#include "libs/comparison/key_screen.h"

#include <algorithm>

#include "libs/base/status.h"

namespace hangou {

std::unique_ptr<KeyScreen> KeyScreen::Make(const CompiledRule& rule, const Frame& frame, int32_t as_of_day) {
  if (rule.rollup_parts() > 0 || rule.peer_group()) return nullptr;
  std::unique_ptr<KeyScreen> screen(new KeyScreen(rule, as_of_day));
  for (const CompiledSide& side : rule.sides()) {
    screen->lanes_.push_back({side.rows_slot, {}, {}});
    for (const CompiledMeasure& measure : side.measures) {
      if (rule.type_of(measure.slot).kind == ValueKind::kText) return nullptr;
      screen->lanes_.push_back({measure.slot, {}, {}});
    }
  }
  for (Lane& lane : screen->lanes_) {
    lane.numbers.resize(kScreenedKeys);
    lane.states.resize(kScreenedKeys);
  }
  return screen->MakeFormulas(frame) ? std::move(screen) : nullptr;
}

bool KeyScreen::MakeFormulas(const Frame& frame) {
  std::vector<LaneKind> kinds(rule_.slots(), LaneKind::kNone);
  frame_.numbers.resize(rule_.slots());
  frame_.texts.resize(rule_.slots());
  frame_.parameters = frame.parameters;
  frame_.rates_day = as_of_day_;
  const auto give = [&](int slot) { kinds[static_cast<size_t>(slot)] = LaneKind::kNumber; };
  run_.reserve(2);
  for (const int slot : {rule_.as_of_slot(), rule_.period_slot()}) {
    if (slot < 0) continue;
    run_.emplace_back(kScreenedKeys, static_cast<int64_t>(frame.slots[slot].number));
    frame_.numbers[static_cast<size_t>(slot)] = {run_.back().data(), nullptr};
    give(slot);
  }
  for (size_t i = 0; i < rule_.key_kinds().size(); ++i) {
    const int slot = rule_.key_slot() + static_cast<int>(i);
    if (rule_.type_of(slot).kind == ValueKind::kText) continue;
    parts_.push_back({slot, std::vector<int64_t>(kScreenedKeys), {}});
    give(slot);
  }
  for (const Lane& lane : lanes_) give(lane.slot);
  const auto make = [&](const Formula& formula, std::optional<LaneFormula>* made) {
    *made = LaneFormula::Make(formula, kinds);
    return made->has_value();
  };
  if (rule_.rates_on() && !make(*rule_.rates_on(), &rates_on_)) return false;
  // A value that cannot be had so has no slot here; where it is needed, the rule cannot be screened.
  for (const CompiledValue& value : rule_.values()) {
    std::optional<LaneFormula> formula;
    if (!make(value.formula, &formula)) continue;
    values_.push_back({value.slot, *std::move(formula)});
    give(value.slot);
  }
  if (rule_.due() && !make(*rule_.due(), &due_)) return false;
  if (!make(rule_.when(), &when_)) return false;
  // Only what is needed.
  std::vector<int> needed = when_->Slots();
  if (due_) {
    const std::vector<int> of_due = due_->Slots();
    needed.insert(needed.end(), of_due.begin(), of_due.end());
  }
  std::vector<NamedFormula> kept;
  for (size_t i = values_.size(); i-- > 0;) {
    if (std::find(needed.begin(), needed.end(), values_[i].slot) == needed.end()) continue;
    const std::vector<int> of_value = values_[i].formula.Slots();
    needed.insert(needed.end(), of_value.begin(), of_value.end());
    kept.push_back(std::move(values_[i]));
  }
  std::reverse(kept.begin(), kept.end());
  values_ = std::move(kept);
  if (rates_on_) {
    const std::vector<int> of_rates = rates_on_->Slots();
    needed.insert(needed.end(), of_rates.begin(), of_rates.end());
  }
  std::erase_if(parts_, [&](const Lane& lane) {
    return std::find(needed.begin(), needed.end(), lane.slot) == needed.end();
  });
  return true;
}

bool KeyScreen::Add(std::string_view key, const std::vector<const std::vector<KeyCell>*>& cells_by_side) {
  size_t lane = 0;
  for (const std::vector<KeyCell>* const cells : cells_by_side) {
    for (const KeyCell& cell : *cells) {
      if (cell.state == LaneState::kUnsure) return false;
      lanes_[lane].numbers[rows_] = cell.number;
      lanes_[lane].states[rows_] = cell.state;
      ++lane;
    }
  }
  keys_ += key;
  key_ends_.push_back(keys_.size());
  ++rows_;
  return true;
}

void KeyScreen::FillKeyParts() {
  size_t begin = 0;
  for (size_t row = 0; row < rows_; ++row) {
    const std::string_view key(keys_.data() + begin, key_ends_[row] - begin);
    begin = key_ends_[row];
    HANGOU_CHECK(ReadKey(rule_.key_kinds(), key, &key_parts_),
                 "a projection has keys of another kind than its rule");
    for (Lane& part : parts_)
      part.numbers[row] =
          static_cast<int64_t>(key_parts_[static_cast<size_t>(part.slot - rule_.key_slot())].number);
  }
}

bool KeyScreen::NeedsEvaluation(const NumberLane& due, const NumberLane& when, size_t row,
                                ScreenCounts* counts) const {
  if (due.numbers != nullptr) {
    if (due.state(row) == LaneState::kUnsure) return true;
    if (due.state(row) == LaneState::kPresent && due.numbers[row] > as_of_day_) {
      ++counts->not_due;
      return false;
    }
  }
  if (when.state(row) == LaneState::kMissing) {
    ++counts->undetermined;
    return false;
  }
  return when.state(row) == LaneState::kUnsure || when.numbers[row] != 0;
}

absl::Status KeyScreen::Decide(std::vector<Value>* slots, ScreenCounts* counts,
                               const std::function<absl::Status(const std::string& key)>& evaluate) {
  if (rows_ == 0) return absl::OkStatus();
  frame_.rows = rows_;
  frame_.rates_days = nullptr;
  if (!parts_.empty()) FillKeyParts();
  const auto give = [&](int slot, const NumberLane& lane) {
    frame_.numbers[static_cast<size_t>(slot)] = lane;
  };
  for (const Lane& lane : lanes_) give(lane.slot, {lane.numbers.data(), lane.states.data()});
  for (const Lane& part : parts_) give(part.slot, {part.numbers.data(), nullptr});
  NumberLane days;
  if (rates_on_) {
    days = rates_on_->Evaluate(frame_);
    rates_days_.resize(rows_);
    for (size_t row = 0; row < rows_; ++row)
      rates_days_[row] = days.state(row) == LaneState::kPresent ? days.numbers[row] : as_of_day_;
    frame_.rates_days = rates_days_.data();
  }
  for (NamedFormula& value : values_) give(value.slot, value.formula.Evaluate(frame_));
  const NumberLane due = due_ ? due_->Evaluate(frame_) : NumberLane();
  const NumberLane when = when_->Evaluate(frame_);
  size_t begin = 0;
  for (size_t row = 0; row < rows_; ++row) {
    const size_t end = key_ends_[row];
    const bool unsure_day = rates_on_ && days.state(row) == LaneState::kUnsure;
    if (unsure_day || NeedsEvaluation(due, when, row, counts)) {
      for (const Lane& lane : lanes_) {
        (*slots)[static_cast<size_t>(lane.slot)] =
            lane.states[row] == LaneState::kPresent ? NumberValue(lane.numbers[row]) : Value();
      }
      RETURN_IF_ERROR(evaluate(keys_.substr(begin, end - begin)));
    }
    begin = end;
  }
  rows_ = 0;
  keys_.clear();
  key_ends_.clear();
  return absl::OkStatus();
}

}  // namespace hangou

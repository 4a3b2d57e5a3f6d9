#include "libs/comparison/key_screen.h"

#include <algorithm>

#include "libs/base/status.h"

namespace hangou {

std::unique_ptr<KeyScreen> KeyScreen::Make(const CompiledRule& rule, const Frame& frame, int32_t as_of_day) {
  if (rule.peer_group()) return nullptr;
  std::unique_ptr<KeyScreen> screen(new KeyScreen(rule, as_of_day));
  for (const CompiledSide& side : rule.sides()) {
    screen->lanes_.emplace_back().slot = side.rows_slot;
    for (const CompiledMeasure& measure : side.measures) {
      Lane& lane = screen->lanes_.emplace_back();
      lane.slot = measure.slot;
      lane.is_text = rule.type_of(measure.slot).kind == ValueKind::kText;
    }
  }
  for (Lane& lane : screen->lanes_) {
    lane.numbers.resize(kScreenedKeys);
    lane.states.resize(kScreenedKeys);
    lane.places.resize(lane.is_text ? kScreenedKeys : 0);
    lane.texts.resize(lane.is_text ? kScreenedKeys : 0);
  }
  screen->keys_.resize(kScreenedKeys);
  for (uint32_t row = 0; row < kScreenedKeys; ++row) screen->codes_.push_back(row);
  if (!screen->MakeFormulas(frame)) return nullptr;
  screen->KeepNeeded();
  return screen;
}

bool KeyScreen::MakeFormulas(const Frame& frame) {
  std::vector<LaneKind> kinds(rule_.slots(), LaneKind::kNone);
  frame_.numbers.resize(rule_.slots());
  frame_.texts.resize(rule_.slots());
  frame_.parameters = frame.parameters;
  frame_.rates_day = as_of_day_;
  const auto give = [&](int slot, LaneKind kind) { kinds[static_cast<size_t>(slot)] = kind; };
  run_.reserve(2);
  for (const int slot : {rule_.as_of_slot(), rule_.period_slot()}) {
    if (slot < 0) continue;
    run_.emplace_back(kScreenedKeys, static_cast<int64_t>(frame.slots[slot].number));
    frame_.numbers[static_cast<size_t>(slot)] = {run_.back().data(), nullptr};
    give(slot, LaneKind::kNumber);
  }
  for (size_t i = 0; i < rule_.key_kinds().size(); ++i) {
    const int slot = rule_.key_slot() + static_cast<int>(i);
    if (rule_.type_of(slot).kind == ValueKind::kText) continue;
    Lane& part = parts_.emplace_back();
    part.slot = slot;
    part.numbers.resize(kScreenedKeys);
    give(slot, LaneKind::kNumber);
  }
  for (const Lane& lane : lanes_) give(lane.slot, lane.is_text ? LaneKind::kText : LaneKind::kNumber);
  const auto make = [&](const Formula& formula, std::optional<LaneFormula>* made) {
    *made = LaneFormula::Make(formula, kinds);
    return made->has_value();
  };
  if (rule_.rates_on() && !make(*rule_.rates_on(), &rates_on_)) return false;
  // A value that cannot be had so has no slot here; where it is needed, the rule cannot be screened.
  for (const CompiledValue& value : rule_.values()) {
    std::optional<LaneFormula> formula;
    if (!make(value.formula, &formula)) continue;
    give(value.slot, formula->is_text() ? LaneKind::kText : LaneKind::kNumber);
    values_.push_back({value.slot, *std::move(formula)});
  }
  if (rule_.rollup_parts() > 0) return MakeTotals(kinds);
  return (!rule_.due() || make(*rule_.due(), &due_)) && make(rule_.when(), &when_);
}

bool KeyScreen::MakeTotals(const std::vector<LaneKind>& kinds) {
  // For a total `rates_on` is evaluated again, when nothing of a key stands in the frame.
  if (rates_on_) {
    const int first_own = rule_.key_slot() + static_cast<int>(rule_.rollup_parts());
    for (const int slot : rates_on_->Slots()) {
      const bool of_total = slot >= rule_.key_slot() && slot < first_own;
      if (slot != rule_.as_of_slot() && slot != rule_.period_slot() && !of_total) return false;
    }
  }
  for (const CompiledMeasure& measure : rule_.total_measures()) {
    TotalLane& total = totals_.emplace_back();
    if (!measure.value) continue;
    if (!IsReducible(measure)) return false;
    total.formula = LaneFormula::Make(*measure.value, kinds);
    if (!total.formula) return false;
  }
  return true;
}

// Only what is needed is evaluated.
void KeyScreen::KeepNeeded() {
  std::vector<int> needed;
  const auto need = [&](const std::optional<LaneFormula>& formula) {
    if (!formula) return;
    const std::vector<int> slots = formula->Slots();
    needed.insert(needed.end(), slots.begin(), slots.end());
  };
  const auto is_needed = [&](int slot) {
    return std::find(needed.begin(), needed.end(), slot) != needed.end();
  };
  need(when_);
  need(due_);
  for (const TotalLane& total : totals_) need(total.formula);
  std::vector<NamedFormula> kept;
  for (size_t i = values_.size(); i-- > 0;) {
    if (!is_needed(values_[i].slot)) continue;
    need(values_[i].formula);
    kept.push_back(std::move(values_[i]));
  }
  std::reverse(kept.begin(), kept.end());
  values_ = std::move(kept);
  need(rates_on_);
  std::erase_if(parts_, [&](const Lane& lane) { return !is_needed(lane.slot); });
  for (Lane& lane : lanes_) lane.named = is_needed(lane.slot);
}

bool KeyScreen::Add(std::string_view key, const std::vector<const std::vector<KeyCell>*>& cells_by_side) {
  const size_t begin = bytes_.size();
  const auto keep = [this](std::string_view text) {
    const TextPlace place = {bytes_.size(), text.size()};
    bytes_.append(text);
    return place;
  };
  bool sure = true;
  Lane* lane = lanes_.data();
  for (const std::vector<KeyCell>* const cells : cells_by_side) {
    for (const KeyCell& cell : *cells) {
      sure = sure && cell.state != LaneState::kUnsure;
      lane->numbers[rows_] = cell.number;
      lane->states[rows_] = cell.state;
      if (lane->is_text) lane->places[rows_] = keep(cell.text);
      ++lane;
    }
  }
  if (!sure) {
    bytes_.resize(begin);
    return false;
  }
  keys_[rows_] = keep(key);
  ++rows_;
  return true;
}

void KeyScreen::Clear() {
  rows_ = 0;
  bytes_.clear();
}

void KeyScreen::FillKeyParts() {
  for (size_t row = 0; row < rows_; ++row) {
    HANGOU_CHECK(ReadKey(rule_.key_kinds(), KeyAt(row), &key_parts_),
                 "a projection has keys of another kind than its rule");
    for (Lane& part : parts_)
      part.numbers[row] =
          static_cast<int64_t>(key_parts_[static_cast<size_t>(part.slot - rule_.key_slot())].number);
  }
}

void KeyScreen::EvaluateValues() {
  frame_.rows = rows_;
  frame_.rates_days = nullptr;
  if (!parts_.empty()) FillKeyParts();
  const auto give = [&](int slot, const NumberLane& lane) {
    frame_.numbers[static_cast<size_t>(slot)] = lane;
  };
  for (Lane& lane : lanes_) {
    if (!lane.named) continue;
    give(lane.slot, {lane.numbers.data(), lane.states.data()});
    if (!lane.is_text) continue;
    for (size_t row = 0; row < rows_; ++row)
      lane.texts[row] = std::string_view(bytes_).substr(lane.places[row].begin, lane.places[row].size);
    frame_.texts[static_cast<size_t>(lane.slot)] = {std::span(lane.texts).first(rows_), codes_.data(),
                                                    lane.states.data()};
  }
  for (const Lane& part : parts_) give(part.slot, {part.numbers.data(), nullptr});
  if (rates_on_) {
    days_ = rates_on_->Evaluate(frame_);
    rates_days_.resize(rows_);
    for (size_t row = 0; row < rows_; ++row)
      rates_days_[row] = days_.state(row) == LaneState::kPresent ? days_.numbers[row] : as_of_day_;
    frame_.rates_days = rates_days_.data();
  }
  for (NamedFormula& value : values_) {
    if (value.formula.is_text()) {
      frame_.texts[static_cast<size_t>(value.slot)] = value.formula.EvaluateText(frame_);
    } else {
      give(value.slot, value.formula.Evaluate(frame_));
    }
  }
}

absl::Status KeyScreen::EvaluateRow(size_t row, std::vector<Value>* slots, const EvaluateOne& evaluate) {
  for (const Lane& lane : lanes_) {
    Value& value = (*slots)[static_cast<size_t>(lane.slot)];
    if (lane.states[row] != LaneState::kPresent) {
      value = Value();
    } else if (lane.is_text) {
      value = TextValue(std::string_view(bytes_).substr(lane.places[row].begin, lane.places[row].size));
    } else {
      value = NumberValue(lane.numbers[row]);
    }
  }
  return evaluate(std::string(KeyAt(row)));
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

absl::Status KeyScreen::Decide(std::vector<Value>* slots, ScreenCounts* counts, const EvaluateOne& evaluate) {
  if (rows_ == 0) return absl::OkStatus();
  EvaluateValues();
  const NumberLane due = due_ ? due_->Evaluate(frame_) : NumberLane();
  const NumberLane when = when_->Evaluate(frame_);
  for (size_t row = 0; row < rows_; ++row) {
    const bool unsure_day = rates_on_ && days_.state(row) == LaneState::kUnsure;
    if (unsure_day || NeedsEvaluation(due, when, row, counts))
      RETURN_IF_ERROR(EvaluateRow(row, slots, evaluate));
  }
  Clear();
  return absl::OkStatus();
}

void KeyScreen::FindUnsure() {
  unsure_.assign(rows_, 0);
  const auto look = [this](const LaneState* states) {
    if (states == nullptr) return;
    for (size_t row = 0; row < rows_; ++row) unsure_[row] |= states[row] == LaneState::kUnsure ? 1 : 0;
  };
  if (rates_on_) look(days_.states);
  for (const TotalLane& total : totals_) {
    look(total.numbers.states);
    look(total.texts.states);
  }
}

void KeyScreen::AddRows(size_t begin, size_t end, std::vector<Gatherer>* measures) const {
  for (size_t i = 0; i < totals_.size(); ++i) {
    const TotalLane& total = totals_[i];
    const Aggregate aggregate = rule_.total_measures()[i].aggregate;
    Reduced reduced;
    if (!total.formula) {
      reduced = {static_cast<Wide>(end - begin), true, {}};
    } else if (total.formula->is_text()) {
      for (size_t row = begin; row < end; ++row) {
        if (total.texts.state(row) == LaneState::kPresent)
          reduced.TakeText(aggregate, total.texts.texts[total.texts.code(row)]);
      }
    } else {
      for (size_t row = begin; row < end; ++row) {
        if (total.numbers.state(row) == LaneState::kPresent)
          reduced.Take(aggregate, total.numbers.numbers[row]);
      }
    }
    (*measures)[i].AddReduced(reduced);
  }
}

absl::Status KeyScreen::AddToTotals(std::vector<Value>* slots, TotalTaker* totals,
                                    const EvaluateOne& evaluate) {
  if (rows_ == 0) return absl::OkStatus();
  EvaluateValues();
  for (TotalLane& total : totals_) {
    if (!total.formula) continue;
    if (total.formula->is_text()) {
      total.texts = total.formula->EvaluateText(frame_);
    } else {
      total.numbers = total.formula->Evaluate(frame_);
    }
  }
  FindUnsure();
  for (size_t row = 0; row < rows_;) {
    ASSIGN_OR_RETURN(const std::string_view prefix, totals->At(KeyAt(row)));
    const size_t begin = row;
    while (row < rows_ && unsure_[row] == 0 && KeyAt(row).substr(0, prefix.size()) == prefix) ++row;
    if (begin < row) AddRows(begin, row, totals->measures());
    if (row < rows_ && unsure_[row] != 0) RETURN_IF_ERROR(EvaluateRow(row++, slots, evaluate));
  }
  Clear();
  return absl::OkStatus();
}

}  // namespace hangou

#include "libs/comparison/side_gather.h"

#include <algorithm>

namespace hangou {
namespace {

constexpr Value kWithheldValue = {ValueState::kWithheld, Fault::kNone, 0, 0, {}};
constexpr auto kCounts = static_cast<uint8_t>(LaneState::kPresent);
constexpr auto kUnsureWhether = static_cast<uint8_t>(LaneState::kUnsure);

template <typename Lane>
bool IsSure(const Lane& lane, size_t rows) {
  return lane.states == nullptr ||
         std::find(lane.states, lane.states + rows, LaneState::kUnsure) == lane.states + rows;
}

KeyCell CellOfValue(const Value& value) {
  if (value.state == ValueState::kMissing) return {};
  const bool fits = value.is_present() && value.number <= INT64_MAX && value.number >= INT64_MIN;
  return {static_cast<int64_t>(value.number), value.text, fits ? LaneState::kPresent : LaneState::kUnsure};
}

}  // namespace

SideGatherer::SideGatherer(const CompiledRule& rule, const CompiledSide& side,
                           std::vector<std::vector<int>> columns, std::vector<size_t> sources, Frame* frame,
                           std::vector<Value>* slots)
    : side_(side), columns_(std::move(columns)), frame_(frame), slots_(slots) {
  measures_.reserve(side.measures.size());
  for (const CompiledMeasure& measure : side.measures) measures_.emplace_back(measure);
  sums_.resize(side.measures.size());
  texts_.resize(side.measures.size());
  cells_.resize(side.measures.size() + 1);
  as_of_.assign(kBlockRows, static_cast<int64_t>(Slot(rule.as_of_slot()).number));
  if (rule.period_slot() >= 0)
    period_.assign(kBlockRows, static_cast<int64_t>(Slot(rule.period_slot()).number));
  EndSums();
  FindOtherSlots(rule);
  by_blocks_ = MakeAll(rule, sources, &SideGatherer::MakeLanes);
  if (!by_blocks_) MakeAll(rule, sources, &SideGatherer::MakeParts);
}

void SideGatherer::FindOtherSlots(const CompiledRule& rule) {
  if (!side_.filter) return;
  for (const int slot : side_.filter->Slots()) {
    const bool own = slot == rule.as_of_slot() || slot == rule.period_slot() ||
                     std::any_of(side_.columns.begin(), side_.columns.end(),
                                 [&](const SideColumn& column) { return column.slot == slot; });
    if (own) continue;
    other_slots_.push_back(slot);
    if (side_.filter->NeedsSlot(slot)) needed_slots_.push_back(slot);
  }
}

bool SideGatherer::MakeAll(const CompiledRule& rule, const std::vector<size_t>& sources, MakeOne make) {
  lanes_.clear();
  for (size_t stream = 0; stream < columns_.size(); ++stream) {
    lanes_.emplace_back(sources[stream]);
    for (SourceLanes& lanes : lanes_.back()) {
      const std::vector<LaneKind> kinds = MakeFrame(rule, columns_[stream], &lanes.frame);
      if ((this->*make)(kinds, &lanes)) continue;
      lanes_.clear();
      return false;
    }
  }
  return true;
}

std::vector<LaneKind> SideGatherer::MakeFrame(const CompiledRule& rule, const std::vector<int>& columns,
                                              LaneFrame* frame) const {
  std::vector<LaneKind> kinds(rule.slots(), LaneKind::kNone);
  for (size_t i = 0; i < side_.columns.size(); ++i) {
    const SideColumn& column = side_.columns[i];
    if (columns[i] < 0) continue;
    kinds[static_cast<size_t>(column.slot)] =
        column.type.kind == ValueKind::kText ? LaneKind::kText : LaneKind::kNumber;
  }
  frame->numbers.resize(rule.slots());
  frame->texts.resize(rule.slots());
  frame->parameters = frame_->parameters;
  frame->rates_day = frame_->rates_day;
  const auto give = [&](int slot, const std::vector<int64_t>& numbers) {
    if (slot < 0) return;
    kinds[static_cast<size_t>(slot)] = LaneKind::kNumber;
    frame->numbers[static_cast<size_t>(slot)] = {numbers.data(), nullptr};
  };
  give(rule.as_of_slot(), as_of_);
  give(rule.period_slot(), period_);
  return kinds;
}

bool SideGatherer::MakeLanes(const std::vector<LaneKind>& kinds, SourceLanes* lanes) const {
  if (!std::all_of(side_.measures.begin(), side_.measures.end(), IsReducible)) return false;
  if (side_.filter) {
    lanes->filter = LaneFormula::Make(*side_.filter, kinds);
    if (!lanes->filter) return false;
  }
  for (const CompiledMeasure& measure : side_.measures) {
    lanes->formulas.push_back(measure.value ? LaneFormula::Make(*measure.value, kinds) : std::nullopt);
    if (measure.value && !lanes->formulas.back()) return false;
  }
  lanes->values.resize(side_.measures.size());
  lanes->texts.resize(side_.measures.size());
  return true;
}

// Where a filter cannot hold without what other sides have for the key, most keys need no look at their rows.
bool SideGatherer::MakeParts(const std::vector<LaneKind>& kinds, SourceLanes* lanes) const {
  if (needed_slots_.empty()) return false;
  const std::vector<int> named = side_.filter->Slots();
  for (const SideColumn& column : side_.columns) {
    const bool is_withheld = kinds[static_cast<size_t>(column.slot)] == LaneKind::kNone;
    if (is_withheld && std::find(named.begin(), named.end(), column.slot) != named.end()) return false;
  }
  auto parts = LaneFormula::MakeParts(*side_.filter, kinds);
  if (!parts) return false;
  lanes->parts = *std::move(parts);
  return true;
}

void SideGatherer::EvaluateBlock(SourceLanes* lanes, const std::vector<int>& columns, const RowPiece& piece) {
  const BlockRows& block = *piece.block;
  LaneFrame& frame = lanes->frame;
  frame.rows = block.rows;
  for (size_t i = 0; i < side_.columns.size(); ++i) {
    if (columns[i] < 0) continue;
    const auto slot = static_cast<size_t>(side_.columns[i].slot);
    const auto at = static_cast<size_t>(columns[i]);
    const auto states_of = [](const std::vector<uint8_t>& present) {
      static_assert(static_cast<uint8_t>(LaneState::kPresent) == 1 &&
                    static_cast<uint8_t>(LaneState::kMissing) == 0);
      return present.empty() ? nullptr : reinterpret_cast<const LaneState*>(present.data());
    };
    if (side_.columns[i].type.kind == ValueKind::kText) {
      const TextColumn& texts = block.texts[at];
      frame.texts[slot] = {texts.texts, texts.codes.data(), states_of(texts.present)};
    } else {
      frame.numbers[slot] = {block.numbers[at].numbers.data(), states_of(block.numbers[at].present)};
    }
  }
  lanes->is_sure = true;
  if (lanes->filter) {
    const NumberLane holds = lanes->filter->Evaluate(frame);
    lanes->is_sure = IsSure(holds, frame.rows);
    lanes->counts.resize(frame.rows);
    for (size_t i = 0; i < frame.rows; ++i) {
      const LaneState state = holds.state(i);
      lanes->counts[i] = state == LaneState::kUnsure                             ? kUnsureWhether
                         : state == LaneState::kPresent && holds.numbers[i] != 0 ? kCounts
                                                                                 : 0;
    }
  }
  for (size_t i = 0; i < lanes->formulas.size(); ++i) {
    if (!lanes->formulas[i]) continue;
    if (lanes->formulas[i]->is_text()) {
      lanes->texts[i] = lanes->formulas[i]->EvaluateText(frame);
      lanes->is_sure = lanes->is_sure && IsSure(lanes->texts[i], frame.rows);
    } else {
      lanes->values[i] = lanes->formulas[i]->Evaluate(frame);
      lanes->is_sure = lanes->is_sure && IsSure(lanes->values[i], frame.rows);
    }
  }
  for (LaneFormula& part : lanes->parts) {
    lanes->is_sure = lanes->is_sure && (part.is_text() ? IsSure(part.EvaluateText(frame), frame.rows)
                                                       : IsSure(part.Evaluate(frame), frame.rows));
  }
  lanes->serial = piece.serial;
}

void SideGatherer::Begin() {
  if (!any_rows_) return;
  any_rows_ = false;
  rows_ = 0;
  for (Reduced& sum : sums_) {
    sum.any = false;
    sum.number = 0;
  }
  if (!by_rows_) return;
  by_rows_ = false;
  spoiled_ = Value();
  for (Gatherer& measure : measures_) measure.Clear();
}

void SideGatherer::Add(size_t stream, const KeyRows& rows) {
  for (const RowPiece& piece : rows.pieces) {
    if (!lanes_.empty()) {
      SourceLanes& lanes = lanes_[stream][piece.source];
      if (lanes.serial != piece.serial) EvaluateBlock(&lanes, columns_[stream], piece);
      if (by_blocks_ ? AddPiece(lanes, piece) : lanes.is_sure && CannotCount()) continue;
    }
    any_rows_ = by_rows_ = true;
    for (uint32_t row = piece.begin; row < piece.end; ++row) AddRow(columns_[stream], piece, row);
  }
}

// True where no row counts, because something of another side that the filter needs is missing.
bool SideGatherer::CannotCount() const {
  const auto state_of = [&](int slot) { return (*slots_)[static_cast<size_t>(slot)].state; };
  return std::any_of(needed_slots_.begin(), needed_slots_.end(),
                     [&](int slot) { return state_of(slot) == ValueState::kMissing; }) &&
         std::all_of(other_slots_.begin(), other_slots_.end(), [&](int slot) {
           return state_of(slot) == ValueState::kMissing || state_of(slot) == ValueState::kPresent;
         });
}

bool SideGatherer::IsSurePiece(const SourceLanes& lanes, const RowPiece& piece) {
  for (uint32_t row = piece.begin; row < piece.end; ++row) {
    if (lanes.filter && lanes.counts[row] != kCounts) {
      if (lanes.counts[row] == kUnsureWhether) return false;
      continue;
    }
    for (size_t i = 0; i < lanes.formulas.size(); ++i) {
      if (lanes.values[i].state(row) == LaneState::kUnsure || lanes.texts[i].state(row) == LaneState::kUnsure)
        return false;
    }
  }
  return true;
}

// False: something of the rows is unsure, and nothing was taken.
bool SideGatherer::AddPiece(const SourceLanes& lanes, const RowPiece& piece) {
  if (!lanes.is_sure && !IsSurePiece(lanes, piece)) return false;
  int64_t counted = piece.end - piece.begin;
  if (lanes.filter) {
    counted = 0;
    for (uint32_t row = piece.begin; row < piece.end; ++row) counted += lanes.counts[row];
    if (counted == 0) return true;
  }
  any_rows_ = true;
  rows_ += counted;
  for (size_t i = 0; i < sums_.size(); ++i) {
    const CompiledMeasure& measure = side_.measures[i];
    if (!lanes.formulas[i]) {
      sums_[i].number += counted;
      sums_[i].any = true;
    } else if (lanes.formulas[i]->is_text()) {
      ReduceTexts(i, lanes, piece);
    } else {
      ReduceNumbers(measure.aggregate, lanes, lanes.values[i], piece, &sums_[i]);
    }
  }
  return true;
}

void SideGatherer::ReduceNumbers(Aggregate aggregate, const SourceLanes& lanes, const NumberLane& lane,
                                 const RowPiece& piece, Reduced* reduced) {
  if (aggregate == Aggregate::kSum && !lanes.filter && lane.states == nullptr) {
    for (uint32_t row = piece.begin; row < piece.end; ++row) reduced->number += lane.numbers[row];
    reduced->any = true;
    return;
  }
  for (uint32_t row = piece.begin; row < piece.end; ++row) {
    if (lanes.filter && lanes.counts[row] == 0) continue;
    if (lane.state(row) == LaneState::kPresent) reduced->Take(aggregate, lane.numbers[row]);
  }
}

void SideGatherer::ReduceTexts(size_t measure, const SourceLanes& lanes, const RowPiece& piece) {
  const Aggregate aggregate = side_.measures[measure].aggregate;
  const TextLane& lane = lanes.texts[measure];
  Reduced& sum = sums_[measure];
  bool better = false;
  uint32_t best = 0;
  for (uint32_t row = piece.begin; row < piece.end; ++row) {
    if (lanes.filter && lanes.counts[row] == 0) continue;
    if (lane.state(row) != LaneState::kPresent) continue;
    const uint32_t code = lane.code(row);
    if ((better && code == best) || !sum.TakeText(aggregate, lane.texts[code])) continue;
    better = true;
    best = code;
  }
  if (!better) return;
  // The block goes before the key does.
  texts_[measure].assign(sum.text);
  sum.text = texts_[measure];
}

void SideGatherer::AddRow(const std::vector<int>& columns, const RowPiece& piece, uint32_t row) {
  for (size_t i = 0; i < side_.columns.size(); ++i) {
    const SideColumn& column = side_.columns[i];
    Value& value = Slot(column.slot);
    if (columns[i] < 0) {
      value = kWithheldValue;
      continue;
    }
    const bool is_text = column.type.kind == ValueKind::kText;
    const Cell cell = CellOf(*piece.block, {{}, is_text}, static_cast<size_t>(columns[i]), row);
    value = !cell.present ? Value() : is_text ? TextValue(cell.text) : NumberValue(cell.number);
  }
  if (side_.filter) {
    const Value holds = side_.filter->Evaluate(*frame_);
    if (!holds.is_present() && holds.state != ValueState::kMissing) {
      if (holds.state > spoiled_.state) spoiled_ = holds;
      return;
    }
    if (!holds.is_true()) return;
  }
  ++rows_;
  for (Gatherer& measure : measures_) measure.Add(*frame_);
}

void SideGatherer::End() {
  if (!any_rows_ && cells_are_empty_) return;
  cells_are_empty_ = !any_rows_;
  if (!by_rows_) return EndSums();
  for (size_t i = 0; i < sums_.size(); ++i) measures_[i].AddReduced(sums_[i]);
  FillFrame();
  cells_[0] = CellOfValue(Slot(side_.rows_slot));
  for (size_t i = 0; i < sums_.size(); ++i) cells_[i + 1] = CellOfValue(Slot(side_.measures[i].slot));
}

// The cells of a key whose rows were all put together block by block.
void SideGatherer::EndSums() {
  cells_[0].number = rows_;
  cells_[0].state = LaneState::kPresent;
  for (size_t i = 0; i < sums_.size(); ++i) {
    const Aggregate aggregate = side_.measures[i].aggregate;
    const Reduced& sum = sums_[i];
    KeyCell& cell = cells_[i + 1];
    cell.number = static_cast<int64_t>(sum.number);
    cell.state = LaneState::kPresent;
    if (sum.any) cell.text = sum.text;
    if (aggregate == Aggregate::kExists) {
      cell.number = sum.number > 0 ? 1 : 0;
    } else if (aggregate != Aggregate::kCount && aggregate != Aggregate::kCountDistinct && !sum.any) {
      cell.state = LaneState::kMissing;
    } else if (sum.number != cell.number) {
      cell.state = LaneState::kUnsure;
    }
  }
}

void SideGatherer::FillFrame() {
  if (!by_rows_) {
    Slot(side_.rows_slot) = NumberValue(rows_);
    for (size_t i = 0; i < sums_.size(); ++i) {
      const KeyCell& cell = cells_[i + 1];
      Value& value = Slot(side_.measures[i].slot);
      if (cell.state == LaneState::kMissing) {
        value = Value();
      } else if (IsOfText(side_.measures[i])) {
        value = TextValue(cell.text);
      } else {
        value = NumberValue(cell.state == LaneState::kPresent ? cell.number : sums_[i].number);
      }
    }
    return;
  }
  // Where it cannot be said of a row whether it counts, nothing can be said of what is made of the rows.
  const bool spoiled = spoiled_.state != ValueState::kMissing;
  Slot(side_.rows_slot) = spoiled ? spoiled_ : NumberValue(rows_);
  for (size_t i = 0; i < measures_.size(); ++i)
    Slot(side_.measures[i].slot) = spoiled ? spoiled_ : measures_[i].Result();
}

}  // namespace hangou

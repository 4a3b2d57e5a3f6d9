#include "libs/comparison/side_gather.h"

#include <algorithm>

namespace hangou {
namespace {

constexpr Value kWithheldValue = {ValueState::kWithheld, Fault::kNone, 0, 0, {}};
constexpr auto kCounts = static_cast<uint8_t>(LaneState::kPresent);
constexpr auto kUnsureWhether = static_cast<uint8_t>(LaneState::kUnsure);

// Measures whose values of rows can be put together as numbers.
bool IsReducible(const CompiledMeasure& measure) {
  switch (measure.aggregate) {
    case Aggregate::kCount:
    case Aggregate::kSum:
    case Aggregate::kExists:
      return true;
    case Aggregate::kMin:
    case Aggregate::kMax:
      return measure.value->type().kind != ValueKind::kText;
    default:
      return false;
  }
}

KeyCell CellOfValue(const Value& value) {
  if (value.state == ValueState::kMissing) return {0, LaneState::kMissing};
  const bool fits = value.is_present() && value.number <= INT64_MAX && value.number >= INT64_MIN;
  return {static_cast<int64_t>(value.number), fits ? LaneState::kPresent : LaneState::kUnsure};
}

}  // namespace

SideGatherer::SideGatherer(const CompiledRule& rule, const CompiledSide& side,
                           std::vector<std::vector<int>> columns, std::vector<size_t> sources, Frame* frame,
                           std::vector<Value>* slots)
    : side_(side), columns_(std::move(columns)), frame_(frame), slots_(slots) {
  measures_.reserve(side.measures.size());
  for (const CompiledMeasure& measure : side.measures) measures_.emplace_back(measure);
  sums_.resize(side.measures.size());
  piece_sums_.resize(side.measures.size());
  cells_.resize(side.measures.size() + 1);
  as_of_.assign(kBlockRows, static_cast<int64_t>(Slot(rule.as_of_slot()).number));
  if (rule.period_slot() >= 0)
    period_.assign(kBlockRows, static_cast<int64_t>(Slot(rule.period_slot()).number));
  bool whole = std::all_of(side.measures.begin(), side.measures.end(), IsReducible);
  for (size_t stream = 0; stream < columns_.size() && whole; ++stream) {
    lanes_.emplace_back(sources[stream]);
    for (SourceLanes& lanes : lanes_.back()) whole = whole && MakeLanes(rule, columns_[stream], &lanes);
  }
  if (!whole) lanes_.clear();
}

bool SideGatherer::MakeLanes(const CompiledRule& rule, const std::vector<int>& columns,
                             SourceLanes* lanes) const {
  std::vector<LaneKind> kinds(rule.slots(), LaneKind::kNone);
  for (size_t i = 0; i < side_.columns.size(); ++i) {
    const SideColumn& column = side_.columns[i];
    if (columns[i] < 0) continue;
    kinds[static_cast<size_t>(column.slot)] =
        column.type.kind == ValueKind::kText ? LaneKind::kText : LaneKind::kNumber;
  }
  lanes->frame.numbers.resize(rule.slots());
  lanes->frame.texts.resize(rule.slots());
  lanes->frame.parameters = frame_->parameters;
  lanes->frame.rates_day = frame_->rates_day;
  const auto give = [&](int slot, const std::vector<int64_t>& numbers) {
    if (slot < 0) return;
    kinds[static_cast<size_t>(slot)] = LaneKind::kNumber;
    lanes->frame.numbers[static_cast<size_t>(slot)] = {numbers.data(), nullptr};
  };
  give(rule.as_of_slot(), as_of_);
  give(rule.period_slot(), period_);
  if (side_.filter) {
    lanes->filter = LaneFormula::Make(*side_.filter, kinds);
    if (!lanes->filter) return false;
  }
  for (const CompiledMeasure& measure : side_.measures) {
    lanes->formulas.push_back(measure.value ? LaneFormula::Make(*measure.value, kinds) : std::nullopt);
    if (measure.value && !lanes->formulas.back()) return false;
  }
  lanes->values.resize(side_.measures.size());
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
  if (lanes->filter) {
    const NumberLane holds = lanes->filter->Evaluate(frame);
    lanes->counts.resize(frame.rows);
    for (size_t i = 0; i < frame.rows; ++i) {
      const LaneState state = holds.state(i);
      lanes->counts[i] = state == LaneState::kUnsure                             ? kUnsureWhether
                         : state == LaneState::kPresent && holds.numbers[i] != 0 ? kCounts
                                                                                 : 0;
    }
  }
  for (size_t i = 0; i < lanes->formulas.size(); ++i) {
    if (lanes->formulas[i]) lanes->values[i] = lanes->formulas[i]->Evaluate(frame);
  }
  lanes->serial = piece.serial;
}

void SideGatherer::Begin() {
  rows_ = 0;
  spoiled_ = Value();
  by_rows_ = false;
  for (Gatherer& measure : measures_) measure.Clear();
  for (Sum& sum : sums_) sum = Sum();
}

void SideGatherer::Add(size_t stream, const KeyRows& rows) {
  for (const RowPiece& piece : rows.pieces) {
    if (!lanes_.empty()) {
      SourceLanes& lanes = lanes_[stream][piece.source];
      if (lanes.serial != piece.serial) EvaluateBlock(&lanes, columns_[stream], piece);
      if (AddPiece(lanes, piece)) continue;
    }
    by_rows_ = true;
    for (uint32_t row = piece.begin; row < piece.end; ++row) AddRow(columns_[stream], piece, row);
  }
}

// False: something of the rows is unsure, and nothing was taken.
bool SideGatherer::AddPiece(const SourceLanes& lanes, const RowPiece& piece) {
  int64_t counted = piece.end - piece.begin;
  if (lanes.filter) {
    counted = 0;
    uint8_t all = 0;
    for (uint32_t row = piece.begin; row < piece.end; ++row) {
      all |= lanes.counts[row];
      counted += lanes.counts[row] & kCounts;
    }
    if ((all & kUnsureWhether) != 0) return false;
    if (counted == 0) return true;
  }
  for (size_t i = 0; i < sums_.size(); ++i) {
    const CompiledMeasure& measure = side_.measures[i];
    piece_sums_[i] = Sum();
    if (!measure.value) {
      piece_sums_[i] = {counted, true};
    } else if (!Reduce(measure, lanes, i, piece, &piece_sums_[i])) {
      return false;
    }
  }
  rows_ += counted;
  for (size_t i = 0; i < sums_.size(); ++i) {
    const Aggregate aggregate = side_.measures[i].aggregate;
    const Sum& piece_sum = piece_sums_[i];
    if (!piece_sum.any) continue;
    if (sums_[i].any && aggregate == Aggregate::kMin) {
      sums_[i].number = std::min(sums_[i].number, piece_sum.number);
    } else if (sums_[i].any && aggregate == Aggregate::kMax) {
      sums_[i].number = std::max(sums_[i].number, piece_sum.number);
    } else {
      sums_[i].number += piece_sum.number;
    }
    sums_[i].any = true;
  }
  return true;
}

bool SideGatherer::Reduce(const CompiledMeasure& measure, const SourceLanes& lanes, size_t index,
                          const RowPiece& piece, Sum* sum) {
  const NumberLane& lane = lanes.values[index];
  for (uint32_t row = piece.begin; row < piece.end; ++row) {
    if (lanes.filter && lanes.counts[row] == 0) continue;
    const LaneState state = lane.state(row);
    if (state == LaneState::kUnsure) return false;
    if (state == LaneState::kMissing) continue;
    const int64_t number = lane.numbers[row];
    switch (measure.aggregate) {
      case Aggregate::kSum:
        sum->number += number;
        break;
      case Aggregate::kMin:
        if (!sum->any || number < sum->number) sum->number = number;
        break;
      case Aggregate::kMax:
        if (!sum->any || number > sum->number) sum->number = number;
        break;
      default:
        sum->number += number != 0 ? 1 : 0;
        break;
    }
    sum->any = true;
  }
  return true;
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
  if (lanes_.empty() || by_rows_) {
    for (size_t i = 0; i < sums_.size(); ++i) {
      if (sums_[i].any) measures_[i].AddGathered(sums_[i].number);
    }
    by_rows_ = true;
    FillFrame();
    cells_[0] = CellOfValue(Slot(side_.rows_slot));
    for (size_t i = 0; i < sums_.size(); ++i) cells_[i + 1] = CellOfValue(Slot(side_.measures[i].slot));
    return;
  }
  cells_[0] = {rows_, LaneState::kPresent};
  for (size_t i = 0; i < sums_.size(); ++i) {
    const Aggregate aggregate = side_.measures[i].aggregate;
    const Sum& sum = sums_[i];
    KeyCell& cell = cells_[i + 1];
    cell = {static_cast<int64_t>(sum.number), LaneState::kPresent};
    if (aggregate == Aggregate::kExists) {
      cell.number = sum.number > 0 ? 1 : 0;
    } else if (aggregate != Aggregate::kCount && !sum.any) {
      cell.state = LaneState::kMissing;
    } else if (sum.number > INT64_MAX || sum.number < INT64_MIN) {
      cell.state = LaneState::kUnsure;
    }
  }
}

void SideGatherer::FillFrame() {
  if (!by_rows_) {
    Slot(side_.rows_slot) = NumberValue(rows_);
    for (size_t i = 0; i < sums_.size(); ++i) {
      const KeyCell& cell = cells_[i + 1];
      Slot(side_.measures[i].slot) = cell.state == LaneState::kMissing   ? Value()
                                     : cell.state == LaneState::kPresent ? NumberValue(cell.number)
                                                                         : NumberValue(sums_[i].number);
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

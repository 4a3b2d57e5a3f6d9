#include "libs/comparison/run.h"

#include <algorithm>
#include <set>

#include "libs/base/status.h"
#include "libs/comparison/gather.h"
#include "libs/comparison/key_screen.h"
#include "libs/comparison/side_gather.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// Keys between two looks at whether the run is to end.
constexpr int64_t kKeysPerLook = 1'024;

// Sides of a rule whose keys may be passed: a table has a bit for each.
constexpr size_t kSidesPassed = 8;

// A stream of one resource.
struct Stream {
  SideInput input;
  size_t of_side = 0;  // which of the side's streams
  KeyRows rows;
  bool at_end = false;
  bool at_key = false;  // its rows are of the key at hand
};

class RuleRun final : private TotalTaker {
 public:
  RuleRun(const CompiledRule& rule, std::vector<SideInput> inputs, const RunTerms& terms,
          RunControl* control);

  absl::StatusOr<RunCounts> Run(const TakeFinding* take, const TakePeer* peer);

 private:
  // A side that stands for many keys is gathered once for all of them.
  struct Prefix {
    std::string key;
    bool gathered = false;
  };

  bool IsWhole(size_t side) const { return rule_.sides()[side].key.size() == rule_.key_kinds().size(); }
  Value& Slot(int slot) { return frame_values_[static_cast<size_t>(slot)]; }
  absl::Status Move(Stream* stream);
  void FindPassed();
  const Stream* FindLeastKey();
  bool IsPassed() const;
  absl::Status PassKey();
  void Report();
  absl::Status GatherKey();
  absl::Status GatherPrefix(size_t side);
  absl::Status GatherSide(size_t side, std::string_view key);
  std::vector<uint8_t> FindNamed() const;
  bool NamesKey() const;
  void FillKey(std::string_view key);
  void EvaluateRates();
  absl::Status TakeKey();
  absl::Status DecideScreened();
  absl::Status EvaluateKey(const std::string& key);
  absl::StatusOr<std::string_view> At(std::string_view key) override;
  std::vector<Gatherer>* measures() override { return &totals_; }
  absl::Status EndTotal();
  absl::Status Decide(const std::string& key);
  void NoteProblem(const Value& fault, const v1::Expression& at);
  const v1::Expression& OriginOf(const Value& fault) const;

  const CompiledRule& rule_;
  const RunTerms& terms_;
  RunControl* const control_;
  std::vector<Stream> streams_;
  std::vector<Stream*> whole_;  // those that have the whole key
  std::vector<std::unique_ptr<SideGatherer>> gatherers_;
  std::vector<Prefix> prefixes_;
  std::vector<const std::vector<KeyCell>*> cells_;  // by side
  std::vector<uint8_t> is_named_;  // by side: rows of other sides are filtered or measured by its measures
  std::vector<uint8_t> passed_;    // by which sides have rows of a key, a bit each; empty: no key is passed
  std::unique_ptr<KeyScreen> screen_;  // null: each key is evaluated
  std::string key_;                    // at hand
  int64_t reported_ = 0;               // keys that the control knows
  std::vector<Gatherer> totals_;
  std::string total_key_;
  bool has_total_ = false;
  std::vector<Value> frame_values_;
  Frame frame_;
  bool reads_key_ = false;  // a formula names a part of the key
  std::vector<Value> key_parts_;
  RunCounts counts_;
  const TakeFinding* take_ = nullptr;
  const TakePeer* peer_ = nullptr;
};

RuleRun::RuleRun(const CompiledRule& rule, std::vector<SideInput> inputs, const RunTerms& terms,
                 RunControl* control)
    : rule_(rule),
      terms_(terms),
      control_(control),
      prefixes_(rule.sides().size()),
      cells_(rule.sides().size()),
      frame_values_(rule.slots()) {
  Slot(rule.as_of_slot()) = NumberValue(terms.as_of_day);
  if (rule.period_slot() >= 0) Slot(rule.period_slot()) = NumberValue(terms.period);
  frame_ = {frame_values_.data(), &rule.parameters(), terms.as_of_day};
  for (SideInput& input : inputs) streams_.push_back({std::move(input), 0, {}, false, false});
  for (size_t side = 0; side < rule.sides().size(); ++side) {
    std::vector<std::vector<int>> columns;
    std::vector<size_t> sources;
    for (Stream& stream : streams_) {
      if (stream.input.side != side) continue;
      stream.of_side = columns.size();
      columns.push_back(stream.input.columns);
      sources.push_back(stream.input.rows->sources());
      if (IsWhole(side)) whole_.push_back(&stream);
    }
    gatherers_.push_back(std::make_unique<SideGatherer>(rule, rule.sides()[side], std::move(columns),
                                                        std::move(sources), &frame_, &frame_values_));
    cells_[side] = &gatherers_.back()->cells();
  }
  for (const CompiledMeasure& measure : rule.total_measures()) totals_.emplace_back(measure);
  counts_.rows.resize(rule.sides().size());
  is_named_ = FindNamed();
  FindPassed();
  reads_key_ = NamesKey();
}

std::vector<uint8_t> RuleRun::FindNamed() const {
  std::set<int> named;
  const auto add = [&](const std::optional<Formula>& formula) {
    if (!formula) return;
    for (const int slot : formula->Slots()) named.insert(slot);
  };
  for (const CompiledSide& side : rule_.sides()) {
    add(side.filter);
    for (const CompiledMeasure& measure : side.measures) {
      add(measure.value);
      add(measure.by);
    }
  }
  std::vector<uint8_t> sides;
  for (const CompiledSide& side : rule_.sides()) {
    sides.push_back(named.contains(side.rows_slot) ||
                    std::any_of(side.measures.begin(), side.measures.end(),
                                [&](const CompiledMeasure& m) { return named.contains(m.slot); }));
  }
  return sides;
}

absl::Status RuleRun::Move(Stream* stream) {
  if (stream->input.rows->NextAtHand(&stream->rows)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const bool more, stream->input.rows->Next(&stream->rows));
  stream->at_end = !more;
  return absl::OkStatus();
}

// Which sides must have rows of a key, or none, is often said by the rule. Where they have not, and no filter has to
// tell which rows count, nothing has to be gathered. A rule that says when it is due, or has a second step, wants each
// key.
void RuleRun::FindPassed() {
  const size_t sides = rule_.sides().size();
  if (rule_.due() || rule_.rollup_parts() > 0 || sides > kSidesPassed) return;
  for (size_t side = 0; side < sides; ++side) {
    if (!IsWhole(side)) return;
  }
  const Formula::RowsDemanded demanded = rule_.when().DemandedRows();
  const auto is_in = [](const std::vector<int>& slots, int slot) {
    return std::find(slots.begin(), slots.end(), slot) != slots.end();
  };
  passed_.assign(1ull << sides, 0);
  for (size_t there = 0; there < passed_.size(); ++there) {
    bool cannot_hold = false, filtered = false;
    for (size_t side = 0; side < sides; ++side) {
      const CompiledSide& of = rule_.sides()[side];
      const bool has_rows = (there >> side & 1) != 0;
      filtered = filtered || (has_rows && of.filter);
      cannot_hold = cannot_hold || is_in(has_rows ? demanded.excluded : demanded.needed, of.rows_slot);
    }
    passed_[there] = cannot_hold && !filtered;
  }
}

// Whether the rule cannot hold for the key at which streams stand, and all of its rows are at hand.
bool RuleRun::IsPassed() const {
  if (passed_.empty()) return false;
  size_t there = 0;
  for (const Stream* const stream : whole_) {
    if (!stream->at_key) continue;
    if (!stream->rows.ends_key) return false;
    there |= 1ull << stream->input.side;
  }
  return passed_[there] != 0;
}

absl::Status RuleRun::PassKey() {
  for (Stream* const stream : whole_) {
    if (!stream->at_key) continue;
    for (const RowPiece& piece : stream->rows.pieces)
      counts_.rows[stream->input.side] += piece.end - piece.begin;
    RETURN_IF_ERROR(Move(stream));
  }
  return absl::OkStatus();
}

// A stream at the least key at which one with the whole key stands; those that stand there are marked.
const Stream* RuleRun::FindLeastKey() {
  const Stream* least = nullptr;
  for (Stream* const stream : whole_) {
    stream->at_key = false;
    if (stream->at_end) continue;
    const int order = least == nullptr ? -1 : stream->rows.key().Compare(least->rows.key());
    if (order > 0) continue;
    if (order < 0) {
      for (Stream* const before : whole_) before->at_key = false;
      least = stream;
    }
    stream->at_key = true;
  }
  return least;
}

void RuleRun::Report() {
  control_->keys += counts_.keys - reported_;
  reported_ = counts_.keys;
}

absl::StatusOr<RunCounts> RuleRun::Run(const TakeFinding* take, const TakePeer* peer) {
  take_ = take;
  peer_ = peer;
  if (peer == nullptr) {
    screen_ = KeyScreen::Make(rule_, frame_, terms_.as_of_day);
  } else {
    passed_.clear();
  }
  for (Stream& stream : streams_) RETURN_IF_ERROR(Move(&stream));
  while (const Stream* const least = FindLeastKey()) {
    if (counts_.keys++ % kKeysPerLook == 0) {
      if (control_->cancelled) return absl::CancelledError("the run was cancelled");
      Report();
    }
    if (IsPassed()) {
      RETURN_IF_ERROR(PassKey());
      continue;
    }
    key_.assign(least->rows.key().text());
    RETURN_IF_ERROR(GatherKey());
    RETURN_IF_ERROR(TakeKey());
  }
  RETURN_IF_ERROR(DecideScreened());
  RETURN_IF_ERROR(EndTotal());
  Report();
  return std::move(counts_);
}

// Keys of which all is known in numbers are decided together.
absl::Status RuleRun::TakeKey() {
  if (screen_ != nullptr && screen_->Add(key_, cells_))
    return screen_->full() ? DecideScreened() : absl::OkStatus();
  // The keys of a total come one after the other.
  if (rule_.rollup_parts() > 0) RETURN_IF_ERROR(DecideScreened());
  for (const auto& gatherer : gatherers_) gatherer->FillFrame();
  return EvaluateKey(key_);
}

absl::Status RuleRun::DecideScreened() {
  if (screen_ == nullptr) return absl::OkStatus();
  const auto evaluate = [this](const std::string& key) { return EvaluateKey(key); };
  if (rule_.rollup_parts() > 0) return screen_->AddToTotals(&frame_values_, this, evaluate);
  ScreenCounts counts;
  RETURN_IF_ERROR(screen_->Decide(&frame_values_, &counts, evaluate));
  counts_.not_due += counts.not_due;
  counts_.undetermined += counts.undetermined;
  return absl::OkStatus();
}

// Whether a formula that is evaluated for each key names a part of it. Where none does, the parts are read for findings
// only.
bool RuleRun::NamesKey() const {
  const int begin = rule_.key_slot();
  const int end = begin + static_cast<int>(rule_.key_kinds().size());
  const auto names = [&](const std::optional<Formula>& formula) {
    if (!formula) return false;
    const std::vector<int> slots = formula->Slots();
    return std::any_of(slots.begin(), slots.end(), [&](int slot) { return slot >= begin && slot < end; });
  };
  const auto any = [&](const auto& all, const auto& of) {
    return std::any_of(all.begin(), all.end(), [&](const auto& one) { return names(of(one)); });
  };
  const auto formula_of = [](const CompiledValue& value) { return std::optional<Formula>(value.formula); };
  const auto value_of = [](const CompiledMeasure& measure) { return measure.value; };
  return rule_.rollup_parts() > 0 || names(rule_.rates_on()) || names(rule_.due()) || names(rule_.when()) ||
         names(rule_.amount()) || names(rule_.subject()) || names(rule_.peer_group()) ||
         names(rule_.peer_value()) || any(rule_.values(), formula_of) || any(rule_.totals(), formula_of) ||
         any(rule_.total_measures(), value_of);
}

void RuleRun::FillKey(std::string_view key) {
  HANGOU_CHECK(ReadKey(rule_.key_kinds(), key, &key_parts_),
               "a projection has keys of another kind than its rule");
  for (size_t i = 0; i < key_parts_.size(); ++i) Slot(rule_.key_slot() + static_cast<int>(i)) = key_parts_[i];
}

absl::Status RuleRun::GatherKey() {
  // Parameters that a filter or a measure names are those of the as-of day.
  frame_.rates_day = terms_.as_of_day;
  for (size_t side = 0; side < gatherers_.size(); ++side)
    RETURN_IF_ERROR(IsWhole(side) ? GatherSide(side, key_) : GatherPrefix(side));
  return absl::OkStatus();
}

absl::Status RuleRun::GatherPrefix(size_t side) {
  Prefix& prefix = prefixes_[side];
  const std::string_view key(key_.data(),
                             PrefixBytes(rule_.key_kinds(), key_, rule_.sides()[side].key.size()));
  if (prefix.gathered && prefix.key == key) {
    if (is_named_[side] != 0) gatherers_[side]->FillFrame();
    return absl::OkStatus();
  }
  prefix.key.assign(key);
  prefix.gathered = true;
  for (Stream& stream : streams_) {
    if (stream.input.side != side) continue;
    while (!stream.at_end && stream.rows.key().text() < key) RETURN_IF_ERROR(Move(&stream));
    stream.at_key = !stream.at_end && stream.rows.key().text() == key;
  }
  return GatherSide(side, prefix.key);
}

absl::Status RuleRun::GatherSide(size_t side, std::string_view key) {
  SideGatherer& gatherer = *gatherers_[side];
  gatherer.Begin();
  for (Stream& stream : streams_) {
    if (stream.input.side != side) continue;
    while (stream.at_key) {
      gatherer.Add(stream.of_side, stream.rows);
      const bool ends = stream.rows.ends_key;
      RETURN_IF_ERROR(Move(&stream));
      stream.at_key = !ends && !stream.at_end && stream.rows.key().text() == key;
    }
  }
  gatherer.End();
  if (is_named_[side] != 0) gatherer.FillFrame();
  counts_.rows[side] += gatherer.rows();
  return absl::OkStatus();
}

void RuleRun::EvaluateRates() {
  frame_.rates_day = terms_.as_of_day;
  if (!rule_.rates_on()) return;
  const Value day = rule_.rates_on()->Evaluate(frame_);
  if (day.is_present()) frame_.rates_day = static_cast<int32_t>(day.number);
}

absl::Status RuleRun::EvaluateKey(const std::string& key) {
  if (rule_.rollup_parts() > 0) RETURN_IF_ERROR(At(key).status());
  if (reads_key_) FillKey(key);
  EvaluateRates();
  for (const CompiledValue& value : rule_.values()) Slot(value.slot) = value.formula.Evaluate(frame_);
  if (rule_.rollup_parts() == 0) return Decide(key);
  for (Gatherer& total : totals_) total.Add(frame_);
  return absl::OkStatus();
}

// A key that begins as the total does is of it: no part of a key is the beginning of another one.
absl::StatusOr<std::string_view> RuleRun::At(std::string_view key) {
  if (has_total_ && key.substr(0, total_key_.size()) == total_key_) return total_key_;
  RETURN_IF_ERROR(EndTotal());
  has_total_ = true;
  total_key_.assign(key.substr(0, PrefixBytes(rule_.key_kinds(), key, rule_.rollup_parts())));
  for (Gatherer& total : totals_) total.Clear();
  return total_key_;
}

absl::Status RuleRun::EndTotal() {
  if (!has_total_) return absl::OkStatus();
  has_total_ = false;
  const std::vector<KeyKind> kinds(
      rule_.key_kinds().begin(),
      rule_.key_kinds().begin() + static_cast<std::ptrdiff_t>(rule_.rollup_parts()));
  std::vector<Value> parts;
  HANGOU_CHECK(ReadKey(kinds, total_key_, &parts), "a total has a key of another kind than its rule");
  for (size_t i = 0; i < parts.size(); ++i) Slot(rule_.key_slot() + static_cast<int>(i)) = parts[i];
  for (size_t i = 0; i < totals_.size(); ++i) Slot(rule_.total_measures()[i].slot) = totals_[i].Result();
  EvaluateRates();
  for (const CompiledValue& value : rule_.totals()) Slot(value.slot) = value.formula.Evaluate(frame_);
  return Decide(total_key_);
}

// The formula whose own fault it is that something is one: the first that has it, in the order of evaluation.
const v1::Expression& RuleRun::OriginOf(const Value& fault) const {
  const v1::ComparisonRule& declared = rule_.declared();
  const auto is_it = [&](int slot) {
    const Value& value = frame_values_[static_cast<size_t>(slot)];
    return value.state == ValueState::kFault && value.fault == fault.fault && value.place == fault.place;
  };
  for (size_t side = 0; side < rule_.sides().size(); ++side) {
    const CompiledSide& of = rule_.sides()[side];
    const v1::Side& declared_side = declared.sides(static_cast<int>(side));
    if (is_it(of.rows_slot)) return declared_side.filter();
    for (size_t i = 0; i < of.measures.size(); ++i) {
      if (is_it(of.measures[i].slot)) return declared_side.measures(static_cast<int>(i)).value();
    }
  }
  for (size_t i = 0; i < rule_.values().size(); ++i) {
    if (is_it(rule_.values()[i].slot)) return declared.values(static_cast<int>(i)).value();
  }
  for (size_t i = 0; i < rule_.total_measures().size(); ++i) {
    if (is_it(rule_.total_measures()[i].slot)) return declared.rollup().measures(static_cast<int>(i)).value();
  }
  for (size_t i = 0; i < rule_.totals().size(); ++i) {
    if (is_it(rule_.totals()[i].slot)) return declared.totals(static_cast<int>(i)).value();
  }
  return declared.when();
}

void RuleRun::NoteProblem(const Value& fault, const v1::Expression& at) {
  ++counts_.problems[{rule_.Describe(at, fault.place), fault.fault}];
}

absl::Status RuleRun::Decide(const std::string& key) {
  if (peer_ != nullptr) {
    const Value group = rule_.peer_group()->Evaluate(frame_);
    const Value value = rule_.peer_value()->Evaluate(frame_);
    if (group.is_present() && value.is_present()) (*peer_)(group.text, value.number);
    return absl::OkStatus();
  }
  if (rule_.due()) {
    const Value due = rule_.due()->Evaluate(frame_);
    if (due.is_present() && due.number > terms_.as_of_day) {
      ++counts_.not_due;
      return absl::OkStatus();
    }
  }
  if (rule_.cut_off_slot() >= 0) {
    const Value group = rule_.peer_group()->Evaluate(frame_);
    const auto found = group.is_present() ? terms_.cut_offs.find(group.text) : terms_.cut_offs.end();
    Slot(rule_.cut_off_slot()) = found == terms_.cut_offs.end() ? Value() : NumberValue(found->second);
  }
  const Value holds = rule_.when().Evaluate(frame_);
  switch (holds.state) {
    case ValueState::kMissing:
      ++counts_.undetermined;
      return absl::OkStatus();
    case ValueState::kWithheld:
      ++counts_.withheld;
      return absl::OkStatus();
    case ValueState::kFault:
      NoteProblem(holds, OriginOf(holds));
      return absl::OkStatus();
    case ValueState::kPresent:
      break;
  }
  if (holds.number == 0) return absl::OkStatus();
  if (!reads_key_) FillKey(key);
  // Of a total, the parts of the key at hand are those of the key behind it already; the frame has its own.
  Finding finding{key, Slot(rule_.key_slot()).text, std::nullopt, frame_values_.data()};
  if (rule_.subject()) {
    const Value subject = rule_.subject()->Evaluate(frame_);
    if (subject.is_present()) finding.subject = subject.text;
  }
  if (rule_.amount()) {
    const Value amount = rule_.amount()->Evaluate(frame_);
    if (amount.is_present() && amount.number <= INT64_MAX && amount.number >= INT64_MIN) {
      finding.amount_fen = static_cast<int64_t>(amount.number);
    } else if (amount.state == ValueState::kFault || amount.is_present()) {
      NoteProblem(amount.is_present() ? FaultValue(Fault::kOverflow, 1) : amount, rule_.declared().amount());
    }
  }
  ++counts_.findings;
  return (*take_)(finding);
}

}  // namespace

void RunCounts::Add(const RunCounts& other) {
  if (rows.size() < other.rows.size()) rows.resize(other.rows.size());
  for (size_t i = 0; i < other.rows.size(); ++i) rows[i] += other.rows[i];
  keys += other.keys;
  findings += other.findings;
  not_due += other.not_due;
  undetermined += other.undetermined;
  withheld += other.withheld;
  for (const auto& [problem, count] : other.problems) problems[problem] += count;
}

absl::StatusOr<RunCounts> RunRule(const CompiledRule& rule, std::vector<SideInput> inputs,
                                  const RunTerms& terms, RunControl* control, const TakeFinding& take) {
  return RuleRun(rule, std::move(inputs), terms, control).Run(&take, nullptr);
}

absl::Status GatherPeers(const CompiledRule& rule, std::vector<SideInput> inputs, const RunTerms& terms,
                         RunControl* control, const TakePeer& take) {
  return RuleRun(rule, std::move(inputs), terms, control).Run(nullptr, &take).status();
}

Wide PercentileOf(std::vector<Wide>* values, uint32_t percentile) {
  HANGOU_CHECK(!values->empty(), "no values have no percentile");
  std::sort(values->begin(), values->end());
  const size_t rank = (values->size() * percentile + 99) / 100;
  return (*values)[rank == 0 ? 0 : rank - 1];
}

}  // namespace hangou

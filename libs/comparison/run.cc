#include "libs/comparison/run.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/comparison/gather.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// Keys between two looks at whether the run is to end.
constexpr int64_t kKeysPerLook = 1'024;

// A stream of one resource, standing at a run of rows.
struct Stream {
  SideInput input;
  RowRun run;
  bool at_end = false;
  bool at_key = false;  // its run is of the key at hand
};

// What is gathered of a side for the key at hand.
struct SideState {
  const CompiledSide* side = nullptr;
  std::vector<Gatherer> measures;
  int64_t rows = 0;
  Value spoiled;       // withheld, or a fault: whether a row counts cannot be said; missing: it can
  std::string prefix;  // of a side that stands for many keys: the one it was gathered for
  bool gathered = false;
  bool fast = false;             // no filter, and every measure is a count of rows or a sum of a column
  std::vector<int> sum_columns;  // then: the column that each measure sums; -1: it counts
};

class RuleRun {
 public:
  RuleRun(const CompiledRule& rule, std::vector<SideInput> inputs, const RunTerms& terms, RunControl* control)
      : rule_(rule), terms_(terms), control_(control), frame_values_(rule.slots()) {
    for (SideInput& input : inputs) streams_.push_back({std::move(input), {}, false, false});
    for (const CompiledSide& side : rule.sides()) {
      SideState state;
      state.side = &side;
      state.measures.reserve(side.measures.size());
      state.fast = !side.filter;
      for (const CompiledMeasure& measure : side.measures) {
        state.measures.emplace_back(measure);
        const int summed = state.measures.back().SummedSlot();
        state.fast = state.fast && (state.measures.back().CountsRows() || summed >= 0);
        const auto column = std::find_if(side.columns.begin(), side.columns.end(),
                                         [&](const SideColumn& c) { return c.slot == summed; });
        state.sum_columns.push_back(summed < 0 ? -1 : static_cast<int>(column - side.columns.begin()));
      }
      states_.push_back(std::move(state));
    }
    for (const CompiledMeasure& measure : rule.total_measures()) totals_.emplace_back(measure);
    counts_.rows.resize(rule.sides().size());
    frame_values_[static_cast<size_t>(rule.as_of_slot())] = NumberValue(terms.as_of_day);
    if (rule.period_slot() >= 0)
      frame_values_[static_cast<size_t>(rule.period_slot())] = NumberValue(terms.period);
    frame_ = {frame_values_.data(), &rule.parameters(), terms.as_of_day};
    reads_key_ = NamesKey();
  }

  absl::StatusOr<RunCounts> Run(const TakeFinding* take, const TakePeer* peer);

 private:
  bool IsWhole(const Stream& stream) const {
    return rule_.sides()[stream.input.side].key.size() == rule_.key_kinds().size();
  }
  Value& Slot(int slot) { return frame_values_[static_cast<size_t>(slot)]; }
  absl::Status Move(Stream* stream);
  bool LeastKey(std::string* key);
  absl::Status GatherKey(const std::string& key);
  absl::Status GatherPrefix(SideState* state, size_t side, const std::string& key);
  absl::Status GatherSide(SideState* state, size_t side, std::string_view key);
  void AddRun(SideState* state, const Stream& stream);
  void AddFast(SideState* state, const Stream& stream);
  void FillRow(const SideState& state, const Stream& stream, uint32_t row);
  void FillSide(const SideState& state);
  bool NamesKey() const;
  void FillKey(std::string_view key);
  void EvaluateRates();
  absl::Status EvaluateKey(const std::string& key);
  absl::Status EndTotal();
  absl::Status Decide(const std::string& key);
  void NoteProblem(const Value& fault, const v1::Expression& at);
  const v1::Expression& OriginOf(const Value& fault) const;

  const CompiledRule& rule_;
  const RunTerms& terms_;
  RunControl* const control_;
  std::vector<Stream> streams_;
  std::vector<SideState> states_;
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

absl::Status RuleRun::Move(Stream* stream) {
  ASSIGN_OR_RETURN(const bool more, stream->input.rows->Next(&stream->run));
  stream->at_end = !more;
  return absl::OkStatus();
}

// The least key at which a stream with the whole key stands; those that stand there are marked.
bool RuleRun::LeastKey(std::string* key) {
  const Stream* least = nullptr;
  for (Stream& stream : streams_) {
    if (stream.at_end || !IsWhole(stream)) continue;
    const int order = least == nullptr ? -1 : stream.run.key.compare(least->run.key);
    stream.at_key = order <= 0;
    if (order >= 0) continue;
    for (Stream* before = streams_.data(); before != &stream; ++before) {
      if (IsWhole(*before)) before->at_key = false;
    }
    least = &stream;
  }
  if (least == nullptr) return false;
  key->assign(least->run.key);
  return true;
}

absl::StatusOr<RunCounts> RuleRun::Run(const TakeFinding* take, const TakePeer* peer) {
  take_ = take;
  peer_ = peer;
  for (Stream& stream : streams_) RETURN_IF_ERROR(Move(&stream));
  std::string key;
  int64_t reported = 0;
  while (LeastKey(&key)) {
    if (counts_.keys++ % kKeysPerLook == 0) {
      if (control_->cancelled) return absl::CancelledError("the run was cancelled");
      int64_t seen = 0;
      for (const int64_t rows : counts_.rows) seen += rows;
      control_->rows += seen - reported;
      reported = seen;
    }
    RETURN_IF_ERROR(GatherKey(key));
    RETURN_IF_ERROR(EvaluateKey(key));
  }
  RETURN_IF_ERROR(EndTotal());
  return std::move(counts_);
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

absl::Status RuleRun::GatherKey(const std::string& key) {
  // What rates_on is made of is gathered here: sides see the parameters of the as-of date, not of the key before.
  frame_.rates_day = terms_.as_of_day;
  if (reads_key_) FillKey(key);
  for (size_t side = 0; side < states_.size(); ++side) {
    SideState& state = states_[side];
    if (state.side->key.size() < rule_.key_kinds().size()) {
      RETURN_IF_ERROR(GatherPrefix(&state, side, key));
    } else {
      RETURN_IF_ERROR(GatherSide(&state, side, key));
    }
    FillSide(state);
  }
  return absl::OkStatus();
}

absl::Status RuleRun::GatherPrefix(SideState* state, size_t side, const std::string& key) {
  const std::string_view prefix(key.data(), PrefixBytes(rule_.key_kinds(), key, state->side->key.size()));
  if (state->gathered && state->prefix == prefix) return absl::OkStatus();
  state->prefix.assign(prefix);
  state->gathered = true;
  for (Stream& stream : streams_) {
    if (stream.input.side != side) continue;
    while (!stream.at_end && stream.run.key < prefix) RETURN_IF_ERROR(Move(&stream));
  }
  return GatherSide(state, side, state->prefix);
}

absl::Status RuleRun::GatherSide(SideState* state, size_t side, std::string_view key) {
  state->rows = 0;
  state->spoiled = Value();
  for (Gatherer& measure : state->measures) measure.Clear();
  for (Stream& stream : streams_) {
    if (stream.input.side != side) continue;
    if (!IsWhole(stream)) stream.at_key = !stream.at_end && stream.run.key == key;
    while (stream.at_key) {
      if (state->fast) {
        AddFast(state, stream);
      } else {
        AddRun(state, stream);
      }
      const bool ends = stream.run.ends_key;
      RETURN_IF_ERROR(Move(&stream));
      stream.at_key = !ends && !stream.at_end && stream.run.key == key;
    }
  }
  counts_.rows[side] += state->rows;
  return absl::OkStatus();
}

void RuleRun::AddFast(SideState* state, const Stream& stream) {
  const RowRun& run = stream.run;
  const int64_t rows = run.end - run.begin;
  state->rows += rows;
  for (size_t i = 0; i < state->measures.size(); ++i) {
    Gatherer& measure = state->measures[i];
    if (state->sum_columns[i] < 0) {
      measure.AddRows(rows);
      continue;
    }
    const int index = stream.input.columns[static_cast<size_t>(state->sum_columns[i])];
    if (index < 0) {
      Slot(measure.SummedSlot()) = {ValueState::kWithheld, Fault::kNone, 0, 0, {}};
      measure.Add(frame_);
      continue;
    }
    const NumberColumn& numbers = run.block->numbers[static_cast<size_t>(index)];
    Wide sum = 0;
    int64_t present = rows;
    for (uint32_t row = run.begin; row < run.end; ++row) sum += numbers.numbers[row];
    if (!numbers.present.empty())
      present = std::count(numbers.present.begin() + run.begin, numbers.present.begin() + run.end, 1);
    measure.AddSum(sum, present);
  }
}

void RuleRun::FillRow(const SideState& state, const Stream& stream, uint32_t row) {
  const std::vector<SideColumn>& columns = state.side->columns;
  for (size_t i = 0; i < columns.size(); ++i) {
    Value& value = Slot(columns[i].slot);
    const int index = stream.input.columns[i];
    if (index < 0) {
      value = {ValueState::kWithheld, Fault::kNone, 0, 0, {}};
      continue;
    }
    const auto at = static_cast<size_t>(index);
    if (columns[i].type.kind == ValueKind::kText) {
      const TextColumn& texts = stream.run.block->texts[at];
      const bool present = texts.present.empty() || texts.present[row] != 0;
      value = present ? TextValue(texts.texts[texts.codes[row]]) : Value();
    } else {
      const NumberColumn& numbers = stream.run.block->numbers[at];
      const bool present = numbers.present.empty() || numbers.present[row] != 0;
      value = present ? NumberValue(numbers.numbers[row]) : Value();
    }
  }
}

void RuleRun::AddRun(SideState* state, const Stream& stream) {
  for (uint32_t row = stream.run.begin; row < stream.run.end; ++row) {
    FillRow(*state, stream, row);
    if (state->side->filter) {
      const Value holds = state->side->filter->Evaluate(frame_);
      if (!holds.is_present() && holds.state != ValueState::kMissing) {
        if (holds.state > state->spoiled.state) state->spoiled = holds;
        continue;
      }
      if (!holds.is_true()) continue;
    }
    ++state->rows;
    for (Gatherer& measure : state->measures) measure.Add(frame_);
  }
}

void RuleRun::FillSide(const SideState& state) {
  // Where it cannot be said of a row whether it counts, nothing can be said of what is made of the rows.
  if (state.spoiled.state != ValueState::kMissing) {
    Slot(state.side->rows_slot) = state.spoiled;
    for (const CompiledMeasure& measure : state.side->measures) Slot(measure.slot) = state.spoiled;
    return;
  }
  Slot(state.side->rows_slot) = NumberValue(state.rows);
  for (size_t i = 0; i < state.measures.size(); ++i)
    Slot(state.side->measures[i].slot) = state.measures[i].Result();
}

void RuleRun::EvaluateRates() {
  frame_.rates_day = terms_.as_of_day;
  if (!rule_.rates_on()) return;
  const Value day = rule_.rates_on()->Evaluate(frame_);
  if (day.is_present()) frame_.rates_day = static_cast<int32_t>(day.number);
}

absl::Status RuleRun::EvaluateKey(const std::string& key) {
  if (rule_.rollup_parts() > 0) {
    const std::string_view prefix(key.data(), PrefixBytes(rule_.key_kinds(), key, rule_.rollup_parts()));
    if (has_total_ && total_key_ != prefix) {
      RETURN_IF_ERROR(EndTotal());
      // The frame has the parts of the total that ended.
      for (size_t i = 0; i < key_parts_.size(); ++i)
        Slot(rule_.key_slot() + static_cast<int>(i)) = key_parts_[i];
    }
    if (!has_total_) {
      has_total_ = true;
      total_key_.assign(prefix);
      for (Gatherer& total : totals_) total.Clear();
    }
  }
  EvaluateRates();
  for (const CompiledValue& value : rule_.values()) Slot(value.slot) = value.formula.Evaluate(frame_);
  if (rule_.rollup_parts() == 0) return Decide(key);
  for (Gatherer& total : totals_) total.Add(frame_);
  return absl::OkStatus();
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

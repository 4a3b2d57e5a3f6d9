#include "libs/comparison/lanes.h"

#include <algorithm>

namespace hangou {
namespace {

// Present where both are, unsure where one is.
LaneState Both(LaneState a, LaneState b) {
  if (a == LaneState::kPresent && b == LaneState::kPresent) return LaneState::kPresent;
  return a == LaneState::kUnsure || b == LaneState::kUnsure ? LaneState::kUnsure : LaneState::kMissing;
}

bool FitsLane(Wide number) { return number >= INT64_MIN && number <= INT64_MAX; }

// The states of two lanes together, null where all are present.
const LaneState* JoinStates(const NumberLane& a, const NumberLane& b, size_t rows,
                            std::vector<LaneState>* states) {
  if (a.states == nullptr && b.states == nullptr) return nullptr;
  if (a.states == nullptr) return b.states;
  if (b.states == nullptr) return a.states;
  states->resize(rows);
  for (size_t i = 0; i < rows; ++i) (*states)[i] = Both(a.states[i], b.states[i]);
  return states->data();
}

// Calls compute(a, b, &result) for each row, which says whether it could.
template <typename Compute>
NumberLane ForEachPair(const NumberLane& a, const NumberLane& b, size_t rows, std::vector<int64_t>* numbers,
                       std::vector<LaneState>* states, Compute compute) {
  const LaneState* joined = JoinStates(a, b, rows, states);
  numbers->resize(rows);
  int64_t* const out = numbers->data();
  bool all = true;
  for (size_t i = 0; i < rows; ++i) all = compute(a.numbers[i], b.numbers[i], &out[i]) && all;
  if (all) return {out, joined};
  // Rare: which ones they were.
  std::vector<LaneState> marked(rows);
  for (size_t i = 0; i < rows; ++i) {
    int64_t ignored = 0;
    marked[i] = joined == nullptr ? LaneState::kPresent : joined[i];
    if (marked[i] == LaneState::kPresent && !compute(a.numbers[i], b.numbers[i], &ignored))
      marked[i] = LaneState::kUnsure;
  }
  *states = std::move(marked);
  return {out, states->data()};
}

template <typename Compare>
NumberLane ComparePairs(const NumberLane& a, const NumberLane& b, size_t rows, std::vector<int64_t>* numbers,
                        std::vector<LaneState>* states, Compare compare) {
  return ForEachPair(a, b, rows, numbers, states, [compare](int64_t x, int64_t y, int64_t* result) {
    *result = compare(x, y) ? 1 : 0;
    return true;
  });
}

}  // namespace

bool LaneFormula::IsText(const Formula& formula, int at, std::span<const LaneKind> slots) {
  const Step& step = formula.steps_[static_cast<size_t>(at)];
  switch (step.op) {
    case Op::kConstant:
      return true;
    case Op::kSlot:
      return slots[static_cast<size_t>(step.index)] == LaneKind::kText;
    case Op::kLeft:
      return IsText(formula, step.arguments[0], slots);
    case Op::kDefault:
      return IsText(formula, step.arguments[0], slots) && IsText(formula, step.arguments[1], slots);
    case Op::kIf:
      return IsNumber(formula, step.arguments[0], slots) && IsText(formula, step.arguments[1], slots) &&
             IsText(formula, step.arguments[2], slots);
    default:
      return false;
  }
}

bool LaneFormula::IsNumber(const Formula& formula, int at, std::span<const LaneKind> slots) {
  const Step& step = formula.steps_[static_cast<size_t>(at)];
  const auto all_numbers = [&] {
    return std::all_of(step.arguments.begin(), step.arguments.end(),
                       [&](int argument) { return argument < 0 || IsNumber(formula, argument, slots); });
  };
  switch (step.op) {
    case Op::kConstant:
      return FitsLane(step.constant);
    case Op::kSlot:
    case Op::kRowsPresent:
      return slots[static_cast<size_t>(step.index)] == LaneKind::kNumber;
    case Op::kPresent:
      return IsNumber(formula, step.arguments[0], slots) || IsText(formula, step.arguments[0], slots);
    case Op::kCompareText:
      return IsText(formula, step.arguments[0], slots) && IsText(formula, step.arguments[1], slots);
    case Op::kParameter:
      return (step.arguments[0] < 0 || IsText(formula, step.arguments[0], slots)) &&
             (step.arguments[1] < 0 || IsNumber(formula, step.arguments[1], slots));
    case Op::kPeriod:
      return step.from == ValueKind::kText ? IsText(formula, step.arguments[0], slots) : all_numbers();
    case Op::kLeft:
      return false;
    default:
      return all_numbers();
  }
}

std::optional<LaneFormula> LaneFormula::Make(const Formula& formula, std::span<const LaneKind> slots) {
  const bool is_text = formula.type().kind == ValueKind::kText;
  const bool can = is_text ? IsText(formula, formula.root_, slots) : IsNumber(formula, formula.root_, slots);
  return can ? std::optional(LaneFormula(formula, formula.root_, is_text, slots)) : std::nullopt;
}

LaneFormula::LaneFormula(const Formula& formula, int root, bool is_text, std::span<const LaneKind> slots)
    : formula_(&formula), root_(root), is_text_(is_text), spaces_(formula.steps_.size()) {
  for (size_t i = 0; i < formula.steps_.size(); ++i)
    gives_text_.push_back(IsText(formula, static_cast<int>(i), slots) ? 1 : 0);
}

std::optional<std::vector<LaneFormula>> LaneFormula::MakeParts(const Formula& formula,
                                                               std::span<const LaneKind> own) {
  std::vector<LaneFormula> parts;
  return AddParts(formula, formula.root_, own, &parts) ? std::optional(std::move(parts)) : std::nullopt;
}

bool LaneFormula::AddParts(const Formula& formula, int at, std::span<const LaneKind> own,
                           std::vector<LaneFormula>* parts) {
  const bool is_number = IsNumber(formula, at, own);
  if (is_number || IsText(formula, at, own)) {
    parts->push_back(LaneFormula(formula, at, !is_number, own));
    return true;
  }
  const Step& step = formula.steps_[static_cast<size_t>(at)];
  switch (step.op) {
    case Op::kSlot:
    case Op::kRowsPresent:
      return true;
    case Op::kPeriod:
      if (step.from != ValueKind::kDate) return false;
      break;
    case Op::kPresent:
    case Op::kAnd:
    case Op::kOr:
    case Op::kNot:
    case Op::kCompare:
    case Op::kCompareText:
      break;
    default:
      return false;
  }
  return std::all_of(step.arguments.begin(), step.arguments.end(),
                     [&](int argument) { return AddParts(formula, argument, own, parts); });
}

NumberLane LaneFormula::Run(int at, const LaneFrame& frame) {
  const Step& step = StepAt(at);
  switch (step.op) {
    case Op::kConstant:
      return RunConstant(at, frame, static_cast<int64_t>(step.constant));
    case Op::kSlot:
      return frame.numbers[static_cast<size_t>(step.index)];
    case Op::kRowsPresent:
    case Op::kPresent:
      return RunPresence(at, frame);
    case Op::kAnd:
    case Op::kOr:
      return RunLogic(at, frame);
    case Op::kDefault:
    case Op::kIf:
      return RunChoice(at, frame);
    case Op::kLeast:
    case Op::kGreatest:
      return RunExtreme(at, frame);
    case Op::kCompareText:
      return RunCompareText(at, frame);
    case Op::kParameter:
      return RunParameter(at, frame);
    case Op::kPeriod:
      return step.from == ValueKind::kText ? RunOfText(at, frame) : RunUnary(at, frame);
    default:
      return step.arguments.size() == 2 ? RunBinary(at, frame) : RunUnary(at, frame);
  }
}

TextLane LaneFormula::RunText(int at, const LaneFrame& frame) {
  const Step& step = StepAt(at);
  Space& space = SpaceAt(at);
  if (step.op == Op::kSlot) return frame.texts[static_cast<size_t>(step.index)];
  if (step.op == Op::kConstant) {
    space.texts.assign(1, step.text);
    return {space.texts, nullptr, nullptr};
  }
  if (step.op != Op::kLeft) return RunTextChoice(at, frame);
  TextLane lane = RunText(step.arguments[0], frame);
  space.texts.clear();
  for (const std::string_view text : lane.texts) space.texts.push_back(formula_->RunOnText(at, text).text);
  lane.texts = space.texts;
  return lane;
}

TextLane LaneFormula::RunTextChoice(int at, const LaneFrame& frame) {
  const Step& step = StepAt(at);
  const bool is_if = step.op == Op::kIf;
  NumberLane condition;
  if (is_if) condition = Run(step.arguments[0], frame);
  const TextLane yes = RunText(step.arguments[is_if ? 1 : 0], frame);
  const TextLane no = RunText(step.arguments[is_if ? 2 : 1], frame);
  if (!is_if && yes.states == nullptr) return yes;
  Space& space = SpaceAt(at);
  space.texts.resize(frame.rows);
  space.states.resize(frame.rows);
  for (size_t i = space.codes.size(); i < frame.rows; ++i) space.codes.push_back(static_cast<uint32_t>(i));
  for (size_t i = 0; i < frame.rows; ++i) {
    const LaneState state = is_if ? condition.state(i) : yes.state(i);
    if (is_if && state != LaneState::kPresent) {
      space.states[i] = state;
      continue;
    }
    const TextLane& taken = (is_if ? condition.numbers[i] != 0 : state != LaneState::kMissing) ? yes : no;
    space.states[i] = taken.state(i);
    space.texts[i] = space.states[i] == LaneState::kPresent ? taken.texts[taken.code(i)] : std::string_view();
  }
  return {space.texts, space.codes.data(), space.states.data()};
}

NumberLane LaneFormula::RunConstant(int at, const LaneFrame& frame, int64_t number) {
  std::vector<int64_t>& numbers = SpaceAt(at).numbers;
  if (numbers.size() < frame.rows || numbers.front() != number) numbers.assign(frame.rows, number);
  return {numbers.data(), nullptr};
}

NumberLane LaneFormula::RunPresence(int at, const LaneFrame& frame) {
  const Step& step = StepAt(at);
  Space& space = SpaceAt(at);
  const bool of_rows = step.op == Op::kRowsPresent;
  NumberLane lane;
  if (of_rows) {
    lane = frame.numbers[static_cast<size_t>(step.index)];
  } else if (GivesText(step.arguments[0])) {
    lane.states = RunText(step.arguments[0], frame).states;
  } else {
    lane = Run(step.arguments[0], frame);
  }
  if (!of_rows && lane.states == nullptr) return RunConstant(at, frame, 1);
  space.numbers.resize(frame.rows);
  for (size_t i = 0; i < frame.rows; ++i)
    space.numbers[i] = of_rows ? lane.numbers[i] > 0 : lane.states[i] == LaneState::kPresent;
  if (of_rows) return {space.numbers.data(), lane.states};
  if (std::find(lane.states, lane.states + frame.rows, LaneState::kUnsure) == lane.states + frame.rows)
    return {space.numbers.data(), nullptr};
  space.states.resize(frame.rows);
  for (size_t i = 0; i < frame.rows; ++i)
    space.states[i] = lane.states[i] == LaneState::kUnsure ? LaneState::kUnsure : LaneState::kPresent;
  return {space.numbers.data(), space.states.data()};
}

// What decides decides, whatever stands beside it.
NumberLane LaneFormula::RunLogic(int at, const LaneFrame& frame) {
  const Step& step = StepAt(at);
  Space& space = SpaceAt(at);
  const int64_t decides = step.op == Op::kOr ? 1 : 0;
  space.numbers.assign(frame.rows, 1 - decides);
  bool all_present = true;
  for (const int argument : step.arguments) {
    const NumberLane lane = Run(argument, frame);
    if (lane.states != nullptr && all_present) {
      all_present = false;
      space.states.assign(frame.rows, LaneState::kPresent);
    }
    for (size_t i = 0; i < frame.rows; ++i) {
      const LaneState state = lane.state(i);
      if (state == LaneState::kPresent) {
        if (lane.numbers[i] != decides) continue;
        space.numbers[i] = decides;
        if (!all_present) space.states[i] = LaneState::kPresent;
      } else if (space.numbers[i] != decides && space.states[i] != LaneState::kUnsure) {
        space.states[i] = state;
      }
    }
  }
  return {space.numbers.data(), all_present ? nullptr : space.states.data()};
}

NumberLane LaneFormula::RunChoice(int at, const LaneFrame& frame) {
  const Step& step = StepAt(at);
  Space& space = SpaceAt(at);
  const bool is_if = step.op == Op::kIf;
  const NumberLane first = Run(step.arguments[0], frame);
  if (!is_if && first.states == nullptr) return first;
  const NumberLane yes = is_if ? Run(step.arguments[1], frame) : first;
  const NumberLane no = Run(step.arguments[is_if ? 2 : 1], frame);
  space.numbers.resize(frame.rows);
  space.states.resize(frame.rows);
  for (size_t i = 0; i < frame.rows; ++i) {
    const LaneState state = first.state(i);
    if (is_if && state != LaneState::kPresent) {
      space.states[i] = state;
      continue;
    }
    const bool take_first = is_if ? first.numbers[i] != 0 : state != LaneState::kMissing;
    const NumberLane& taken = take_first ? yes : no;
    space.numbers[i] = taken.numbers[i];
    space.states[i] = taken.state(i);
  }
  return {space.numbers.data(), space.states.data()};
}

NumberLane LaneFormula::RunExtreme(int at, const LaneFrame& frame) {
  const Step& step = StepAt(at);
  Space& space = SpaceAt(at);
  NumberLane result = Run(step.arguments[0], frame);
  for (size_t argument = 1; argument < step.arguments.size(); ++argument) {
    const NumberLane other = Run(step.arguments[argument], frame);
    std::vector<int64_t> numbers;
    std::vector<LaneState> states;
    const bool least = step.op == Op::kLeast;
    result = ForEachPair(result, other, frame.rows, &numbers, &states,
                         [least](int64_t x, int64_t y, int64_t* chosen) {
                           *chosen = least ? std::min(x, y) : std::max(x, y);
                           return true;
                         });
    if (result.states == states.data()) {
      space.states = std::move(states);
      result.states = space.states.data();
    }
    space.numbers = std::move(numbers);
    result.numbers = space.numbers.data();
  }
  return result;
}

NumberLane LaneFormula::RunCompareText(int at, const LaneFrame& frame) {
  const Step& step = StepAt(at);
  Space& space = SpaceAt(at);
  const TextLane a = RunText(step.arguments[0], frame);
  const TextLane b = RunText(step.arguments[1], frame);
  const bool wants_equal = step.form == Form::kEqual;
  space.numbers.resize(frame.rows);
  if (a.codes != nullptr && b.codes == nullptr) {
    // Each different text is compared once.
    std::vector<uint8_t> holds(a.texts.size());
    for (size_t i = 0; i < holds.size(); ++i) holds[i] = (a.texts[i] == b.texts[0]) == wants_equal;
    for (size_t i = 0; i < frame.rows; ++i) space.numbers[i] = holds[a.codes[i]];
  } else {
    for (size_t i = 0; i < frame.rows; ++i)
      space.numbers[i] = (a.texts[a.code(i)] == b.texts[b.code(i)]) == wants_equal;
  }
  return {space.numbers.data(),
          JoinStates({nullptr, a.states}, {nullptr, b.states}, frame.rows, &space.states)};
}

NumberLane LaneFormula::RunParameter(int at, const LaneFrame& frame) {
  const Step& step = StepAt(at);
  Space& space = SpaceAt(at);
  const CompiledParameter& parameter = (*frame.parameters)[static_cast<size_t>(step.index)];
  TextLane code;
  NumberLane day;
  if (step.arguments[0] >= 0) code = RunText(step.arguments[0], frame);
  if (step.arguments[1] >= 0) {
    day = Run(step.arguments[1], frame);
  } else {
    day.numbers = frame.rates_days;
  }
  space.numbers.resize(frame.rows);
  space.states.resize(frame.rows);
  // Rows side by side are mostly of one day and code.
  bool known = false;
  int64_t known_day = 0;
  uint32_t known_code = 0;
  std::optional<int64_t> value;
  for (size_t i = 0; i < frame.rows; ++i) {
    LaneState state = day.state(i);
    if (step.arguments[0] >= 0) state = Both(code.state(i), state);
    if (state == LaneState::kPresent) {
      const int64_t on = day.numbers == nullptr ? frame.rates_day : day.numbers[i];
      const uint32_t of = code.code(i);
      if (!known || on != known_day || of != known_code) {
        value = parameter.ValueOn(static_cast<int32_t>(on),
                                  code.texts.empty() ? std::string_view() : code.texts[of]);
        known = true;
        known_day = on;
        known_code = of;
      }
      if (value) {
        space.numbers[i] = *value;
      } else {
        state = LaneState::kUnsure;
      }
    }
    space.states[i] = state;
  }
  return {space.numbers.data(), space.states.data()};
}

NumberLane LaneFormula::RunBinary(int at, const LaneFrame& frame) {
  const Step& step = StepAt(at);
  Space& space = SpaceAt(at);
  const NumberLane a = Run(step.arguments[0], frame);
  const NumberLane b = Run(step.arguments[1], frame);
  std::vector<int64_t>* const numbers = &space.numbers;
  std::vector<LaneState>* const states = &space.states;
  const size_t rows = frame.rows;
  switch (step.op) {
    case Op::kAdd:
      return ForEachPair(a, b, rows, numbers, states, [](int64_t x, int64_t y, int64_t* sum) {
        return !__builtin_add_overflow(x, y, sum);
      });
    case Op::kSubtract:
      return ForEachPair(a, b, rows, numbers, states, [](int64_t x, int64_t y, int64_t* difference) {
        return !__builtin_sub_overflow(x, y, difference);
      });
    case Op::kMultiply:
      return ForEachPair(a, b, rows, numbers, states, [](int64_t x, int64_t y, int64_t* product) {
        return !__builtin_mul_overflow(x, y, product);
      });
    case Op::kCompare:
      break;
    default:
      return ForEachPair(a, b, rows, numbers, states, [&](int64_t x, int64_t y, int64_t* quotient) {
        const Value value = formula_->RunOnNumbers(at, x, y);
        *quotient = static_cast<int64_t>(value.number);
        return value.is_present() && FitsLane(value.number);
      });
  }
  switch (step.form) {
    case Form::kEqual:
      return ComparePairs(a, b, rows, numbers, states, [](int64_t x, int64_t y) { return x == y; });
    case Form::kNotEqual:
      return ComparePairs(a, b, rows, numbers, states, [](int64_t x, int64_t y) { return x != y; });
    case Form::kLess:
      return ComparePairs(a, b, rows, numbers, states, [](int64_t x, int64_t y) { return x < y; });
    case Form::kLessEqual:
      return ComparePairs(a, b, rows, numbers, states, [](int64_t x, int64_t y) { return x <= y; });
    case Form::kGreater:
      return ComparePairs(a, b, rows, numbers, states, [](int64_t x, int64_t y) { return x > y; });
    default:
      return ComparePairs(a, b, rows, numbers, states, [](int64_t x, int64_t y) { return x >= y; });
  }
}

NumberLane LaneFormula::RunUnary(int at, const LaneFrame& frame) {
  Space& space = SpaceAt(at);
  const NumberLane a = Run(StepAt(at).arguments[0], frame);
  // Rows side by side often have the same number: dates, periods, counts.
  bool known = false;
  int64_t before = 0, result = 0;
  bool fits = true;
  return ForEachPair(a, a, frame.rows, &space.numbers, &space.states, [&](int64_t x, int64_t, int64_t* out) {
    if (!known || x != before) {
      const Value value = formula_->RunOnNumbers(at, x, 0);
      known = true;
      before = x;
      result = static_cast<int64_t>(value.number);
      fits = value.is_present() && FitsLane(value.number);
    }
    *out = result;
    return fits;
  });
}

NumberLane LaneFormula::RunOfText(int at, const LaneFrame& frame) {
  Space& space = SpaceAt(at);
  const TextLane lane = RunText(StepAt(at).arguments[0], frame);
  std::vector<std::optional<int64_t>> numbers;
  bool all = lane.states == nullptr;
  for (const std::string_view text : lane.texts) {
    const Value value = formula_->RunOnText(at, text);
    numbers.push_back(value.is_present() ? std::optional(static_cast<int64_t>(value.number)) : std::nullopt);
    all = all && numbers.back();
  }
  space.numbers.resize(frame.rows);
  space.states.resize(frame.rows);
  for (size_t i = 0; i < frame.rows; ++i) {
    const std::optional<int64_t>& number = numbers[lane.code(i)];
    space.numbers[i] = number.value_or(0);
    space.states[i] = lane.state(i) != LaneState::kPresent ? lane.state(i)
                      : number                             ? LaneState::kPresent
                                                           : LaneState::kUnsure;
  }
  return {space.numbers.data(), all ? nullptr : space.states.data()};
}

}  // namespace hangou

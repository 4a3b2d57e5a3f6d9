// Evaluates compiled formulas.
#include <algorithm>
#include <chrono>
#include <climits>

#include "libs/base/text.h"
#include "libs/comparison/formula.h"

namespace hangou {
namespace {

constexpr Wide kFits64 = INT64_MAX;
constexpr int kMonths = 12;
constexpr int kQuarters = 4;
constexpr int kMonthsOfQuarter = 3;
// Years that dates of records have; the rest is no period.
constexpr int64_t kLeastYear = 1'800;
constexpr int64_t kMostYear = 9'999;

constexpr Wide PowerOfTen(int power) {
  Wide result = 1;
  for (int i = 0; i < power; ++i) result *= 10;
  return result;
}

bool Fits64(Wide number) { return number <= kFits64 && number >= -kFits64; }

// What is not present, of two: a fault before what is withheld, that before what is missing.
const Value& Graver(const Value& a, const Value& b) { return a.state >= b.state ? a : b; }

Value Product(const Value& a, Wide factor, uint16_t place) {
  if (Fits64(a.number) && Fits64(factor)) return NumberValue(a.number * factor);
  Wide product = 0;
  if (__builtin_mul_overflow(a.number, factor, &product)) return FaultValue(Fault::kOverflow, place);
  return NumberValue(product);
}

bool Holds(Form form, int order) {
  switch (form) {
    case Form::kEqual:
      return order == 0;
    case Form::kNotEqual:
      return order != 0;
    case Form::kLess:
      return order < 0;
    case Form::kLessEqual:
      return order <= 0;
    case Form::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

std::optional<int64_t> Digits(std::string_view text) {
  int64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return text.empty() ? std::nullopt : std::optional(number);
}

// "2025", "2025-03", "2025Q1".
std::optional<int64_t> ParsePeriod(ValueKind to, std::string_view text) {
  const auto year = Digits(text.substr(0, std::min<size_t>(text.size(), 4)));
  if (!year || *year < kLeastYear) return std::nullopt;
  if (to == ValueKind::kYear) return text.size() == 4 ? year : std::nullopt;
  if (to == ValueKind::kQuarter) {
    if (text.size() != 6 || text[4] != 'Q' || text[5] < '1' || text[5] > '4') return std::nullopt;
    return *year * kQuarters + (text[5] - '1');
  }
  if (text.size() != 7 || text[4] != '-') return std::nullopt;
  const auto month = Digits(text.substr(5));
  if (!month || *month < 1 || *month > kMonths) return std::nullopt;
  return *year * kMonths + *month - 1;
}

int64_t MonthOfDay(int64_t day) {
  const std::chrono::year_month_day civil{std::chrono::sys_days{std::chrono::days{day}}};
  return static_cast<int64_t>(static_cast<int>(civil.year())) * kMonths +
         static_cast<unsigned>(civil.month()) - 1;
}

int MonthsOf(ValueKind kind) {
  return kind == ValueKind::kYear ? kMonths : kind == ValueKind::kQuarter ? kMonthsOfQuarter : 1;
}

Value PeriodOf(ValueKind from, ValueKind to, const Value& value, uint16_t place) {
  if (from == ValueKind::kText) {
    const auto period = ParsePeriod(to, value.text);
    return period ? NumberValue(*period) : FaultValue(Fault::kNoSuchPeriod, place);
  }
  if (from == to) return value;
  const auto number = static_cast<int64_t>(value.number);
  if (from == ValueKind::kNumber)
    return number >= kLeastYear && number <= kMostYear ? value : FaultValue(Fault::kNoSuchPeriod, place);
  const int64_t month = from == ValueKind::kDate ? MonthOfDay(number) : number * MonthsOf(from);
  return NumberValue(month / MonthsOf(to));
}

// The first day of the period that is `ahead` periods later.
Value FirstDayOf(ValueKind kind, const Value& value, int ahead, uint16_t place) {
  const int64_t month = (static_cast<int64_t>(value.number) + ahead) * MonthsOf(kind);
  const int64_t year = month / kMonths;
  if (year < kLeastYear || year > kMostYear) return FaultValue(Fault::kNoSuchPeriod, place);
  const auto day = DayFromCivil(static_cast<int>(year), static_cast<int>(month % kMonths) + 1, 1);
  return day ? NumberValue(*day - (ahead > 0 ? 1 : 0)) : FaultValue(Fault::kNoSuchPeriod, place);
}

std::string_view LeftOf(std::string_view text, int characters) {
  size_t end = 0;
  while (end < text.size() && characters-- > 0) {
    ++end;
    while (end < text.size() && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) ++end;
  }
  return text.substr(0, end);
}

}  // namespace

Value Formula::Run(int at, const Frame& frame) const {
  const Step& step = steps_[static_cast<size_t>(at)];
  switch (step.op) {
    case Op::kConstant:
      return {ValueState::kPresent, Fault::kNone, 0, step.constant, step.text};
    case Op::kSlot:
      return frame.slots[step.index];
    case Op::kRowsPresent: {
      const Value& rows = frame.slots[step.index];
      return rows.is_present() ? NumberValue(rows.number > 0 ? 1 : 0) : rows;
    }
    case Op::kParameter:
      return RunParameter(step, frame);
    case Op::kAnd:
    case Op::kOr:
      return RunLogic(step, frame);
    case Op::kPresent:
    case Op::kDefault:
    case Op::kIf:
    case Op::kLeast:
    case Op::kGreatest:
      return RunChoice(step, frame);
    default:
      return RunArithmetic(step, frame);
  }
}

Value Formula::RunParameter(const Step& step, const Frame& frame) const {
  std::string_view code;
  int32_t day = frame.rates_day;
  if (step.arguments[0] >= 0) {
    const Value value = Run(step.arguments[0], frame);
    if (!value.is_present()) return value;
    code = value.text;
  }
  if (step.arguments[1] >= 0) {
    const Value value = Run(step.arguments[1], frame);
    if (!value.is_present()) return value;
    day = static_cast<int32_t>(value.number);
  }
  const auto found = (*frame.parameters)[static_cast<size_t>(step.index)].ValueOn(day, code);
  return found ? NumberValue(*found) : FaultValue(Fault::kNoParameter, step.place);
}

Value Formula::RunLogic(const Step& step, const Frame& frame) const {
  const Wide decides = step.op == Op::kOr ? 1 : 0;
  Value result = NumberValue(1 - decides);
  for (const int argument : step.arguments) {
    const Value value = Run(argument, frame);
    if (value.is_present() && value.number == decides) return value;
    if (!value.is_present()) result = Graver(result, value);
  }
  return result;
}

Value Formula::RunChoice(const Step& step, const Frame& frame) const {
  const Value first = Run(step.arguments[0], frame);
  switch (step.op) {
    case Op::kPresent:
      if (first.state == ValueState::kPresent || first.state == ValueState::kMissing)
        return NumberValue(first.is_present() ? 1 : 0);
      return first;
    case Op::kDefault:
      return first.state == ValueState::kMissing ? Run(step.arguments[1], frame) : first;
    case Op::kIf:
      if (!first.is_present()) return first;
      return Run(step.arguments[first.number != 0 ? 1 : 2], frame);
    default: {
      Value result = first;
      for (size_t i = 1; i < step.arguments.size(); ++i) {
        const Value value = Run(step.arguments[i], frame);
        if (!result.is_present() || !value.is_present()) {
          result = Graver(result, value);
        } else if (step.op == Op::kLeast ? value.number < result.number : value.number > result.number) {
          result = value;
        }
      }
      return result;
    }
  }
}

namespace {

Value Quotient(const Value& a, const Value& b, bool half, bool even, bool up, uint16_t place) {
  if (b.number == 0) return FaultValue(Fault::kDivisionByZero, place);
  Wide quotient = 0, rest = 0;
  if (Fits64(a.number) && Fits64(b.number)) {
    const auto x = static_cast<int64_t>(a.number), y = static_cast<int64_t>(b.number);
    quotient = x / y;
    rest = x % y;
  } else {
    quotient = a.number / b.number;
    rest = a.number % b.number;
  }
  if (rest == 0) return NumberValue(quotient);
  const bool negative = (rest < 0) != (b.number < 0);
  if (!half) {
    // Floor towards less, ceil towards more.
    if (up && !negative) ++quotient;
    if (!up && negative) --quotient;
    return NumberValue(quotient);
  }
  const Wide size = b.number < 0 ? -b.number : b.number;
  const Wide distance = rest < 0 ? -rest : rest;
  const Wide other = size - distance;
  const bool away = distance > other || (distance == other && (!even || quotient % 2 != 0));
  if (away) quotient += negative ? -1 : 1;
  return NumberValue(quotient);
}

}  // namespace

// Both are present.
Value Formula::Combine(const Step& step, const Value& a, const Value& b) {
  Wide result = 0;
  switch (step.op) {
    case Op::kCompare:
      return NumberValue(Holds(step.form, a.number < b.number ? -1 : a.number > b.number ? 1 : 0) ? 1 : 0);
    case Op::kCompareText:
      return NumberValue((a.text == b.text) == (step.form == Form::kEqual) ? 1 : 0);
    case Op::kAdd:
      if (__builtin_add_overflow(a.number, b.number, &result))
        return FaultValue(Fault::kOverflow, step.place);
      return NumberValue(result);
    case Op::kSubtract:
      if (__builtin_sub_overflow(a.number, b.number, &result))
        return FaultValue(Fault::kOverflow, step.place);
      return NumberValue(result);
    case Op::kMultiply:
      return Product(a, b.number, step.place);
    default:
      return Quotient(a, b, step.rounding == Rounding::kHalfUp || step.rounding == Rounding::kHalfEven,
                      step.rounding == Rounding::kHalfEven, step.rounding == Rounding::kCeil, step.place);
  }
}

// It is present.
Value Formula::Convert(const Step& step, const Value& a) {
  switch (step.op) {
    case Op::kNot:
      return NumberValue(a.number == 0 ? 1 : 0);
    case Op::kNegate:
      return NumberValue(-a.number);
    case Op::kAbsolute:
      return NumberValue(a.number < 0 ? -a.number : a.number);
    case Op::kScaleUp:
      return Product(a, PowerOfTen(step.index), step.place);
    case Op::kRound:
      return Quotient(a, NumberValue(PowerOfTen(step.index)),
                      step.rounding == Rounding::kHalfUp || step.rounding == Rounding::kHalfEven,
                      step.rounding == Rounding::kHalfEven, step.rounding == Rounding::kCeil, step.place);
    case Op::kPeriod:
      return PeriodOf(step.from, step.to, a, step.place);
    case Op::kFirstDay:
      return FirstDayOf(step.from, a, 0, step.place);
    case Op::kLastDay:
      return FirstDayOf(step.from, a, 1, step.place);
    default:
      return TextValue(LeftOf(a.text, step.index));
  }
}

Value Formula::RunArithmetic(const Step& step, const Frame& frame) const {
  const Value a = Run(step.arguments[0], frame);
  if (step.arguments.size() == 2) {
    const Value b = Run(step.arguments[1], frame);
    return a.is_present() && b.is_present() ? Combine(step, a, b) : Graver(a, b);
  }
  return a.is_present() ? Convert(step, a) : a;
}

bool Formula::IsMissingWithout(int at, int slot) const {
  const Step& step = steps_[static_cast<size_t>(at)];
  switch (step.op) {
    case Op::kSlot:
      return step.index == slot;
    case Op::kConstant:
    case Op::kParameter:
    case Op::kPresent:
    case Op::kRowsPresent:
    case Op::kDefault:
    case Op::kIf:
    case Op::kAnd:
    case Op::kOr:
      return false;
    default:
      return std::any_of(step.arguments.begin(), step.arguments.end(),
                         [&](int argument) { return IsMissingWithout(argument, slot); });
  }
}

bool Formula::CannotHoldWithout(int at, int slot) const {
  const Step& step = steps_[static_cast<size_t>(at)];
  const auto cannot = [&](int argument) { return CannotHoldWithout(argument, slot); };
  switch (step.op) {
    case Op::kAnd:
      return std::any_of(step.arguments.begin(), step.arguments.end(), cannot);
    case Op::kOr:
      return std::all_of(step.arguments.begin(), step.arguments.end(), cannot);
    case Op::kPresent:
      return IsMissingWithout(step.arguments[0], slot);
    default:
      return IsMissingWithout(at, slot);
  }
}

Value Formula::RunOnNumbers(int at, int64_t a, int64_t b) const {
  const Step& step = steps_[static_cast<size_t>(at)];
  return step.arguments.size() == 2 ? Combine(step, NumberValue(a), NumberValue(b))
                                    : Convert(step, NumberValue(a));
}

Value Formula::RunOnText(int at, std::string_view text) const {
  return Convert(steps_[static_cast<size_t>(at)], TextValue(text));
}

}  // namespace hangou

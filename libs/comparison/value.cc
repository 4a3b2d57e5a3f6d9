#include "libs/comparison/value.h"

#include <algorithm>

#include "libs/base/text.h"

namespace hangou {
namespace {

constexpr int kMonthsOfYear = 12;
constexpr int kQuartersOfYear = 4;

std::string Decimal(Wide number, int scale) {
  const bool negative = number < 0;
  unsigned __int128 rest =
      negative ? -static_cast<unsigned __int128>(number) : static_cast<unsigned __int128>(number);
  std::string digits;
  for (int place = 0; place <= scale || rest != 0; ++place, rest /= 10) {
    if (place == scale && scale > 0) digits += '.';
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
  }
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string TwoDigits(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

}  // namespace

std::string WideText(Wide number) { return Decimal(number, 0); }

std::optional<Wide> ParseWide(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  Wide number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || __builtin_mul_overflow(number, Wide{10}, &number) ||
        __builtin_sub_overflow(number, Wide{c - '0'}, &number)) {
      return std::nullopt;
    }
  }
  // Gathered below zero, where there is one more.
  if (!negative && __builtin_sub_overflow(Wide{0}, number, &number)) return std::nullopt;
  return number;
}

std::string_view FaultText(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return "";
    case Fault::kDivisionByZero:
      return "division by zero";
    case Fault::kOverflow:
      return "overflow";
    case Fault::kNoParameter:
      return "the parameter has no value for this day and code";
    case Fault::kNoSuchPeriod:
      return "there is no such period";
    case Fault::kManyDistincts:
      return "more distinct values than are counted";
  }
  return "";
}

std::string_view ValueKindName(ValueKind kind) {
  constexpr std::string_view kNames[] = {"number", "text", "boolean", "date", "month", "quarter", "year"};
  return kNames[static_cast<size_t>(kind)];
}

std::string TypeName(const ValueType& type) {
  std::string name(ValueKindName(type.kind));
  if (type.kind == ValueKind::kNumber && !type.unit.plain()) name += " of " + type.unit.ToText();
  return name;
}

std::string FormatValue(const ValueType& type, const Value& value) {
  switch (value.state) {
    case ValueState::kPresent:
      break;
    case ValueState::kMissing:
      return "missing";
    case ValueState::kWithheld:
      return "withheld";
    case ValueState::kFault:
      return std::string(FaultText(value.fault));
  }
  const auto number = static_cast<int64_t>(value.number);
  switch (type.kind) {
    case ValueKind::kNumber:
      if (type.unit == Unit::Base("fen")) return Decimal(value.number, type.scale + 2) + " yuan";
      return Decimal(value.number, type.scale) + (type.unit.plain() ? "" : " " + type.unit.ToText());
    case ValueKind::kText:
      return std::string(value.text);
    case ValueKind::kBoolean:
      return value.number != 0 ? "true" : "false";
    case ValueKind::kDate:
      return FormatDay(static_cast<int32_t>(number));
    case ValueKind::kMonth:
      return std::to_string(number / kMonthsOfYear) + "-" +
             TwoDigits(static_cast<int>(number % kMonthsOfYear) + 1);
    case ValueKind::kQuarter:
      return std::to_string(number / kQuartersOfYear) + "Q" + std::to_string(number % kQuartersOfYear + 1);
    case ValueKind::kYear:
      return std::to_string(number);
  }
  return "";
}

}  // namespace hangou

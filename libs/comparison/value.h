// The values that formulas work with, and their types.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/comparison/unit.h"

namespace hangou {

// Numbers of formulas: exact, of a fixed number of digits behind the point. Wide enough that an amount times a rate
// needs no care; what is wider is a fault, never a wrong number.
using Wide = __int128;

// Most digits behind the point of a number.
constexpr int kMostScale = 18;

// What may go wrong where a formula is evaluated. Such a value stays a fault until a formula does without it.
enum class Fault : uint8_t {
  kNone,
  kDivisionByZero,
  kOverflow,
  kNoParameter,    // it has no value on the day, or none for the code
  kNoSuchPeriod,   // a text that is no month, a number that is no year
  kManyDistincts,  // more distinct values in one key than are counted
};

// What a fault is called in reports: "division by zero", ...
std::string_view FaultText(Fault fault);

// Present, missing and withheld are three values: what was not sent is not zero, and what may not be seen is neither.
enum class ValueState : uint8_t { kPresent, kMissing, kWithheld, kFault };

// A value. Numbers, dates (days since 1970-01-01), months (12 a year), quarters, years and booleans stand in
// `number`; a text is a view of what it was read from.
struct Value {
  ValueState state = ValueState::kMissing;
  Fault fault = Fault::kNone;
  uint16_t place = 0;  // of a fault: where in the formula
  Wide number = 0;
  std::string_view text;

  bool is_present() const { return state == ValueState::kPresent; }
  bool is_true() const { return is_present() && number != 0; }
};

inline Value NumberValue(Wide number) { return {ValueState::kPresent, Fault::kNone, 0, number, {}}; }
inline Value TextValue(std::string_view text) { return {ValueState::kPresent, Fault::kNone, 0, 0, text}; }
inline Value FaultValue(Fault fault, uint16_t place) { return {ValueState::kFault, fault, place, 0, {}}; }

// A number in decimal digits, and back; none where it is none.
std::string WideText(Wide number);
std::optional<Wide> ParseWide(std::string_view text);

// What kind of value a formula gives.
enum class ValueKind : uint8_t { kNumber, kText, kBoolean, kDate, kMonth, kQuarter, kYear };

// "number", "text", ...
std::string_view ValueKindName(ValueKind kind);

// The type of a formula. Scale and unit are of numbers.
struct ValueType {
  ValueKind kind = ValueKind::kNumber;
  int scale = 0;
  Unit unit;
  bool any_unit = false;  // a written zero is of every unit

  bool operator==(const ValueType& other) const {
    return kind == other.kind && scale == other.scale && unit == other.unit;
  }
};

// The type as messages name it: "number of fen", "date", ...
std::string TypeName(const ValueType& type);

// The value as people read it: numbers with their scale, fen as yuan with the unit, dates, months.
std::string FormatValue(const ValueType& type, const Value& value);

}  // namespace hangou

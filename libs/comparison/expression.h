// Formulas as they are written, parsed. The grammar:
//
//   formula    = conjunction { "or" conjunction }
//   conjunction= negation { "and" negation }
//   negation   = "not" negation | comparison
//   comparison = sum [ ("=" | "!=" | "<" | "<=" | ">" | ">=") sum | ["not"] "in" "(" sum { "," sum } ")" ]
//   sum        = product { ("+" | "-") product }
//   product    = factor { ("*" | "/") factor }
//   factor     = "-" factor | primary
//   primary    = number [unit] | text | date | month | "true" | "false" | name [ "." name ]
//              | name "(" [ formula { "," formula } ] ")" | "(" formula ")"
//   number     = digits [ "." digits ]      unit = [a-z][a-z0-9_]*      text = '"' characters '"'
//   date       = 2024-12-31                 month = 2024-12
//
// Names are [a-z][a-z0-9_]*. Nothing loops and nothing calls back: a formula ends after as many steps as it has
// parts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hangou {

// Bytes, parts and depth of a formula: more than a person can check by reading.
constexpr size_t kFormulaBytes = 2'000;
constexpr int kFormulaParts = 500;
constexpr int kFormulaDepth = 40;

// What a part of a formula is.
enum class Form : uint8_t {
  kNumber,   // number, scale, text: the unit
  kText,     // text
  kDate,     // number: days since 1970-01-01
  kMonth,    // number: months, 12 a year
  kBoolean,  // number
  kName,     // text, and `side` where it stands behind a point
  kCall,     // text: the function; parts: the arguments
  kOr,
  kAnd,
  kNot,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,  // parts: the value, then the list
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kNegate,
};

// A part of a formula with its own parts.
struct FormulaPart {
  Form form;
  uint16_t column = 0;  // where it begins, from 1
  std::string text;
  std::string side;
  int64_t number = 0;
  int scale = 0;
  std::vector<std::unique_ptr<FormulaPart>> parts;
};

// Parses a formula. INVALID_OBJECT with the column where it is not one, or too large.
absl::StatusOr<std::unique_ptr<FormulaPart>> ParseFormula(std::string_view text);

}  // namespace hangou

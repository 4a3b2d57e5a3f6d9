// Units of measure, and exact conversions between them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hangou {

// Converts a decimal number from one unit to another of the same kind, with `scale` digits behind the point at most.
// Nothing is rounded: FIELD_INVALID where the result has more digits than that, or the text is no number of at most
// kConvertedDigits digits. The names are those of Field.unit, and others that files use: see UnitNames().
absl::StatusOr<std::string> ConvertUnit(std::string_view text, std::string_view from, std::string_view to,
                                        uint32_t scale);

// Digits of a number that is converted, with which no intermediate result overflows.
constexpr size_t kConvertedDigits = 17;

// All names, joined by ", ".
std::string UnitNames();

// Empty where a number of the unit `from` can be one of `to`, else what is wrong.
std::string UnitProblem(std::string_view from, std::string_view to);

}  // namespace hangou

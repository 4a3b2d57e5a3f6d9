// The text that a cell of a workbook stands for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hangou {

// What a number in a cell is shown as.
enum class NumberFormat : uint8_t { kNumber, kDate, kDateTime };

// The format of a number format code such as "yyyy/m/d h:mm".
NumberFormat NumberFormatOfCode(std::string_view code);
// The format of the formats that are known by number alone (ECMA-376 part 1, 18.8.30, those of Chinese too).
NumberFormat NumberFormatOfNumber(int number);

// A number as it was entered: in at most 15 digits, which is what a spreadsheet keeps, without an exponent; so
// "0.30000000000000004" is "0.3". FIELD_INVALID where it is no number, or a whole number of more digits: those behind
// the fifteenth are lost.
absl::StatusOr<std::string> NumberText(std::string_view written);

// The date of a serial number, "2026-01-31", or "2026-01-31 08:30:00" where `with_time` or the number has a fraction.
// `from_1904`: days are counted from 1904-01-01, else Excel's way from 1900. FIELD_INVALID where there is no such day.
absl::StatusOr<std::string> DateText(std::string_view serial, bool with_time, bool from_1904);

// The text with the control characters that XML cannot hold, which a workbook writes as "_x000D_".
std::string UnescapeCellText(std::string_view text);

}  // namespace hangou

// Days, months and digits as text, fast: every row has some.
#pragma once

#include <cstdint>
#include <string>

namespace hangou {

// Appends a number; a day as "2025-06-30", its month as "2025-06".
void AppendNumber(int64_t value, std::string* out);
void AppendDay(int32_t day, std::string* out);
void AppendMonth(int32_t day, std::string* out);

// Year of a day: 2024, "2024"; its month: "2024-07".
int YearOf(int32_t day);
std::string YearText(int32_t day);
std::string MonthText(int32_t day);

// The last day of the month of a day.
int32_t MonthEnd(int32_t day);
// The first day of the month that lies `months` before May 2025.
int32_t MonthBefore(int months);

// `value` in `digits` digits, the last ones.
std::string Digits(uint64_t value, size_t digits);
// A number below 100 in two digits.
void AppendTwoDigits(unsigned value, std::string* out);

}  // namespace hangou

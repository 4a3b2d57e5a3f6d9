#include "tools/citygen/calendar.h"

#include <array>
#include <charconv>
#include <chrono>

#include "tools/citygen/rules.h"

namespace hangou {
namespace {

std::chrono::year_month_day DateOf(int32_t day) {
  return std::chrono::year_month_day{std::chrono::sys_days(std::chrono::days(day))};
}

}  // namespace

void AppendNumber(int64_t value, std::string* out) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out->append(digits.data(), end);
}

void AppendTwoDigits(unsigned value, std::string* out) {
  *out += static_cast<char>('0' + value / 10);
  *out += static_cast<char>('0' + value % 10);
}

void AppendMonth(int32_t day, std::string* out) {
  const std::chrono::year_month_day date = DateOf(day);
  AppendNumber(static_cast<int>(date.year()), out);
  *out += '-';
  AppendTwoDigits(static_cast<unsigned>(date.month()), out);
}

void AppendDay(int32_t day, std::string* out) {
  AppendMonth(day, out);
  *out += '-';
  AppendTwoDigits(static_cast<unsigned>(DateOf(day).day()), out);
}

int YearOf(int32_t day) { return static_cast<int>(DateOf(day).year()); }

std::string YearText(int32_t day) { return std::to_string(YearOf(day)); }

std::string MonthText(int32_t day) {
  std::string text;
  AppendMonth(day, &text);
  return text;
}

int32_t MonthEnd(int32_t day) {
  const std::chrono::year_month_day date = DateOf(day);
  const std::chrono::year_month_day last = date.year() / date.month() / std::chrono::last;
  return static_cast<int32_t>(std::chrono::sys_days(last).time_since_epoch().count());
}

int32_t MonthBefore(int months) {
  const std::chrono::sys_days first(DateOf(kMayDay) - std::chrono::months(months));
  return static_cast<int32_t>(first.time_since_epoch().count());
}

std::string Digits(uint64_t value, size_t digits) {
  std::string text = std::to_string(value);
  if (text.size() < digits) text.insert(0, digits - text.size(), '0');
  return text.substr(text.size() - digits);
}

}  // namespace hangou

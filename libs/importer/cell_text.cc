#include "libs/importer/cell_text.h"

#include <charconv>
#include <cmath>

#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

constexpr int kDigitsKept = 15;     // of a number in a spreadsheet
constexpr double kTooLarge = 1e15;  // whole numbers below have at most 15 digits
constexpr int kSecondsOfDay = 86'400;
constexpr int32_t kDayOf1900 = -25'569;       // day number of 1899-12-30: serial 0 from March 1900 on
constexpr int32_t kDayOf1904 = -24'107;       // of 1904-01-01
constexpr int32_t kLeapDayThatNeverWas = 60;  // Excel counts a 29 February 1900
constexpr double kLastSerial = 2'958'465;     // 9999-12-31

absl::Status InvalidCell(std::string_view message) { return MakeError(Reason::kFieldInvalid, message); }

// A number "d.ddde±x" without its exponent.
std::string WithoutExponent(std::string_view scientific) {
  const size_t e = scientific.find('e');
  int exponent = 0;
  std::string_view tail = scientific.substr(e + 1);
  if (tail.starts_with('+')) tail.remove_prefix(1);
  std::from_chars(tail.data(), tail.data() + tail.size(), exponent);
  std::string text;
  std::string digits;
  for (const char c : scientific.substr(0, e)) {
    if (c == '-') text = "-";
    if (c >= '0' && c <= '9') digits.push_back(c);
  }
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  if (exponent < 0) return text + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return text + digits + std::string(whole - digits.size(), '0');
  return text + digits.substr(0, whole) + "." + digits.substr(whole);
}

// A whole number that is written as it should be.
bool IsPlain(std::string_view text) {
  if (text == "0") return true;
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || text.size() > kDigitsKept || text[0] == '0') return false;
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

absl::StatusOr<double> NumberOf(std::string_view written) {
  double value = 0;
  const auto result = std::from_chars(written.data(), written.data() + written.size(), value);
  if (result.ec != std::errc() || result.ptr != written.data() + written.size() || !std::isfinite(value)) {
    return InvalidCell("the cell has no number that can be read");
  }
  return value;
}

std::string TwoDigits(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

std::string TimeText(int seconds) {
  return TwoDigits(seconds / 3600) + ":" + TwoDigits(seconds / 60 % 60) + ":" + TwoDigits(seconds % 60);
}

}  // namespace

// A date shows years or days: m stands for months and for minutes.
NumberFormat NumberFormatOfCode(std::string_view code) {
  bool date = false;
  bool time = false;
  for (size_t i = 0; i < code.size() && code[i] != ';'; ++i) {
    const char c = code[i];
    if (c == '\\' || c == '_' || c == '*') {
      ++i;  // the next character stands for itself, or for its width
    } else if (c == '"' || c == '[') {
      const size_t end = code.find(c == '"' ? '"' : ']', i + 1);
      if (end == std::string_view::npos) break;
      const std::string_view inside = code.substr(i + 1, end - i - 1);
      if (c == '[' && inside.find_first_not_of("hHmMsS") == std::string_view::npos) {
        return NumberFormat::kNumber;  // [h] counts hours: a duration
      }
      i = end;
    } else if (c == 'G' || c == 'g') {
      if (code.substr(i, 7) == "General") i += 6;
    } else if (c == 'y' || c == 'Y' || c == 'd' || c == 'D') {
      date = true;
    } else if (c == 'h' || c == 'H' || c == 's' || c == 'S') {
      time = true;
    }
  }
  if (!date) return NumberFormat::kNumber;
  return time ? NumberFormat::kDateTime : NumberFormat::kDate;
}

NumberFormat NumberFormatOfNumber(int number) {
  if (number == 22) return NumberFormat::kDateTime;
  if ((number >= 14 && number <= 17) || (number >= 27 && number <= 31) || (number >= 50 && number <= 54) ||
      number == 36 || number == 57 || number == 58) {
    return NumberFormat::kDate;
  }
  return NumberFormat::kNumber;
}

absl::StatusOr<std::string> NumberText(std::string_view written) {
  if (IsPlain(written)) return std::string(written);
  ASSIGN_OR_RETURN(const double value, NumberOf(written));
  if (value == 0) return std::string("0");
  if (std::abs(value) >= kTooLarge) {
    return InvalidCell(
        "the number has lost the digits behind its fifteenth in the spreadsheet: enter it as text");
  }
  char text[32];
  const auto end =
      std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific, kDigitsKept - 1);
  return WithoutExponent(std::string_view(text, static_cast<size_t>(end.ptr - text)));
}

absl::StatusOr<std::string> DateText(std::string_view serial, bool with_time, bool from_1904) {
  ASSIGN_OR_RETURN(const double value, NumberOf(serial));
  const double last = from_1904 ? kLastSerial - (kDayOf1904 - kDayOf1900) : kLastSerial;
  if (value < (from_1904 ? 0 : 1) || value >= last + 1)
    return InvalidCell("the number is no day of the calendar");
  auto day = static_cast<int32_t>(value);
  auto seconds = static_cast<int>(std::lround((value - day) * kSecondsOfDay));
  if (seconds == kSecondsOfDay) {
    ++day;
    seconds = 0;
  }
  if (!from_1904 && day == kLeapDayThatNeverWas) return InvalidCell("there was no 29 February 1900");
  int32_t base = from_1904 ? kDayOf1904 : kDayOf1900;
  if (!from_1904 && day < kLeapDayThatNeverWas) ++base;
  const std::string date = FormatDay(base + day);
  return with_time || seconds != 0 ? date + " " + TimeText(seconds) : date;
}

std::string UnescapeCellText(std::string_view text) {
  constexpr size_t kEscapeLength = 7;  // _xHHHH_
  if (text.find("_x") == std::string_view::npos) return std::string(text);
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    const std::string_view escape = text.substr(i, kEscapeLength);
    if (escape.size() == kEscapeLength && escape.starts_with("_x") && escape.back() == '_' &&
        std::from_chars(escape.data() + 2, escape.data() + 6, code, 16).ptr == escape.data() + 6 &&
        (code < 0x20 || code == '_')) {
      plain.push_back(static_cast<char>(code));
      i += kEscapeLength - 1;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

}  // namespace hangou

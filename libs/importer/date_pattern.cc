#include "libs/importer/date_pattern.h"

#include <array>

#include "libs/base/text.h"

namespace hangou {
namespace {

constexpr std::string_view kDateLetters = "YmdHMS";
enum DatePlace : size_t { kYear, kMonth, kDay, kHour, kMinute, kSecond };

// The digits at the start of `text`, as a number, taken off it; -1 where there are too few.
int TakeNumber(std::string_view* text, size_t fewest, size_t most) {
  int number = 0;
  size_t digits = 0;
  while (digits < most && digits < text->size() && (*text)[digits] >= '0' && (*text)[digits] <= '9') {
    number = number * 10 + ((*text)[digits++] - '0');
  }
  text->remove_prefix(digits);
  return digits < fewest ? -1 : number;
}

std::string TwoDigitText(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

}  // namespace

std::optional<std::string> DateByPattern(std::string_view text, std::string_view pattern, bool with_time) {
  std::array<int, kDateLetters.size()> parts{};
  for (size_t i = 0; i < pattern.size(); ++i) {
    const size_t letter = pattern[i] == '%' && i + 1 < pattern.size() ? kDateLetters.find(pattern[i + 1])
                                                                      : std::string_view::npos;
    if (letter == std::string_view::npos) {
      if (!text.starts_with(pattern[i])) return std::nullopt;
      text.remove_prefix(1);
      continue;
    }
    ++i;
    parts[letter] = letter == kYear ? TakeNumber(&text, 4, 4) : TakeNumber(&text, 1, 2);
    if (parts[letter] < 0) return std::nullopt;
  }
  const std::optional<int32_t> day = DayFromCivil(parts[kYear], parts[kMonth], parts[kDay]);
  if (!text.empty() || !day || parts[kHour] > 23 || parts[kMinute] > 59 || parts[kSecond] > 59)
    return std::nullopt;
  if (!with_time) {
    const bool midnight = parts[kHour] + parts[kMinute] + parts[kSecond] == 0;
    return midnight ? std::optional(FormatDay(*day)) : std::nullopt;
  }
  return FormatDay(*day) + " " + TwoDigitText(parts[kHour]) + ":" + TwoDigitText(parts[kMinute]) + ":" +
         TwoDigitText(parts[kSecond]);
}

std::string DatePatternProblem(std::string_view pattern) {
  for (const char* needed : {"%Y", "%m", "%d"}) {
    if (pattern.find(needed) == std::string_view::npos)
      return "a date pattern has %Y, %m and %d, such as \"%Y/%m/%d\", or is \"excel\"";
  }
  for (size_t at = pattern.find('%'); at != std::string_view::npos; at = pattern.find('%', at + 1)) {
    if (at + 1 == pattern.size() || kDateLetters.find(pattern[at + 1]) == std::string_view::npos)
      return "a date pattern knows %Y, %m, %d, %H, %M and %S only";
  }
  return "";
}

}  // namespace hangou

// Dates as departments write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hangou {

// The date of a text by a pattern: %Y (four digits), %m, %d, %H, %M, %S (one or two digits each), anything else as it
// stands. As "2026-01-31", with `with_time` "2026-01-31 08:30:00"; none where the text does not match, there is no
// such day, or it has a time and none is wanted.
std::optional<std::string> DateByPattern(std::string_view text, std::string_view pattern, bool with_time);

// What is wrong with a pattern; empty where nothing is.
std::string DatePatternProblem(std::string_view pattern);

}  // namespace hangou

#include "libs/base/reason.h"

#include <array>

namespace hangou {
namespace {

struct ReasonLine {
  std::string_view name;
  absl::StatusCode code;
  std::string_view advice;
};

constexpr std::array kLines = {
#define X(enumerator, name, code, advice) ReasonLine{name, absl::StatusCode::code, advice},
    HANGOU_REASONS(X)
#undef X
};

const ReasonLine& LineOf(Reason reason) { return kLines[static_cast<size_t>(reason)]; }

}  // namespace

std::string_view ReasonName(Reason reason) { return LineOf(reason).name; }
std::string_view ReasonAdvice(Reason reason) { return LineOf(reason).advice; }
absl::StatusCode ReasonCode(Reason reason) { return LineOf(reason).code; }

std::optional<Reason> ReasonFromName(std::string_view name) {
  for (size_t i = 0; i < kLines.size(); ++i) {
    if (kLines[i].name == name) return static_cast<Reason>(i);
  }
  return std::nullopt;
}

}  // namespace hangou

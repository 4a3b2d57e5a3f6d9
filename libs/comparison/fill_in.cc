#include "libs/comparison/fill_in.h"

namespace hangou {
namespace {

constexpr std::string_view kOfDay = "at";

bool BeginsName(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }
bool StandsInName(char c) { return BeginsName(c) || (c >= '0' && c <= '9') || c == '.'; }

size_t EndOfName(std::string_view formula, size_t begin) {
  size_t end = begin;
  while (end < formula.size() && StandsInName(formula[end])) ++end;
  return end;
}

// The next character that is no blank; 0 at the end.
char NextAfter(std::string_view formula, size_t at) {
  at = formula.find_first_not_of(' ', at);
  return at == std::string_view::npos ? '\0' : formula[at];
}

}  // namespace

std::string FillIn(std::string_view formula, const TextOfName& text_of) {
  std::string filled;
  bool is_of_day = false;  // behind "at("
  for (size_t at = 0; at < formula.size();) {
    const char c = formula[at];
    size_t end = at + 1;
    if (c == '"') {
      end = formula.find('"', at + 1);
      end = end == std::string_view::npos ? formula.size() : end + 1;
    } else if (c >= '0' && c <= '9') {
      end = EndOfName(formula, at);
    } else if (BeginsName(c)) {
      end = EndOfName(formula, at);
      const std::string_view name = formula.substr(at, end - at);
      const bool is_call = NextAfter(formula, end) == '(';
      const auto text = is_call || is_of_day ? std::nullopt : text_of(name);
      filled += text ? *text : std::string(name);
      is_of_day = is_call && name == kOfDay;
      at = end;
      continue;
    }
    if (c != ' ' && c != '(') is_of_day = false;
    filled += formula.substr(at, end - at);
    at = end;
  }
  return filled;
}

}  // namespace hangou

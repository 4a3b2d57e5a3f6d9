#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/hangou/sample_rows.h"

namespace hangou {
namespace {

// Repetitions that are drawn where a pattern sets no end.
constexpr size_t kOpenRepeats = 3;

// Reads a pattern and writes a text that it matches, in one pass.
class PatternSampler {
 public:
  PatternSampler(std::string_view pattern, const std::function<size_t(size_t)>& pick)
      : rest_(pattern), pick_(pick) {}

  // The whole pattern; none where it has something that is not known.
  std::optional<std::string> Sample() {
    std::string text = Alternatives();
    if (failed_ || !rest_.empty()) return std::nullopt;
    return text;
  }

 private:
  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string Alternatives() {
    std::vector<std::string> texts = {Sequence()};
    while (Take('|')) texts.push_back(Sequence());
    return texts[pick_(texts.size())];
  }

  std::string Sequence() {
    std::string text;
    while (!failed_ && !rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
      const std::string_view begin = rest_;
      std::string atom = Atom();
      const std::string_view behind = rest_;
      const size_t count = Count();
      const std::string_view next = rest_;
      // Each repetition is drawn anew.
      for (size_t i = 0; i < count; ++i) {
        if (i > 0) {
          rest_ = begin;
          atom = Atom();
          if (rest_.size() != behind.size()) failed_ = true;
        }
        text += atom;
      }
      rest_ = next;
    }
    return text;
  }

  std::string Atom() {
    if (Take('(')) {
      std::string text = Alternatives();
      failed_ |= !Take(')');
      return text;
    }
    if (Take('[')) return Class();
    if (rest_.empty() || std::string_view("*+?{}^$.\\").find(rest_.front()) != std::string_view::npos) {
      failed_ = true;
      return "";
    }
    std::string text(1, rest_.front());
    rest_.remove_prefix(1);
    return text;
  }

  std::string Class() {
    std::string characters;
    while (!rest_.empty() && rest_.front() != ']') {
      const char first = rest_.front();
      rest_.remove_prefix(1);
      if (first == '^' || first == '\\' || first == '[' || (first & 0x80) != 0) failed_ = true;
      if (rest_.size() > 1 && rest_.front() == '-' && rest_[1] != ']') {
        for (char c = first; c <= rest_[1]; ++c) characters.push_back(c);
        rest_.remove_prefix(2);
      } else {
        characters.push_back(first);
      }
    }
    failed_ |= !Take(']') || characters.empty();
    return failed_ ? "" : std::string(1, characters[pick_(characters.size())]);
  }

  size_t Number() {
    size_t number = 0;
    if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') failed_ = true;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9' && number < 1000) {
      number = number * 10 + static_cast<size_t>(rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return number;
  }

  size_t Count() {
    if (Take('?')) return pick_(2);
    if (Take('*')) return pick_(kOpenRepeats);
    if (Take('+')) return 1 + pick_(kOpenRepeats);
    if (!Take('{')) return 1;
    const size_t low = Number();
    size_t high = low;
    if (Take(',')) high = rest_.starts_with('}') ? low + kOpenRepeats : Number();
    if (!Take('}') || high < low) failed_ = true;
    return failed_ ? 0 : low + pick_(high - low + 1);
  }

  std::string_view rest_;
  const std::function<size_t(size_t)>& pick_;
  bool failed_ = false;
};

}  // namespace

std::string SampleOfPattern(std::string_view pattern, const std::function<size_t(size_t)>& pick) {
  return PatternSampler(pattern, pick).Sample().value_or("");
}

}  // namespace hangou

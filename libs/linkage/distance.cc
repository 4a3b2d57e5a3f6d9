#include "libs/linkage/distance.h"

#include <algorithm>
#include <array>
#include <bit>

namespace hangou {
namespace {

constexpr double kPrefixWeight = 0.1;
constexpr size_t kPrefixCharacters = 4;

// Classes of characters that `a` has and `b` lacks: so many characters of `a`, at least, are not in `b`.
uint32_t ClassesBeyond(const TextOutline& a, const TextOutline& b) {
  return static_cast<uint32_t>(std::popcount(a.classes & ~b.classes));
}

}  // namespace

TextOutline OutlineOf(std::u32string_view text) {
  TextOutline outline;
  for (const char32_t character : text.substr(0, kComparedCharacters)) {
    outline.classes |= 1ULL << (static_cast<uint64_t>(character) * 0x9E3779B97F4A7C15 >> 58);
    ++outline.length;
  }
  return outline;
}

double MostSimilar(const TextOutline& a, const TextOutline& b) {
  if (a.length == 0 || b.length == 0) return a.length == b.length ? 1 : 0;
  const double matches = std::min(a.length - ClassesBeyond(a, b), b.length - ClassesBeyond(b, a));
  if (matches == 0) return 0;
  const double jaro = (matches / a.length + matches / b.length + 1) / 3;
  return jaro + kPrefixCharacters * kPrefixWeight * (1 - jaro);
}

size_t LeastEdits(const TextOutline& a, const TextOutline& b) {
  return std::max(ClassesBeyond(a, b), ClassesBeyond(b, a));
}

double JaroWinkler(std::u32string_view a, std::u32string_view b) {
  a = a.substr(0, kComparedCharacters);
  b = b.substr(0, kComparedCharacters);
  if (a == b) return 1;
  if (a.empty() || b.empty()) return 0;
  const size_t longer = std::max(a.size(), b.size());
  const size_t window = longer / 2 > 0 ? longer / 2 - 1 : 0;
  std::array<bool, kComparedCharacters> taken{};
  std::array<char32_t, kComparedCharacters> matched;
  size_t matches = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const size_t end = std::min(b.size(), i + window + 1);
    for (size_t j = i > window ? i - window : 0; j < end; ++j) {
      if (taken[j] || a[i] != b[j]) continue;
      taken[j] = true;
      matched[matches++] = a[i];
      break;
    }
  }
  if (matches == 0) return 0;
  size_t place = 0, moved = 0;
  for (size_t j = 0; j < b.size(); ++j) {
    if (taken[j]) moved += matched[place++] != b[j] ? 1 : 0;
  }
  const auto count = static_cast<double>(matches);
  const double jaro = (count / static_cast<double>(a.size()) + count / static_cast<double>(b.size()) +
                       (count - static_cast<double>(moved) / 2) / count) /
                      3;
  size_t prefix = 0;
  while (prefix < std::min({a.size(), b.size(), kPrefixCharacters}) && a[prefix] == b[prefix]) ++prefix;
  return jaro + static_cast<double>(prefix) * kPrefixWeight * (1 - jaro);
}

bool WithinEdits(std::u32string_view a, std::u32string_view b, size_t most) {
  a = a.substr(0, kComparedCharacters);
  b = b.substr(0, kComparedCharacters);
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > most) return false;
  using Line = std::array<size_t, kComparedCharacters + 1>;
  std::array<Line, 3> lines;
  for (size_t j = 0; j <= b.size(); ++j) lines[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    Line& line = lines[i % 3];
    const Line& last = lines[(i + 2) % 3];
    const Line& before = lines[(i + 1) % 3];
    line[0] = i;
    size_t least = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      line[j] = std::min({last[j] + 1, line[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        line[j] = std::min(line[j], before[j - 2] + 1);
      least = std::min(least, line[j]);
    }
    // A swap reaches back two lines, so one line above the limit does not end it yet.
    if (least > most + 1) return false;
  }
  return lines[a.size() % 3][b.size()] <= most;
}

}  // namespace hangou

#include "libs/linkage/division_names.h"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "libs/linkage/han_text.h"

namespace hangou {
namespace {

// Made from data/divisions/gb2260_history.csv.
constexpr std::pair<std::string_view, std::string_view> kDivisionNames[] = {
#include "libs/linkage/gb2260_history.inc"
};

constexpr size_t kShortestStem = 2;
constexpr size_t kCodeDigits = 6;

// What ends the name of a division; the longer ones first.
constexpr std::u32string_view kDivisionKinds[] = {
    U"维吾尔自治区", U"壮族自治区", U"回族自治区", U"特别行政区", U"自治区", U"地区", U"林区",
    U"特区",         U"省",         U"市",         U"盟",         U"县",     U"区",   U"旗"};

// 邗江 of 邗江区; the name itself where too little would be left, or its kind is longer (自治州, 自治县).
std::u32string_view StemOf(std::u32string_view name) {
  for (const std::u32string_view kind : kDivisionKinds) {
    if (!name.ends_with(kind) || name.size() < kind.size() + kShortestStem) continue;
    const std::u32string_view stem = name.substr(0, name.size() - kind.size());
    return stem.ends_with(U"自治") ? name : stem;
  }
  return name;
}

// Digits of a code that count: 2 of a province, 4 of a city, 6 of a county.
std::string_view SignificantDigits(std::string_view code) {
  if (code.size() > kCodeDigits) code = code.substr(0, kCodeDigits);
  if (code.ends_with("0000")) return code.substr(0, 2);
  return code.ends_with("00") ? code.substr(0, 4) : code;
}

// Names that stand in the lists for a level only.
bool IsNoName(std::u32string_view name) {
  return name == U"市辖区" || name == U"县" || name.find(U"直辖") != std::u32string_view::npos;
}

struct NamedDivision {
  std::string code;  // its significant digits
  bool full = false;
};

// Finds texts without copying them.
struct HashOfName {
  using is_transparent = void;
  size_t operator()(std::u32string_view text) const { return std::hash<std::u32string_view>()(text); }
};

// What texts begin with: most begin with no division, and are known by their first two characters.
uint64_t BeginningOf(std::u32string_view text) { return static_cast<uint64_t>(text[0]) << 32 | text[1]; }

struct DivisionTables {
  std::unordered_map<std::u32string, std::vector<NamedDivision>, HashOfName, std::equal_to<>> by_name;
  std::unordered_map<uint64_t, size_t> longest;             // by beginning: characters of the longest name
  std::unordered_map<std::string, std::u32string> stem_of;  // of counties, by the code of six digits
};

const DivisionTables& Tables() {
  static const DivisionTables tables = [] {
    DivisionTables made;
    for (const auto& [code, text] : kDivisionNames) {
      const std::u32string name = FoldText(text);
      if (IsNoName(name)) continue;
      const std::u32string stem(StemOf(name));
      const std::string digits(SignificantDigits(code));
      made.by_name[name].push_back({digits, true});
      if (stem != name) made.by_name[stem].push_back({digits, false});
      size_t& longest = made.longest[BeginningOf(name)];
      longest = std::max(longest, name.size());
      // The table is sorted by code and time: the newest name is the last one.
      made.stem_of[std::string(code)] = stem;
    }
    return made;
  }();
  return tables;
}

// The division that `name` is behind `above` (significant digits, may be empty); nothing where none or several fit.
std::string Resolve(std::u32string_view name, std::string_view above, std::string_view home) {
  const auto found = Tables().by_name.find(name);
  if (found == Tables().by_name.end()) return {};
  std::string best;
  for (const NamedDivision& division : found->second) {
    const bool below = division.code.size() > above.size() && division.code.starts_with(above);
    if (!below) continue;
    const bool at_home = !home.empty() && division.code.starts_with(home);
    const bool county = division.code.size() == kCodeDigits;
    if (!division.full && county && above.empty() && !at_home) continue;
    if (at_home) return division.code;
    // The same name twice: former codes of one city are one, those of several places tell nothing.
    if (!best.empty() && DivisionKey(best) != DivisionKey(division.code)) return {};
    best = division.code;
  }
  return best;
}

}  // namespace

std::u32string DivisionKey(std::string_view code) {
  if (code.size() < kCodeDigits) return ToCodePoints(code);
  const std::string_view digits = SignificantDigits(code);
  if (digits.size() < kCodeDigits) return ToCodePoints(digits);
  const auto found = Tables().stem_of.find(std::string(digits));
  if (found == Tables().stem_of.end()) return ToCodePoints(digits);
  return ToCodePoints(digits.substr(0, 4)) + found->second;
}

RegionPrefix ReadRegionPrefix(std::u32string_view text, std::string_view home) {
  const std::string_view home_digits = SignificantDigits(home);
  RegionPrefix prefix;
  std::string above;
  for (;;) {
    const std::u32string_view rest = text.substr(prefix.length);
    std::string next;
    if (rest.size() < kShortestStem) break;
    const auto longest = Tables().longest.find(BeginningOf(rest));
    if (longest == Tables().longest.end()) break;
    size_t length = std::min(rest.size(), longest->second);
    for (; length >= kShortestStem; --length) {
      next = Resolve(rest.substr(0, length), above, home_digits);
      if (!next.empty()) break;
    }
    if (next.empty()) break;
    prefix.length += length;
    above = next;
  }
  if (!above.empty()) {
    prefix.key = DivisionKey(above);
  }
  return prefix;
}

}  // namespace hangou

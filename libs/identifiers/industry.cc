// Industry code (国民经济行业代码, GB/T 4754-2017 with amendment 1 of 2019): section letter, division 2, group 3, class
// 4 digits. The letter may be left out; a group without classes is the class that ends in 0. A class that only the
// edition of 2011 has fails, and a warning says so; the same digits may mean another thing in both.
#include <algorithm>
#include <iterator>

#include "libs/identifiers/checks.h"
#include "libs/identifiers/regions.h"

namespace hangou {
namespace {

// A class and the letter of its section.
struct IndustryClass {
  char section;
  uint32_t number;
};

// Sorted by number; made from data/codes/industry.csv.
constexpr IndustryClass kClasses[] = {
#include "libs/identifiers/industry_codes.inc"
};
// Of the edition of 2011; from data/codes/industry_2011.csv.
constexpr IndustryClass kFormerClasses[] = {
#include "libs/identifiers/industry_codes_2011.inc"
};
constexpr auto kBefore = [](const IndustryClass& a, const IndustryClass& b) { return a.number < b.number; };
static_assert(std::is_sorted(std::begin(kClasses), std::end(kClasses), kBefore));
static_assert(std::is_sorted(std::begin(kFormerClasses), std::end(kFormerClasses), kBefore));

constexpr size_t kClassDigits = 4;
constexpr size_t kLeastDigits = 2;

// The first class whose number begins with these digits; null where there is none.
const IndustryClass* FirstOf(std::string_view digits) {
  uint32_t low = NumberOfDigits(digits);
  uint32_t width = 1;
  for (size_t i = digits.size(); i < kClassDigits; ++i) width *= 10;
  low *= width;
  const auto* found =
      std::lower_bound(std::begin(kClasses), std::end(kClasses), IndustryClass{0, low}, kBefore);
  return found != std::end(kClasses) && found->number < low + width ? found : nullptr;
}

bool HasSection(char letter) {
  return std::any_of(std::begin(kClasses), std::end(kClasses),
                     [letter](const IndustryClass& row) { return row.section == letter; });
}

IdentifierRule FirstFailureOfIndustry(std::string_view code) {
  const bool has_letter = !code.empty() && IsLetter(code[0]);
  const std::string_view digits = code.substr(has_letter ? 1 : 0);
  if (digits.size() > kClassDigits || (!has_letter && digits.size() < kLeastDigits) || digits.size() == 1) {
    return IdentifierRule::kLength;
  }
  if (!IsAllDigits(digits)) return IdentifierRule::kCharset;
  if (digits.empty()) return HasSection(code[0]) ? IdentifierRule::kNone : IdentifierRule::kCategory;
  const IndustryClass* found = FirstOf(digits);
  const bool fits = found != nullptr && (!has_letter || found->section == code[0]);
  return fits ? IdentifierRule::kNone : IdentifierRule::kCategory;
}

// True where the edition of 2011 has a class of these digits, with its letter or without.
bool WasClass(std::string_view code) {
  const bool has_letter = IsLetter(code[0]);
  const std::string_view digits = code.substr(has_letter ? 1 : 0);
  if (digits.size() != kClassDigits) return false;
  const IndustryClass wanted{0, NumberOfDigits(digits)};
  const auto* found = std::lower_bound(std::begin(kFormerClasses), std::end(kFormerClasses), wanted, kBefore);
  const bool was = found != std::end(kFormerClasses) && found->number == wanted.number;
  return was && (!has_letter || found->section == code[0]);
}

}  // namespace

void CheckIndustry(IdentifierVerdict* verdict) {
  const std::string_view code = verdict->normalized;
  verdict->rule = FirstFailureOfIndustry(code);
  if (verdict->rule == IdentifierRule::kCategory && WasClass(code)) verdict->Warn(kFormerEdition);
}

}  // namespace hangou

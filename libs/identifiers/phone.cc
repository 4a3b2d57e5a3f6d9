// Telephone number (电话号码): mobile 1[3-9] and 9 digits; or 0, area 2 to 3 digits, and 7 to 8 digits of which the first
// is 2 to 9. "+86" before it is dropped.
#include "libs/identifiers/checks.h"
#include "libs/identifiers/regions.h"

namespace hangou {
namespace {

constexpr std::string_view kCountry = "+86";
constexpr size_t kMobileLength = 11;
// Behind the 0: area and number.
constexpr size_t kAreaLengths[] = {2, 3};
constexpr size_t kShortestNumber = 7;
constexpr size_t kLongestNumber = 8;

// Areas of two digits are 10 and 20 to 29; all others have three, from 3 on.
bool IsLandline(std::string_view number) {
  if (number.empty() || number[0] != '0') return false;
  const std::string_view rest = number.substr(1);
  for (const size_t area : kAreaLengths) {
    if (rest.size() < area + kShortestNumber || rest.size() > area + kLongestNumber) continue;
    const bool short_area = rest[0] == '2' || rest.starts_with("10");
    const bool area_fits = area == 2 ? short_area : rest[0] >= '3';
    if (area_fits && rest[area] >= '2') return true;
  }
  return false;
}

bool IsMobile(std::string_view number) {
  return number.size() == kMobileLength && number[0] == '1' && number[1] >= '3';
}

}  // namespace

void CheckPhone(IdentifierVerdict* verdict) {
  if (verdict->normalized.view().starts_with(kCountry)) {
    verdict->normalized = IdentifierText(verdict->normalized.view().substr(kCountry.size()));
  }
  const std::string_view number = verdict->normalized;
  const bool landline = number.starts_with('0');
  const size_t shortest = landline ? 1 + kAreaLengths[0] + kShortestNumber : kMobileLength;
  const size_t longest = landline ? 1 + kAreaLengths[1] + kLongestNumber : kMobileLength;
  if (number.size() < shortest || number.size() > longest) {
    verdict->rule = IdentifierRule::kLength;
  } else if (!IsAllDigits(number)) {
    verdict->rule = IdentifierRule::kCharset;
  } else if (!IsMobile(number) && !IsLandline(number)) {
    verdict->rule = IdentifierRule::kFormat;
  }
}

}  // namespace hangou

// Division code: province 2, prefecture 2, county 2 (GB/T 2260), then township 3 and village 3 of the
// statistical extension.
#include "libs/identifiers/checks.h"
#include "libs/identifiers/regions.h"

namespace hangou {
namespace {

constexpr size_t kCountyLength = 6;
constexpr size_t kTownshipLength = 9;
constexpr size_t kVillageLength = 12;
constexpr std::string_view kNoPart = "000";

bool HasLength(std::string_view code) {
  return code.size() == kCountyLength || code.size() == kTownshipLength || code.size() == kVillageLength;
}

}  // namespace

// Groups of zeros at the end of 9 and 12 digits are dropped (321002000000 is 321002). Known provinces only; a county
// that no list has is a warning, and a statistical zone, which is no division.
void CheckDivision(IdentifierVerdict* verdict) {
  IdentifierText& code = verdict->normalized;
  if (!HasLength(code)) {
    verdict->rule = IdentifierRule::kLength;
  } else if (!IsAllDigits(code)) {
    verdict->rule = IdentifierRule::kCharset;
  } else if (!IsProvince(code)) {
    verdict->rule = IdentifierRule::kRegion;
  } else {
    while (code.size() > kCountyLength && code.view().ends_with(kNoPart))
      code.Cut(code.size() - kNoPart.size());
    const uint32_t county = NumberOfDigits(code.view().substr(0, kCountyLength));
    if (!IsRegionCode(county)) verdict->Warn(IsZoneCode(county) ? kStatisticalZone : kRegionUnknown);
  }
}

}  // namespace hangou

// Division code: province 2, prefecture 2, county 2 (GB/T 2260), then township 3 and village 3 of the
// statistical extension.
#include "libs/identifiers/identifiers.h"
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

IdentifierVerdict CheckDivision(std::string_view raw) {
  IdentifierVerdict verdict;
  std::string& code = verdict.normalized;
  code = NormalizeIdentifierText(raw);
  if (!HasLength(code)) {
    verdict.rule = IdentifierRule::kLength;
  } else if (!IsAllDigits(code)) {
    verdict.rule = IdentifierRule::kCharset;
  } else if (!IsProvince(code)) {
    verdict.rule = IdentifierRule::kRegion;
  } else {
    while (code.size() > kCountyLength && code.ends_with(kNoPart)) code.resize(code.size() - kNoPart.size());
    if (!IsKnownRegion(std::string_view(code).substr(0, kCountyLength))) verdict.warning = "region unknown";
  }
  return verdict;
}

}  // namespace hangou

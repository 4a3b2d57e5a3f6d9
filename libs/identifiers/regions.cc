#include "libs/identifiers/regions.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "libs/identifiers/identifiers.h"

namespace hangou {
namespace {

// Sorted; made from data/divisions/gb2260_history.csv.
constexpr uint32_t kRegionCodes[] = {
#include "libs/identifiers/region_codes.inc"
};
static_assert(std::is_sorted(std::begin(kRegionCodes), std::end(kRegionCodes)));
constexpr uint32_t kZoneCodes[] = {
#include "libs/identifiers/zone_codes.inc"
};
static_assert(std::is_sorted(std::begin(kZoneCodes), std::end(kZoneCodes)));

constexpr size_t kPrefixes = 100;

constexpr std::array<bool, kPrefixes> MakeProvinces() {
  std::array<bool, kPrefixes> provinces{};
  for (uint32_t code : kRegionCodes) provinces[code / 10'000] = true;
  // 830000 stands in the residence permits of Taiwan residents, and in no list of divisions.
  for (size_t permit : {81, 82, 83}) provinces[permit] = true;
  return provinces;
}

constexpr std::array<bool, kPrefixes> kProvinces = MakeProvinces();

}  // namespace

bool IsRegionCode(uint32_t code) {
  return std::binary_search(std::begin(kRegionCodes), std::end(kRegionCodes), code);
}

bool IsZoneCode(uint32_t code) {
  return std::binary_search(std::begin(kZoneCodes), std::end(kZoneCodes), code);
}

bool IsProvince(std::string_view code) {
  return IsAllDigits(code.substr(0, 2)) && kProvinces[NumberOfDigits(code.substr(0, 2))];
}

bool IsAllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

uint32_t NumberOfDigits(std::string_view digits) {
  uint32_t number = 0;
  for (char c : digits) number = number * 10 + static_cast<uint32_t>(c - '0');
  return number;
}

bool IsKnownRegion(std::string_view code6) {
  return code6.size() == 6 && IsAllDigits(code6) && IsRegionCode(NumberOfDigits(code6));
}

}  // namespace hangou

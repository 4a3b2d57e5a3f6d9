// Citizen id (GB 11643-1999): region 6, birth date 8, sequence 3, check 1. The 1989 edition had 15 digits:
// region 6, birth date 6, sequence 3.
#include <array>
#include <optional>

#include "libs/base/text.h"
#include "libs/identifiers/checks.h"
#include "libs/identifiers/lengths.h"
#include "libs/identifiers/regions.h"

namespace hangou {
namespace {

constexpr size_t kBirthAt = 6;
constexpr size_t kBirthLength = 8;
// Nobody whom a register can hold was born before.
constexpr int kEarliestYear = 1850;
// The 1989 edition was written for people of this century; its few centenarians cannot be told from the
// digits.
constexpr std::string_view kLegacyCentury = "19";
constexpr std::string_view kCheckCharacters = "10X98765432";
constexpr std::array<int, 17> kCitizenIdWeights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};

std::optional<int32_t> BirthDay(std::string_view id) {
  const std::string_view birth = id.substr(kBirthAt, kBirthLength);
  const int year = static_cast<int>(NumberOfDigits(birth.substr(0, 4)));
  if (year < kEarliestYear) return std::nullopt;
  return DayFromCivil(year, static_cast<int>(NumberOfDigits(birth.substr(4, 2))),
                      static_cast<int>(NumberOfDigits(birth.substr(6, 2))));
}

bool HasCitizenIdCharset(std::string_view id) {
  const char last = id.back();
  return IsAllDigits(id.substr(0, id.size() - 1)) &&
         ((last >= '0' && last <= '9') || (last == 'X' && id.size() == kCitizenIdLength));
}

IdentifierText FromLegacy(std::string_view id) {
  IdentifierText out(id.substr(0, kBirthAt));
  out.Append(kLegacyCentury);
  out.Append(id.substr(kBirthAt));
  out.push_back(CitizenIdCheck(out));
  return out;
}

IdentifierRule FirstFailure(std::string_view id, int32_t today) {
  if (!IsProvince(id)) return IdentifierRule::kRegion;
  const std::optional<int32_t> birth = BirthDay(id);
  if (!birth || *birth > today) return IdentifierRule::kBirthdate;
  return CitizenIdCheck(id.substr(0, kCitizenIdLength - 1)) == id.back() ? IdentifierRule::kNone
                                                                         : IdentifierRule::kCheck;
}

// True where the region of an id is in a list, or is one of the residence permits'.
bool HasKnownRegion(std::string_view id) {
  constexpr uint32_t kPermitOfTaiwanResidents = 830000;
  const uint32_t region = NumberOfDigits(id.substr(0, kBirthAt));
  return IsRegionCode(region) || region == kPermitOfTaiwanResidents;
}

}  // namespace

char CitizenIdCheck(std::string_view first17) {
  int sum = 0;
  for (size_t i = 0; i < kCitizenIdWeights.size(); ++i) sum += kCitizenIdWeights[i] * (first17[i] - '0');
  return kCheckCharacters[sum % 11];
}

int32_t BirthDayOfCitizenId(std::string_view normalized) { return BirthDay(normalized).value_or(0); }

void CheckCitizenId(int32_t today, IdentifierVerdict* verdict) {
  IdentifierText& id = verdict->normalized;
  if (id.size() != kCitizenIdLength && id.size() != kLegacyCitizenIdLength) {
    verdict->rule = IdentifierRule::kLength;
  } else if (!HasCitizenIdCharset(id)) {
    verdict->rule = IdentifierRule::kCharset;
  } else {
    if (id.size() == kLegacyCitizenIdLength) id = FromLegacy(id);
    verdict->rule = FirstFailure(id, today);
    if (verdict->ok() && !HasKnownRegion(id)) verdict->Warn(kRegionUnknown);
  }
}

}  // namespace hangou

// Business registration number of before 2015 (工商注册号, GS 15-2006): authority 6, sequence 8, check 1.
#include "libs/identifiers/checks.h"
#include "libs/identifiers/lengths.h"
#include "libs/identifiers/regions.h"

namespace hangou {
namespace {

constexpr size_t kRegistrationNumberLength = 15;
// The registrar of the state as a whole.
constexpr std::string_view kNationalAuthority = "100000";

}  // namespace

char RegistrationNumberCheck(std::string_view first14) {
  int p = 10;
  for (char c : first14) {
    const int sum = (p + c - '0') % 10;
    p = 2 * (sum == 0 ? 10 : sum) % 11;
  }
  return static_cast<char>('0' + (11 - p) % 10);
}

// A county that no list has is a warning: registrars of development zones have codes of their own.
void CheckRegistrationNumber(IdentifierVerdict* verdict) {
  const std::string_view number = verdict->normalized;
  if (number.size() != kRegistrationNumberLength) {
    verdict->rule = IdentifierRule::kLength;
    return;
  }
  const std::string_view authority = number.substr(0, kRegionLength);
  if (!IsAllDigits(number)) {
    verdict->rule = IdentifierRule::kCharset;
  } else if (authority != kNationalAuthority && !IsProvince(authority)) {
    verdict->rule = IdentifierRule::kRegion;
  } else if (RegistrationNumberCheck(number.substr(0, kRegistrationNumberLength - 1)) != number.back()) {
    verdict->rule = IdentifierRule::kCheck;
  } else if (authority != kNationalAuthority && !IsKnownRegion(authority)) {
    verdict->Warn(kRegionUnknown);
  }
}

}  // namespace hangou

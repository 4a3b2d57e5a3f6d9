// Organisation code (组织机构代码, GB 11714-1997): 8 digits or letters and a check character.
#include <algorithm>
#include <array>

#include "libs/identifiers/checks.h"
#include "libs/identifiers/lengths.h"
#include "libs/identifiers/regions.h"

namespace hangou {
namespace {

constexpr std::array<int, 8> kOrgCodeWeights = {3, 7, 9, 10, 5, 8, 4, 2};

bool HasOrgCodeCharset(std::string_view code) {
  const auto fits = [](char c) { return (c >= '0' && c <= '9') || IsLetter(c); };
  const char last = code.back();
  return std::all_of(code.begin(), code.end() - 1, fits) && ((last >= '0' && last <= '9') || last == 'X');
}

}  // namespace

char OrganizationCodeCheck(std::string_view first8) {
  int sum = 0;
  for (size_t i = 0; i < kOrgCodeWeights.size(); ++i) sum += kOrgCodeWeights[i] * ValueBase36(first8[i]);
  return "0X987654321"[sum % 11];
}

void CheckOrganizationCode(IdentifierVerdict* verdict) {
  const std::string_view code = verdict->normalized;
  if (code.size() != kOrgCodeLength) {
    verdict->rule = IdentifierRule::kLength;
  } else if (!HasOrgCodeCharset(code)) {
    verdict->rule = IdentifierRule::kCharset;
  } else if (OrganizationCodeCheck(code.substr(0, kOrgCodeLength - 1)) != code.back()) {
    verdict->rule = IdentifierRule::kCheck;
  }
}

}  // namespace hangou

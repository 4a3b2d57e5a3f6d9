// Vehicle identification number (车辆识别代号, GB 16735): 17 characters without I, O and Q, a check digit in place 9. That
// is not kept everywhere in the world, so that a wrong one is a warning.
#include <algorithm>
#include <array>

#include "libs/identifiers/checks.h"

namespace hangou {
namespace {

constexpr size_t kVinLength = 17;
constexpr size_t kVinCheckAt = 8;
constexpr std::array<int, kVinLength> kVinWeights = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
// The values of A to Z; those of I, O and Q do not occur.
constexpr std::array<int, 26> kLetterValues = {1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4,
                                               5, 0, 7, 0, 9, 2, 3, 4, 5, 6, 7, 8, 9};

bool IsVinCharacter(char c) {
  return (c >= '0' && c <= '9') || (IsLetter(c) && c != 'I' && c != 'O' && c != 'Q');
}

}  // namespace

char VinCheck(std::string_view vin) {
  int sum = 0;
  for (size_t i = 0; i < kVinLength; ++i) {
    const char c = vin[i];
    sum += kVinWeights[i] * (IsLetter(c) ? kLetterValues[static_cast<size_t>(c - 'A')] : c - '0');
  }
  return "0123456789X"[sum % 11];
}

void CheckVin(IdentifierVerdict* verdict) {
  const std::string_view vin = verdict->normalized;
  if (vin.size() != kVinLength) {
    verdict->rule = IdentifierRule::kLength;
  } else if (!std::all_of(vin.begin(), vin.end(), IsVinCharacter)) {
    verdict->rule = IdentifierRule::kCharset;
  } else if (VinCheck(vin) != vin[kVinCheckAt]) {
    verdict->Warn("check digit differs");
  }
}

}  // namespace hangou

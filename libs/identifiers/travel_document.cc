// Travel documents: the ordinary passport (护照: E and 8 digits, E, letter and 7 digits, G and 8 digits), and the permits
// of residents of Hong Kong and Macao (来往内地通行证: H or M, 8 digits, and 2 of the issue) and of Taiwan (来往大陆通行证:
// 8 digits, and 2 of the issue).
#include "libs/identifiers/checks.h"
#include "libs/identifiers/regions.h"

namespace hangou {
namespace {

constexpr size_t kPassportLength = 9;
constexpr size_t kPermitDigits = 8;
constexpr size_t kIssueDigits = 2;

}  // namespace

void CheckPassport(IdentifierVerdict* verdict) {
  const std::string_view number = verdict->normalized;
  if (number.size() != kPassportLength) {
    verdict->rule = IdentifierRule::kLength;
    return;
  }
  const bool with_letter = number[0] == 'E' && IsLetter(number[1]);
  if (!IsLetter(number[0]) || !IsAllDigits(number.substr(with_letter ? 2 : 1)) ||
      (with_letter && (number[1] == 'I' || number[1] == 'O'))) {
    verdict->rule = IdentifierRule::kCharset;
  } else if (number[0] != 'E' && number[0] != 'G') {
    verdict->rule = IdentifierRule::kCategory;
  }
}

void CheckTravelPermit(IdentifierVerdict* verdict) {
  const std::string_view number = verdict->normalized;
  const bool with_letter = !number.empty() && IsLetter(number[0]);
  const std::string_view digits = number.substr(with_letter ? 1 : 0);
  if (digits.size() != kPermitDigits && digits.size() != kPermitDigits + kIssueDigits) {
    verdict->rule = IdentifierRule::kLength;
  } else if (!IsAllDigits(digits)) {
    verdict->rule = IdentifierRule::kCharset;
  } else if (with_letter && number[0] != 'H' && number[0] != 'M') {
    verdict->rule = IdentifierRule::kCategory;
  }
}

}  // namespace hangou

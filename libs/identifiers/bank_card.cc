// Bank card number (银行卡号, ISO/IEC 7812-1): 12 to 19 digits, the last one by Luhn. UnionPay's (62...) all keep it; of
// the others some banks' own cards do not, so that it is a warning there.
#include "libs/identifiers/checks.h"
#include "libs/identifiers/regions.h"

namespace hangou {
namespace {

constexpr size_t kShortestCard = 12;
constexpr size_t kLongestCard = 19;
constexpr std::string_view kUnionPay = "62";

}  // namespace

char BankCardCheck(std::string_view others) {
  int sum = 0;
  bool doubled = true;
  for (size_t i = others.size(); i-- > 0; doubled = !doubled) {
    const int digit = others[i] - '0';
    sum += doubled ? digit * 2 - (digit > 4 ? 9 : 0) : digit;
  }
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

void CheckBankCard(IdentifierVerdict* verdict) {
  const std::string_view number = verdict->normalized;
  if (number.size() < kShortestCard || number.size() > kLongestCard) {
    verdict->rule = IdentifierRule::kLength;
  } else if (!IsAllDigits(number)) {
    verdict->rule = IdentifierRule::kCharset;
  } else if (BankCardCheck(number.substr(0, number.size() - 1)) != number.back()) {
    if (number.starts_with(kUnionPay)) {
      verdict->rule = IdentifierRule::kCheck;
    } else {
      verdict->Warn("check digit is not Luhn's");
    }
  }
}

}  // namespace hangou

#include "libs/schema/identifier_field.h"

namespace hangou {

IdentifierVerdict CheckIdentifier(FieldType type, std::string_view text, int32_t today) {
  switch (type) {
    case hangou::catalog::v1::FIELD_TYPE_CITIZEN_ID:
      return CheckCitizenId(text, today);
    case hangou::catalog::v1::FIELD_TYPE_USCC:
      return CheckUscc(text);
    case hangou::catalog::v1::FIELD_TYPE_DIVISION:
      return CheckDivision(text);
    default:
      break;
  }
  IdentifierVerdict verdict;
  verdict.normalized = NormalizeIdentifierText(text);
  if (verdict.normalized.empty()) verdict.rule = IdentifierRule::kLength;
  return verdict;
}

Reason ReasonOfRule(IdentifierRule rule) {
  const bool check = rule == IdentifierRule::kCheck || rule == IdentifierRule::kOrgCode;
  return check ? Reason::kCheckDigit : Reason::kFieldInvalid;
}

std::string MessageOfRule(IdentifierRule rule) {
  return std::string("the identifier fails the rule '").append(RuleName(rule)).append("'");
}

}  // namespace hangou

#include "libs/schema/identifier_field.h"

namespace hangou {

using namespace hangou::catalog::v1;  // NOLINT(google-build-using-namespace): the types of fields

std::optional<IdentifierType> IdentifierTypeOf(FieldType type) {
  switch (type) {
    case FIELD_TYPE_CITIZEN_ID:
      return IdentifierType::kCitizenId;
    case FIELD_TYPE_USCC:
      return IdentifierType::kUscc;
    case FIELD_TYPE_DIVISION:
      return IdentifierType::kDivision;
    case FIELD_TYPE_ORGANIZATION_CODE:
      return IdentifierType::kOrganizationCode;
    case FIELD_TYPE_REGISTRATION_NUMBER:
      return IdentifierType::kRegistrationNumber;
    case FIELD_TYPE_TAXPAYER_ID:
      return IdentifierType::kTaxpayerId;
    case FIELD_TYPE_INDUSTRY:
      return IdentifierType::kIndustry;
    case FIELD_TYPE_REAL_ESTATE_UNIT:
      return IdentifierType::kRealEstateUnit;
    case FIELD_TYPE_BANK_CARD:
      return IdentifierType::kBankCard;
    case FIELD_TYPE_PHONE:
      return IdentifierType::kPhone;
    case FIELD_TYPE_PLATE:
      return IdentifierType::kPlate;
    case FIELD_TYPE_VIN:
      return IdentifierType::kVin;
    case FIELD_TYPE_CERTIFICATE_ID:
      return IdentifierType::kCertificateId;
    case FIELD_TYPE_PASSPORT:
      return IdentifierType::kPassport;
    case FIELD_TYPE_TRAVEL_PERMIT:
      return IdentifierType::kTravelPermit;
    default:
      return std::nullopt;
  }
}

IdentifierVerdict CheckIdentifierField(FieldType type, std::string_view text, int32_t today) {
  if (const auto identifier = IdentifierTypeOf(type)) return CheckIdentifier(*identifier, text, today);
  IdentifierVerdict verdict;
  const bool fits = NormalizeIdentifierText(text, &verdict.normalized);
  if (!fits || verdict.normalized.empty()) verdict.rule = IdentifierRule::kLength;
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

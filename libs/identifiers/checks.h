// One check per type of identifier. Internal to libs/identifiers. Each takes the normal text of `verdict`, sets the
// rule that failed and the warnings, and may bring the text into another form of the same identifier.
#pragma once

#include <cstdint>
#include <string_view>

#include "libs/identifiers/identifiers.h"

namespace hangou {

// What a region that no list has is called.
inline constexpr std::string_view kRegionUnknown = "region unknown";
// What a zone is called that only the statistical lists have.
inline constexpr std::string_view kStatisticalZone = "statistical zone";
// What an industry class is called, beside its failing, that only the edition before has.
inline constexpr std::string_view kFormerEdition = "class of the 2011 edition";

void CheckCitizenId(int32_t today, IdentifierVerdict* verdict);
void CheckUscc(IdentifierVerdict* verdict);
void CheckOrganizationCode(IdentifierVerdict* verdict);
void CheckRegistrationNumber(IdentifierVerdict* verdict);
void CheckTaxpayerId(int32_t today, IdentifierVerdict* verdict);
void CheckDivision(IdentifierVerdict* verdict);
void CheckIndustry(IdentifierVerdict* verdict);
void CheckRealEstateUnit(IdentifierVerdict* verdict);
void CheckBankCard(IdentifierVerdict* verdict);
void CheckPhone(IdentifierVerdict* verdict);
void CheckPlate(IdentifierVerdict* verdict);
void CheckVin(IdentifierVerdict* verdict);
void CheckCertificateId(IdentifierVerdict* verdict);
void CheckPassport(IdentifierVerdict* verdict);
void CheckTravelPermit(IdentifierVerdict* verdict);

// The verdict of another check on a part of an identifier.
template <class Check>
IdentifierVerdict VerdictOn(std::string_view part, Check check) {
  IdentifierVerdict verdict;
  verdict.normalized = IdentifierText(part);
  check(&verdict);
  return verdict;
}

// True for 'A' to 'Z'.
inline bool IsLetter(char c) { return c >= 'A' && c <= 'Z'; }
// 0 to 9, then 10 to 35 for letters; the character must be one of them.
inline int ValueBase36(char c) { return c <= '9' ? c - '0' : c - 'A' + 10; }

}  // namespace hangou

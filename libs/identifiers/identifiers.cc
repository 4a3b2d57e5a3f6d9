#include "libs/identifiers/identifiers.h"

#include <iterator>

#include "libs/base/text.h"
#include "libs/identifiers/checks.h"

namespace hangou {
namespace {

// UTF-8 of U+3000, and of the full-width forms U+FF01 to U+FF5E of the visible ASCII characters.
constexpr std::string_view kWideBlank = "\xE3\x80\x80";
constexpr char kWideLead = '\xEF';

// The half-width character of a full-width one at the head of well-formed `text`; 0 where it is none.
char HalfWidth(std::string_view text) {
  if (text.size() < 3 || text[0] != kWideLead) return 0;
  const int second = static_cast<uint8_t>(text[1]);
  const int third = static_cast<uint8_t>(text[2]);
  if (second == 0xBC && third >= 0x81) return static_cast<char>(third - 0x81 + '!');
  if (second == 0xBD && third <= 0x9E) return static_cast<char>(third - 0x80 + '`');
  return 0;
}

bool IsDropped(char c) { return c == '-' || c == ' ' || (c >= '\t' && c <= '\r'); }

char Raised(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// Hands the characters of the normal form to `take`, until it says that it has no room; false then.
template <class Take>
bool NormalizeInto(std::string_view raw, Take take) {
  // Malformed text stays as it is: dropping a byte could join its neighbours to another character.
  if (!IsValidUtf8(raw)) {
    for (char c : raw) {
      if (!take(c)) return false;
    }
    return true;
  }
  for (size_t i = 0; i < raw.size();) {
    char c = raw[i];
    size_t length = 1;
    if (raw.substr(i, kWideBlank.size()) == kWideBlank) {
      c = ' ';
      length = kWideBlank.size();
    } else if (const char half = HalfWidth(raw.substr(i)); half != 0) {
      c = half;
      length = 3;
    }
    i += length;
    if (!IsDropped(c) && !take(Raised(c))) return false;
  }
  return true;
}

// In the order of the enumeration.
constexpr std::string_view kTypeNames[kIdentifierTypes] = {"citizen_id",
                                                           "uscc",
                                                           "organization_code",
                                                           "registration_number",
                                                           "taxpayer_id",
                                                           "division",
                                                           "industry",
                                                           "real_estate_unit",
                                                           "bank_card",
                                                           "phone",
                                                           "plate",
                                                           "vin",
                                                           "certificate_id",
                                                           "passport",
                                                           "travel_permit"};

void CheckNormal(IdentifierType type, int32_t today, IdentifierVerdict* verdict) {
  switch (type) {
    case IdentifierType::kCitizenId:
      return CheckCitizenId(today, verdict);
    case IdentifierType::kUscc:
      return CheckUscc(verdict);
    case IdentifierType::kOrganizationCode:
      return CheckOrganizationCode(verdict);
    case IdentifierType::kRegistrationNumber:
      return CheckRegistrationNumber(verdict);
    case IdentifierType::kTaxpayerId:
      return CheckTaxpayerId(today, verdict);
    case IdentifierType::kDivision:
      return CheckDivision(verdict);
    case IdentifierType::kIndustry:
      return CheckIndustry(verdict);
    case IdentifierType::kRealEstateUnit:
      return CheckRealEstateUnit(verdict);
    case IdentifierType::kBankCard:
      return CheckBankCard(verdict);
    case IdentifierType::kPhone:
      return CheckPhone(verdict);
    case IdentifierType::kPlate:
      return CheckPlate(verdict);
    case IdentifierType::kVin:
      return CheckVin(verdict);
    case IdentifierType::kCertificateId:
      return CheckCertificateId(verdict);
    case IdentifierType::kPassport:
      return CheckPassport(verdict);
    case IdentifierType::kTravelPermit:
      return CheckTravelPermit(verdict);
  }
}

}  // namespace

std::string_view IdentifierTypeName(IdentifierType type) { return kTypeNames[static_cast<size_t>(type)]; }

std::optional<IdentifierType> IdentifierTypeFromName(std::string_view name) {
  for (int i = 0; i < kIdentifierTypes; ++i) {
    if (kTypeNames[i] == name) return static_cast<IdentifierType>(i);
  }
  return std::nullopt;
}

std::string_view RuleName(IdentifierRule rule) {
  switch (rule) {
    case IdentifierRule::kNone:
      return "";
    case IdentifierRule::kLength:
      return "length";
    case IdentifierRule::kCharset:
      return "charset";
    case IdentifierRule::kFormat:
      return "format";
    case IdentifierRule::kRegion:
      return "region";
    case IdentifierRule::kBirthdate:
      return "birthdate";
    case IdentifierRule::kCategory:
      return "category";
    case IdentifierRule::kCheck:
      return "check";
    case IdentifierRule::kOrgCode:
      return "orgcode";
  }
  return "";
}

std::string NormalizeIdentifierText(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  NormalizeInto(raw, [&out](char c) {
    out.push_back(c);
    return true;
  });
  return out;
}

bool NormalizeIdentifierText(std::string_view raw, IdentifierText* out) {
  return NormalizeInto(raw, [out](char c) { return out->push_back(c); });
}

IdentifierVerdict CheckIdentifier(IdentifierType type, std::string_view raw, int32_t today) {
  IdentifierVerdict verdict;
  if (NormalizeIdentifierText(raw, &verdict.normalized)) {
    CheckNormal(type, today, &verdict);
  } else {
    verdict.rule = IdentifierRule::kLength;
  }
  return verdict;
}

}  // namespace hangou

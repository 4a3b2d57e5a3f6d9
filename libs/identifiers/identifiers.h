// Identifiers of people, organisations, places and things: normalised first, then checked, with the rule that failed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "libs/identifiers/identifier_text.h"

namespace hangou {

// What an identifier may be. The standard, and what is a warning only, stands at the head of each check.
enum class IdentifierType : uint8_t {
  kCitizenId,           // 公民身份号码, GB 11643-1999
  kUscc,                // 统一社会信用代码, GB 32100-2015
  kOrganizationCode,    // 组织机构代码, GB 11714-1997
  kRegistrationNumber,  // 工商注册号, GS 15-2006
  kTaxpayerId,          // 纳税人识别号, announcement 66 of 2015 of the State Taxation Administration
  kDivision,            // 行政区划代码, GB/T 2260, and the statistical extension
  kIndustry,            // 国民经济行业代码, GB/T 4754-2017
  kRealEstateUnit,      // 不动产单元代码, GB/T 37346-2019
  kBankCard,            // 银行卡号, ISO/IEC 7812-1
  kPhone,               // 电话号码
  kPlate,               // 号牌号码, GA 36
  kVin,                 // 车辆识别代号, GB 16735
  kCertificateId,       // 电子证照标识, GB/T 36904-2018
  kPassport,            // 护照号码
  kTravelPermit,        // 来往内地（大陆）通行证号码
};
inline constexpr int kIdentifierTypes = 15;

// "citizen_id", "uscc" and so on, as schemas and the command line name them.
std::string_view IdentifierTypeName(IdentifierType type);
std::optional<IdentifierType> IdentifierTypeFromName(std::string_view name);

// The rule that an identifier fails first.
enum class IdentifierRule : uint8_t {
  kNone,       // valid
  kLength,     // wrong number of characters
  kCharset,    // a character that cannot stand there
  kFormat,     // its parts are not those of any form of this identifier
  kRegion,     // no such province or division
  kBirthdate,  // no such day, before 1850, or in the future
  kCategory,   // no such category: of registration, industry, parcel
  kCheck,      // wrong check digit or character
  kOrgCode,    // the organisation code inside fails its check
};

// The rule's name as people and programs see it: "length", "charset", "format", "region", "birthdate", "category",
// "check", "orgcode"; "" for kNone.
std::string_view RuleName(IdentifierRule rule);

// What a check says. Allocates nothing.
struct IdentifierVerdict {
  IdentifierRule rule = IdentifierRule::kNone;
  // The normal form, meaningful where `rule` is kNone; else what came of normalising.
  IdentifierText normalized;

  bool ok() const { return rule == IdentifierRule::kNone; }
  // Where the identifier is accepted although something is unusual: "region unknown", "pilot exception", ...
  std::span<const std::string_view> warnings() const { return {warnings_.data(), warning_count_}; }
  // At most kWarnings, texts that live for ever.
  void Warn(std::string_view warning) {
    if (warning_count_ < kWarnings) warnings_[warning_count_++] = warning;
  }

  static constexpr size_t kWarnings = 3;

 private:
  std::array<std::string_view, kWarnings> warnings_;
  size_t warning_count_ = 0;
};

// Normalises and checks. `today` is the day number (UTC+8) that a birth date inside may not lie behind. Thread-safe.
IdentifierVerdict CheckIdentifier(IdentifierType type, std::string_view raw, int32_t today);

// Trims, drops inner blanks and '-', turns full-width forms into half-width and lower case into upper case.
std::string NormalizeIdentifierText(std::string_view raw);
// The same without allocating. False where it is longer than kIdentifierBytes.
bool NormalizeIdentifierText(std::string_view raw, IdentifierText* out);

// Birth date of a valid 18-digit citizen id, as a day number.
int32_t BirthDayOfCitizenId(std::string_view normalized);
// The check character of the first 17 digits of a citizen id (ISO 7064 MOD 11-2).
char CitizenIdCheck(std::string_view first17);
// The check character of the first 17 characters of a credit code.
char UsccCheck(std::string_view first17);
// The check character of the first 8 characters of an organisation code (GB 11714-1997).
char OrganizationCodeCheck(std::string_view first8);
// The check digit of the first 14 digits of a registration number (ISO 7064 MOD 11,10).
char RegistrationNumberCheck(std::string_view first14);
// The check digit of a bank card's other digits (Luhn).
char BankCardCheck(std::string_view others);
// What stands in place 9 of a VIN where the check digit is kept; what stands there does not count.
char VinCheck(std::string_view vin);
// The check character of type, issuer, serial and version of a certificate id, without dots (ISO 7064 MOD 37,36).
char CertificateIdCheck(std::string_view characters);

// True where GB/T 2260 has or had this 6-digit code.
bool IsKnownRegion(std::string_view code6);

}  // namespace hangou

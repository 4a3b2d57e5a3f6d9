// Identifiers of people, organisations and places: normalised first, then checked, with the rule that failed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hangou {

// The rule that an identifier fails first.
enum class IdentifierRule {
  kNone,       // valid
  kLength,     // wrong number of characters
  kCharset,    // a character that cannot stand there
  kRegion,     // no such province or division
  kBirthdate,  // no such day, before 1850, or in the future
  kCategory,   // no such registration department and category
  kCheck,      // wrong check digit or character
  kOrgCode,    // the organisation code inside fails its check
};

// What a check says. `normalized` is meaningful where `rule` is kNone.
struct IdentifierVerdict {
  IdentifierRule rule = IdentifierRule::kNone;
  std::string normalized;
  // Set where the identifier is accepted although something is unusual: "region unknown", "pilot exception".
  std::string_view warning;

  bool ok() const { return rule == IdentifierRule::kNone; }
};

// The rule's name as people and programs see it: "length", "charset", "region", "birthdate", "category",
// "check", "orgcode"; "" for kNone.
std::string_view RuleName(IdentifierRule rule);

// Trims, drops inner blanks and '-', turns full-width forms into half-width and lower case into upper case.
std::string NormalizeIdentifierText(std::string_view raw);

// Citizen id (公民身份号码, GB 11643-1999). A 15-digit id of the 1989 edition becomes its 18-digit form.
// `today` is the day number (UTC+8) that a birth date may not lie behind.
IdentifierVerdict CheckCitizenId(std::string_view raw, int32_t today);
// Birth date of a valid 18-digit citizen id, as a day number.
int32_t BirthDayOfCitizenId(std::string_view normalized);
// The check character of the first 17 digits of a citizen id (ISO 7064 MOD 11-2).
char CitizenIdCheck(std::string_view first17);

// Unified social credit code (统一社会信用代码, GB 32100-2015): charset, check, category table, region, and
// the check of the organisation code inside (GB 11714-1997).
IdentifierVerdict CheckUscc(std::string_view raw);
// The check character of the first 17 characters of a credit code.
char UsccCheck(std::string_view first17);
// The check character of the first 8 characters of an organisation code (GB 11714-1997).
char OrganizationCodeCheck(std::string_view first8);

// Division code (行政区划代码): 6 digits of GB/T 2260, or 9 or 12 of the statistical extension. Groups of
// zeros at the end of 9 and 12 digits are dropped (321002000000 is 321002). Known provinces only; a county
// that no list has is a warning.
IdentifierVerdict CheckDivision(std::string_view raw);
// True where GB/T 2260 has or had this 6-digit code.
bool IsKnownRegion(std::string_view code6);

}  // namespace hangou

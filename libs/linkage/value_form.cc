#include "libs/linkage/value_form.h"

#include <algorithm>
#include <array>

#include "libs/base/text.h"
#include "libs/identifiers/entity_key.h"
#include "libs/identifiers/identifiers.h"
#include "libs/linkage/division_names.h"
#include "libs/linkage/han_text.h"

namespace hangou {

namespace linkage_v1 = hangou::linkage::v1;

namespace {

// Less is no name.
constexpr size_t kShortestCore = 2;
constexpr size_t kCitizenDigits = 17;
constexpr size_t kLegacyTaxIdCharacters = 15;
constexpr std::u32string_view kOpening = U"([{<〔〈《【「『";
constexpr std::u32string_view kClosing = U")]}>〕〉》】」』";
constexpr std::u32string_view kDropped = U" ·'\"“”‘’,.。、-_/";

// Legal forms at the end of names, and their class; the longer ones first.
struct LegalForm {
  std::u32string_view ending;
  std::u32string_view type;
};
constexpr LegalForm kLegalForms[] = {
    {U"农民专业合作社联合社", U"合作社"},
    {U"专业合作社联合社", U"合作社"},
    {U"有限责任公司分公司", U"分公司"},
    {U"股份有限公司分公司", U"分公司"},
    {U"有限公司分公司", U"分公司"},
    {U"农民专业合作社", U"合作社"},
    {U"合伙企业有限合伙", U"合伙"},
    {U"合伙企业普通合伙", U"合伙"},
    {U"个人独资企业", U"独资"},
    {U"股份有限公司", U"股份"},
    {U"有限责任公司", U"有限"},
    {U"专业合作社", U"合作社"},
    {U"股份公司", U"股份"},
    {U"有限公司", U"有限"},
    {U"责任公司", U"有限"},
    {U"合伙企业", U"合伙"},
    {U"分公司", U"分公司"},
    {U"合作社", U"合作社"},
    {U"经营部", U"个体"},
    {U"服务部", U"个体"},
    {U"批发部", U"个体"},
    {U"门市部", U"个体"},
    {U"工作室", U"个体"},
    {U"商行", U"个体"},
    {U"商店", U"个体"},
    {U"公司", U"公司"},
    {U"有限", U"有限"},
    {U"厂", U"厂"},
};

struct CompanyParts {
  std::u32string core;
  std::u32string region;
  std::u32string type;
};

// Drops what carries nothing in a name, and tells the region that stands in brackets, if one does: 东方（扬州）贸易.
std::u32string WithoutMarks(std::u32string_view folded, std::string_view home, std::u32string* region) {
  std::u32string out;
  for (size_t i = 0; i < folded.size(); ++i) {
    if (kOpening.find(folded[i]) != std::u32string_view::npos) {
      const size_t end = folded.find_first_of(kClosing, i);
      const std::u32string_view inside = folded.substr(i + 1, end == folded.npos ? end : end - i - 1);
      const RegionPrefix prefix = ReadRegionPrefix(inside, home);
      if (end != folded.npos && prefix.length > 0 && prefix.length == inside.size()) {
        *region = prefix.key;
        i = end;
      }
      continue;
    }
    if (kClosing.find(folded[i]) == std::u32string_view::npos &&
        kDropped.find(folded[i]) == std::u32string_view::npos) {
      out.push_back(folded[i]);
    }
  }
  return out;
}

CompanyParts SplitCompany(std::string_view cell, std::string_view home) {
  CompanyParts parts;
  std::u32string in_brackets;
  std::u32string name = WithoutMarks(FoldText(cell), home, &in_brackets);
  for (const LegalForm& form : kLegalForms) {
    if (!name.ends_with(form.ending) || name.size() < form.ending.size() + kShortestCore) continue;
    parts.type = form.type;
    name.resize(name.size() - form.ending.size());
    break;
  }
  const RegionPrefix prefix = ReadRegionPrefix(name, home);
  if (prefix.length > 0 && name.size() >= prefix.length + kShortestCore) {
    parts.region = prefix.key;
    name.erase(0, prefix.length);
  }
  if (parts.region.empty()) parts.region = in_brackets;
  parts.core = std::move(name);
  return parts;
}

std::u32string PersonName(std::string_view cell) {
  std::u32string out;
  for (const char32_t character : FoldText(cell)) {
    // What follows a bracket is a remark: 张三(已故).
    if (kOpening.find(character) != std::u32string_view::npos) break;
    if (kDropped.find(character) == std::u32string_view::npos) out.push_back(character);
  }
  return out;
}

std::u32string SurnameOf(std::string_view cell) {
  const std::u32string name = PersonName(cell);
  return name.substr(0, BeginsWithDoubleSurname(name) ? 2 : 1);
}

// Numbers of houses as one text: 3幢2单元, 3栋2单元 and 3-2 differ in writing only.
std::u32string AddressRest(std::u32string_view text) {
  std::u32string out;
  for (const char32_t character : text) {
    switch (character) {
      case U'栋':
      case U'楼':
        out.push_back(U'幢');
        break;
      case U'房':
        out.push_back(U'室');
        break;
      default:
        if (kDropped.find(character) == std::u32string_view::npos || character == U'-')
          out.push_back(character);
    }
  }
  return out;
}

std::u32string AddressPart(std::string_view cell, std::string_view home, bool division) {
  std::u32string text = FoldText(cell);
  std::erase(text, U' ');
  const RegionPrefix prefix = ReadRegionPrefix(text, home);
  return division ? prefix.key : AddressRest(std::u32string_view(text).substr(prefix.length));
}

FormedValue OrganisationId(std::string_view cell, int32_t today) {
  const std::string text = NormalizeIdentifierText(cell);
  const auto key = [](std::string_view id) {
    return FormedValue{ToCodePoints(CanonicalKey(EntityKind::kOrganisation, id)), true};
  };
  // First the form that its length suggests: a registration number has as many digits as a tax id of before.
  if (const auto number = CheckIdentifier(IdentifierType::kRegistrationNumber, text, today); number.ok())
    return {ToCodePoints("R" + number.normalized.str()), true};
  for (const auto type : {IdentifierType::kUscc, IdentifierType::kOrganizationCode}) {
    if (const auto code = CheckIdentifier(type, text, today); code.ok()) return key(code.normalized);
  }
  if (const auto tax = CheckIdentifier(IdentifierType::kTaxpayerId, text, today);
      tax.ok() && tax.normalized.size() == kLegacyTaxIdCharacters) {
    return key(tax.normalized);
  }
  // Not valid: what the key would be, so that a wrong character is one wrong character.
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
  return {ToCodePoints(ascii && !text.empty() ? CanonicalKey(EntityKind::kOrganisation, text) : text), false};
}

FormedValue CitizenId(std::string_view cell, int32_t today) {
  const auto verdict = CheckIdentifier(IdentifierType::kCitizenId, cell, today);
  if (verdict.ok()) return {ToCodePoints(CanonicalKey(EntityKind::kPerson, verdict.normalized)), true};
  return {ToCodePoints(verdict.normalized).substr(0, kCitizenDigits), false};
}

FormedValue BirthDate(std::string_view cell, int32_t today) {
  const auto verdict = CheckIdentifier(IdentifierType::kCitizenId, cell, today);
  if (!verdict.ok()) return {};
  std::string day = FormatDay(BirthDayOfCitizenId(verdict.normalized));
  std::erase(day, '-');
  return {ToCodePoints(day), false};
}

// 1985-7-14, 1985年7月14日, 1985/07/14 and 19850714; what is none of them stays, as digits.
FormedValue DateDigits(std::string_view cell) {
  std::array<std::u32string, 3> parts;
  size_t part = 0;
  std::u32string digits;
  for (const char32_t character : FoldText(cell)) {
    const bool digit = character >= U'0' && character <= U'9';
    if (digit && part < parts.size()) parts[part].push_back(character);
    if (digit) digits.push_back(character);
    if (!digit && part < parts.size() && !parts[part].empty()) ++part;
  }
  if (parts[0].size() == 4 && !parts[1].empty() && parts[1].size() <= 2 && !parts[2].empty() &&
      parts[2].size() <= 2) {
    const auto two = [](const std::u32string& number) { return number.size() == 1 ? U'0' + number : number; };
    digits = parts[0] + two(parts[1]) + two(parts[2]);
  }
  return {digits, false};
}

FormedValue Phone(std::string_view cell, int32_t today) {
  const auto verdict = CheckIdentifier(IdentifierType::kPhone, cell, today);
  return {ToCodePoints(verdict.normalized), verdict.ok()};
}

FormedValue Division(std::string_view cell) {
  const std::string code = NormalizeIdentifierText(cell);
  return {DivisionKey(code), false};
}

}  // namespace

bool IsIdentifierForm(linkage_v1::ValueForm form) {
  return form == linkage_v1::VALUE_FORM_ORGANISATION_ID || form == linkage_v1::VALUE_FORM_CITIZEN_ID;
}

FormedValue FormValue(linkage_v1::ValueForm form, std::string_view cell, const FormContext& context) {
  switch (form) {
    case linkage_v1::VALUE_FORM_COMPANY_CORE:
      return {SplitCompany(cell, context.home_division).core, false};
    case linkage_v1::VALUE_FORM_COMPANY_REGION:
      return {SplitCompany(cell, context.home_division).region, false};
    case linkage_v1::VALUE_FORM_COMPANY_TYPE:
      return {SplitCompany(cell, context.home_division).type, false};
    case linkage_v1::VALUE_FORM_COMPANY_SOUND:
      return {SoundOf(SplitCompany(cell, context.home_division).core), false};
    case linkage_v1::VALUE_FORM_PERSON_NAME:
      return {PersonName(cell), false};
    case linkage_v1::VALUE_FORM_SURNAME:
      return {SurnameOf(cell), false};
    case linkage_v1::VALUE_FORM_PERSON_SOUND:
      return {SoundOf(PersonName(cell)), false};
    case linkage_v1::VALUE_FORM_ADDRESS_DIVISION:
      return {AddressPart(cell, context.home_division, true), false};
    case linkage_v1::VALUE_FORM_ADDRESS_REST:
      return {AddressPart(cell, context.home_division, false), false};
    case linkage_v1::VALUE_FORM_DIVISION:
      return Division(cell);
    case linkage_v1::VALUE_FORM_ORGANISATION_ID:
      return OrganisationId(cell, context.today);
    case linkage_v1::VALUE_FORM_CITIZEN_ID:
      return CitizenId(cell, context.today);
    case linkage_v1::VALUE_FORM_BIRTH_DATE:
      return BirthDate(cell, context.today);
    case linkage_v1::VALUE_FORM_PHONE:
      return Phone(cell, context.today);
    case linkage_v1::VALUE_FORM_DATE:
      return DateDigits(cell);
    default:
      return {FoldText(cell), false};
  }
}

}  // namespace hangou

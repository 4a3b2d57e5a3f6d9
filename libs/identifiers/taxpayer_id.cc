// Taxpayer id (纳税人识别号, announcement 66 of 2015 of the State Taxation Administration, in force from 2015-10-01; 税总发
// 〔2013〕41号 before). Its forms:
//   credit code            who has one
//   citizen id             natural persons
//   document + 2 digits    individual businesses without a credit code; a citizen id, passport or permit
//   L + either             temporary taxpayers
//   region 6 + organisation code 9    what was given before
#include "libs/identifiers/checks.h"
#include "libs/identifiers/lengths.h"
#include "libs/identifiers/regions.h"

namespace hangou {
namespace {

constexpr size_t kSerialLength = 2;
constexpr char kTemporary = 'L';

IdentifierVerdict CitizenIdIn(std::string_view part, int32_t today) {
  return VerdictOn(part, [today](IdentifierVerdict* verdict) { CheckCitizenId(today, verdict); });
}

// A person's document, whatever its kind; a failure is that of the kind that its form suggests.
IdentifierVerdict DocumentIn(std::string_view part, int32_t today) {
  if (!part.empty() && part.size() < kLegacyCitizenIdLength) {
    const IdentifierVerdict passport = VerdictOn(part, CheckPassport);
    return passport.ok() ? passport : VerdictOn(part, CheckTravelPermit);
  }
  return CitizenIdIn(part, today);
}

// What has 18 characters is a credit code or a citizen id. No citizen id is a credit code with a region that exists, so
// that they cannot be taken for each other.
IdentifierVerdict CreditCodeOrCitizenId(std::string_view part, int32_t today) {
  const IdentifierVerdict code = VerdictOn(part, CheckUscc);
  if (code.ok()) return code;
  const IdentifierVerdict person = CitizenIdIn(part, today);
  const bool meant_person = code.rule == IdentifierRule::kCategory || code.rule == IdentifierRule::kRegion;
  return person.ok() || meant_person ? person : code;
}

IdentifierVerdict LegacyForm(std::string_view id) {
  IdentifierVerdict verdict = VerdictOn(id.substr(kRegionLength), CheckOrganizationCode);
  if (!verdict.ok()) verdict.rule = IdentifierRule::kOrgCode;
  const std::string_view region = id.substr(0, kRegionLength);
  if (!IsAllDigits(region)) {
    verdict.rule = IdentifierRule::kCharset;
  } else if (!IsProvince(region)) {
    verdict.rule = IdentifierRule::kRegion;
  } else if (verdict.ok() && !IsKnownRegion(region)) {
    verdict.Warn(kRegionUnknown);
  }
  return verdict;
}

IdentifierVerdict CheckForm(std::string_view id, int32_t today) {
  if (id.size() == kLegacyTaxIdLength) return LegacyForm(id);
  if (id.size() == kUsccLength) return CreditCodeOrCitizenId(id, today);
  IdentifierVerdict verdict;
  if (id.size() <= kSerialLength || !IsAllDigits(id.substr(id.size() - kSerialLength))) {
    verdict.rule = IdentifierRule::kLength;
    return verdict;
  }
  return DocumentIn(id.substr(0, id.size() - kSerialLength), today);
}

// A temporary taxpayer's: a credit code, or the number of a document.
IdentifierVerdict CheckTemporary(std::string_view id, int32_t today) {
  return id.size() == kUsccLength ? CreditCodeOrCitizenId(id, today) : DocumentIn(id, today);
}

}  // namespace

// The text stays as it was given: parts are checked, not replaced.
void CheckTaxpayerId(int32_t today, IdentifierVerdict* verdict) {
  const std::string_view id = verdict->normalized;
  const bool temporary = id.starts_with(kTemporary);
  const IdentifierVerdict inner = temporary ? CheckTemporary(id.substr(1), today) : CheckForm(id, today);
  verdict->rule = inner.rule;
  for (std::string_view warning : inner.warnings()) verdict->Warn(warning);
  if (verdict->ok() && temporary) verdict->Warn("temporary taxpayer");
}

}  // namespace hangou

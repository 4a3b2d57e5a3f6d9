#include "services/comparison/divisions.h"

#include <algorithm>
#include <map>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/comparison/rule.h"
#include "libs/identifiers/identifiers.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

constexpr std::string_view kOfficePrefix = "offices/";
// A county: what identifiers tell.
constexpr size_t kCountyDigits = 6;
// Down to a village.
constexpr size_t kDivisionDigits = 12;
constexpr size_t kParcelCharacters = 28;
// Behind the two characters of the registration authority's kind.
constexpr size_t kUsccDivisionAt = 2;

bool IsDivisionCode(std::string_view text) {
  return text.size() >= 2 && text.size() <= kDivisionDigits &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string DivisionOf(std::string_view text, int32_t today) {
  if (IsDivisionCode(text)) return std::string(text);
  const std::string_view county = text.substr(0, kCountyDigits);
  if (text.size() == kParcelCharacters && IsDivisionCode(county)) return std::string(county);
  if (CheckIdentifier(IdentifierType::kCitizenId, text, today).ok()) return std::string(county);
  if (CheckIdentifier(IdentifierType::kUscc, text, today).ok())
    return std::string(text.substr(kUsccDivisionAt, kCountyDigits));
  return "";
}

std::string OfficeOf(const std::vector<v1::TaxOffice>& offices, std::string_view division) {
  std::string name;
  size_t longest = 0;
  for (const v1::TaxOffice& office : offices) {
    for (const std::string& prefix : office.divisions()) {
      if (prefix.size() <= longest || division.substr(0, prefix.size()) != prefix) continue;
      longest = prefix.size();
      name = office.name();
    }
  }
  return name;
}

absl::Status CheckOffices(const std::vector<v1::TaxOffice>& offices) {
  std::map<std::string, std::string> office_of;
  for (const v1::TaxOffice& office : offices) {
    const auto refuse = [&](const std::string& what) {
      return MakeError(Reason::kInvalidObject, "office " + office.name() + ": " + what);
    };
    const std::string_view name = office.name();
    if (name.substr(0, kOfficePrefix.size()) != kOfficePrefix ||
        !IsName(name.substr(kOfficePrefix.size()), kRuleNameBytes))
      return refuse("its name is \"offices/\" and a word of [a-z0-9_]");
    if (office.title().empty()) return refuse("it has no title");
    for (const std::string& prefix : office.divisions()) {
      if (!IsDivisionCode(prefix)) return refuse("\"" + prefix + "\" is no beginning of a division code");
      const auto [known, is_new] = office_of.try_emplace(prefix, office.name());
      if (!is_new) return refuse("division " + prefix + " is that of " + known->second + " already");
    }
  }
  return absl::OkStatus();
}

}  // namespace hangou

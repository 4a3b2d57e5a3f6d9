// Unified social credit code (GB 32100-2015): registration department 1, category 1, region of the registrar
// 6, organisation code 9 (GB 11714-1997), check 1.
#include <algorithm>
#include <array>

#include "libs/identifiers/checks.h"
#include "libs/identifiers/lengths.h"
#include "libs/identifiers/regions.h"

namespace hangou {
namespace {

constexpr size_t kRegionAt = 2;
constexpr size_t kOrgCodeAt = 8;
// The registrars of the state as a whole.
constexpr uint32_t kNationalRegistrar = 100000;

// I, O, S, V and Z do not occur. A character's value is its place.
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
constexpr int kModulus = 31;
constexpr std::array<int, 17> kUsccWeights = {1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28};

constexpr std::array<int8_t, 128> MakeValues() {
  std::array<int8_t, 128> values{};
  values.fill(-1);
  for (size_t i = 0; i < kAlphabet.size(); ++i)
    values[static_cast<size_t>(kAlphabet[i])] = static_cast<int8_t>(i);
  return values;
}
constexpr std::array<int8_t, 128> kValues = MakeValues();

// Which categories each registration department gives. A new department is a new line.
struct DepartmentCategories {
  char department;
  std::string_view categories;
};
constexpr DepartmentCategories kCategories[] = {
    {'1', "1239"},    // 机构编制
    {'2', "19"},      // 外交
    {'3', "123459"},  // 司法行政
    {'4', "19"},      // 文化
    {'5', "1239"},    // 民政
    {'6', "129"},     // 旅游
    {'7', "129"},     // 宗教
    {'8', "19"},      // 工会
    {'9', "123"},     // 工商
    {'A', "19"},      // 军队改革编制
    {'N', "1239"},    // 农业农村
    {'Y', "1"},       // 其他
};

// Codes of the early pilots in Fujian: lawful, in use, and without a correct check character.
constexpr std::string_view kPilotCodes[] = {"91350100M0001TGQXM", "91350203M0001QKT19", "91350211M00013FA1N"};

// -1 where the alphabet does not have it.
int ValueOf(char c) {
  const auto index = static_cast<uint8_t>(c);
  return index < kValues.size() ? kValues[index] : -1;
}

// Region digits are digits; the rest is of the alphabet.
bool HasUsccCharset(std::string_view code) {
  return std::all_of(code.begin(), code.end(), [](char c) { return ValueOf(c) >= 0; }) &&
         IsAllDigits(code.substr(kRegionAt, kRegionLength));
}

bool HasCategory(std::string_view code) {
  return std::any_of(std::begin(kCategories), std::end(kCategories), [&](const DepartmentCategories& row) {
    return row.department == code[0] && row.categories.find(code[1]) != std::string_view::npos;
  });
}

bool HasRegion(std::string_view code) {
  const uint32_t region = NumberOfDigits(code.substr(kRegionAt, kRegionLength));
  return region == kNationalRegistrar || IsRegionCode(region);
}

IdentifierRule FirstFailureOfUscc(std::string_view code) {
  if (code.size() != kUsccLength) return IdentifierRule::kLength;
  if (!HasUsccCharset(code)) return IdentifierRule::kCharset;
  if (!HasCategory(code)) return IdentifierRule::kCategory;
  if (!HasRegion(code)) return IdentifierRule::kRegion;
  if (UsccCheck(code.substr(0, kUsccLength - 1)) != code.back()) return IdentifierRule::kCheck;
  return VerdictOn(code.substr(kOrgCodeAt, kOrgCodeLength), CheckOrganizationCode).ok()
             ? IdentifierRule::kNone
             : IdentifierRule::kOrgCode;
}

}  // namespace

char UsccCheck(std::string_view first17) {
  int sum = 0;
  for (size_t i = 0; i < kUsccWeights.size(); ++i) sum += kUsccWeights[i] * ValueOf(first17[i]);
  return kAlphabet[(kModulus - sum % kModulus) % kModulus];
}

void CheckUscc(IdentifierVerdict* verdict) {
  const std::string_view code = verdict->normalized;
  verdict->rule = FirstFailureOfUscc(code);
  if (!verdict->ok() && std::ranges::find(kPilotCodes, code) != std::end(kPilotCodes)) {
    verdict->rule = IdentifierRule::kNone;
    verdict->Warn("pilot exception");
  }
}

}  // namespace hangou

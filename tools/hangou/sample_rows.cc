#include "tools/hangou/sample_rows.h"

#include <algorithm>
#include <array>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/identifiers/identifiers.h"
#include "libs/schema/text_codec.h"
#include "libs/schema/walker.h"
#include "re2/re2.h"

namespace hangou {

using namespace hangou::catalog::v1;  // NOLINT: the names of the field types

namespace {

// Rows that are drawn for one that is taken: what the rules refuse is drawn again.
constexpr int kAttempts = 200;
// Days back from today of dates without a lower bound, and the widest range of numbers.
constexpr int32_t kDaysBack = 3650;
constexpr int64_t kWidestRange = 100'000;

constexpr std::array kRegions = {"321002", "321003", "321012", "321023", "321081", "321084"};
constexpr std::array kWords = {"文昌", "广陵", "平山", "瘦西", "运河", "邗沟", "东关", "凤凰"};

}  // namespace

std::string SampleRows::Digits(int count) {
  std::string digits;
  for (int i = 0; i < count; ++i) digits.push_back(static_cast<char>('0' + Uniform(0, 9)));
  return digits;
}

std::string SampleRows::IdentifierOf(const FieldSchema& field) {
  const std::string region = kRegions[static_cast<size_t>(Uniform(0, kRegions.size() - 1))];
  switch (field.type) {
    case FIELD_TYPE_CITIZEN_ID: {
      std::string birth = FormatDay(static_cast<int32_t>(Uniform(-10'000, 12'000)));
      std::erase(birth, '-');
      const std::string first = region + birth + Digits(3);
      return first + CitizenIdCheck(first);
    }
    case FIELD_TYPE_USCC:
    case FIELD_TYPE_TAXPAYER_ID: {
      std::string organization = "MA" + Digits(6);
      organization.push_back(OrganizationCodeCheck(organization));
      const std::string first = "91" + region + organization;
      return first + UsccCheck(first);
    }
    case FIELD_TYPE_ORGANIZATION_CODE: {
      const std::string first = "MA" + Digits(6);
      return first + OrganizationCodeCheck(first);
    }
    case FIELD_TYPE_REGISTRATION_NUMBER: {
      const std::string first = region + "0" + Digits(7);
      return first + RegistrationNumberCheck(first);
    }
    case FIELD_TYPE_DIVISION:
      return region;
    case FIELD_TYPE_INDUSTRY:
      return Uniform(0, 1) == 0 ? "C3611" : "F5132";
    case FIELD_TYPE_REAL_ESTATE_UNIT:
      return region + "001001GB0" + Digits(3) + "1F000" + Digits(1) + "00" + Digits(1) + "1";
    case FIELD_TYPE_BANK_CARD: {
      const std::string others = "621700" + Digits(12);
      return others + BankCardCheck(others);
    }
    case FIELD_TYPE_PHONE:
      return "139" + Digits(8);
    case FIELD_TYPE_PLATE:
      return "苏K" + Digits(5);
    case FIELD_TYPE_VIN: {
      std::string vin = "LSVAA4180E2" + Digits(6);
      vin[8] = VinCheck(vin);
      return vin;
    }
    case FIELD_TYPE_PASSPORT:
      return "E" + Digits(8);
    case FIELD_TYPE_TRAVEL_PERMIT:
      return "H" + Digits(8);
    default:
      return "";
  }
}

std::string SampleRows::TextOf(const FieldSchema& field) {
  if (field.pattern != nullptr) {
    return SampleOfPattern(field.pattern->pattern(), [this](size_t below) {
      return static_cast<size_t>(Uniform(0, static_cast<int64_t>(below) - 1));
    });
  }
  std::string text;
  size_t length = 0;
  const size_t wanted = std::max<size_t>(field.min_length, std::min<size_t>(field.max_length, 4));
  while (length + 2 <= wanted) {
    text += kWords[static_cast<size_t>(Uniform(0, kWords.size() - 1))];
    length += 2;
  }
  while (length++ < wanted) text += "甲";
  return text;
}

std::string SampleRows::NumberOf(const FieldSchema& field) {
  const bool date = field.type == FIELD_TYPE_DATE;
  const bool time = field.type == FIELD_TYPE_TIMESTAMP;
  int64_t low = field.min.value_or(0);
  int64_t high = field.max.value_or(std::max<int64_t>(low, 0) + kWidestRange);
  if (date || time) {
    const int64_t unit = date ? 1 : kUsPerDay;
    const int64_t now = date ? DayInChina(now_us_) - 1 : now_us_;
    high = std::min(high, now);
    low = std::max(low, high - kDaysBack * unit);
    // Whole seconds.
    if (time)
      return FormatScalar(field.type, 0, Uniform(low / kUsPerSecond, high / kUsPerSecond) * kUsPerSecond);
  }
  return FormatScalar(field.type, field.scale, Uniform(low, std::min(high, low + kWidestRange)));
}

std::string SampleRows::CellOf(const FieldSchema& field) {
  if (field.type == FIELD_TYPE_TEXT) return TextOf(field);
  if (field.type == FIELD_TYPE_CODE) {
    std::vector<std::string> codes(field.codes->begin(), field.codes->end());
    std::sort(codes.begin(), codes.end());
    return codes.empty() ? ""
                         : codes[static_cast<size_t>(Uniform(0, static_cast<int64_t>(codes.size()) - 1))];
  }
  if (field.type == FIELD_TYPE_BOOL) return Uniform(0, 1) == 0 ? "false" : "true";
  if (field.is_geometry()) return "POINT (119." + Digits(4) + " 32." + Digits(4) + ")";
  return field.is_text() ? IdentifierOf(field) : NumberOf(field);
}

void SampleRows::Reconcile(std::vector<std::string>* row) {
  const auto& fields = schema_->fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].birth_date_of < 0 || (*row)[i].empty()) continue;
    (*row)[i] = FormatDay(BirthDayOfCitizenId((*row)[static_cast<size_t>(fields[i].birth_date_of)]));
  }
  for (const CrossRuleSchema& rule : schema_->cross_rules()) {
    const auto field = static_cast<size_t>(rule.field);
    const auto other = static_cast<size_t>(rule.other);
    if (rule.kind == CrossRule::KIND_EQUAL) (*row)[field] = (*row)[other];
    if (rule.kind == CrossRule::KIND_ABSENT_WHEN && rule.texts.contains((*row)[other])) (*row)[field].clear();
    if (rule.kind != CrossRule::KIND_SUM) continue;
    int64_t sum = 0;
    for (const int part : rule.fields) {
      const auto& of = fields[static_cast<size_t>(part)];
      sum += ParseScalar(of.type, of.scale, (*row)[static_cast<size_t>(part)]).value_or(0);
    }
    (*row)[field] = FormatScalar(fields[field].type, fields[field].scale, sum);
  }
}

absl::StatusOr<std::vector<std::string>> SampleRows::Next() {
  const auto& fields = schema_->fields();
  std::vector<FieldSlice> scratch;
  AdmittedRecord admitted;
  std::vector<FieldViolation> violations;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::vector<std::string> row;
    for (const FieldSchema& field : fields) row.push_back(CellOf(field));
    Reconcile(&row);
    std::string payload;
    bool encoded = true;
    for (size_t i = 0; i < fields.size(); ++i) encoded &= EncodeField(fields[i], row[i], &payload).ok();
    if (encoded && AdmitPayload(*schema_, payload, now_us_, &scratch, &admitted, &violations)) return row;
  }
  const std::string field = violations.empty() ? "" : violations.front().field;
  return MakeError(Reason::kInvalidObject,
                   "no row can be drawn that the resource takes; write some by hand" +
                       (violations.empty() ? "" : ": " + violations.front().message),
                   field);
}

}  // namespace hangou

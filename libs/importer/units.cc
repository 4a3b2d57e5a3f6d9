#include "libs/importer/units.h"

#include <array>

#include "absl/numeric/int128.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

enum class UnitKind { kMoney, kArea, kEnergy, kMass, kVolume, kLength, kPeople, kDays, kYears, kShare };

// A unit as a fraction of the smallest of its kind that is whole in all of them.
struct UnitOfMeasure {
  std::string_view name;
  UnitKind kind;
  uint64_t numerator;
  uint64_t denominator;
};

constexpr std::array<UnitOfMeasure, 30> kUnits = {{
    {"fen", UnitKind::kMoney, 1, 100},
    {"jiao", UnitKind::kMoney, 1, 10},
    {"yuan", UnitKind::kMoney, 1, 1},
    {"qian_yuan", UnitKind::kMoney, 1000, 1},
    {"wan_yuan", UnitKind::kMoney, 10'000, 1},
    {"bai_wan_yuan", UnitKind::kMoney, 1'000'000, 1},
    {"yi_yuan", UnitKind::kMoney, 100'000'000, 1},
    {"square_metre", UnitKind::kArea, 1, 1},
    {"mu", UnitKind::kArea, 2000, 3},  // 15 mu are a hectare
    {"hectare", UnitKind::kArea, 10'000, 1},
    {"square_kilometre", UnitKind::kArea, 1'000'000, 1},
    {"kilowatt_hour", UnitKind::kEnergy, 1, 1},
    {"megawatt_hour", UnitKind::kEnergy, 1000, 1},
    {"wan_kilowatt_hour", UnitKind::kEnergy, 10'000, 1},
    {"kilogram", UnitKind::kMass, 1, 1},
    {"tonne", UnitKind::kMass, 1000, 1},
    {"wan_tonne", UnitKind::kMass, 10'000'000, 1},
    {"cubic_metre", UnitKind::kVolume, 1, 1},
    {"wan_cubic_metre", UnitKind::kVolume, 10'000, 1},
    {"centimetre", UnitKind::kLength, 1, 100},
    {"metre", UnitKind::kLength, 1, 1},
    {"kilometre", UnitKind::kLength, 1000, 1},
    {"person", UnitKind::kPeople, 1, 1},
    {"wan_person", UnitKind::kPeople, 10'000, 1},
    {"day", UnitKind::kDays, 1, 1},
    {"year", UnitKind::kYears, 1, 1},
    {"month", UnitKind::kYears, 1, 12},
    {"percent", UnitKind::kShare, 1, 1},
    {"per_mille", UnitKind::kShare, 1, 10},
    {"fraction", UnitKind::kShare, 100, 1},  // 0.12 is 12 percent, as spreadsheets keep it
}};

const UnitOfMeasure* FindUnit(std::string_view name) {
  for (const UnitOfMeasure& unit : kUnits) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

absl::Status CannotConvert(std::string_view message) { return MakeError(Reason::kFieldInvalid, message); }

// A decimal number: its digits without the point, and how many of them stand behind it.
struct DecimalNumber {
  bool negative = false;
  absl::uint128 digits = 0;
  uint32_t behind_point = 0;
};

absl::StatusOr<DecimalNumber> ParseDecimalNumber(std::string_view text) {
  DecimalNumber number;
  if (text.starts_with('-')) {
    number.negative = true;
    text.remove_prefix(1);
  }
  const size_t point = text.find('.');
  if (point != std::string_view::npos && point + 1 < text.size()) {
    while (text.back() == '0') text.remove_suffix(1);  // nothing is lost by a zero
    number.behind_point = static_cast<uint32_t>(text.size() - point - 1);
  }
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == point && i > 0) continue;
    if (text[i] < '0' || text[i] > '9') return CannotConvert("not a number such as 12.50");
    number.digits = number.digits * 10 + static_cast<uint64_t>(text[i] - '0');
    if (number.digits != 0 && ++digits > kConvertedDigits)
      return CannotConvert("the number has too many digits");
  }
  if (text.empty() || point == 0 || number.behind_point > kConvertedDigits) {
    return CannotConvert("not a number such as 12.50");
  }
  return number;
}

absl::uint128 PowerOfTen(uint32_t exponent) {
  absl::uint128 power = 1;
  for (uint32_t i = 0; i < exponent; ++i) power *= 10;
  return power;
}

std::string DigitsOf(absl::uint128 value) {
  std::string digits;
  for (; value != 0; value /= 10)
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
  return digits;
}

std::string TextOf(bool negative, absl::uint128 value, uint32_t scale) {
  std::string text = DigitsOf(value);
  if (text.size() <= scale) text.insert(0, scale + 1 - text.size(), '0');
  if (scale > 0) text.insert(text.size() - scale, 1, '.');
  return negative && value != 0 ? "-" + text : text;
}

}  // namespace

absl::StatusOr<std::string> ConvertUnit(std::string_view text, std::string_view from, std::string_view to,
                                        uint32_t scale) {
  const UnitOfMeasure* const source = FindUnit(from);
  const UnitOfMeasure* const target = FindUnit(to);
  HANGOU_CHECK(UnitProblem(from, to).empty(), "units are checked before anything is converted");
  ASSIGN_OR_RETURN(const DecimalNumber number, ParseDecimalNumber(text));
  // At most 17 digits, a factor of 10^10 between units and 9 digits behind the point: 10^36, which fits.
  const absl::uint128 up = absl::uint128(source->numerator) * target->denominator * PowerOfTen(scale);
  const absl::uint128 down =
      absl::uint128(source->denominator) * target->numerator * PowerOfTen(number.behind_point);
  const absl::uint128 product = number.digits * up;
  if (product % down != 0) {
    return CannotConvert("the number in " + std::string(to) + " has more than " + std::to_string(scale) +
                         " digits behind the point, and nothing is rounded");
  }
  return TextOf(number.negative, product / down, scale);
}

std::string UnitNames() {
  std::string names;
  for (const UnitOfMeasure& unit : kUnits) names += (names.empty() ? "" : ", ") + std::string(unit.name);
  return names;
}

std::string UnitProblem(std::string_view from, std::string_view to) {
  const UnitOfMeasure* const source = FindUnit(from);
  const UnitOfMeasure* const target = FindUnit(to);
  if (source == nullptr) return "there is no unit " + std::string(from) + "; there are " + UnitNames();
  if (target == nullptr) return "there is no unit " + std::string(to) + "; there are " + UnitNames();
  if (source->kind != target->kind) return std::string(from) + " cannot be converted to " + std::string(to);
  return "";
}

}  // namespace hangou

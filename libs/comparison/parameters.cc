#include "libs/comparison/parameters.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

constexpr int kMostParameterScale = 9;
constexpr size_t kParameterNameBytes = 64;
constexpr std::string_view kParameterPrefix = "parameters/";
constexpr int64_t kMostMantissa =
    100'000'000'000'000'000;  // 17 digits: with a factor it fits 64 bits or is refused

absl::Status Wrong(const std::string& name, const std::string& what) {
  return MakeError(Reason::kInvalidObject, "parameter " + name + ": " + what);
}

// "12.50" as 1250 where the scale is 2.
std::optional<int64_t> ParseMantissa(std::string_view text, int scale) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  int64_t mantissa = 0;
  int behind = -1;
  for (const char c : text) {
    if (c == '.' && behind < 0) {
      behind = 0;
      continue;
    }
    if (c < '0' || c > '9' || mantissa >= kMostMantissa / 10) return std::nullopt;
    mantissa = mantissa * 10 + (c - '0');
    if (behind >= 0 && ++behind > scale) return std::nullopt;
  }
  for (int i = std::max(behind, 0); i < scale; ++i) {
    if (mantissa >= kMostMantissa / 10) return std::nullopt;
    mantissa *= 10;
  }
  return negative ? -mantissa : mantissa;
}

}  // namespace

absl::StatusOr<CompiledParameter> CompiledParameter::Compile(
    const hangou::comparison::v1::ComparisonParameter& declared) {
  CompiledParameter parameter;
  const std::string& full = declared.name();
  if (full.compare(0, kParameterPrefix.size(), kParameterPrefix) != 0 ||
      !IsName(full.substr(kParameterPrefix.size()), kParameterNameBytes)) {
    return Wrong(full, "its name is \"parameters/\" and a word of [a-z0-9_]");
  }
  parameter.name_ = full.substr(kParameterPrefix.size());
  if (declared.scale() > kMostParameterScale) return Wrong(full, "scale is 0 to 9");
  const auto unit = ParseUnit(declared.unit());
  if (!unit)
    return Wrong(full, "unit \"" + declared.unit() + "\" is not understood; write yuan/square_metre, say");
  if (declared.values().empty()) return Wrong(full, "it has no value");
  if (declared.values_size() > kParameterValues) return Wrong(full, "it has more than 2000 values");
  // With a factor of 100, two digits behind the point are a whole number of the base unit.
  int scale = static_cast<int>(declared.scale());
  int64_t factor = unit->factor;
  while (scale > 0 && factor % 10 == 0) {
    --scale;
    factor /= 10;
  }
  parameter.type_ = {ValueKind::kNumber, scale, unit->unit, false};
  parameter.has_codes_ = !declared.values(0).code().empty();
  for (const auto& value : declared.values()) {
    if (value.code().empty() == parameter.has_codes_)
      return Wrong(full, "some of its values have a code, some none");
    if (absl::Status status = parameter.AddValue(value, static_cast<int>(declared.scale()), factor);
        !status.ok())
      return Wrong(full, std::string(Message(status)));
  }
  for (auto& [code, values] : parameter.values_) {
    std::sort(values.begin(), values.end(), [](const Dated& a, const Dated& b) { return a.from < b.from; });
    for (size_t i = 0; i + 1 < values.size(); ++i) {
      if (values[i].from == values[i + 1].from) return Wrong(full, "two values begin on one day");
      values[i].until = std::min(values[i].until, values[i + 1].from - 1);
    }
  }
  return parameter;
}

absl::Status CompiledParameter::AddValue(const hangou::comparison::v1::ParameterValue& declared, int scale,
                                         int64_t factor) {
  const auto from = ParseDay(declared.valid_from());
  if (!from) return MakeError(Reason::kInvalidObject, "valid_from is a day, YYYY-MM-DD");
  const auto until =
      declared.valid_until().empty() ? std::optional<int32_t>(INT32_MAX) : ParseDay(declared.valid_until());
  if (!until || *until < *from)
    return MakeError(Reason::kInvalidObject, "valid_until is a day from valid_from on");
  const auto mantissa = ParseMantissa(declared.value(), scale);
  if (!mantissa) {
    return MakeError(Reason::kInvalidObject, "\"" + declared.value() + "\" is no number of at most " +
                                                 std::to_string(scale) + " digits behind the point");
  }
  int64_t value = 0;
  if (__builtin_mul_overflow(*mantissa, factor, &value))
    return MakeError(Reason::kInvalidObject, "a value is too large");
  values_[declared.code()].push_back({*from, *until, value});
  return absl::OkStatus();
}

std::optional<int64_t> CompiledParameter::ValueOn(int32_t day, std::string_view code) const {
  const auto found = values_.find(code);
  if (found == values_.end()) return std::nullopt;
  const std::vector<Dated>& values = found->second;
  auto next = std::upper_bound(values.begin(), values.end(), day,
                               [](int32_t at, const Dated& v) { return at < v.from; });
  if (next == values.begin()) return std::nullopt;
  --next;
  if (day > next->until) return std::nullopt;
  return next->value;
}

}  // namespace hangou

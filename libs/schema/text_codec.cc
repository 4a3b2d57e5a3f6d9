#include "libs/schema/text_codec.h"

#include <charconv>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/schema/geometry.h"
#include "libs/schema/wire.h"

namespace hangou {
namespace {

using namespace hangou::catalog::v1;  // NOLINT: the names of the field types

constexpr uint32_t kMoneyScale = 2;

absl::Status InvalidText(std::string_view message) { return MakeError(Reason::kFieldInvalid, message); }

bool IsDigits(std::string_view text) {
  for (char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return !text.empty();
}

// The int64 of '-' and digits, which may be any number of.
absl::StatusOr<int64_t> ParseWhole(bool negative, std::string digits) {
  int64_t value = 0;
  if (negative) digits.insert(digits.begin(), '-');
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (result.ec != std::errc()) return InvalidText("the number has more than 64 bits");
  return value;
}

// Digits behind the point beyond the scale are accepted where they are zeros: nothing is lost.
absl::StatusOr<int64_t> ParseDecimal(uint32_t scale, std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  const size_t point = text.find('.');
  std::string_view whole = text.substr(0, point);
  std::string_view fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (!IsDigits(whole) || (point != std::string_view::npos && !IsDigits(fraction))) {
    return InvalidText(scale == 0 ? "not a whole number" : "not a number such as 12.50");
  }
  while (fraction.size() > scale && fraction.back() == '0') fraction.remove_suffix(1);
  if (fraction.size() > scale) {
    return InvalidText("more than " + std::to_string(scale) + " digits behind the point");
  }
  std::string digits(whole);
  digits.append(fraction).append(scale - fraction.size(), '0');
  return ParseWhole(negative, std::move(digits));
}

std::string FormatDecimal(uint32_t scale, int64_t value) {
  const uint64_t magnitude = value < 0 ? ~static_cast<uint64_t>(value) + 1 : static_cast<uint64_t>(value);
  std::string text = std::to_string(magnitude);
  if (scale > 0) {
    if (text.size() <= scale) text.insert(0, scale + 1 - text.size(), '0');
    text.insert(text.size() - scale, 1, '.');
  }
  if (value < 0) text.insert(text.begin(), '-');
  return text;
}

absl::StatusOr<int64_t> ParseBool(std::string_view text) {
  if (text == "true") return 1;
  if (text == "false") return 0;
  return InvalidText("neither true nor false");
}

}  // namespace

absl::StatusOr<int64_t> ParseScalar(FieldType type, uint32_t scale, std::string_view text) {
  switch (type) {
    case FIELD_TYPE_INTEGER:
      return text.find('.') == std::string_view::npos ? ParseDecimal(0, text)
                                                      : InvalidText("not a whole number");
    case FIELD_TYPE_DECIMAL:
      return ParseDecimal(scale, text);
    case FIELD_TYPE_MONEY:
      return ParseDecimal(kMoneyScale, text);
    case FIELD_TYPE_DATE:
      if (const auto day = ParseDay(text)) return *day;
      return InvalidText("not a date such as 2026-01-31");
    case FIELD_TYPE_TIMESTAMP:
      if (const auto instant = ParseInstant(text)) return *instant;
      return InvalidText("not an instant such as 2026-01-31T08:00:00Z");
    case FIELD_TYPE_BOOL:
      return ParseBool(text);
    default:
      return InvalidText("the type of the field is not a number");
  }
}

std::string FormatScalar(FieldType type, uint32_t scale, int64_t value) {
  switch (type) {
    case FIELD_TYPE_DECIMAL:
      return FormatDecimal(scale, value);
    case FIELD_TYPE_MONEY:
      return FormatDecimal(kMoneyScale, value);
    case FIELD_TYPE_DATE:
      return FormatDay(static_cast<int32_t>(value));
    case FIELD_TYPE_TIMESTAMP:
      return FormatInstant(value);
    case FIELD_TYPE_BOOL:
      return value != 0 ? "true" : "false";
    default:
      return std::to_string(value);
  }
}

void AppendScalarField(const FieldSchema& field, int64_t value, std::string* payload) {
  AppendVarint(uint64_t{field.number} << 3 | kWireVarint, payload);
  AppendVarint(static_cast<uint64_t>(value), payload);
}

void AppendTextField(uint32_t number, std::string_view text, std::string* payload) {
  AppendVarint(uint64_t{number} << 3 | kWireBytes, payload);
  AppendVarint(text.size(), payload);
  payload->append(text);
}

absl::Status EncodeField(const FieldSchema& field, std::string_view text, std::string* payload) {
  if (text.empty()) return absl::OkStatus();
  if (field.is_text()) {
    if (!IsValidUtf8(text)) return MakeError(Reason::kFieldInvalid, "the text is not UTF-8", field.name);
    AppendTextField(field.number, text, payload);
    return absl::OkStatus();
  }
  if (field.is_geometry()) {
    const auto wkb = GeometryFromText(field.type, text);
    if (!wkb.ok()) return MakeError(Reason::kFieldInvalid, Message(wkb.status()), field.name);
    AppendTextField(field.number, *wkb, payload);
    return absl::OkStatus();
  }
  const auto value = ParseScalar(field.type, field.scale, text);
  if (!value.ok()) return MakeError(Reason::kFieldInvalid, Message(value.status()), field.name);
  AppendScalarField(field, *value, payload);
  return absl::OkStatus();
}

std::string DecodeField(const FieldSchema& field, const FieldSlice& slice) {
  if (field.is_geometry()) return GeometryText(slice.text);
  return field.is_text() ? std::string(slice.text) : FormatScalar(field.type, field.scale, slice.scalar);
}

}  // namespace hangou

#include "libs/comparison/key.h"

#include "libs/base/text.h"
#include "libs/identifiers/entity_key.h"
#include "libs/identifiers/identifiers.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

constexpr size_t kPeriodBytes = 4;
constexpr int64_t kPeriodBias = 1ll << 31;
constexpr size_t kCitizenIdBytes = 18;

bool IsText(KeyKind kind) {
  return kind == v1::KEY_KIND_PERSON || kind == v1::KEY_KIND_ORGANISATION || kind == v1::KEY_KIND_TAXPAYER ||
         kind == v1::KEY_KIND_TEXT;
}

// Far ahead, so that no birth date lies in the future: what is stored was checked when it came in.
constexpr int32_t kAnyDay = 2'932'896;  // 9999-12-31

bool IsCitizenId(std::string_view text) {
  return text.size() == kCitizenIdBytes && CheckIdentifier(IdentifierType::kCitizenId, text, kAnyDay).ok();
}

std::string CanonicalPart(KeyKind kind, std::string_view text) {
  switch (kind) {
    case v1::KEY_KIND_PERSON:
      return CanonicalKey(EntityKind::kPerson, text);
    case v1::KEY_KIND_ORGANISATION:
      return CanonicalKey(EntityKind::kOrganisation, text);
    case v1::KEY_KIND_TAXPAYER:
      return CanonicalKey(IsCitizenId(text) ? EntityKind::kPerson : EntityKind::kOrganisation, text);
    default:
      return std::string(text);
  }
}

}  // namespace

ValueType TypeOfKey(KeyKind kind) {
  const ValueKind of = kind == v1::KEY_KIND_MONTH     ? ValueKind::kMonth
                       : kind == v1::KEY_KIND_QUARTER ? ValueKind::kQuarter
                       : kind == v1::KEY_KIND_YEAR    ? ValueKind::kYear
                       : kind == v1::KEY_KIND_DATE    ? ValueKind::kDate
                                                      : ValueKind::kText;
  return {of, 0, Unit(), false};
}

bool MakesKey(KeyKind kind, const ValueType& type) { return type.kind == TypeOfKey(kind).kind; }

bool AppendKeyPart(KeyKind kind, const Value& value, std::string* key) {
  if (!value.is_present()) return false;
  if (!IsText(kind)) {
    AppendBigEndian(key, static_cast<uint64_t>(static_cast<int64_t>(value.number) + kPeriodBias),
                    kPeriodBytes);
    return true;
  }
  if (value.text.empty() || value.text.size() > kKeyPartBytes ||
      value.text.find('\0') != std::string_view::npos)
    return false;
  *key += CanonicalPart(kind, value.text);
  key->push_back('\0');
  return true;
}

bool ReadKey(const std::vector<KeyKind>& kinds, std::string_view key, std::vector<Value>* parts) {
  parts->clear();
  for (const KeyKind kind : kinds) {
    if (IsText(kind)) {
      const size_t end = key.find('\0');
      if (end == std::string_view::npos) return false;
      parts->push_back(TextValue(key.substr(0, end)));
      key.remove_prefix(end + 1);
    } else {
      if (key.size() < kPeriodBytes) return false;
      parts->push_back(
          NumberValue(static_cast<int64_t>(ReadBigEndian(key.substr(0, kPeriodBytes))) - kPeriodBias));
      key.remove_prefix(kPeriodBytes);
    }
  }
  return key.empty();
}

size_t PrefixBytes(const std::vector<KeyKind>& kinds, std::string_view key, size_t count) {
  size_t end = 0;
  for (size_t i = 0; i < count && end <= key.size(); ++i)
    end = IsText(kinds[i]) ? key.find('\0', end) + 1 : end + kPeriodBytes;
  return end;
}

}  // namespace hangou

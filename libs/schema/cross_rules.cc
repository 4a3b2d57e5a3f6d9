#include "libs/schema/cross_rules.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/schema/text_codec.h"

namespace hangou {
namespace {

using hangou::catalog::v1::CrossRule;

constexpr size_t kRuleName = 64;

absl::Status InvalidRule(const CrossRule& rule, std::string_view message) {
  return MakeError(Reason::kInvalidObject, "rule " + rule.name() + ": " + std::string(message), rule.name());
}

// Index of the field of a name, -1 where there is none.
int IndexIn(const std::vector<FieldSchema>& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const FieldSchema& field) { return field.name == name; });
  return found == fields.end() ? -1 : static_cast<int>(found - fields.begin());
}

bool IsNumber(const FieldSchema& field) {
  return !field.is_bytes() && field.type != hangou::catalog::v1::FIELD_TYPE_BOOL;
}

// Whether two fields have values that can be set against each other.
bool IsComparable(const FieldSchema& a, const FieldSchema& b) {
  if (a.is_geometry() || b.is_geometry()) return false;
  if (a.is_text() || b.is_text()) return a.is_text() && b.is_text();
  return a.type == b.type && a.scale == b.scale;
}

// Reads the values of `other`.
absl::Status CompileValues(const CrossRule& rule, const FieldSchema& other, CrossRuleSchema* compiled) {
  if (rule.values().empty() || rule.values_size() > kCrossRuleValues) {
    return InvalidRule(rule, "give 1 to 64 values");
  }
  for (const std::string& text : rule.values()) {
    if (other.is_text()) {
      compiled->texts.insert(text);
      continue;
    }
    const auto value = ParseScalar(other.type, other.scale, text);
    if (!value.ok()) return InvalidRule(rule, "a value is not of the type of " + other.name);
    compiled->scalars.insert(*value);
  }
  return absl::OkStatus();
}

// What the rule says, for a rule without a title.
std::string WordsOf(const CrossRule& rule) {
  const auto list = [](const auto& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
  };
  switch (rule.kind()) {
    case CrossRule::KIND_AT_MOST:
      return rule.field() + " must not be above " + rule.other();
    case CrossRule::KIND_BELOW:
      return rule.field() + " must be below " + rule.other();
    case CrossRule::KIND_EQUAL:
      return rule.field() + " must equal " + rule.other();
    case CrossRule::KIND_DIFFERENT:
      return rule.field() + " must differ from " + rule.other();
    case CrossRule::KIND_SUM:
      return rule.field() + " must be the sum of " + list(rule.fields());
    case CrossRule::KIND_REQUIRED_WHEN:
      return rule.field() + " is required where " + rule.other() + " is one of " + list(rule.values());
    case CrossRule::KIND_ABSENT_WHEN:
      return rule.field() + " must be absent where " + rule.other() + " is one of " + list(rule.values());
    default:
      return "one of these is required: " + list(rule.fields());
  }
}

bool TakesField(CrossRule::Kind kind) { return kind != CrossRule::KIND_ANY_OF; }
bool TakesFields(CrossRule::Kind kind) {
  return kind == CrossRule::KIND_SUM || kind == CrossRule::KIND_ANY_OF;
}
bool TakesValues(CrossRule::Kind kind) {
  return kind == CrossRule::KIND_REQUIRED_WHEN || kind == CrossRule::KIND_ABSENT_WHEN;
}

absl::Status CompileFieldsOf(const CrossRule& rule, const std::vector<FieldSchema>& fields,
                             CrossRuleSchema* compiled) {
  if (rule.fields().empty() != !TakesFields(rule.kind()) || rule.fields_size() > kCrossRuleFields) {
    return InvalidRule(rule, "a sum and an any_of take 1 to 16 fields, and no other rule does");
  }
  for (const std::string& name : rule.fields()) {
    const int index = IndexIn(fields, name);
    if (index < 0) return InvalidRule(rule, "there is no field " + name);
    const bool adds = compiled->field < 0 || IsComparable(fields[compiled->field], fields[index]);
    if (rule.kind() == CrossRule::KIND_SUM && (!adds || !IsNumber(fields[index]))) {
      return InvalidRule(rule, "a sum takes numbers of one type and scale");
    }
    compiled->fields.push_back(index);
  }
  return absl::OkStatus();
}

// -1, 0 or 1 as `a` is below, equal to or above `b`.
int Compare(const FieldSlice& a, const FieldSlice& b) {
  // Only one of the two is ever set, so this is right for text and for numbers.
  if (const int text = a.text.compare(b.text); text != 0) return text < 0 ? -1 : 1;
  return a.scalar < b.scalar ? -1 : a.scalar > b.scalar ? 1 : 0;
}

bool HoldsSum(const CrossRuleSchema& rule, const std::vector<FieldSlice>& slices) {
  const FieldSlice* total = FindSlice(slices, rule.field);
  if (total == nullptr) return true;
  int64_t sum = 0;
  for (int index : rule.fields) {
    const FieldSlice* part = FindSlice(slices, index);
    if (part != nullptr && __builtin_add_overflow(sum, part->scalar, &sum)) return false;
  }
  return sum == total->scalar;
}

bool IsOneOf(const CrossRuleSchema& rule, const FieldSlice& slice) {
  // Only the set of the field's type has anything in it.
  return rule.texts.contains(std::string(slice.text)) || rule.scalars.contains(slice.scalar);
}

}  // namespace

const FieldSlice* FindSlice(const std::vector<FieldSlice>& slices, int index) {
  const auto found = std::lower_bound(slices.begin(), slices.end(), index,
                                      [](const FieldSlice& slice, int i) { return slice.index < i; });
  return found != slices.end() && found->index == index ? &*found : nullptr;
}

absl::StatusOr<CrossRuleSchema> CompileCrossRule(const CrossRule& rule,
                                                 const std::vector<FieldSchema>& fields) {
  if (!IsName(rule.name(), kRuleName)) return InvalidRule(rule, "the name must be [a-z][a-z0-9_]*");
  if (!CrossRule::Kind_IsValid(rule.kind()) || rule.kind() == CrossRule::KIND_UNSPECIFIED) {
    return InvalidRule(rule, "state the kind");
  }
  CrossRuleSchema compiled;
  compiled.kind = rule.kind();
  compiled.field = IndexIn(fields, rule.field());
  compiled.other = IndexIn(fields, rule.other());
  compiled.message = rule.title().empty() ? WordsOf(rule) : rule.title();
  const bool takes_other = TakesField(rule.kind()) && !TakesFields(rule.kind());
  if (TakesField(rule.kind()) != (compiled.field >= 0)) {
    return InvalidRule(rule, "name the field that it is about, of the resource");
  }
  if (takes_other != (compiled.other >= 0) || (!takes_other && !rule.other().empty())) {
    return InvalidRule(rule, "name the other field, of the resource, where the rule compares two");
  }
  RETURN_IF_ERROR(CompileFieldsOf(rule, fields, &compiled));
  if (TakesValues(rule.kind())) {
    RETURN_IF_ERROR(CompileValues(rule, fields[compiled.other], &compiled));
  } else if (!rule.values().empty()) {
    return InvalidRule(rule, "values go with required_when and absent_when");
  } else if (takes_other) {
    const FieldSchema& a = fields[compiled.field];
    const FieldSchema& b = fields[compiled.other];
    const bool ordered = rule.kind() == CrossRule::KIND_AT_MOST || rule.kind() == CrossRule::KIND_BELOW;
    if (!IsComparable(a, b) || (ordered && !IsNumber(a))) {
      return InvalidRule(rule, a.name + " and " + b.name + " cannot be compared so");
    }
  }
  return compiled;
}

bool HoldsCrossRule(const CrossRuleSchema& rule, const std::vector<FieldSlice>& slices) {
  if (rule.kind == CrossRule::KIND_SUM) return HoldsSum(rule, slices);
  if (rule.kind == CrossRule::KIND_ANY_OF) {
    return std::any_of(rule.fields.begin(), rule.fields.end(),
                       [&](int index) { return FindSlice(slices, index) != nullptr; });
  }
  const FieldSlice* field = FindSlice(slices, rule.field);
  const FieldSlice* other = FindSlice(slices, rule.other);
  if (TakesValues(rule.kind)) {
    if (other == nullptr || !IsOneOf(rule, *other)) return true;
    return (field != nullptr) == (rule.kind == CrossRule::KIND_REQUIRED_WHEN);
  }
  if (field == nullptr || other == nullptr) return true;
  const int order = Compare(*field, *other);
  switch (rule.kind) {
    case CrossRule::KIND_AT_MOST:
      return order <= 0;
    case CrossRule::KIND_BELOW:
      return order < 0;
    case CrossRule::KIND_EQUAL:
      return order == 0;
    default:
      return order != 0;
  }
}

}  // namespace hangou

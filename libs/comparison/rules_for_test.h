// Random rules for tests, over resources "tax.a0", "tax.a1", "tax.b0" and so on that have the same fields.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "hangou/comparison/v1/rule.pb.h"
#include "libs/schema/schema_for_test.h"

namespace hangou::rule_test {

namespace v1 = hangou::comparison::v1;

// The fields that rules name, ascending; keys are citizen_id and document.
inline const std::vector<std::string> kModelFields = {"amount", "day", "kind", "month", "other"};
// Days of rows are some months before it.
constexpr int32_t kModelDay = 20'000;

using Random = std::mt19937_64;

inline size_t Below(Random& random, size_t count) { return random() % count; }
inline bool OneIn(Random& random, size_t count) { return Below(random, count) == 0; }

template <typename T>
const T& Any(Random& random, const std::vector<T>& all) {
  return all[Below(random, all.size())];
}

// Adds the fields to a resource.
inline void AddModelFields(hangou::catalog::v1::Resource* resource) {
  using namespace hangou::catalog::v1;  // NOLINT: the names of the catalog's types
  schema_test::AddField(resource, "citizen_id", FIELD_TYPE_CITIZEN_ID)->set_required(true);
  schema_test::AddField(resource, "document", FIELD_TYPE_TEXT);
  schema_test::AddField(resource, "amount", FIELD_TYPE_MONEY);
  schema_test::AddField(resource, "other", FIELD_TYPE_MONEY);
  schema_test::AddField(resource, "day", FIELD_TYPE_DATE);
  schema_test::AddField(resource, "kind", FIELD_TYPE_TEXT);
  schema_test::AddField(resource, "month", FIELD_TYPE_TEXT);
}

// The parameter that rules name: yuan by day, none before September 2024.
inline v1::ComparisonParameter LimitOfDays(int yuan = 5) {
  v1::ComparisonParameter declared;
  declared.set_name("parameters/limit");
  declared.set_unit("yuan");
  for (const auto& [from, value] : {std::pair("2024-09-01", 3), std::pair("2024-10-01", yuan)}) {
    auto* const added = declared.add_values();
    added->set_valid_from(from);
    added->set_value(std::to_string(value));
  }
  return declared;
}

inline void AddNamed(google::protobuf::RepeatedPtrField<v1::NamedExpression>* all, const std::string& name,
                     const std::string& text) {
  auto* const added = all->Add();
  added->set_name(name);
  added->mutable_value()->set_text(text);
}

// A condition over rows of a side; `before` is a side that was gathered before it, or empty.
inline std::string RandomFilter(Random& random, const std::string& before) {
  std::vector<std::string> filters = {R"(kind = "x")",
                                      "amount > 3 yuan",
                                      "day >= as_of - 100 days",
                                      R"(kind != "y" and amount < other)",
                                      R"(month(month) >= month("2024-09"))",
                                      "amount > limit",
                                      "present(kind)",
                                      R"(not (kind = "x" or other > 4 yuan))"};
  if (!before.empty()) {
    for (const char* const text :
         {"day > B.day", "month(month) > month(B.day)", "amount > B.total", "kind = B.kind",
          R"(day > B.day or kind = "x")", "missing(B.day) or day > B.day",
          R"(kind = "x" and day >= B.day and amount > 1 yuan)", "present(B)", "amount + 1 yuan > B.total",
          "present(B.day)"}) {
      std::string filter = text;
      for (size_t at = filter.find("B"); at != std::string::npos; at = filter.find("B", at))
        filter.replace(at, 1, before);
      filters.push_back(filter);
    }
  }
  return Any(random, filters);
}

inline void AddMeasures(Random& random, v1::Side* side) {
  auto* const measures = side->mutable_measures();
  AddNamed(measures, "total",
           Any<std::string>(random, {"sum(amount)", "sum(amount - other)", "max(amount)"}));
  AddNamed(measures, "day", Any<std::string>(random, {"max(day)", "min(day)", "last(day, amount)"}));
  AddNamed(
      measures, "kind",
      Any<std::string>(random, {"max(kind)", "min(kind)", "max(left(kind, 1))", R"(min(default(kind, "n")))",
                                R"(max(if(amount > 2 yuan, kind, "s")))", "first(kind, day)"}));
  if (OneIn(random, 2)) {
    AddNamed(measures, "more",
             Any<std::string>(random, {"count()", R"(count(kind = "x"))", "count_distinct(kind)"}));
  } else {
    AddNamed(measures, "more", "count(amount > 2 yuan)");
  }
}

inline v1::ComparisonRule RandomRule(Random& random) {
  v1::ComparisonRule rule;
  rule.set_name("rules/model");
  rule.set_title("模型");
  rule.set_purpose("tax_risk");
  for (const char* const name : {"person", "number"}) {
    auto* const key = rule.add_key();
    key->set_name(name);
    key->set_kind(v1::KEY_KIND_TEXT);
  }
  std::string before;
  bool before_is_whole = false;
  for (const char* const name : {"a", "b", "c"}) {
    if (*name == 'c' && OneIn(random, 2)) continue;
    v1::Side* const side = rule.add_sides();
    side->set_name(name);
    for (size_t i = 0; i <= Below(random, 2); ++i)
      side->add_resources("tax." + std::string(name) + std::to_string(i));
    side->add_key()->set_text("citizen_id");
    // One side at least has the whole key.
    if (*name == 'b' || !OneIn(random, 3)) side->add_key()->set_text("document");
    const bool whole = side->key_size() == 2;
    // A side of a part of the key is the same for all keys that begin so.
    const bool sees_before = whole || !before_is_whole;
    if (!OneIn(random, 3)) side->mutable_filter()->set_text(RandomFilter(random, sees_before ? before : ""));
    AddMeasures(random, side);
    before = name;
    before_is_whole = whole;
  }
  AddNamed(rule.mutable_values(), "most", "greatest(default(a.total, 0 yuan), default(b.total, 0 yuan))");
  AddNamed(rule.mutable_values(), "label", "default(a.kind, b.kind)");
  AddNamed(rule.mutable_values(), "chosen", R"(if(a.total > 2 yuan, label, "s"))");
  const bool rolls_up = OneIn(random, 3);
  if (OneIn(random, 3))
    rule.mutable_rates_on()->set_text(rolls_up || OneIn(random, 2) ? "as_of - 20 days" : "a.day");
  if (rolls_up) {
    rule.mutable_rollup()->add_by("person");
    auto* const measures = rule.mutable_rollup()->mutable_measures();
    AddNamed(measures, "keys", "count()");
    AddNamed(
        measures, "amount",
        Any<std::string>(random, {"sum(most)", "sum(a.total)", "min(b.total)", "sum(a.total + b.total)"}));
    AddNamed(measures, "kind", Any<std::string>(random, {"max(label)", "min(chosen)", "max(b.kind)"}));
    AddNamed(measures, "there",
             OneIn(random, 4) ? "count_distinct(label)" : "count(present(a) and present(b))");
    rule.mutable_when()->set_text(
        Any<std::string>(random, {"total.amount > 4 yuan", R"(total.kind = "x" or total.there > 1)",
                                  "total.keys > total.there", "total.amount > limit"}));
    rule.mutable_amount()->set_text("total.amount");
    rule.mutable_subject()->set_text("total.kind");
    return rule;
  }
  if (OneIn(random, 3)) rule.mutable_due()->set_text("a.day + 30 days");
  rule.mutable_when()->set_text(Any<std::string>(
      random, {"present(a) and missing(b)", "a.total > b.total", "most > limit", "a.kind = b.kind",
               R"(chosen = "x" or b.more > 1)", "a.total - b.total > 1 yuan and a.day > b.day",
               R"(label != "y")", "floor(a.total * 3) > b.total", R"(number != "3" and most > 3 yuan)"}));
  rule.mutable_amount()->set_text("most");
  if (OneIn(random, 2)) rule.mutable_subject()->set_text("label");
  return rule;
}

}  // namespace hangou::rule_test

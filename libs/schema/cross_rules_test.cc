#include "libs/schema/cross_rules.h"

#include <catch2/catch.hpp>
#include <random>

#include "libs/base/status.h"
#include "libs/schema/schema_for_test.h"

namespace hangou {
namespace {

using hangou::catalog::v1::CrossRule;
using hangou::catalog::v1::Resource;
using schema_test::AddField;
namespace v1 = hangou::catalog::v1;

// A person's insurance: amounts, a period, a state.
Resource Insurance() {
  Resource resource = schema_test::BareResource();
  AddField(&resource, "citizen_id", v1::FIELD_TYPE_CITIZEN_ID);
  AddField(&resource, "period_from", v1::FIELD_TYPE_DATE);
  AddField(&resource, "period_to", v1::FIELD_TYPE_DATE);
  AddField(&resource, "total", v1::FIELD_TYPE_MONEY);
  AddField(&resource, "personal", v1::FIELD_TYPE_MONEY);
  AddField(&resource, "employer", v1::FIELD_TYPE_MONEY);
  AddField(&resource, "state", v1::FIELD_TYPE_CODE)->set_code_list("sex");
  AddField(&resource, "spouse", v1::FIELD_TYPE_CITIZEN_ID);
  return resource;
}

CrossRule* AddRule(Resource* resource, CrossRule::Kind kind, const std::string& field,
                   const std::string& other = "") {
  CrossRule* rule = resource->add_cross_rules();
  rule->set_name("rule" + std::to_string(resource->cross_rules_size()));
  rule->set_kind(kind);
  rule->set_field(field);
  rule->set_other(other);
  return rule;
}

bool Compiles(const Resource& resource) {
  return ResourceSchema::Compile(resource, schema_test::CodeList).ok();
}

// The field that a violation names, "" where the record is admitted.
std::string Violated(const ResourceSchema& schema, const std::vector<schema_test::NamedText>& values) {
  std::vector<schema_test::NamedText> all = {{"citizen_id", "11010519491231002X"}};
  all.insert(all.end(), values.begin(), values.end());
  std::vector<FieldSlice> scratch;
  AdmittedRecord record;
  std::vector<FieldViolation> violations;
  if (AdmitPayload(schema, schema_test::Encode(schema, all), schema_test::kNowUs, &scratch, &record,
                   &violations)) {
    return "";
  }
  CHECK(violations[0].reason == Reason::kCrossField);
  return violations[0].field;
}

TEST_CASE("An order holds where it holds, and where a field of it is absent") {
  Resource resource = Insurance();
  AddRule(&resource, CrossRule::KIND_AT_MOST, "period_from", "period_to");
  AddRule(&resource, CrossRule::KIND_BELOW, "personal", "employer");
  AddRule(&resource, CrossRule::KIND_DIFFERENT, "spouse", "citizen_id");
  const auto schema = schema_test::MustCompile(resource);
  CHECK(Violated(*schema, {{"period_from", "2026-01-01"}, {"period_to", "2026-01-01"}}).empty());
  CHECK(Violated(*schema, {{"period_from", "2026-01-02"}, {"period_to", "2026-01-01"}}) == "period_from");
  CHECK(Violated(*schema, {{"period_from", "2026-01-02"}}).empty());
  CHECK(Violated(*schema, {{"personal", "1.00"}, {"employer", "1.00"}}) == "personal");
  CHECK(Violated(*schema, {{"spouse", "11010519491231002x"}}) == "spouse");
  CHECK(Violated(*schema, {{"spouse", "440524188001010014"}}).empty());
}

TEST_CASE("A sum is exact, and one that overflows does not hold") {
  Resource resource = Insurance();
  CrossRule* sum = AddRule(&resource, CrossRule::KIND_SUM, "total");
  sum->add_fields("personal");
  sum->add_fields("employer");
  const auto schema = schema_test::MustCompile(resource);
  CHECK(Violated(*schema, {{"total", "3.30"}, {"personal", "1.10"}, {"employer", "2.20"}}).empty());
  CHECK(Violated(*schema, {{"total", "3.30"}, {"personal", "1.10"}, {"employer", "2.21"}}) == "total");
  CHECK(Violated(*schema, {{"total", "1.10"}, {"personal", "1.10"}}).empty());
  const std::string most = "92233720368547758.07";
  CHECK(Violated(*schema, {{"total", "1.00"}, {"personal", most}, {"employer", most}}) == "total");
}

TEST_CASE("A condition asks for a field or forbids it, and one of several is enough") {
  Resource resource = Insurance();
  AddRule(&resource, CrossRule::KIND_REQUIRED_WHEN, "period_to", "state")->add_values("2");
  AddRule(&resource, CrossRule::KIND_ABSENT_WHEN, "spouse", "state")->add_values("9");
  CrossRule* any = AddRule(&resource, CrossRule::KIND_ANY_OF, "");
  any->add_fields("personal");
  any->add_fields("state");
  const auto schema = schema_test::MustCompile(resource);
  CHECK(Violated(*schema, {{"state", "2"}}) == "period_to");
  CHECK(Violated(*schema, {{"state", "2"}, {"period_to", "2026-01-01"}}).empty());
  CHECK(Violated(*schema, {{"state", "1"}}).empty());
  CHECK(Violated(*schema, {{"state", "9"}, {"spouse", "440524188001010014"}}) == "spouse");
  CHECK(Violated(*schema, {{"employer", "1.00"}}) == "personal");
}

TEST_CASE("A rule that names or compares what it cannot is refused with its resource") {
  const auto with = [](CrossRule::Kind kind, const std::string& field, const std::string& other) {
    Resource resource = Insurance();
    AddRule(&resource, kind, field, other);
    return Compiles(resource);
  };
  CHECK_FALSE(with(CrossRule::KIND_UNSPECIFIED, "total", "personal"));
  CHECK_FALSE(with(CrossRule::KIND_AT_MOST, "total", ""));
  CHECK_FALSE(with(CrossRule::KIND_AT_MOST, "total", "nothing"));
  CHECK_FALSE(with(CrossRule::KIND_AT_MOST, "total", "period_to"));
  CHECK_FALSE(with(CrossRule::KIND_AT_MOST, "spouse", "citizen_id"));
  CHECK_FALSE(with(CrossRule::KIND_SUM, "total", ""));
  CHECK_FALSE(with(CrossRule::KIND_REQUIRED_WHEN, "spouse", "state"));
  CHECK(with(CrossRule::KIND_EQUAL, "total", "personal"));
  Resource twice = Insurance();
  AddRule(&twice, CrossRule::KIND_EQUAL, "total", "personal")->set_name("same");
  AddRule(&twice, CrossRule::KIND_EQUAL, "total", "employer")->set_name("same");
  CHECK_FALSE(Compiles(twice));
}

// The model: the rules read off the numbers themselves.
TEST_CASE("On random records the rules say what plain arithmetic says") {
  Resource resource = Insurance();
  AddRule(&resource, CrossRule::KIND_AT_MOST, "personal", "employer");
  CrossRule* sum = AddRule(&resource, CrossRule::KIND_SUM, "total");
  sum->add_fields("personal");
  sum->add_fields("employer");
  const auto schema = schema_test::MustCompile(resource);
  std::mt19937 random(20'261'122);
  const auto small = [&] { return std::uniform_int_distribution<int>(-1, 3)(random); };
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    // -1 leaves the field out.
    const int total = small(), personal = small(), employer = small();
    std::vector<schema_test::NamedText> values;
    std::vector<std::string> texts = {std::to_string(total), std::to_string(personal),
                                      std::to_string(employer)};
    if (total >= 0) values.push_back({"total", texts[0]});
    if (personal >= 0) values.push_back({"personal", texts[1]});
    if (employer >= 0) values.push_back({"employer", texts[2]});
    const bool ordered = personal < 0 || employer < 0 || personal <= employer;
    const bool adds = total < 0 || total == std::max(personal, 0) + std::max(employer, 0);
    const bool admitted = Violated(*schema, values).empty();
    CHECK(admitted == (ordered && adds));
    refused += admitted ? 0 : 1;
  }
  CHECK(refused > 100);
}

}  // namespace
}  // namespace hangou

// Runs over rows that lie in segments: what a key, a total and a parameter are to the formulas of each key.
#include "libs/comparison/run.h"

#include <catch2/catch.hpp>
#include <map>

#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/base/text.h"
#include "libs/schema/schema_for_test.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// A row of the one table: entity, document, day and amount.
struct TestRow {
  std::string entity;
  std::string document;
  std::string day;
  int64_t amount_fen = 0;
};

std::shared_ptr<const ResourceSchema> SchemaOfPayments() {
  auto resource = schema_test::BareResource();
  resource.set_name("resources/tax.paid");
  schema_test::AddField(&resource, "citizen_id", hangou::catalog::v1::FIELD_TYPE_CITIZEN_ID)
      ->set_required(true);
  schema_test::AddField(&resource, "document", hangou::catalog::v1::FIELD_TYPE_TEXT);
  schema_test::AddField(&resource, "day", hangou::catalog::v1::FIELD_TYPE_DATE);
  schema_test::AddField(&resource, "amount", hangou::catalog::v1::FIELD_TYPE_MONEY);
  resource.set_versioning(hangou::catalog::v1::VERSIONING_ARRIVAL);
  auto schema = ResourceSchema::Compile(resource, schema_test::CodeList);
  INFO(schema.status());
  REQUIRE(schema.ok());
  return *schema;
}

// A rule over payments by person and document.
v1::ComparisonRule RuleOfPayments() {
  v1::ComparisonRule rule;
  rule.set_name("rules/paid");
  rule.set_title("缴款");
  rule.set_purpose("tax_risk");
  for (const char* name : {"person", "document_no"}) {
    auto* const key = rule.add_key();
    key->set_name(name);
    key->set_kind(v1::KEY_KIND_TEXT);
  }
  v1::Side* const side = rule.add_sides();
  side->set_name("paid");
  side->add_resources("tax.paid");
  side->add_key()->set_text("citizen_id");
  side->add_key()->set_text("document");
  for (const auto& [name, value] : {std::pair("amount", "sum(amount)"), std::pair("day", "max(day)")}) {
    auto* const measure = side->add_measures();
    measure->set_name(name);
    measure->mutable_value()->set_text(value);
  }
  return rule;
}

// "1 yuan until the end of 2023, 100 yuan from 2024 on".
CompiledParameter Threshold() {
  v1::ComparisonParameter declared;
  declared.set_name("parameters/threshold");
  declared.set_unit("yuan");
  for (const auto& [from, value] : {std::pair("2000-01-01", "1"), std::pair("2024-01-01", "100")}) {
    auto* const added = declared.add_values();
    added->set_valid_from(from);
    added->set_value(value);
  }
  auto compiled = CompiledParameter::Compile(declared);
  REQUIRE(compiled.ok());
  return *std::move(compiled);
}

// Findings by their first key part: subject and amount.
using Findings = std::multimap<std::string, int64_t>;

Findings RunOver(const v1::ComparisonRule& declared, const std::vector<TestRow>& rows) {
  const auto schema = SchemaOfPayments();
  auto parameters = std::make_shared<ParameterSet>();
  parameters->push_back(Threshold());
  const auto rule = CompiledRule::Compile(declared, [&](const std::string&) { return schema; }, parameters);
  INFO(rule.status());
  REQUIRE(rule.ok());
  const TempFolder folder;
  const std::vector<ColumnSpec> specs = {{"amount", false}, {"day", false}};
  const auto builder = *SegmentBuilder::Create(folder.path() + "/1", specs, 1);
  uint64_t id = 0;
  for (const TestRow& row : rows) {
    const std::string key = row.entity + '\0' + row.document + '\0';
    const Cell cells[] = {{true, row.amount_fen, {}}, {true, *ParseDay(row.day), {}}};
    REQUIRE(builder->Add(0, {key, ++id, false, cells}).ok());
  }
  REQUIRE(builder->Finish().ok());
  std::vector<std::unique_ptr<BlockSource>> sources;
  sources.push_back(MakeSegmentSource(*Segment::Open(folder.path() + "/1", specs, 1), 0, {0, 1}));
  std::vector<SideInput> inputs(1);
  inputs[0].rows = std::make_unique<MergedRows>(std::move(sources));
  for (const SideColumn& column : (*rule)->sides()[0].columns)
    inputs[0].columns.push_back(column.field == "amount" ? 0 : column.field == "day" ? 1 : -1);
  RunTerms terms;
  terms.as_of_day = *ParseDay("2025-06-30");
  RunControl control;
  Findings findings;
  const auto counts = RunRule(**rule, std::move(inputs), terms, &control, [&](const Finding& finding) {
    findings.emplace(finding.subject, finding.amount_fen.value_or(0));
    return absl::OkStatus();
  });
  INFO(counts.status());
  REQUIRE(counts.ok());
  return findings;
}

TEST_CASE("A total without a subject is about its own key, not the one that follows") {
  v1::ComparisonRule rule = RuleOfPayments();
  rule.mutable_rollup()->add_by("person");
  auto* const measure = rule.mutable_rollup()->add_measures();
  measure->set_name("amount");
  measure->mutable_value()->set_text("sum(paid.amount)");
  rule.mutable_when()->set_text("total.amount > 2 yuan");
  rule.mutable_amount()->set_text("total.amount");
  CHECK(RunOver(rule, {{"a", "1", "2024-01-01", 150},
                       {"a", "2", "2024-01-01", 150},
                       {"b", "1", "2024-01-01", 100},
                       {"c", "1", "2024-01-01", 900}}) == Findings{{"a", 300}, {"c", 900}});
}

TEST_CASE("A filter sees the parameters of the as-of date, whatever rates_on was for the key before") {
  v1::ComparisonRule rule = RuleOfPayments();
  rule.mutable_sides(0)->mutable_filter()->set_text("amount > threshold");
  rule.mutable_rates_on()->set_text("paid.day");
  // Behind the sides the threshold is that of the day of payment.
  rule.mutable_when()->set_text("paid.amount > threshold");
  rule.mutable_amount()->set_text("paid.amount");
  CHECK(RunOver(rule, {{"a", "1", "2023-05-01", 20'000},
                       {"b", "1", "2023-05-01", 5'000},
                       {"c", "1", "2024-05-01", 20'000}}) == Findings{{"a", 20'000}, {"c", 20'000}});
}

}  // namespace
}  // namespace hangou

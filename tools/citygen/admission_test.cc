// The demo city against the platform's own rules: the catalog takes its declarations, the schemas take its rows.
#include <catch2/catch.hpp>
#include <memory>

#include "hangou/catalog/v1/objects.pb.h"
#include "libs/base/clock.h"
#include "libs/policy/catalog_state.h"
#include "libs/policy/yaml.h"
#include "libs/schema/text_codec.h"
#include "libs/schema/walker.h"
#include "tools/citygen/generated_city_for_test.h"
#include "tools/citygen/people.h"
#include "tools/citygen/registry.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;
using citygen_test::kRoot;
using citygen_test::TestRow;
using citygen_test::TestTable;

constexpr int64_t kNowUs = (kCityDay + 1) * kUsPerDay;
constexpr const char* kManager = "spiffe://city/department/credit_office/manager/one";

std::vector<v1::CatalogObject> Load(const std::string& folder) {
  auto objects = LoadObjects(kRoot + "/examples/city/" + folder);
  if (!objects.ok()) FAIL(Message(objects.status()));
  return *std::move(objects);
}

// What applying folders at once does; the state takes it over.
CatalogState::Outcome Apply(const std::vector<std::string>& folders, CatalogState* state) {
  std::vector<v1::CatalogObject> objects;
  for (const std::string& folder : folders) {
    for (v1::CatalogObject& object : Load(folder)) objects.push_back(std::move(object));
  }
  auto outcome = state->PlanApply(objects, kManager, kNowUs);
  if (!outcome.ok()) FAIL(Message(outcome.status()));
  if (outcome->update.epoch() != 0) REQUIRE(state->Absorb(outcome->update).ok());
  return *std::move(outcome);
}

std::shared_ptr<const std::unordered_set<std::string>> CodesOf(const PolicyObjects& objects,
                                                               const std::string& name) {
  auto codes = std::make_shared<std::unordered_set<std::string>>();
  for (const auto& code : objects.code_lists.at(name).codes()) codes->insert(code.code());
  return codes;
}

std::shared_ptr<const ResourceSchema> SchemaOf(const PolicyObjects& objects, const std::string& table) {
  auto schema = ResourceSchema::Compile(objects.resources.at("resources/" + table),
                                        [&](const std::string& name) { return CodesOf(objects, name); });
  if (!schema.ok()) FAIL(table << ": " << Message(schema.status()));
  return *schema;
}

// The reasons for which a row is refused, by field; empty where it is admitted, and `record` is filled.
std::multimap<std::string, std::string> ViolationsOf(const ResourceSchema& schema, const TestTable& table,
                                                     const TestRow& row, AdmittedRecord* record) {
  std::multimap<std::string, std::string> found;
  if (row.cells.size() != table.columns.size()) return {{"", "cells"}};
  std::string payload;
  for (size_t i = 0; i < row.cells.size(); ++i) {
    const FieldSchema& field = schema.fields()[static_cast<size_t>(schema.IndexOfName(table.columns[i]))];
    const absl::Status status = EncodeField(field, row.cells[i], &payload);
    if (!status.ok()) found.emplace(field.name, ReasonName(ReasonOf(status).value()));
  }
  if (!found.empty()) return found;
  std::vector<FieldSlice> scratch;
  std::vector<FieldViolation> violations;
  AdmitPayload(schema, payload, kNowUs, &scratch, record, &violations);
  for (const FieldViolation& violation : violations) {
    found.emplace(violation.field, ReasonName(violation.reason));
  }
  return found;
}

// The reasons that the platform may give for a defect.
std::vector<std::string> ExpectedReasons(const std::string& defect) {
  if (defect == "check_digit" || defect == "transposed_digits") return {"CHECK_DIGIT"};
  if (defect == "missing_required") return {"FIELD_MISSING"};
  if (defect == "birth_date_mismatch") return {"CROSS_FIELD"};
  if (defect == "future_date") return {"FIELD_INVALID", "VERSION_IN_FUTURE"};
  if (defect == "wrong_column_count") return {"cells"};
  return {"FIELD_INVALID"};
}

void CheckRow(const std::string& name, const ResourceSchema& schema, const TestTable& table,
              const TestRow& row) {
  AdmittedRecord record;
  const auto found = ViolationsOf(schema, table, row, &record);
  std::string text;
  for (const auto& [field, reason] : found) text += field + " " + reason + "; ";
  INFO(name << " " << row.cells[0] << " defect [" << row.defect << "] in [" << row.field << "]: " << text);
  if (citygen_test::IsTaken(row)) {
    CHECK(found.empty());
    return;
  }
  REQUIRE(found.size() == 1);
  const std::vector<std::string> expected = ExpectedReasons(row.defect);
  CHECK(found.begin()->first == row.field);
  CHECK(std::find(expected.begin(), expected.end(), found.begin()->second) != expected.end());
}

void ApplyAll(CatalogState* state) { CHECK(Apply({"base", "full"}, state).waiting_change.empty()); }

TEST_CASE("The empty catalog takes the demo city at once") {
  CatalogState state;
  const CatalogState::Outcome outcome = Apply({"base"}, &state);
  CHECK(outcome.waiting_change.empty());
  CHECK(state.objects().departments.size() == 8);
  CHECK(state.objects().resources.size() == 12);
  CHECK(state.objects().negative_list.size() >= 3);
  std::set<std::string> libraries;
  std::set<std::string> providers;
  std::set<int> sharing;
  for (const auto& [name, resource] : state.objects().resources) {
    libraries.insert(resource.library());
    providers.insert(resource.providers().begin(), resource.providers().end());
    sharing.insert(resource.sharing());
  }
  CHECK(libraries.size() == 5);
  CHECK(providers.size() == 8);
  CHECK(sharing.size() == 3);
}

TEST_CASE("The later negative list works at once, the later grant waits for a second manager") {
  CatalogState state;
  Apply({"base"}, &state);
  CHECK(Apply({"later/negative_list.yaml"}, &state).waiting_change.empty());
  CHECK(state.objects().negative_list.contains("enterprise-contact-phone"));
  CHECK_FALSE(Apply({"later/grant.yaml"}, &state).waiting_change.empty());
  CHECK_FALSE(state.objects().grants.contains("hrss-payment"));
}

TEST_CASE("The whole city adds to the demo's: 38 departments, and more than 60 resources of all of them") {
  CatalogState state;
  ApplyAll(&state);
  CHECK(state.objects().departments.size() == 38);
  CHECK(state.objects().resources.size() == 115);
  for (const auto& [name, resource] : state.objects().resources) {
    INFO(name);
    CHECK(RowWriters().contains(name.substr(std::string_view("resources/").size())));
  }
}

TEST_CASE("Every undamaged row is admitted, every damaged one is refused for its defect alone") {
  CatalogState state;
  ApplyAll(&state);
  TempFolder folder;
  REQUIRE(citygen_test::Generate(citygen_test::SmallCity(11, folder.path())).ok());
  for (const auto& [name, table] : citygen_test::ReadCity(folder.path())) {
    const auto schema = SchemaOf(state.objects(), name);
    for (const TestRow& row : table.rows) CheckRow(name, *schema, table, row);
  }
}

TEST_CASE("A record comes again with a higher version only, or as the duplicate that truth.csv names") {
  CatalogState state;
  ApplyAll(&state);
  TempFolder folder;
  REQUIRE(citygen_test::Generate(citygen_test::SmallCity(12, folder.path())).ok());
  size_t newer = 0;
  for (const auto& [name, table] : citygen_test::ReadCity(folder.path())) {
    const auto schema = SchemaOf(state.objects(), name);
    std::map<std::pair<std::string, std::string>, AdmittedRecord> stored;
    for (const TestRow& row : table.rows) {
      AdmittedRecord record;
      if (!citygen_test::IsTaken(row)) continue;
      REQUIRE(ViolationsOf(*schema, table, row, &record).empty());
      const auto [place, is_new] = stored.try_emplace({record.owner_key, record.record_key}, record);
      INFO(name << " " << row.cells[0] << " " << row.defect);
      if (row.defect != "duplicate_row") {
        CHECK((is_new || record.field_version > place->second.field_version));
        newer += is_new ? 0 : 1;
      } else {
        CHECK(!is_new);
        CHECK(record.payload == place->second.payload);
      }
      place->second = record;
    }
  }
  CHECK(newer > 0);
}

}  // namespace
}  // namespace hangou

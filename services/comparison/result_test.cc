// Results: what may fill a field, where it comes from, whom it may go to, and how a clue becomes a row.
#include "services/comparison/result.h"

#include <catch2/catch.hpp>
#include <map>

#include "libs/base/status.h"
#include "libs/schema/schema_for_test.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;
namespace catalog_v1 = hangou::catalog::v1;

constexpr char kStaff[] = "resources/hrss.staff";
constexpr char kLevy[] = "resources/tax.levy";
constexpr char kGap[] = "resources/tax.gap";

struct TestField {
  const char* name;
  catalog_v1::FieldType type;
  bool required = false;
};

void AddResource(PolicyObjects* objects, const std::string& name, const std::string& provider,
                 uint32_t number, const std::vector<TestField>& fields) {
  catalog_v1::Resource& resource = objects->resources[name];
  resource.set_name(name);
  resource.set_number(number);
  resource.set_schema_revision(1);
  resource.set_library("tax");
  resource.set_responsible(provider);
  resource.add_providers(provider);
  resource.set_sharing(catalog_v1::SHARING_TYPE_CONDITIONAL);
  resource.set_versioning(catalog_v1::VERSIONING_ARRIVAL);
  resource.set_owner_kind(hangou::record::v1::ENTITY_KIND_ORGANISATION);
  resource.set_owner_field("uscc");
  uint32_t last = 0;
  for (const TestField& of : fields) {
    catalog_v1::Field* const field = resource.add_fields();
    field->set_number(++last);
    field->set_name(of.name);
    field->set_type(of.type);
    field->set_required(of.required);
  }
}

// Departments hrss, tax and the federation; what hrss knows of a company's staff, what that paid, and the result.
PolicyObjects City() {
  PolicyObjects objects;
  for (const char* name : {"hrss", "tax", "federation"}) objects.departments[name].set_name(name);
  for (const auto& [name, department] : {std::pair("comparison", "tax"), std::pair("review", "federation")}) {
    objects.purposes[name].set_name(name);
    objects.purposes[name].add_departments(department);
  }
  AddResource(&objects, kStaff, "hrss", 1,
              {{"uscc", catalog_v1::FIELD_TYPE_USCC, true},
               {"heads", catalog_v1::FIELD_TYPE_INTEGER},
               {"wage", catalog_v1::FIELD_TYPE_MONEY}});
  AddResource(&objects, kLevy, "tax", 2,
              {{"uscc", catalog_v1::FIELD_TYPE_USCC, true},
               {"paid", catalog_v1::FIELD_TYPE_MONEY},
               {"counted_on", catalog_v1::FIELD_TYPE_DATE}});
  AddResource(&objects, kGap, "tax", 3,
              {{"uscc", catalog_v1::FIELD_TYPE_USCC, true},
               {"clue", catalog_v1::FIELD_TYPE_TEXT, true},
               {"gap", catalog_v1::FIELD_TYPE_MONEY},
               {"heads", catalog_v1::FIELD_TYPE_INTEGER},
               {"state", catalog_v1::FIELD_TYPE_TEXT},
               {"open", catalog_v1::FIELD_TYPE_BOOL}});
  return objects;
}

void GrantTo(PolicyObjects* objects, const std::string& department, const char* resource,
             const std::string& purpose, const std::vector<std::string>& fields) {
  catalog_v1::Grant& grant = objects->grants[department + std::to_string(objects->grants.size())];
  grant.set_name(department + std::to_string(objects->grants.size()));
  grant.set_resource(resource);
  grant.set_department(department);
  grant.add_purposes(purpose);
  for (const std::string& name : fields) {
    auto* const field = grant.add_fields();
    field->set_field(name);
    field->set_permission(hangou::record::v1::PERMISSION_FULL);
  }
}

std::shared_ptr<const PolicySnapshot> SnapshotOf(const PolicyObjects& objects) {
  auto snapshot = PolicySnapshot::Compile(objects, 1);
  INFO(snapshot.status());
  REQUIRE(snapshot.ok());
  return *snapshot;
}

CompiledRule::SchemaOf SchemasIn(const PolicySnapshot& snapshot) {
  return [&snapshot](const std::string& name) { return snapshot.FindResource("resources/" + name); };
}

void AddNamed(google::protobuf::RepeatedPtrField<v1::NamedExpression>* all, const std::string& name,
              const std::string& text, uint32_t line = 0) {
  v1::NamedExpression* const added = all->Add();
  added->set_name(name);
  added->mutable_value()->set_text(text);
  added->mutable_value()->set_line(line);
}

std::shared_ptr<const CompiledRule> RuleIn(const PolicySnapshot& snapshot) {
  v1::ComparisonRule rule;
  rule.set_name("rules/levy");
  rule.set_title("保障金");
  rule.set_purpose("comparison");
  auto* const key = rule.add_key();
  key->set_name("company");
  key->set_kind(v1::KEY_KIND_ORGANISATION);
  v1::Side* const staff = rule.add_sides();
  staff->set_name("staff");
  staff->add_resources("hrss.staff");
  staff->add_key()->set_text("uscc");
  AddNamed(staff->mutable_measures(), "uscc", "max(uscc)");
  AddNamed(staff->mutable_measures(), "heads", "max(heads)");
  AddNamed(staff->mutable_measures(), "wages", "sum(wage)");
  v1::Side* const levy = rule.add_sides();
  levy->set_name("levy");
  levy->add_resources("tax.levy");
  levy->add_key()->set_text("uscc");
  levy->mutable_filter()->set_text("counted_on <= as_of");
  AddNamed(levy->mutable_measures(), "paid", "sum(paid)");
  AddNamed(levy->mutable_measures(), "last_paid", "last(paid, counted_on)");
  AddNamed(rule.mutable_values(), "at_least_ten", "greatest(default(staff.heads, 0), 10)");
  AddNamed(rule.mutable_values(), "gap", "staff.wages * staff.heads - default(levy.paid, 0 yuan)");
  AddNamed(rule.mutable_values(), "exact_gap", "gap * 0.5");
  rule.mutable_when()->set_text("gap > 0 yuan");
  rule.mutable_amount()->set_text("gap");
  rule.mutable_subject()->set_text("staff.uscc");
  auto compiled = CompiledRule::Compile(rule, SchemasIn(snapshot), std::make_shared<ParameterSet>());
  INFO(compiled.status());
  REQUIRE(compiled.ok());
  return *compiled;
}

// A result that fills one field more than it must.
v1::ComparisonResult ResultWith(const std::string& field, const std::string& value) {
  v1::ComparisonResult result;
  result.set_resource("tax.gap");
  result.add_rules("rules/levy");
  AddNamed(result.mutable_fields(), "uscc", "clue.subject", 5);
  AddNamed(result.mutable_fields(), "clue", "clue.name", 6);
  if (!field.empty()) AddNamed(result.mutable_fields(), field, value, 7);
  return result;
}

absl::StatusOr<CompiledResult> CompileIn(const PolicySnapshot& snapshot, const v1::ComparisonResult& declared,
                                         const std::string& department = "tax") {
  return CompiledResult::Compile(declared, department, {RuleIn(snapshot)}, SchemasIn(snapshot));
}

std::string RefusalOf(const v1::ComparisonResult& declared, const std::string& department = "tax") {
  const auto compiled = CompileIn(*SnapshotOf(City()), declared, department);
  return compiled.ok() ? "" : std::string(Message(compiled.status()));
}

const v1::ResultSource& SourceOf(const CompiledResult& result, const std::string& field) {
  for (const v1::ResultSource& source : result.sources()) {
    if (source.field() == field) return source;
  }
  FAIL("the field is not filled");
  return result.sources().front();
}

std::vector<std::string> Names(const google::protobuf::RepeatedPtrField<std::string>& names) {
  return {names.begin(), names.end()};
}

TEST_CASE("A result that does not go with its resource or rules is refused with line and field") {
  CHECK(RefusalOf(ResultWith("", "")) == "");
  CHECK(RefusalOf(ResultWith("gap", "gap")) == "");
  CHECK(RefusalOf(ResultWith("gap", "gap"), "hrss").find("hrss does not provide") != std::string::npos);
  const std::pair<const char*, v1::ComparisonResult> wrong[] = {
      {"line 7: field pay: the resource has no such field", ResultWith("pay", "gap")},
      {"line 7: field gap: neither the clue nor rules/levy has a figure missing_one",
       ResultWith("gap", "missing_one")},
      {"line 7: field gap: neither the clue nor rules/levy has a figure clue.weight",
       ResultWith("gap", "clue.weight")},
      {"line 7: field gap: staff.heads is a number with 0 digits", ResultWith("gap", "staff.heads")},
      {"line 7: field gap: exact_gap is a number of fen with 1 digits", ResultWith("gap", "exact_gap")},
      {"line 7: field heads: clue.amount is a number of fen", ResultWith("heads", "clue.amount")},
      {"line 7: field state: clue.found_on is a date", ResultWith("state", "clue.found_on")},
      {"line 7: field clue: it is filled twice", ResultWith("clue", "clue.rule")}};
  for (const auto& [message, declared] : wrong) {
    INFO(message);
    CHECK(RefusalOf(declared).find(message) != std::string::npos);
  }
  v1::ComparisonResult result = ResultWith("", "");
  result.add_states("settled");
  CHECK(RefusalOf(result).find("there is no state settled") != std::string::npos);
  result = ResultWith("", "");
  result.add_rules("rules/other");
  CHECK(RefusalOf(result).find("there is no rule rules/other") != std::string::npos);
  result = ResultWith("", "");
  result.mutable_fields()->DeleteSubrange(0, 1);
  CHECK(RefusalOf(result).find("field uscc of the resource is required") != std::string::npos);
  result = ResultWith("", "");
  result.mutable_fields(1)->mutable_value()->set_text("clue.rule");
  CHECK(RefusalOf(result).find("one field is clue.name") != std::string::npos);
}

TEST_CASE("What a field is made of is followed back to the fields of the sources") {
  const auto snapshot = SnapshotOf(City());
  const auto of = [&](const char* field, const char* value) {
    const auto result = CompileIn(*snapshot, ResultWith(field, value));
    INFO(result.status());
    REQUIRE(result.ok());
    return SourceOf(*result, field);
  };
  const v1::ResultSource gap = of("gap", "gap");
  CHECK(Names(gap.made_of()) == std::vector<std::string>{"hrss.staff.heads", "hrss.staff.wage",
                                                         "tax.levy.counted_on", "tax.levy.paid"});
  CHECK(gap.passed_on().empty());
  // A sum says less than its rows; what picks one of them, or a bound of it, does not.
  CHECK(of("gap", "levy.paid").passed_on().empty());
  CHECK(Names(of("gap", "levy.last_paid").passed_on()) == std::vector<std::string>{"tax.levy.paid"});
  CHECK(Names(of("heads", "staff.heads").passed_on()) == std::vector<std::string>{"hrss.staff.heads"});
  CHECK(Names(of("heads", "at_least_ten").passed_on()) == std::vector<std::string>{"hrss.staff.heads"});
  CHECK(Names(of("gap", "clue.amount").made_of()) == Names(gap.made_of()));
  CHECK(of("state", "clue.state").made_of().empty());
  CHECK(Names(of("state", "clue.subject").passed_on()) == std::vector<std::string>{"hrss.staff.uscc"});
}

TEST_CASE("A field of others is passed on only to who may have it from them") {
  PolicyObjects objects = City();
  const auto check = [&](const v1::ComparisonResult& declared) {
    const auto snapshot = SnapshotOf(objects);
    const auto result = CompileIn(*snapshot, declared);
    REQUIRE(result.ok());
    return result->CheckOnward(*snapshot, schema_test::kNowUs);
  };
  const v1::ComparisonResult passing = ResultWith("heads", "staff.heads");
  CHECK(check(passing).ok());  // nobody may read the result
  GrantTo(&objects, "federation", kGap, "review", {"uscc", "clue", "gap", "state"});
  CHECK(check(passing).ok());  // nor the field
  GrantTo(&objects, "federation", kGap, "review", {"heads"});
  const absl::Status refused = check(passing);
  CHECK(ReasonOf(refused) == Reason::kNoGrant);
  CHECK(std::string(Message(refused)).find("would give federation hrss.staff.heads as it is") !=
        std::string::npos);
  CHECK(FieldOf(refused) == "heads");
  CHECK(check(ResultWith("gap", "gap")).ok());  // computed, and whom it is about
  GrantTo(&objects, "federation", kStaff, "review", {"heads"});
  CHECK(check(passing).ok());
  catalog_v1::NegativeListEntry& entry = objects.negative_list["heads"];
  entry.set_name("heads");
  entry.set_resource(kStaff);
  entry.set_field("heads");
  entry.add_departments("federation");
  entry.set_legal_basis("Law 1");
  CHECK(ReasonOf(check(passing)) == Reason::kNegativeList);
}

TEST_CASE("A field of the department's own is passed on unless the law withholds it") {
  PolicyObjects objects = City();
  GrantTo(&objects, "federation", kGap, "review", {"gap"});
  const auto check = [&] {
    const auto snapshot = SnapshotOf(objects);
    const auto result = CompileIn(*snapshot, ResultWith("gap", "levy.last_paid"));
    REQUIRE(result.ok());
    return result->CheckOnward(*snapshot, schema_test::kNowUs);
  };
  CHECK(check().ok());
  objects.resources[kLevy].set_sharing(catalog_v1::SHARING_TYPE_NOT_SHARED);
  objects.resources[kLevy].set_legal_basis("Law 8");
  CHECK(ReasonOf(check()) == Reason::kNegativeList);
}

TEST_CASE("A clue goes out in the states that are named, and as it stands") {
  const auto snapshot = SnapshotOf(City());
  v1::ComparisonResult declared = ResultWith("gap", "levy.last_paid");
  AddNamed(declared.mutable_fields(), "heads", "staff.heads");
  AddNamed(declared.mutable_fields(), "state", "clue.state");
  AddNamed(declared.mutable_fields(), "open", "clue.still_found");
  auto result = CompileIn(*snapshot, declared);
  REQUIRE(result.ok());
  v1::Clue clue;
  clue.set_name("clues/00000000000000ff");
  clue.set_rule("rules/levy");
  clue.set_subject("91321000714092832H");
  const auto add = [&](const char* name, const char* value, bool absent) {
    v1::Figure* const figure = clue.add_figures();
    figure->set_name(name);
    figure->set_value(value);
    figure->set_absent(absent);
  };
  add("staff.heads", "12", false);
  add("levy.last_paid", "missing", true);
  for (const auto& [state, wanted] :
       {std::pair(v1::CLUE_STATE_NEW, false), std::pair(v1::CLUE_STATE_ASSIGNED, false),
        std::pair(v1::CLUE_STATE_VERIFIED, true), std::pair(v1::CLUE_STATE_NO_ISSUE, false),
        std::pair(v1::CLUE_STATE_RECOVERED, true), std::pair(v1::CLUE_STATE_WITHDRAWN, false)}) {
    clue.set_state(state);
    CHECK(result->Wants(clue) == wanted);
  }
  clue.set_state(v1::CLUE_STATE_VERIFIED);
  const v1::ResultRow row = result->RowOf(clue, "保障金");
  CHECK(Names(row.values()) == std::vector<std::string>{"91321000714092832H", "clues/00000000000000ff", "",
                                                        "12", "verified", "true"});
  // Nobody has looked at it again since it is not found any more; what was paid was paid.
  clue.set_gone_run("runs/9");
  CHECK_FALSE(result->Wants(clue));
  clue.set_state(v1::CLUE_STATE_RECOVERED);
  CHECK(result->Wants(clue));
  declared.add_states("withdrawn");
  result = CompileIn(*snapshot, declared);
  REQUIRE(result.ok());
  clue.set_state(v1::CLUE_STATE_VERIFIED);
  CHECK(result->Wants(clue));
  CHECK(result->RowOf(clue, "保障金").values(5) == "false");
}

}  // namespace
}  // namespace hangou

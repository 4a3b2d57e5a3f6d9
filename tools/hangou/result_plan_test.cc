// What is sent so that records stand as rows say.
#include "tools/hangou/result_plan.h"

#include <catch2/catch.hpp>

#include "libs/base/status.h"
#include "libs/schema/schema_for_test.h"

namespace hangou {
namespace {

namespace comparison_v1 = hangou::comparison::v1;
using hangou::record::v1::Record;

constexpr char kPerson[] = "321002198507140016";
constexpr char kOther[] = "321002199001010016";

std::shared_ptr<const ResourceSchema> SchemaOfGaps() {
  auto resource = schema_test::BareResource();
  resource.set_versioning(hangou::catalog::v1::VERSIONING_ARRIVAL);
  schema_test::AddField(&resource, "citizen_id", hangou::catalog::v1::FIELD_TYPE_CITIZEN_ID)
      ->set_required(true);
  schema_test::AddField(&resource, "clue", hangou::catalog::v1::FIELD_TYPE_TEXT);
  schema_test::AddField(&resource, "gap", hangou::catalog::v1::FIELD_TYPE_MONEY);
  return schema_test::MustCompile(resource);
}

// A plan for rows of person, clue and gap.
class PlanOfGaps {
 public:
  void Row(const std::string& clue, const std::string& person, const std::string& gap) {
    comparison_v1::ResultRow row;
    row.set_clue(clue);
    for (const std::string& value : {person, clue, gap}) row.add_values(value);
    REQUIRE(plan_.AddRow(row, schema_test::kNowUs).ok());
  }
  void Erased(const std::string& clue) {
    comparison_v1::ResultRow row;
    row.set_clue(clue);
    row.set_erased(true);
    REQUIRE(plan_.AddRow(row, schema_test::kNowUs).ok());
  }
  void Standing(const std::string& person, const std::string& clue, const std::string& gap) {
    Record record;
    record.mutable_owner()->set_kind(hangou::record::v1::ENTITY_KIND_PERSON);
    record.mutable_owner()->set_id(person);
    record.set_payload(schema_test::Encode(*schema_, {{"citizen_id", person}, {"clue", clue}, {"gap", gap}}));
    REQUIRE(plan_.AddStanding(record, schema_test::kNowUs).ok());
  }
  ResultPlan& plan() { return plan_; }

 private:
  const std::shared_ptr<const ResourceSchema> schema_ = SchemaOfGaps();
  ResultPlan plan_{schema_, {"citizen_id", "clue", "gap"}, "clue"};
};

TEST_CASE("Only what differs is sent, and only what a clue held before is taken away") {
  PlanOfGaps gaps;
  gaps.Row("clues/1", kPerson, "1.50");
  gaps.Row("clues/2", kOther, "2.00");
  gaps.Row("clues/3", "321002198507140024", "3.00");
  gaps.Erased("clues/5");
  gaps.Standing(kPerson, "clues/1", "1.50");
  gaps.Standing(kOther, "clues/2", "1.00");
  gaps.Standing("321002198507140032", "clues/4", "4.00");
  gaps.Standing("321002198507140040", "clues/5", "5.00");
  gaps.Standing("321002198507140059", "by hand", "6.00");
  ResultPlan& plan = gaps.plan();
  CHECK((plan.created() == 1 && plan.changed() == 1 && plan.unchanged() == 1 && plan.foreign() == 1));
  const auto sends = plan.TakeSends();
  REQUIRE(sends.size() == 2);
  CHECK((sends[0].clue == "clues/3" && !sends[0].is_change));
  CHECK((sends[1].clue == "clues/2" && sends[1].is_change));
  REQUIRE(plan.deletes().size() == 1);
  CHECK(plan.deletes()[0].owner().id() == "321002198507140032");
  REQUIRE(plan.erases().size() == 1);
  CHECK(plan.erases()[0].owner().id() == "321002198507140040");
}

TEST_CASE("A row that is not taken leaves what its clue said before") {
  PlanOfGaps gaps;
  gaps.Row("clues/1", "not a citizen id", "1.50");
  gaps.Row("clues/2", kOther, "a lot");
  gaps.Standing(kPerson, "clues/1", "1.50");
  gaps.Standing(kOther, "clues/2", "2.00");
  const ResultPlan& plan = gaps.plan();
  REQUIRE(plan.problems().size() == 2);
  CHECK(plan.problems()[0].message.find("citizen_id") != std::string::npos);
  CHECK(plan.problems()[1].message.find("gap") != std::string::npos);
  CHECK((plan.deletes().empty() && plan.erases().empty() && plan.created() == 0));
}

TEST_CASE("Two clues that make one record are told, and the first stands") {
  PlanOfGaps gaps;
  gaps.Row("clues/1", kPerson, "1.00");
  gaps.Row("clues/2", kPerson, "2.00");
  gaps.Standing(kPerson, "clues/1", "1.00");
  const ResultPlan& plan = gaps.plan();
  REQUIRE(plan.problems().size() == 1);
  CHECK((plan.problems()[0].clue == "clues/2" && plan.problems()[0].reason == "VERSION_CONFLICT"));
  CHECK((plan.unchanged() == 1 && plan.deletes().empty()));
}

}  // namespace
}  // namespace hangou

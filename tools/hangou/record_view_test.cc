#include "tools/hangou/record_view.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "libs/importer/resource_for_test.h"
#include "libs/importer/row_encoder.h"

namespace hangou {
namespace {

using hangou::record::v1::Record;

Row RowOf(std::vector<std::string> values, std::vector<std::string> names = {}) {
  Row row;
  row.line = 2;
  row.values = std::move(values);
  row.names = std::move(names);
  return row;
}

TEST_CASE("Withheld fields are named with entry and legal basis, and never shown as a column") {
  const auto schema = ResidentForTest();
  hangou::record::v1::Decision decision;
  decision.set_epoch(12);
  decision.add_masked(2);
  decision.add_withheld(4);
  auto* basis = decision.add_basis();
  basis->set_field(4);
  basis->set_reason("NEGATIVE_LIST");
  basis->set_entry("income-entry");
  basis->set_legal_basis("《税收征收管理法》第八条");
  CHECK(DecisionText(*schema, decision) ==
        "masked: name 姓名\nwithheld: income 收入 (NEGATIVE_LIST income-entry: 《税收征收管理法》第八条)\n");
  const auto json = DecisionJson(*schema, decision);
  CHECK(json["withheld"][0]["field"] == "income");
  CHECK(json["withheld"][0]["legal_basis"] == "《税收征收管理法》第八条");
  RecordTable table(*schema, decision);
  Record record;
  record.mutable_owner()->set_id("~x");
  REQUIRE(table.Add(record).ok());
  CHECK(table.ToText(200) ==
        "主体  公民身份号码  姓名  出生日期  积分\n~x    -             -     -         -\n");
}

TEST_CASE("Money is text in JSON, so that nothing is rounded") {
  const auto schema = ResidentForTest();
  const auto encoder = RowEncoder::Make(schema, {"income", "points"});
  Record record;
  RowProblem problem;
  REQUIRE(encoder->Encode(RowOf({"90071992547409.93", "42"}), &record, &problem));
  const auto json = RecordJson(*schema, record);
  REQUIRE(json.ok());
  CHECK((*json)["fields"].dump() == R"({"income":"90071992547409.93","points":42})");
}

}  // namespace
}  // namespace hangou

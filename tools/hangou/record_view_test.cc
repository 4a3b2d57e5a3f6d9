#include "libs/importer/row_encoder.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "tools/hangou/record_view.h"
#include "libs/importer/resource_for_test.h"

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

TEST_CASE("Columns are found by field name and by Chinese title") {
  const auto schema = ResidentForTest();
  const auto encoder =
      RowEncoder::Make(schema, {"income", "姓名", "@version", "@generation", "@event_time", "citizen_id"});
  REQUIRE(encoder.ok());
  Record record;
  RowProblem problem;
  REQUIRE(
      encoder->Encode(RowOf({"1234.50", "张三", "9", "2", "1969-12-31T23:59:59.5Z", ""}), &record, &problem));
  const auto texts = FieldTexts(*schema, record);
  REQUIRE(texts.ok());
  CHECK((*texts)[1] == "张三");
  CHECK((*texts)[3] == "1234.50");
  CHECK((*texts)[0].empty());
  CHECK(record.source_version() == 9);
  CHECK(record.generation() == 2);
  CHECK(record.event_time().seconds() == -1);
  CHECK(record.event_time().nanos() == 500'000'000);
}

TEST_CASE("An unknown column is an error before anything is sent") {
  const auto encoder = RowEncoder::Make(ResidentForTest(), {"citizen_id", "nickname"});
  CHECK(ReasonOf(encoder.status()) == Reason::kFieldUnknown);
}

TEST_CASE("Two columns of one field are an error") {
  const auto encoder = RowEncoder::Make(ResidentForTest(), {"name", "姓名"});
  CHECK(ReasonOf(encoder.status()) == Reason::kInvalidRequest);
}

TEST_CASE("The columns of a file of refused rows are passed over") {
  const auto encoder =
      RowEncoder::Make(ResidentForTest(), {"@line", "@reason", "@field", "@message", "name"});
  REQUIRE(encoder.ok());
  Record record;
  RowProblem problem;
  CHECK(encoder->Encode(RowOf({"7", "X", "name", "m", "李四"}), &record, &problem));
}

TEST_CASE("A value of another type is refused with its field and without the value") {
  const auto encoder = RowEncoder::Make(ResidentForTest(), {"citizen_id", "born"});
  REQUIRE(encoder.ok());
  Record record;
  RowProblem problem;
  REQUIRE_FALSE(encoder->Encode(RowOf({"x", "yesterday"}), &record, &problem));
  CHECK(problem.reason == "FIELD_INVALID");
  CHECK(problem.field == "born");
  CHECK(problem.message.find("yesterday") == std::string::npos);
}

TEST_CASE("An unknown name in an NDJSON row is refused row by row") {
  const auto encoder = RowEncoder::Make(ResidentForTest(), {});
  REQUIRE(encoder.ok());
  Record record;
  RowProblem problem;
  CHECK(encoder->Encode(RowOf({"张三"}, {"name"}), &record, &problem));
  REQUIRE_FALSE(encoder->Encode(RowOf({"x"}, {"nickname"}), &record, &problem));
  CHECK(problem.reason == "FIELD_UNKNOWN");
  CHECK(problem.field == "nickname");
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

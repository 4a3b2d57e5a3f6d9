#include "libs/importer/row_encoder.h"

#include <catch2/catch.hpp>

#include "libs/base/status.h"
#include "libs/importer/resource_for_test.h"
#include "libs/schema/text_codec.h"

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

using Texts = std::map<std::string, std::string>;

// The fields of a record that are there, as text.
Texts TextsOf(const ResourceSchema& schema, const Record& record) {
  std::vector<FieldSlice> slices;
  REQUIRE(WalkPayload(schema, record.payload(), &slices).ok());
  Texts texts;
  for (const FieldSlice& slice : slices) {
    const FieldSchema& field = schema.fields()[static_cast<size_t>(slice.index)];
    texts[field.name] = DecodeField(field, slice);
  }
  return texts;
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
  CHECK(TextsOf(*schema, record) == Texts{{"name", "张三"}, {"income", "1234.50"}});
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

absl::StatusOr<RowEncoder> Mapped(const std::string& yaml, const std::vector<std::string>& columns) {
  const auto mapping = ParseMapping(yaml, "m.yaml");
  REQUIRE(mapping.ok());
  return RowEncoder::Make(ResidentForTest(), columns, *mapping);
}

TEST_CASE("A mapping renames, converts, ignores and adds what the file lacks") {
  const auto encoder = Mapped(
      "columns:\n"
      "  年收入（万元）: {field: income, unit: wan_yuan}\n"
      "  生日: {field: born, date: [\"%Y年%m月%d日\", excel]}\n"
      "  姓 名: {field: name, trim: true}\n"
      "  备注: ignore\n"
      "constants: {points: 7}\n",
      {"年收入(万元)", "生日", "姓名", "备注"});
  REQUIRE(encoder.ok());
  Record record;
  RowProblem problem;
  REQUIRE(encoder->Encode(RowOf({"12.345678", "1990年1月2日", " 张三\xE3\x80\x80", "x"}), &record, &problem));
  CHECK(TextsOf(*ResidentForTest(), record) ==
        Texts{{"name", "张三"}, {"born", "1990-01-02"}, {"income", "123456.78"}, {"points", "7"}});
  REQUIRE(encoder->Encode(RowOf({"", "32875", "", ""}), &record, &problem));
  CHECK(TextsOf(*ResidentForTest(), record) == Texts{{"born", "1990-01-02"}, {"points", "7"}});
  REQUIRE_FALSE(encoder->Encode(RowOf({"12.3456789", "", "", ""}), &record, &problem));
  CHECK(problem.field == "income");
  CHECK(problem.message.find("nothing is rounded") != std::string::npos);
}

TEST_CASE("Values are replaced as the mapping says, and one that it lacks is refused without being shown") {
  const auto encoder = Mapped("columns: {分: {field: points, values: {优: \"3\", 良: \"2\"}}}", {"分"});
  REQUIRE(encoder.ok());
  Record record;
  RowProblem problem;
  REQUIRE(encoder->Encode(RowOf({"优"}), &record, &problem));
  CHECK(TextsOf(*ResidentForTest(), record) == Texts{{"points", "3"}});
  REQUIRE_FALSE(encoder->Encode(RowOf({"中"}), &record, &problem));
  CHECK(problem.reason == "FIELD_INVALID");
  CHECK(problem.message.find("中") == std::string::npos);
}

TEST_CASE("A mapping that does not suit the file or the resource is an error before anything is sent") {
  CHECK(ReasonOf(Mapped("columns: {a: name}", {"b"}).status()) == Reason::kFieldUnknown);
  CHECK(ReasonOf(Mapped("columns: {a: name}", {"born"}).status()) == Reason::kInvalidRequest);
  CHECK(ReasonOf(Mapped("columns: {a: nickname}", {"a"}).status()) == Reason::kFieldUnknown);
  CHECK(ReasonOf(Mapped("columns: {a: name}", {"a", "姓名"}).status()) == Reason::kInvalidRequest);
  CHECK(ReasonOf(Mapped("constants: {name: x}", {"姓名"}).status()) == Reason::kInvalidRequest);
  CHECK(ReasonOf(Mapped("columns: {a: {field: name, unit: mu}}", {"a"}).status()) == Reason::kInvalidRequest);
  CHECK(ReasonOf(Mapped("columns: {a: {field: points, unit: mu}}", {"a"}).status()) ==
        Reason::kInvalidRequest);
  CHECK(ReasonOf(Mapped("columns: {a: {field: points, unit: mu, to: tonne}}", {"a"}).status()) ==
        Reason::kInvalidRequest);
  CHECK(ReasonOf(Mapped("columns: {a: {field: name, date: \"%Y\"}}", {"a"}).status()) ==
        Reason::kInvalidRequest);
}

TEST_CASE("A title is found whatever its width and white space") {
  const auto encoder = RowEncoder::Make(ResidentForTest(), {" 姓\xE3\x80\x80名\n", "ｐｏｉｎｔｓ"});
  REQUIRE(encoder.ok());
  CHECK(encoder->Uses()[0].field == "name");
  CHECK(encoder->Uses()[1].field == "points");
}

}  // namespace
}  // namespace hangou

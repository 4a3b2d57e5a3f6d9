#include "libs/importer/mapping.h"

#include <catch2/catch.hpp>

#include "libs/base/status.h"
#include "libs/importer/cell_text.h"
#include "libs/importer/date_pattern.h"
#include "libs/importer/resource_for_test.h"

namespace hangou {
namespace {

TEST_CASE("A mapping says what each column is") {
  const auto mapping = ParseMapping(
      "resource: psb.resident\nsheet: 一\nencoding: gb18030\ncolumns:\n  a: ignore\n  b: name\n"
      "  c: {field: born, date: \"%Y\", trim: true, unit: mu, to: hectare, values: {男: 1}}\nconstants: {x: "
      "7}\n",
      "m.yaml");
  REQUIRE(mapping.ok());
  CHECK(mapping->resource == "psb.resident");
  CHECK(mapping->sheet == "一");
  CHECK(mapping->encoding == TextEncoding::kGb18030);
  REQUIRE(mapping->columns.size() == 3);
  CHECK(mapping->columns[0].field.empty());
  CHECK(mapping->columns[1].field == "name");
  CHECK(mapping->columns[2].trim);
  CHECK(mapping->columns[2].to == "hectare");
  CHECK(mapping->columns[2].values.at("男") == "1");
  CHECK(mapping->constants.front() == std::pair<std::string, std::string>{"x", "7"});
}

TEST_CASE("What a mapping cannot say is refused with its line") {
  for (const char* yaml :
       {"[]", "a: b", "columns: 1", "columns: {a: {}}", "columns: {a: {field: b, what: c}}",
        "columns: {a: b, \" a\": c}", "encoding: latin1", "constants: []", "columns: {a: [b]}",
        "columns: {a: {field: b, values: 1}}", "columns: {a: {field: b, trim: perhaps}}", "{", "\xFF"}) {
    INFO(yaml);
    const auto mapping = ParseMapping(yaml, "m.yaml");
    CHECK(ReasonOf(mapping.status()) == Reason::kInvalidRequest);
    CHECK(Message(mapping.status()).starts_with("m.yaml:1: "));
  }
}

TEST_CASE("The mapping to start from can be read, and knows what the titles tell") {
  const std::string yaml = MappingToStartFrom(*ResidentForTest(), {"姓 名", "收入\n（万元）", "@version"});
  const auto mapping = ParseMapping(yaml, "m.yaml");
  REQUIRE(mapping.ok());
  REQUIRE(mapping->columns.size() == 3);
  CHECK(mapping->columns[0].field == "name");
  CHECK(mapping->columns[1].field.empty());
  CHECK(mapping->columns[1].column == "收入\n（万元）");
  CHECK(mapping->columns[2].field == "@version");
  CHECK(yaml.find("# not in the file: citizen_id 公民身份号码, required") != std::string::npos);
}

TEST_CASE("Dates are read by their pattern, whole or not at all") {
  CHECK(DateByPattern("2026/1/31", "%Y/%m/%d", false) == "2026-01-31");
  CHECK(DateByPattern("20260131", "%Y%m%d", false) == "2026-01-31");
  CHECK(DateByPattern("2026年1月31日", "%Y年%m月%d日", false) == "2026-01-31");
  CHECK(DateByPattern("31.01.2026", "%d.%m.%Y", false) == "2026-01-31");
  CHECK(DateByPattern("2026/1/31 8:05", "%Y/%m/%d %H:%M", true) == "2026-01-31 08:05:00");
  CHECK(DateByPattern("2026/1/31", "%Y/%m/%d", true) == "2026-01-31 00:00:00");
  for (const char* text : {"2026/2/30", "2026/1/31 ", "26/1/31", "2026/1", "", "2026/001/31", "x2026/1/31"}) {
    CHECK_FALSE(DateByPattern(text, "%Y/%m/%d", false));
  }
  CHECK_FALSE(DateByPattern("2026/1/31 8", "%Y/%m/%d %H", false));
  CHECK_FALSE(DateByPattern("2026/1/31 24", "%Y/%m/%d %H", true));
  CHECK(DatePatternProblem("%Y%m%d").empty());
  CHECK_FALSE(DatePatternProblem("%Y%m").empty());
  CHECK_FALSE(DatePatternProblem("%Y%m%d%x").empty());
}

TEST_CASE("Only formats that show a day make a number a date") {
  CHECK(NumberFormatOfCode("yyyy/m/d;@") == NumberFormat::kDate);
  CHECK(NumberFormatOfCode("[$-804]yyyy\"年\"m\"月\"") == NumberFormat::kDate);
  CHECK(NumberFormatOfCode("m/d/yy h:mm") == NumberFormat::kDateTime);
  for (const char* code :
       {"General", "0.00", "[Red]0.00", "#,##0\"day\"", "[h]:mm:ss", "mm:ss", "0\\d", "_d0", "@"}) {
    INFO(code);
    CHECK(NumberFormatOfCode(code) == NumberFormat::kNumber);
  }
}

TEST_CASE("Numbers keep fifteen digits, and are refused where the sheet has lost more") {
  for (const auto& [written, text] :
       std::map<std::string, std::string>{{"0", "0"},
                                          {"-0", "0"},
                                          {"12.5", "12.5"},
                                          {"12.300000000000001", "12.3"},
                                          {"1E-7", "0.0000001"},
                                          {"123456789012345", "123456789012345"},
                                          {"1.0", "1"},
                                          {"-1234.5600", "-1234.56"},
                                          {"99999999999999.9", "99999999999999.9"}}) {
    INFO(written);
    CHECK(*NumberText(written) == text);
  }
  for (const char* written : {"1234567890123456", "x", "", "1 ", "nan", "inf", "1e400"}) {
    INFO(written);
    CHECK_FALSE(NumberText(written).ok());
  }
}

}  // namespace
}  // namespace hangou

#include <catch2/catch.hpp>
#include <sstream>

#include "libs/importer/row_source.h"

namespace hangou {
namespace {

std::vector<Row> ReadNdjson(const std::string& text) {
  std::istringstream in(text);
  const auto source = OpenNdjson(in);
  std::vector<Row> rows;
  Row row;
  while (true) {
    const absl::StatusOr<bool> some = source->Next(&row);
    REQUIRE(some.ok());
    if (!*some) return rows;
    rows.push_back(row);
  }
}

TEST_CASE("Values keep their digits as they are written") {
  const std::vector<Row> rows =
      ReadNdjson(R"({"name":"张三","amount":0.10,"count":-7,"ok":true,"none":null})");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].error.empty());
  CHECK(rows[0].names == std::vector<std::string>{"name", "amount", "count", "ok"});
  CHECK(rows[0].values == std::vector<std::string>{"张三", "0.10", "-7", "true"});
}

TEST_CASE("A bad line is refused and those behind it go in") {
  const std::string text =
      "{\"a\":1}\n\n[1]\n{\"a\":{\"b\":1}}\n{\"a\":1,\"a\":2}\nnonsense\n{\"a\":\"\xd5\xc5\"}\n7\n{\"a\":[1]}"
      "\n"
      "{\"a\":1} x\n{\"a\":2}\r\n";
  const std::vector<Row> rows = ReadNdjson(text);
  REQUIRE(rows.size() == 10);
  CHECK(rows[0].error.empty());
  for (size_t i = 1; i < 9; ++i) CHECK_FALSE(rows[i].error.empty());
  CHECK(rows[2].error_field == "a");
  CHECK(rows[1].line == 3);
  CHECK(rows[9].error.empty());
  CHECK(rows[9].values == std::vector<std::string>{"2"});
}

TEST_CASE("A line without an end is refused without filling the memory") {
  const std::vector<Row> rows =
      ReadNdjson("{\"a\":\"" + std::string(4 * kRowBytes, 'x') + "\"}\n{\"a\":1}\n");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].error == "the row is longer than 1 MiB");
  CHECK(rows[1].error.empty());
}

}  // namespace
}  // namespace hangou

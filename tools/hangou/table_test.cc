#include "tools/hangou/table.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "libs/base/text.h"

namespace hangou {
namespace {

// The column at which `needle` begins on its line.
size_t ColumnOf(const std::string& line, const std::string& needle) {
  return DisplayWidth(std::string_view(line).substr(0, line.find(needle)));
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST_CASE("Columns begin at the same place under Chinese and Latin text") {
  Table table({"姓名", "NAME", "备注"});
  table.AddRow({"张三", "a", "x1"});
  table.AddRow({"欧阳娜娜", "abcdef", "x2"});
  table.AddRow({"Li", "中文", "x3"});
  const std::vector<std::string> lines = LinesOf(table.ToText());
  REQUIRE(lines.size() == 4);
  const size_t column = ColumnOf(lines[0], "备注");
  CHECK(column == 8 + 2 + 6 + 2);
  CHECK(ColumnOf(lines[1], "x1") == column);
  CHECK(ColumnOf(lines[2], "x2") == column);
  CHECK(ColumnOf(lines[3], "x3") == column);
  CHECK(table.width() == column + 4);
}

TEST_CASE("Lines have no blanks at their end") {
  Table table({"a", "b"});
  table.AddRow({"1", ""});
  CHECK(table.ToText() == "a  b\n1\n");
}

TEST_CASE("A row with too few or too many cells fits the head") {
  Table table({"a", "b"});
  table.AddRow({"1"});
  table.AddRow({"1", "2", "3"});
  CHECK(table.ToText() == "a  b\n1\n1  2\n");
}

TEST_CASE("A table turned around has a block per row, with aligned values") {
  Table table({"姓名", "地址门牌"});
  table.AddRow({"张三", "文昌路1号"});
  table.AddRow({"李四", ""});
  CHECK(table.ToBlocks() == "姓名      张三\n地址门牌  文昌路1号\n\n姓名      李四\n");
}

TEST_CASE("Data cannot move the cursor or break a line") {
  CHECK(OneLine("a\nb\tc\x1b[2J") == "a\\nb\\tc\\x1b[2J");
  CHECK(OneLine("a\xff") == "a\\xff");
  CHECK(OneLine("a\xc2\x9b"
                "b") == "a\\x9bb");
  CHECK(OneLine("扬州é") == "扬州é");
}

}  // namespace
}  // namespace hangou

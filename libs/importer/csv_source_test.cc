#include <catch2/catch.hpp>
#include <random>
#include <sstream>

#include "libs/base/status.h"
#include "libs/importer/row_source.h"

namespace hangou {
namespace {

std::vector<Row> ReadAll(RowSource& source) {
  std::vector<Row> rows;
  Row row;
  while (true) {
    const absl::StatusOr<bool> some = source.Next(&row);
    REQUIRE(some.ok());
    if (!*some) return rows;
    rows.push_back(row);
  }
}

std::vector<Row> ReadCsv(const std::string& text) {
  std::istringstream in(text);
  const auto source = OpenCsv(in);
  REQUIRE(source.ok());
  return ReadAll(**source);
}

TEST_CASE("A byte order mark, CRLF and empty lines are passed over") {
  std::istringstream in("\xEF\xBB\xBF姓名,地址\r\n\r\n张三,文昌路\r\n\n李四,\"邗江, 区\"");
  const auto source = OpenCsv(in);
  REQUIRE(source.ok());
  CHECK((*source)->columns() == std::vector<std::string>{"姓名", "地址"});
  const std::vector<Row> rows = ReadAll(**source);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].line == 3);
  CHECK(rows[0].values == std::vector<std::string>{"张三", "文昌路"});
  CHECK(rows[1].line == 5);
  CHECK(rows[1].values == std::vector<std::string>{"李四", "邗江, 区"});
}

TEST_CASE("Line ends and doubled quotes inside quotes belong to the cell") {
  const std::vector<Row> rows = ReadCsv("a,b\n\"x\r\ny\",\"say \"\"hi\"\"\"\nnext,\"\"\n");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].values == std::vector<std::string>{"x\r\ny", "say \"hi\""});
  CHECK(rows[0].raw == "\"x\r\ny\",\"say \"\"hi\"\"\"");
  CHECK(rows[1].line == 4);
  CHECK(rows[1].values == std::vector<std::string>{"next", ""});
}

TEST_CASE("A quote that is never closed costs its own line only") {
  const std::vector<Row> rows = ReadCsv("a,b\n1,\"open\n2,good\n3,fine\n");
  REQUIRE(rows.size() == 3);
  CHECK_FALSE(rows[0].error.empty());
  CHECK(rows[0].raw == "1,\"open");
  CHECK(rows[1].error.empty());
  CHECK(rows[1].line == 3);
  CHECK(rows[2].values == std::vector<std::string>{"3", "fine"});
}

TEST_CASE("A row with a wrong number of cells is refused and the next one goes in") {
  const std::vector<Row> rows = ReadCsv("a,b\n1\n1,2,3\n1,2\n");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].error == "the row has 1 cells, the head 2");
  CHECK(rows[1].error == "the row has 3 cells, the head 2");
  CHECK(rows[2].error.empty());
}

TEST_CASE("Text that is not UTF-8 is refused with its column") {
  const std::vector<Row> rows = ReadCsv("a,b\n1,\xd5\xc5\n1,2\n");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].error_field == "b");
  CHECK(rows[0].raw == "1,\xd5\xc5");
  CHECK(rows[1].error.empty());
}

TEST_CASE("Quotes in the middle of a cell and text behind a closing quote are refused") {
  const std::vector<Row> rows = ReadCsv("a,b\nx\"y,2\n\"x\"y,2\n1,2\n");
  REQUIRE(rows.size() == 3);
  CHECK_FALSE(rows[0].error.empty());
  CHECK_FALSE(rows[1].error.empty());
  CHECK(rows[2].error.empty());
}

TEST_CASE("A row without an end is refused without filling the memory") {
  const std::string text =
      "a,b\n" + std::string(5 * kRowBytes, 'x') + "\n1,2\n\"" + std::string(3 * kRowBytes, 'y');
  const std::vector<Row> rows = ReadCsv(text);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].error == "the row is longer than 1 MiB");
  CHECK(rows[0].raw.size() <= kRowBytes);
  CHECK(rows[1].values == std::vector<std::string>{"1", "2"});
  CHECK_FALSE(rows[2].error.empty());
}

TEST_CASE("A file without a head, and a column named twice, are refused") {
  std::istringstream empty("");
  CHECK(ReasonOf(OpenCsv(empty).status()) == Reason::kInvalidRequest);
  std::istringstream twice("a,b,a\n1,2,3\n");
  CHECK(ReasonOf(OpenCsv(twice).status()) == Reason::kInvalidRequest);
}

// The model: a writer that is plainly right.
std::string RandomCell(std::mt19937& random) {
  static const std::vector<std::string> kPieces = {"a",    "张", "\"", ",",      "\n",
                                                   "\r\n", "\r", " ",  "扬州市", "12.50"};
  std::string cell;
  for (uint32_t n = random() % 5; n > 0; --n) cell += kPieces[random() % kPieces.size()];
  return cell;
}

TEST_CASE("What a simple writer writes is read back, whatever stands in the cells") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    const size_t columns = 2 + random() % 4;
    const std::string ending = random() % 2 == 0 ? "\n" : "\r\n";
    std::string text;
    for (size_t i = 0; i < columns; ++i) text += (i == 0 ? "c" : ",c") + std::to_string(i);
    std::vector<std::vector<std::string>> model(random() % 20);
    for (auto& cells : model) {
      text += ending;
      for (size_t i = 0; i < columns; ++i) {
        cells.push_back(RandomCell(random));
        const bool quoted = random() % 3 == 0;
        const std::string cell = CsvCell(cells.back());
        text += (i == 0 ? "" : ",") + (quoted && cell == cells.back() ? "\"" + cell + "\"" : cell);
      }
    }
    if (random() % 2 == 0) text += ending;
    const std::vector<Row> rows = ReadCsv(text);
    REQUIRE(rows.size() == model.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      REQUIRE(rows[i].error.empty());
      REQUIRE(rows[i].values == model[i]);
    }
  }
}

TEST_CASE("Bytes cut off or changed at random never end the reading") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const std::string good = "a,b\n1,\"x\ny\"\n2,\"z\"\"\"\n\"张\",4\r\n";
  for (int round = 0; round < 500; ++round) {
    std::string text = good.substr(0, random() % (good.size() + 1));
    for (uint32_t n = random() % 4; n > 0 && !text.empty(); --n) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    std::istringstream in(text);
    const auto source = OpenCsv(in);
    if (!source.ok()) continue;
    for (const Row& row : ReadAll(**source)) {
      CHECK((!row.error.empty() || row.values.size() == (*source)->columns().size()));
    }
    CHECK((*source)->consumed() == text.size());
  }
}

}  // namespace
}  // namespace hangou

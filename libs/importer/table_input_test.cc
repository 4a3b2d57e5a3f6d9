#include "libs/importer/table_input.h"

#include <iconv.h>
#include <xlsxwriter.h>

#include <nlohmann/json.hpp>
#include <random>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/importer/rows_for_test.h"

namespace hangou {
namespace {

using Values = std::vector<std::vector<std::string>>;

const std::vector<std::string> kTitles = {"姓名", "b", "地址（全）"};

std::string RandomText(std::mt19937& random) {
  static const std::vector<std::string> kPieces = {"a",      "张",    "\"", ",",   "\n", " ",
                                                   "扬州市", "12.50", "𠀀", "<&>", "x"};
  std::string text;
  for (uint32_t n = random() % 5; n > 0; --n) text += kPieces[random() % kPieces.size()];
  return text;
}

// Rows of which none is empty: an empty row of a sheet is passed over.
Values RandomValues(std::mt19937& random) {
  Values values(random() % 30);
  for (auto& row : values) {
    row = {"r" + RandomText(random), RandomText(random), RandomText(random)};
  }
  return values;
}

std::string CsvOf(const Values& values) {
  std::string text;
  const auto add = [&](const std::vector<std::string>& row) {
    for (size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : ",") + CsvCell(row[i]);
    text += "\n";
  };
  add(kTitles);
  for (const auto& row : values) add(row);
  return text;
}

std::string Encoded(const std::string& utf8, const char* encoding) {
  const iconv_t converter = ::iconv_open(encoding, "UTF-8");
  std::string from = utf8;
  std::string to(from.size() * 4 + 16, '\0');
  char* in = from.data();
  char* out = to.data();
  size_t left = from.size();
  size_t room = to.size();
  REQUIRE(::iconv(converter, &in, &left, &out, &room) == 0);
  ::iconv_close(converter);
  to.resize(to.size() - room);
  return to;
}

void WriteSheet(const Values& values, const std::string& path) {
  lxw_workbook* const book = workbook_new(path.c_str());
  lxw_worksheet* const sheet = workbook_add_worksheet(book, nullptr);
  const auto add = [&](uint32_t at, const std::vector<std::string>& row) {
    for (size_t i = 0; i < row.size(); ++i) {
      worksheet_write_string(sheet, at, static_cast<uint16_t>(i), row[i].c_str(), nullptr);
    }
  };
  add(0, kTitles);
  for (size_t i = 0; i < values.size(); ++i) add(static_cast<uint32_t>(i + 1), values[i]);
  REQUIRE(workbook_close(book) == LXW_NO_ERROR);
}

std::string NdjsonOf(const Values& values) {
  std::string text;
  for (const auto& row : values) {
    nlohmann::ordered_json object;
    for (size_t i = 0; i < row.size(); ++i) object[kTitles[i]] = row[i];
    text += object.dump() + "\n";
  }
  return text;
}

TEST_CASE("What is written as CSV in any encoding, as a workbook or as NDJSON is read back the same") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const TempFolder folder;
  const std::string csv = folder.path() + "/t.csv";
  const std::string book = folder.path() + "/t.xlsx";
  const std::string ndjson = folder.path() + "/t.ndjson";
  for (int round = 0; round < 40; ++round) {
    const Values values = RandomValues(random);
    const std::string text = CsvOf(values);
    for (const char* encoding : {"UTF-8", "GB18030", "UTF-16LE", "UTF-16BE"}) {
      INFO(encoding);
      const std::string mark = std::string_view(encoding).starts_with("UTF-16") ? "\xEF\xBB\xBF" : "";
      REQUIRE(WriteFileDurably(csv, Encoded(mark + text, encoding), 0600).ok());
      REQUIRE(ValuesOf({csv, {}, ""}) == values);
    }
    WriteSheet(values, book);
    REQUIRE(ValuesOf({book, {}, ""}) == values);
    REQUIRE(WriteFileDurably(ndjson, NdjsonOf(values), 0600).ok());
    REQUIRE(ValuesOf({ndjson, {}, ""}) == values);
  }
}

TEST_CASE("A cell that cannot be decoded refuses its row, and the others are read") {
  const TempFolder folder;
  const std::string path = folder.path() + "/t.csv";
  REQUIRE(WriteFileDurably(
              path, Encoded("姓名,b\n张三,1\n", "GB18030") + "\xD5\x20,2\n" + Encoded("李四,3\n", "GB18030"),
              0600)
              .ok());
  const auto input = TableInput::Open({path, {}, ""});
  REQUIRE(input.ok());
  CHECK((*input)->Description() == "csv, gb18030");
  const std::vector<Row> rows = AllRows((*input)->rows());
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].values[0] == "张三");
  CHECK(rows[1].error_field == "姓名");
  CHECK(rows[2].values[0] == "李四");
  CHECK((*input)->PartRead() == 1);
}

TEST_CASE("The encoding that is named wins over the one that seems to be") {
  const TempFolder folder;
  const std::string path = folder.path() + "/t.csv";
  REQUIRE(WriteFileDurably(path, "a\n\xC4\xA3\n", 0600).ok());
  CHECK(ValuesOf({path, {}, ""})[0][0] == "ģ");
  CHECK(ValuesOf({path, TextEncoding::kGb18030, ""})[0][0] == "模");
}

TEST_CASE("A mark wins over the usual encoding, and the usual sheet is that of workbooks alone") {
  const TempFolder folder;
  const std::string path = folder.path() + "/t.csv";
  REQUIRE(WriteFileDurably(path, "a\n\xC4\xA3\n", 0600).ok());
  CHECK(ValuesOf({path, {}, "", TextEncoding::kGb18030, "S"})[0][0] == "模");
  REQUIRE(WriteFileDurably(path,
                           "\xEF\xBB\xBF"
                           "a\n\xC4\xA3\n",
                           0600)
              .ok());
  CHECK(ValuesOf({path, {}, "", TextEncoding::kGb18030, "S"})[0][0] == "ģ");
  const std::string book = folder.path() + "/t.xlsx";
  WriteSheet({{"r", "x", ""}}, book);
  CHECK(TableInput::Open({book, {}, "", {}, "Sheet1"}).ok());
  CHECK_FALSE(TableInput::Open({book, {}, "", {}, "S"}).ok());
}

TEST_CASE("A file whose reading fails is not taken for a wrong one") {
  // Linux opens this one and reads nothing at its beginning.
  CHECK(absl::IsUnavailable(TableInput::Open({"/proc/self/mem", {}, ""}).status()));
}

TEST_CASE("Dates and numbers that a spreadsheet program writes come as texts without noise") {
  const TempFolder folder;
  const std::string path = folder.path() + "/t.xlsx";
  lxw_workbook* const book = workbook_new(path.c_str());
  lxw_worksheet* const sheet = workbook_add_worksheet(book, "数据");
  lxw_format* const date = workbook_add_format(book);
  format_set_num_format(date, "yyyy\"年\"m\"月\"d\"日\"");
  worksheet_write_string(sheet, 0, 0, "d", nullptr);
  worksheet_write_string(sheet, 0, 1, "n", nullptr);
  worksheet_write_string(sheet, 0, 2, "b", nullptr);
  lxw_datetime day = {2026, 1, 31, 0, 0, 0};
  worksheet_write_datetime(sheet, 1, 0, &day, date);
  worksheet_write_number(sheet, 1, 1, 0.1 + 0.2, nullptr);
  worksheet_write_boolean(sheet, 1, 2, 0, nullptr);
  worksheet_write_formula_num(sheet, 2, 1, "=1+1", nullptr, 2);
  REQUIRE(workbook_close(book) == LXW_NO_ERROR);
  CHECK(ValuesOf({path, {}, "数据"}) == Values{{"2026-01-31", "0.3", "false"}, {"", "2", ""}});
}

TEST_CASE("A file that is not there, a folder, and a sheet of a CSV file are refused") {
  const TempFolder folder;
  CHECK(ReasonOf(TableInput::Open({folder.path() + "/none.csv", {}, ""}).status()) ==
        Reason::kInvalidRequest);
  CHECK(ReasonOf(TableInput::Open({folder.path(), {}, ""}).status()) == Reason::kInvalidRequest);
  const std::string path = folder.path() + "/t.csv";
  REQUIRE(WriteFileDurably(path, "a\n1\n", 0600).ok());
  CHECK(ReasonOf(TableInput::Open({path, {}, "S"}).status()) == Reason::kInvalidRequest);
}

}  // namespace
}  // namespace hangou

#include "libs/importer/xlsx_source.h"

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/importer/rows_for_test.h"
#include "libs/importer/shared_texts.h"
#include "libs/importer/workbook_for_test.h"

namespace hangou {
namespace {

struct Book {
  explicit Book(const WorkbookParts& parts) { WriteParts(parts, path); }
  explicit Book(const std::string& rows) : Book(PartsForTest(rows)) {}
  absl::StatusOr<std::unique_ptr<TableInput>> Open(const std::string& sheet = "") const {
    return TableInput::Open({path, {}, sheet});
  }
  std::vector<Row> Rows() const {
    const auto input = Open();
    INFO(Message(input.status()));
    REQUIRE(input.ok());
    return AllRows((*input)->rows());
  }

  TempFolder folder;
  std::string path = folder.path() + "/book.xlsx";
};

constexpr char kHead[] =
    "<row r=\"2\"><c r=\"A2\" t=\"s\"><v>0</v></c><c r=\"B2\" t=\"s\"><v>1</v></c></row>";

TEST_CASE("Texts, numbers, dates, booleans and formulas come as a person entered or sees them") {
  const Book book(
      std::string("<row r=\"1\"><c r=\"A1\"/></row>") + kHead +
      "<row r=\"3\"><c r=\"A3\"><v>0.30000000000000004</v></c><c r=\"B3\" s=\"1\"><v>46053</v></c></row>"
      "<row r=\"5\"><c r=\"A5\" t=\"inlineStr\"><is><t>in</t><r><t>line</t></r></is></c>"
      "<c r=\"B5\" s=\"2\"><v>46053.354166666664</v></c></row>"
      "<row><c t=\"b\"><v>1</v></c><c t=\"str\"><f>A1</f><v>text_x000D_</v></c></row>"
      "<row><c t=\"n\"><v>1.5E3</v></c><c s=\"2\"><v>46053</v></c></row>"
      "<row r=\"9\"><c r=\"B9\"><v>-1E-3</v></c></row>");
  const std::vector<Row> rows = book.Rows();
  REQUIRE(rows.size() == 5);
  CHECK(rows[0].line == 3);
  CHECK(rows[0].values == std::vector<std::string>{"0.3", "2026-01-31"});
  CHECK(rows[1].line == 5);
  CHECK(rows[1].values == std::vector<std::string>{"inline", "2026-01-31 08:30:00"});
  CHECK(rows[2].line == 6);
  CHECK(rows[2].values == std::vector<std::string>{"true", "text\r"});
  CHECK(rows[3].values == std::vector<std::string>{"1500", "2026-01-31 00:00:00"});
  CHECK(rows[4].values == std::vector<std::string>{"", "-0.001"});
  CHECK(rows[4].raw == ",-0.001");
}

TEST_CASE("The first row that is not empty is the head, and a column without a title must be empty") {
  const Book book(
      "<row><c r=\"B1\" t=\"s\"><v>0</v></c><c r=\"D1\" t=\"s\"><v>1</v></c></row>"
      "<row><c r=\"B2\"><v>1</v></c><c r=\"D2\"><v>2</v></c></row>"
      "<row><c r=\"C3\"><v>1</v></c></row>"
      "<row><c r=\"E4\"><v>1</v></c></row>");
  const auto input = book.Open();
  REQUIRE(input.ok());
  CHECK((*input)->rows().columns() == std::vector<std::string>{"one", "二"});
  CHECK((*input)->rows().header() == "one,二");
  const std::vector<Row> rows = AllRows((*input)->rows());
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].values == std::vector<std::string>{"1", "2"});
  CHECK(rows[1].error == "a cell stands in a column without a title");
  CHECK(rows[2].error == "a cell stands in a column without a title");
}

TEST_CASE("A cell that cannot be read refuses its row with its column, and the next one goes in") {
  const Book book(std::string(kHead) +
                  "<row><c><v>3.21002199001011E+17</v></c></row>"
                  "<row><c/><c t=\"e\"><v>#REF!</v></c></row>"
                  "<row><c t=\"s\"><v>9</v></c></row>"
                  "<row><c s=\"1\"><v>60</v></c></row>"
                  "<row><c><v>fine?</v></c></row>"
                  "<row><c r=\"ZZZZ1\"><v>1</v></c></row>"
                  "<row><c/><c><f>A1</f></c></row>"
                  "<row><c><v>1</v></c><c t=\"str\"><f>A1</f><v></v></c></row>"
                  "<row><c s=\"1\"><v>59</v></c><c s=\"1\"><v>61</v></c></row>");
  const std::vector<Row> rows = book.Rows();
  REQUIRE(rows.size() == 9);
  CHECK(rows[0].error.find("fifteenth") != std::string::npos);
  CHECK(rows[0].error_field == "one");
  CHECK(rows[1].error_field == "二");
  for (size_t i = 2; i < 6; ++i) CHECK_FALSE(rows[i].error.empty());
  CHECK(rows[6].error.find("the formula has no value") == 0);
  CHECK(rows[6].error_field == "二");
  CHECK(rows[7].values == std::vector<std::string>{"1", ""});
  CHECK(rows[8].values == std::vector<std::string>{"1900-02-28", "1900-03-01"});
}

TEST_CASE("Days may be counted from 1904") {
  WorkbookParts parts = PartsForTest(std::string(kHead) + "<row><c s=\"1\"><v>0</v></c></row>");
  parts["xl/workbook.xml"] =
      "<workbook><workbookPr date1904=\"1\"/><sheets><sheet name=\"S\" id=\"a\"/></sheets></workbook>";
  CHECK(Book(parts).Rows()[0].values[0] == "1904-01-01");
}

TEST_CASE("A sheet is chosen by its name, and a wrong name lists those that there are") {
  const Book book(std::string(kHead) + "<row><c><v>1</v></c></row>");
  CHECK((*book.Open("S"))->Description() == "workbook, sheet S");
  CHECK(Message(book.Open("T").status()) == "the workbook has no such sheet; it has S");
}

TEST_CASE("Files that are no workbooks of today are refused with what to do") {
  const TempFolder folder;
  const std::string path = folder.path() + "/old.xls";
  const auto open = [&](const std::string& bytes) {
    REQUIRE(WriteFileDurably(path, bytes, 0600).ok());
    return std::string(Message(TableInput::Open({path, {}, ""}).status()));
  };
  const std::string compound = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
  CHECK(open(compound + std::string(100, 'x')).find(".xls") != std::string::npos);
  std::string encrypted = compound;
  for (const char c : std::string("EncryptedPackage")) encrypted += {c, '\0'};
  CHECK(open(encrypted).find("encrypted") != std::string::npos);
  CHECK(open("PK\x03\x04 and nothing").find("damaged") != std::string::npos);
  WriteParts({{"a.txt", "x"}}, path);
  CHECK(ReasonOf(TableInput::Open({path, {}, ""}).status()) == Reason::kInvalidRequest);
}

TEST_CASE("Bombs are refused: what unpacks a thousandfold, document types, and tags without an end") {
  WorkbookParts parts = PartsForTest(std::string(kHead));
  parts["xl/worksheets/sheet1.xml"] =
      "<worksheet><sheetData>" + std::string(kHead) + std::string(64 << 20, ' ') + "</sheetData></worksheet>";
  CHECK(Message(Book(parts).Open().status()).find("unpacks") != std::string::npos);
  parts = PartsForTest(kHead);
  parts["xl/sharedStrings.xml"] = "<!DOCTYPE s [<!ENTITY a \"b\">]><sst><si><t>&a;</t></si></sst>";
  CHECK(Message(Book(parts).Open().status()).find("document type") != std::string::npos);
  parts = PartsForTest(kHead);
  std::string tag = "<row a=\"";
  for (uint32_t i = 0; i < (4 << 20); ++i) tag.push_back(static_cast<char>('a' + i * 7919 % 26));
  parts["xl/styles.xml"] = tag;
  CHECK(Message(Book(parts).Open().status()).find("damaged") != std::string::npos);
}

TEST_CASE("A sheet that breaks off ends with an error, not as if it were complete") {
  WorkbookParts parts = PartsForTest("");
  parts["xl/worksheets/sheet1.xml"] =
      "<worksheet><sheetData>" + std::string(kHead) + "<row><c><v>1</v></c></row>";
  const Book book(parts);
  const auto input = book.Open();
  REQUIRE(input.ok());
  Row row;
  CHECK(*(*input)->rows().Next(&row));
  CHECK(ReasonOf((*input)->rows().Next(&row).status()) == Reason::kInvalidRequest);
}

TEST_CASE("A text longer than a cell may have refuses its row, and is never cut") {
  const std::string text(kCellTextBytes + 100, 'x');
  WorkbookParts parts = PartsForTest(std::string(kHead) + "<row><c t=\"inlineStr\"><is><t>" + text +
                                     "</t></is></c></row><row><c t=\"s\"><v>2</v></c></row>");
  parts["xl/sharedStrings.xml"] = "<sst><si><t>a</t></si><si><t>b</t></si><si><t>" + text + "</t></si></sst>";
  const std::vector<Row> rows = Book(parts).Rows();
  REQUIRE(rows.size() == 2);
  CHECK_FALSE(rows[0].error.empty());
  CHECK_FALSE(rows[1].error.empty());
}

TEST_CASE("A row longer than a record may be is refused, however it is put together") {
  WorkbookParts parts = PartsForTest(std::string(kHead) + "<row>" + [] {
    std::string cells;
    for (int i = 0; i < 40; ++i) cells += "<c t=\"s\"><v>0</v></c>";
    return cells;
  }() + "</row><row><c><v>1</v></c></row>");
  parts["xl/sharedStrings.xml"] =
      "<sst><si><t>" + std::string(60'000, 'x') + "</t></si><si><t>b</t></si></sst>";
  const std::vector<Row> rows = Book(parts).Rows();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].error == "the row is longer than 1 MiB");
  CHECK(rows[1].error.empty());
}

}  // namespace
}  // namespace hangou

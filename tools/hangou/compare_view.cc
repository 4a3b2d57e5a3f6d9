#include "tools/hangou/compare_view.h"

#include <google/protobuf/util/json_util.h>
#include <xlsxwriter.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/importer/row_source.h"
#include "tools/hangou/table.h"

namespace hangou {
namespace {

namespace comparison_v1 = hangou::comparison::v1;

// Widths of columns, in characters: an identifier is read whole, a note is not wider than a hand.
constexpr size_t kLeastWidth = 8;
constexpr size_t kMostWidth = 40;
constexpr double kWidthRoom = 2;

double WidthOf(const ListReport& report, size_t column) {
  size_t width = std::max(kLeastWidth, DisplayWidth(report.columns[column].title));
  for (const auto& row : report.rows) {
    if (column < row.size()) width = std::max(width, DisplayWidth(row[column]));
  }
  return static_cast<double>(std::min(width, kMostWidth)) + kWidthRoom;
}

// Formats of a workbook, which owns them.
struct SheetFormats {
  lxw_format* head;
  lxw_format* text;
  lxw_format* money;
  lxw_format* input;

  explicit SheetFormats(lxw_workbook* book)
      : head(workbook_add_format(book)),
        text(workbook_add_format(book)),
        money(workbook_add_format(book)),
        input(workbook_add_format(book)) {
    format_set_bold(head);
    format_set_bg_color(head, 0xDDEBF7);
    format_set_border(head, LXW_BORDER_THIN);
    // Identifiers are texts: a number would lose their digits.
    format_set_num_format(text, "@");
    format_set_num_format(money, "#,##0.00");
    format_set_bg_color(input, 0xFFF9E5);
    format_set_border(input, LXW_BORDER_THIN);
    format_set_text_wrap(input);
  }
};

void WriteCell(lxw_worksheet* sheet, const SheetFormats& formats, const ListColumn& column, lxw_row_t row,
               lxw_col_t at, const std::string& text) {
  const auto fen = column.is_money && !text.empty() ? FenOfYuan(text) : std::nullopt;
  if (column.is_input && text.empty()) {
    worksheet_write_blank(sheet, row, at, formats.input);
  } else if (fen) {
    worksheet_write_number(sheet, row, at, static_cast<double>(*fen) / 100, formats.money);
  } else {
    worksheet_write_string(sheet, row, at, text.c_str(), column.is_input ? formats.input : formats.text);
  }
}

void AddChoices(lxw_worksheet* sheet, const ListColumn& column, lxw_col_t at, size_t rows) {
  if (column.choices.empty() || rows == 0) return;
  std::vector<const char*> choices;
  for (const std::string& choice : column.choices) choices.push_back(choice.c_str());
  choices.push_back(nullptr);
  lxw_data_validation validation = {};
  validation.validate = LXW_VALIDATION_TYPE_LIST;
  validation.value_list = const_cast<char**>(choices.data());  // it is not written to
  worksheet_data_validation_range(sheet, 1, at, static_cast<lxw_row_t>(rows), at, &validation);
}

absl::Status WriteWorkbook(const ListReport& report, const std::string& path) {
  // Clues are about people: nobody else reads the file, whose mode stays when it is written.
  RETURN_IF_ERROR(WriteFileDurably(path, "", 0600));
  lxw_workbook* const book = workbook_new(path.c_str());
  if (book == nullptr) return MakeError(Reason::kInternal, "the workbook cannot be made");
  lxw_worksheet* const sheet = workbook_add_worksheet(book, report.name.c_str());
  const SheetFormats formats(book);
  for (size_t column = 0; column < report.columns.size(); ++column) {
    const auto at = static_cast<lxw_col_t>(column);
    worksheet_write_string(sheet, 0, at, report.columns[column].title.c_str(), formats.head);
    worksheet_set_column(sheet, at, at, WidthOf(report, column), nullptr);
    AddChoices(sheet, report.columns[column], at, report.rows.size());
  }
  for (size_t row = 0; row < report.rows.size(); ++row) {
    for (size_t column = 0; column < report.columns.size(); ++column) {
      const std::string text = column < report.rows[row].size() ? report.rows[row][column] : "";
      WriteCell(sheet, formats, report.columns[column], static_cast<lxw_row_t>(row + 1),
                static_cast<lxw_col_t>(column), text);
    }
  }
  worksheet_freeze_panes(sheet, 1, 1);
  worksheet_autofilter(sheet, 0, 0, static_cast<lxw_row_t>(report.rows.size()),
                       static_cast<lxw_col_t>(report.columns.size() - 1));
  worksheet_set_landscape(sheet);
  worksheet_repeat_rows(sheet, 0, 0);
  worksheet_fit_to_pages(sheet, 1, 0);
  if (const lxw_error error = workbook_close(book); error != LXW_NO_ERROR)
    return MakeError(Reason::kInternal, path + " cannot be written: " + lxw_strerror(error));
  return absl::OkStatus();
}

std::string CsvOf(const ListReport& report) {
  std::string text;
  for (size_t column = 0; column < report.columns.size(); ++column)
    text += (column == 0 ? "" : ",") + CsvCell(report.columns[column].title);
  text += "\n";
  for (const auto& row : report.rows) {
    for (size_t column = 0; column < report.columns.size(); ++column)
      text += (column == 0 ? "" : ",") + (column < row.size() ? CsvCell(row[column]) : "");
    text += "\n";
  }
  return text;
}

}  // namespace

std::string FullNameOf(const std::string& prefix, const std::string& name) {
  return name.empty() || name.find('/') != std::string::npos ? name : prefix + name;
}

std::string JsonOf(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  // Fails for Any messages of unknown type only.
  (void)google::protobuf::util::MessageToJsonString(message, &text, options);
  return text + "\n";
}

std::string YuanText(int64_t fen) {
  const uint64_t size = fen < 0 ? -static_cast<uint64_t>(fen) : static_cast<uint64_t>(fen);
  char text[32];
  std::snprintf(text, sizeof text, "%s%llu.%02u", fen < 0 ? "-" : "",
                static_cast<unsigned long long>(size / 100), static_cast<unsigned>(size % 100));
  return text;
}

std::optional<int64_t> FenOfYuan(const std::string& text) {
  std::string digits;
  size_t behind = 0;
  bool has_point = false;
  for (const char c : text) {
    if (c == ',' && !has_point) continue;
    if (c == '.' && !has_point) {
      has_point = true;
      continue;
    }
    if ((c < '0' || c > '9') && !(c == '-' && digits.empty() && !has_point)) return std::nullopt;
    digits += c;
    if (has_point) ++behind;
  }
  if (behind > 2) return std::nullopt;
  digits.append(2 - behind, '0');
  int64_t fen = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), fen);
  const bool is_amount =
      error == std::errc() && end == digits.data() + digits.size() && text != "." && text != "-";
  return is_amount && !text.empty() ? std::optional(fen) : std::nullopt;
}

std::string StateTitle(comparison_v1::ClueState state) {
  switch (state) {
    case comparison_v1::CLUE_STATE_NEW:
      return "待分派";
    case comparison_v1::CLUE_STATE_WITHDRAWN:
      return "已撤销";
    case comparison_v1::CLUE_STATE_ASSIGNED:
      return "核查中";
    case comparison_v1::CLUE_STATE_VERIFIED:
      return "属实待补";
    case comparison_v1::CLUE_STATE_NO_ISSUE:
      return "无问题";
    case comparison_v1::CLUE_STATE_DATA_ERROR:
      return "数据错误";
    case comparison_v1::CLUE_STATE_NOT_FOUND:
      return "查无下落";
    case comparison_v1::CLUE_STATE_RECOVERED:
      return "属实补税";
    default:
      return "";
  }
}

std::string KeyTextOf(const comparison_v1::Clue& clue) {
  std::string text;
  for (const auto& part : clue.key()) text += (text.empty() ? "" : " ") + part.value();
  return text;
}

absl::Status ShowList(const ListReport& report, const Globals& globals, const std::string& to) {
  if (globals.output == "xlsx") {
    if (to.empty())
      return MakeError(Reason::kInvalidRequest, "a workbook goes to a file: add --to FILE.xlsx");
    return WriteWorkbook(report, to);
  }
  if (globals.output == "csv") {
    if (!to.empty()) return WriteFileDurably(to, CsvOf(report), 0600);
    Print(CsvOf(report));
    return absl::OkStatus();
  }
  std::vector<std::string> head;
  for (const ListColumn& column : report.columns) {
    if (!column.is_input) head.push_back(column.title);
  }
  Table table(head);
  for (const auto& row : report.rows) {
    std::vector<std::string> cells;
    for (size_t i = 0; i < report.columns.size() && i < row.size(); ++i) {
      if (!report.columns[i].is_input) cells.push_back(row[i].empty() ? "-" : row[i]);
    }
    table.AddRow(std::move(cells));
  }
  Print(table.ToText());
  return absl::OkStatus();
}

}  // namespace hangou

#include "libs/importer/sheet_handler.h"

#include <charconv>
#include <optional>

#include "libs/base/status.h"
#include "libs/importer/row_source.h"

namespace hangou {
namespace {

// The column of a reference such as "AB12"; none where it is none.
std::optional<size_t> ColumnOf(std::string_view reference) {
  size_t column = 0;
  for (const char c : reference) {
    if (c < 'A' || c > 'Z') break;
    column = column * 26 + static_cast<size_t>(c - 'A') + 1;
    if (column > kSheetColumns) return std::nullopt;
  }
  if (column == 0) return std::nullopt;
  return column - 1;
}

uint64_t CountOf(std::string_view text) {
  uint64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

}  // namespace

void SheetHandler::OnStart(std::string_view name, const XmlAttributes& attributes) {
  if (name == "row") {
    StartRow(attributes["r"]);
  } else if (name == "c") {
    StartCell(attributes);
  } else if (name == "f") {
    cell_.formula = true;
  } else if (name == "rPh") {
    spoken_ = true;
  }
  in_value_ = name == "v";
  in_inside_ = name == "t" && !spoken_;
}

void SheetHandler::OnEnd(std::string_view name) {
  in_value_ = in_inside_ = false;
  if (name == "rPh") spoken_ = false;
  if (name == "c") EndCell();
  if (name == "row") reader_->Pause();
}

void SheetHandler::OnText(std::string_view text) {
  std::string& to = in_value_ ? cell_.value : cell_.inside;
  if ((in_value_ || in_inside_) && to.size() < kCellTextBytes) to.append(text);
}

// Rows and cells may leave out where they stand: then behind the one before.
void SheetHandler::StartRow(std::string_view number) {
  const uint64_t line = number.empty() ? row_.line + 1 : CountOf(number);
  row_ = SheetRow();
  row_.line = line;
  cell_.column = 0;
  next_column_ = 0;
}

void SheetHandler::StartCell(const XmlAttributes& attributes) {
  const std::string_view reference = attributes["r"];
  const std::optional<size_t> column = reference.empty() ? next_column_ : ColumnOf(reference);
  cell_ = OpenCell();
  cell_.column = column.value_or(kSheetColumns);
  cell_.style = CountOf(attributes["s"]);
  cell_.type = attributes["t"];
  next_column_ = cell_.column + 1;
}

void SheetHandler::EndCell() {
  absl::StatusOr<std::string> text = TextOfCell();
  if (!text.ok()) return Refuse(Message(text.status()));
  if (text->empty()) return;
  // What is longer was cut while it was read.
  if (text->size() >= kCellTextBytes) return Refuse("the cell has more text than a spreadsheet lets it have");
  if (cell_.column >= kSheetColumns) return Refuse("a cell stands outside of the sheet");
  row_.bytes += text->size() + 1;
  if (row_.bytes > kRowBytes) return Refuse("the row is longer than 1 MiB");
  if (row_.cells.size() <= cell_.column) row_.cells.resize(cell_.column + 1);
  row_.cells[cell_.column] = std::move(*text);
}

void SheetHandler::Refuse(std::string_view error) {
  if (!row_.error.empty()) return;
  row_.error = error;
  row_.error_column = cell_.column;
}

absl::StatusOr<std::string> SheetHandler::TextOfCell() const {
  if (cell_.type == "inlineStr") return UnescapeCellText(cell_.inside);
  if (cell_.type == "str") return UnescapeCellText(cell_.value);
  if (cell_.value.empty() && cell_.formula) {
    // Programs that write workbooks without computing them leave the value out; a spreadsheet program puts it in.
    return MakeError(Reason::kFieldInvalid,
                     "the formula has no value: open the workbook, save it, and publish again");
  }
  if (cell_.value.empty()) return std::string();
  if (cell_.type == "b") return std::string(cell_.value == "0" ? "false" : "true");
  if (cell_.type == "d") return cell_.value;
  if (cell_.type == "e") return MakeError(Reason::kFieldInvalid, "the cell holds an error of its formula");
  if (cell_.type == "s") return SharedText();
  const NumberFormat format =
      cell_.style < frame_.styles.size() ? frame_.styles[cell_.style] : NumberFormat::kNumber;
  if (format == NumberFormat::kNumber) return NumberText(cell_.value);
  return DateText(cell_.value, format == NumberFormat::kDateTime, frame_.from_1904);
}

absl::StatusOr<std::string> SheetHandler::SharedText() const {
  const uint64_t index = CountOf(cell_.value);
  if (index < texts_.size()) return UnescapeCellText(texts_.At(index));
  return MakeError(Reason::kFieldInvalid, "the cell names a text that the workbook does not have");
}

}  // namespace hangou

// Why own code: Debian has no reader of workbooks that streams. liborcus unpacks each part into memory before it
// parses, GDAL brings a hundred libraries. So libzip unpacks, expat parses, and what is left is the little below.
#include "libs/importer/xlsx_source.h"

#include <charconv>
#include <set>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/importer/shared_texts.h"
#include "libs/importer/workbook.h"
#include "libs/importer/xml_reader.h"

namespace hangou {
namespace {

// A cell's attributes and texts while it is read.
struct OpenCell {
  size_t column = 0;
  size_t style = 0;
  std::string type;
  std::string value;   // <v>
  std::string inside;  // <is>
};

// A row of the sheet: cells by column, as far as they are not empty.
struct SheetRow {
  uint64_t line = 0;
  size_t bytes = 0;
  std::string error;
  size_t error_column = 0;
  std::vector<std::string> cells;

  bool IsEmpty() const { return bytes == 0 && error.empty(); }
};

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

// Gathers one row and then pauses the reader.
class SheetHandler : public XmlHandler {
 public:
  SheetHandler(const WorkbookFrame& frame, const SharedTexts& texts) : frame_(frame), texts_(texts) {}
  void set_reader(XmlReader* reader) { reader_ = reader; }
  SheetRow& row() { return row_; }

  void OnStart(std::string_view name, const XmlAttributes& attributes) override {
    if (name == "row") {
      StartRow(attributes["r"]);
    } else if (name == "c") {
      StartCell(attributes);
    } else if (name == "rPh") {
      spoken_ = true;
    }
    in_value_ = name == "v";
    in_inside_ = name == "t" && !spoken_;
  }

  void OnEnd(std::string_view name) override {
    in_value_ = in_inside_ = false;
    if (name == "rPh") spoken_ = false;
    if (name == "c") EndCell();
    if (name == "row") reader_->Pause();
  }

  void OnText(std::string_view text) override {
    std::string& to = in_value_ ? cell_.value : cell_.inside;
    if ((in_value_ || in_inside_) && to.size() < kCellTextBytes) to.append(text);
  }

 private:
  // Rows and cells may leave out where they stand: then behind the one before.
  void StartRow(std::string_view number) {
    const uint64_t line = number.empty() ? row_.line + 1 : CountOf(number);
    row_ = SheetRow();
    row_.line = line;
    cell_.column = 0;
    next_column_ = 0;
  }

  void StartCell(const XmlAttributes& attributes) {
    const std::string_view reference = attributes["r"];
    const std::optional<size_t> column = reference.empty() ? next_column_ : ColumnOf(reference);
    cell_ = OpenCell();
    cell_.column = column.value_or(kSheetColumns);
    cell_.style = CountOf(attributes["s"]);
    cell_.type = attributes["t"];
    next_column_ = cell_.column + 1;
  }

  void EndCell() {
    absl::StatusOr<std::string> text = TextOfCell();
    if (!text.ok()) return Refuse(Message(text.status()));
    if (text->empty()) return;
    if (cell_.column >= kSheetColumns) return Refuse("a cell stands outside of the sheet");
    row_.bytes += text->size() + 1;
    if (row_.bytes > kRowBytes) return Refuse("the row is longer than 1 MiB");
    if (row_.cells.size() <= cell_.column) row_.cells.resize(cell_.column + 1);
    row_.cells[cell_.column] = std::move(*text);
  }

  void Refuse(std::string_view error) {
    if (!row_.error.empty()) return;
    row_.error = error;
    row_.error_column = cell_.column;
  }

  absl::StatusOr<std::string> TextOfCell() const {
    if (cell_.type == "inlineStr") return UnescapeCellText(cell_.inside);
    if (cell_.type == "str") return UnescapeCellText(cell_.value);
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

  absl::StatusOr<std::string> SharedText() const {
    const uint64_t index = CountOf(cell_.value);
    if (index < texts_.size()) return UnescapeCellText(texts_.At(index));
    return MakeError(Reason::kFieldInvalid, "the cell names a text that the workbook does not have");
  }

  const WorkbookFrame& frame_;
  const SharedTexts& texts_;
  XmlReader* reader_ = nullptr;
  SheetRow row_;
  OpenCell cell_;
  size_t next_column_ = 0;
  bool in_value_ = false;
  bool in_inside_ = false;
  bool spoken_ = false;
};

class SheetSource : public XlsxSource {
 public:
  SheetSource(std::unique_ptr<ZipArchive> archive, WorkbookFrame frame, SharedTexts texts, std::string sheet,
              std::unique_ptr<ZipPart> part)
      : archive_(std::move(archive)),
        frame_(std::move(frame)),
        texts_(std::move(texts)),
        sheet_(std::move(sheet)),
        part_(std::move(part)),
        handler_(frame_, texts_),
        reader_(*part_, handler_) {
    handler_.set_reader(&reader_);
  }

  absl::Status ReadHead() {
    ASSIGN_OR_RETURN(const bool some, ReadRow());
    if (!some || !handler_.row().error.empty()) {
      return MakeError(Reason::kInvalidRequest,
                       "the first row of a sheet names the columns; this one does not");
    }
    std::set<std::string> names;
    for (size_t i = 0; i < handler_.row().cells.size(); ++i) {
      std::string& name = handler_.row().cells[i];
      if (name.empty()) continue;
      if (!names.insert(name).second)
        return MakeError(Reason::kInvalidRequest, "column " + name + " stands twice");
      places_.push_back(i);
      AppendCell(name, &header_, columns_.empty());
      columns_.push_back(std::move(name));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Next(Row* row) override {
    *row = Row();
    ASSIGN_OR_RETURN(const bool some, ReadRow());
    if (!some) return false;
    SheetRow& read = handler_.row();
    row->line = read.line;
    row->error = std::move(read.error);
    row->values.resize(columns_.size());
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (!row->error.empty() && places_[i] == read.error_column) row->error_field = columns_[i];
      if (places_[i] < read.cells.size()) row->values[i] = std::move(read.cells[places_[i]]);
      AppendCell(row->values[i], &row->raw, i == 0);
    }
    // What is left stands in columns that have no title.
    for (const size_t place : places_) {
      if (place < read.cells.size()) read.cells[place].clear();
    }
    for (const std::string& cell : read.cells) {
      if (!cell.empty() && row->error.empty()) row->error = "a cell stands in a column without a title";
    }
    return true;
  }

  const std::vector<std::string>& columns() const override { return columns_; }
  std::string_view header() const override { return header_; }
  uint64_t consumed() const override { return part_->consumed(); }
  uint64_t total() const override { return part_->total(); }
  const std::string& sheet() const override { return sheet_; }

 private:
  static void AppendCell(std::string_view text, std::string* line, bool first) {
    if (!first) line->push_back(',');
    line->append(CsvCell(text));
  }

  // The next row that is not empty.
  absl::StatusOr<bool> ReadRow() {
    while (true) {
      ASSIGN_OR_RETURN(const bool some, reader_.Run());
      if (!some || !handler_.row().IsEmpty()) return some;
    }
  }

  const std::unique_ptr<ZipArchive> archive_;
  const WorkbookFrame frame_;
  const SharedTexts texts_;
  const std::string sheet_;
  const std::unique_ptr<ZipPart> part_;
  SheetHandler handler_;
  XmlReader reader_;
  std::vector<std::string> columns_;
  std::vector<size_t> places_;  // of the columns in the sheet
  std::string header_;
};

absl::StatusOr<SheetPlace> ChooseSheet(const WorkbookFrame& frame, const std::string& name) {
  std::string names;
  for (const SheetPlace& sheet : frame.sheets) {
    if (name.empty() || sheet.name == name) return sheet;
    names += (names.empty() ? "" : ", ") + sheet.name;
  }
  return MakeError(Reason::kInvalidRequest, names.empty()
                                                ? "the workbook has no sheet"
                                                : "the workbook has no such sheet; it has " + names);
}

}  // namespace

absl::StatusOr<std::unique_ptr<XlsxSource>> XlsxSource::Open(std::unique_ptr<ZipArchive> archive,
                                                             const std::string& sheet) {
  ASSIGN_OR_RETURN(WorkbookFrame frame, ReadWorkbookFrame(*archive));
  ASSIGN_OR_RETURN(const SheetPlace place, ChooseSheet(frame, sheet));
  SharedTexts texts;
  if (!frame.shared_texts.empty()) {
    ASSIGN_OR_RETURN(const auto shared, archive->OpenPart(frame.shared_texts));
    ASSIGN_OR_RETURN(texts, SharedTexts::Read(*shared));
  }
  ASSIGN_OR_RETURN(auto part, archive->OpenPart(place.part));
  auto source = std::make_unique<SheetSource>(std::move(archive), std::move(frame), std::move(texts),
                                              place.name, std::move(part));
  RETURN_IF_ERROR(source->ReadHead());
  return source;
}

}  // namespace hangou

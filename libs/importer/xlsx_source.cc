// Why own code: Debian has no reader of workbooks that streams. liborcus unpacks each part into memory before it
// parses, GDAL brings a hundred libraries. So libzip unpacks, expat parses, and what is left is the little below.
#include "libs/importer/xlsx_source.h"

#include <set>

#include "libs/base/status.h"
#include "libs/importer/shared_texts.h"
#include "libs/importer/sheet_handler.h"
#include "libs/importer/workbook.h"
#include "libs/importer/xml_reader.h"

namespace hangou {
namespace {

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

// One row of a sheet at a time, out of its XML.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/importer/shared_texts.h"
#include "libs/importer/workbook.h"
#include "libs/importer/xml_reader.h"

namespace hangou {

// Most columns of a sheet, as in Excel.
constexpr size_t kSheetColumns = 16'384;

// A row of the sheet: cells by column, as far as they are not empty.
struct SheetRow {
  uint64_t line = 0;
  size_t bytes = 0;
  std::string error;
  size_t error_column = 0;
  std::vector<std::string> cells;

  bool IsEmpty() const { return bytes == 0 && error.empty(); }
};

// Gathers one row and then pauses the reader. Not thread-safe; frame and texts outlive it.
class SheetHandler : public XmlHandler {
 public:
  SheetHandler(const WorkbookFrame& frame, const SharedTexts& texts) : frame_(frame), texts_(texts) {}
  // The reader that it pauses.
  void set_reader(XmlReader* reader) { reader_ = reader; }
  // The row that was read, for the caller to take apart.
  SheetRow& row() { return row_; }
  void OnStart(std::string_view name, const XmlAttributes& attributes) override;
  void OnEnd(std::string_view name) override;
  void OnText(std::string_view text) override;

 private:
  // A cell's attributes and texts while it is read.
  struct OpenCell {
    size_t column = 0;
    size_t style = 0;
    std::string type;
    bool formula = false;  // <f>
    std::string value;     // <v>
    std::string inside;    // <is>
  };

  void StartRow(std::string_view number);
  void StartCell(const XmlAttributes& attributes);
  void EndCell();
  void Refuse(std::string_view error);
  absl::StatusOr<std::string> TextOfCell() const;
  absl::StatusOr<std::string> SharedText() const;

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

}  // namespace hangou

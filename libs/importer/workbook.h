// The frame of a workbook: its sheets, and which numbers are dates.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/importer/cell_text.h"
#include "libs/importer/zip_file.h"

namespace hangou {

// What is kept of the frame: more than office programs write (65,490 styles).
constexpr size_t kWorkbookSheets = 1000;
constexpr size_t kWorkbookStyles = 65'536;

// A sheet, in the order of the workbook.
struct SheetPlace {
  std::string name;
  std::string part;  // in the archive
};

// The frame.
struct WorkbookFrame {
  std::vector<SheetPlace> sheets;
  std::string shared_texts;          // part; empty where there is none
  bool from_1904 = false;            // days are counted from 1904-01-01
  std::vector<NumberFormat> styles;  // by the number that cells name
};

// INVALID_REQUEST where the archive is no workbook.
absl::StatusOr<WorkbookFrame> ReadWorkbookFrame(ZipArchive& archive);

}  // namespace hangou

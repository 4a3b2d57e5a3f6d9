// Rows of a sheet of a workbook (.xlsx, ECMA-376).
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/importer/row_source.h"
#include "libs/importer/zip_file.h"

namespace hangou {

// Reads a sheet row by row. The first row that is not empty names the columns; a column without a title has to be
// empty. Numbers come as they were entered, and as dates where their style shows one ("2026-01-31", with a time
// "2026-01-31 08:30:00"); a formula as its value at the last saving, of merged cells the first only; booleans as
// "true" and "false". A cell that holds an error, or a number that has lost digits, refuses its row. Lines are the rows
// of the sheet. Not thread-safe.
class XlsxSource : public RowSource {
 public:
  // `sheet` by its name, the first where empty. INVALID_REQUEST where there is none of this name, or the file is no
  // workbook, is damaged or beyond the limits.
  static absl::StatusOr<std::unique_ptr<XlsxSource>> Open(std::unique_ptr<ZipArchive> archive,
                                                          const std::string& sheet);
  // The name of the sheet.
  virtual const std::string& sheet() const = 0;
  // Bytes of the sheet's text in all.
  virtual uint64_t total() const = 0;
};

}  // namespace hangou

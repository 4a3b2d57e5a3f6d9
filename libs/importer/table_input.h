// A file that is published, whatever it is: its rows, and how it was read.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/importer/encoding.h"
#include "libs/importer/row_source.h"

namespace hangou {

// What is known of a file beforehand.
struct InputOptions {
  std::string path;                      // "-": standard input
  std::optional<TextEncoding> encoding;  // none: detected
  std::string sheet;                     // of a workbook, which the file must be; empty: the first
  // Of the files of its kind, as a mapping states them: the first counts where the file has no byte order mark, the
  // second where it is a workbook. A file of refused rows, which is UTF-8 and no workbook, is read under either.
  std::optional<TextEncoding> usual_encoding = {};
  std::string usual_sheet = {};
};

// Not thread-safe.
class TableInput {
 public:
  // Opens a file: a workbook by its content, else NDJSON or CSV by its name, and without one NDJSON where it begins
  // with a brace. INVALID_REQUEST where it is not there, is of a kind that is not taken (.xls, an encrypted workbook),
  // or has no head; UNAVAILABLE where it cannot be read.
  static absl::StatusOr<std::unique_ptr<TableInput>> Open(const InputOptions& options);
  virtual ~TableInput() = default;
  virtual RowSource& rows() = 0;
  // How it is read, for people: "csv, gb18030" or "workbook, sheet 居民".
  virtual std::string Description() const = 0;
  // The part that has been read, 0 to 1; 0 where not known.
  virtual double PartRead() const = 0;
};

}  // namespace hangou

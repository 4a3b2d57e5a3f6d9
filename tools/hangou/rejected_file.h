// The file of rows that were not taken, beside their reasons.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/importer/row_encoder.h"

namespace hangou {

// A CSV file in UTF-8, with its mark, with the columns @line, @reason, @field, @message and then the row as it was:
// behind the header of the published file where that is CSV or a workbook, so that the file can be corrected and
// published itself (what is refused again then has those four columns once); else in one more column @row. What cannot
// be decoded stands as U+FFFD. Made with the first row; a file of an earlier run is replaced, and removed where there
// is nothing to refuse now. Not thread-safe.
class RejectedFile {
 public:
  // `header` is that of the published file, empty for NDJSON.
  RejectedFile(std::string path, std::string header);
  // Goes on with the file of an earlier run, as it was when it had so many rows and bytes. INVALID_REQUEST where it is
  // not there any more.
  absl::Status Resume(uint64_t rows, uint64_t bytes);
  // Makes what was added durable; returns the bytes of the file.
  absl::StatusOr<uint64_t> Sync();
  // Adds a row. INTERNAL or STORE_FULL where it cannot be written.
  absl::Status Add(uint64_t line, const RowProblem& problem, std::string_view raw);
  // Writes what is buffered, or removes the file of an earlier run where no row was added.
  absl::Status Close();
  uint64_t rows() const { return rows_; }
  const std::string& path() const { return path_; }

 private:
  absl::Status Written();

  std::string RowOf(std::string_view raw) const;

  const std::string path_;
  std::vector<bool> dropped_;  // columns of the published file that an earlier file of refused rows had added
  std::string header_;
  std::ofstream out_;
  uint64_t rows_ = 0;
};

}  // namespace hangou

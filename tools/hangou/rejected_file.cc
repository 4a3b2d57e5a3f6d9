#include "tools/hangou/rejected_file.h"

#include <cerrno>
#include <filesystem>

#include "libs/base/status.h"
#include "libs/importer/row_source.h"

namespace hangou {

RejectedFile::RejectedFile(std::string path, std::string header)
    : path_(std::move(path)), header_(std::move(header)) {}

absl::Status RejectedFile::Add(uint64_t line, const RowProblem& problem, std::string_view raw) {
  if (rows_++ == 0) {
    out_.open(path_, std::ios::binary | std::ios::trunc);
    out_ << "@line,@reason,@field,@message," << (header_.empty() ? "@row" : header_) << "\n";
  }
  out_ << line << "," << CsvCell(problem.reason) << "," << CsvCell(problem.field) << ","
       << CsvCell(problem.message) << "," << (header_.empty() ? CsvCell(raw) : std::string(raw)) << "\n";
  return Written();
}

absl::Status RejectedFile::Close() {
  if (rows_ == 0) {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    return absl::OkStatus();
  }
  out_.close();
  return Written();
}

absl::Status RejectedFile::Written() {
  if (out_.good()) return absl::OkStatus();
  return ErrnoError(errno, "writing the refused rows to " + path_);
}

}  // namespace hangou

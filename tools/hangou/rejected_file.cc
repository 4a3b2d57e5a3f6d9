#include "tools/hangou/rejected_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "libs/base/status.h"
#include "libs/importer/encoding.h"
#include "libs/importer/row_source.h"

namespace hangou {

RejectedFile::RejectedFile(std::string path, std::string header)
    : path_(std::move(path)), header_(std::move(header)) {}

absl::Status RejectedFile::Resume(uint64_t rows, uint64_t bytes) {
  if (rows == 0) return absl::OkStatus();
  std::error_code error;
  if (std::filesystem::file_size(path_, error) < bytes || error) {
    return MakeError(Reason::kInvalidRequest,
                     "the file of refused rows of the earlier run is gone: " + path_);
  }
  std::filesystem::resize_file(path_, bytes, error);
  out_.open(path_, std::ios::binary | std::ios::app);
  rows_ = rows;
  return Written();
}

absl::StatusOr<uint64_t> RejectedFile::Sync() {
  if (rows_ == 0) return 0;
  out_.flush();
  RETURN_IF_ERROR(Written());
  const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  if (!synced) return ErrnoError(error, "writing the refused rows to " + path_);
  return std::filesystem::file_size(path_);
}

absl::Status RejectedFile::Add(uint64_t line, const RowProblem& problem, std::string_view raw) {
  if (rows_++ == 0) {
    out_.open(path_, std::ios::binary | std::ios::trunc);
    out_ << "@line,@reason,@field,@message," << (header_.empty() ? "@row" : header_) << "\n";
  }
  out_ << line << "," << CsvCell(problem.reason) << "," << CsvCell(problem.field) << ","
       << CsvCell(problem.message) << "," << WellFormedUtf8(header_.empty() ? CsvCell(raw) : std::string(raw))
       << "\n";
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

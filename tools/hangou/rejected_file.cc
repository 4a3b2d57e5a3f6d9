#include "tools/hangou/rejected_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "libs/base/status.h"
#include "libs/importer/encoding.h"
#include "libs/importer/row_source.h"

namespace hangou {
namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr std::array<std::string_view, 4> kProblemColumns = {"@line", "@reason", "@field", "@message"};

// The cells of a row of CSV as they are, with their quotes.
std::vector<std::string_view> RawCells(std::string_view row) {
  std::vector<std::string_view> cells;
  bool quoted = false;
  size_t begin = 0;
  for (size_t at = 0; at < row.size(); ++at) {
    if (row[at] == '"') quoted = !quoted;
    if (row[at] != ',' || quoted) continue;
    cells.push_back(row.substr(begin, at - begin));
    begin = at + 1;
  }
  cells.push_back(row.substr(begin));
  return cells;
}

bool IsProblemColumn(std::string_view title) {
  if (title.size() > 1 && title.front() == '"' && title.back() == '"')
    title = title.substr(1, title.size() - 2);
  return std::find(kProblemColumns.begin(), kProblemColumns.end(), title) != kProblemColumns.end();
}

}  // namespace

RejectedFile::RejectedFile(std::string path, std::string header) : path_(std::move(path)) {
  for (const std::string_view title : RawCells(header)) dropped_.push_back(IsProblemColumn(title));
  header_ = RowOf(header);
}

// A row that does not have the cells of the head stays as it is: what is its own in it cannot be told.
std::string RejectedFile::RowOf(std::string_view raw) const {
  if (std::find(dropped_.begin(), dropped_.end(), true) == dropped_.end()) return std::string(raw);
  const std::vector<std::string_view> cells = RawCells(raw);
  if (cells.size() != dropped_.size()) return std::string(raw);
  std::string row;
  bool first = true;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (dropped_[i]) continue;
    if (!std::exchange(first, false)) row.push_back(',');
    row.append(cells[i]);
  }
  return row;
}

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
    // A mapping may state another encoding of the department's files: the mark wins over it.
    out_ << kUtf8Mark;
    for (const std::string_view title : kProblemColumns) out_ << title << ",";
    out_ << (header_.empty() ? "@row" : header_) << "\n";
  }
  out_ << line << "," << CsvCell(problem.reason) << "," << CsvCell(problem.field) << ","
       << CsvCell(problem.message) << "," << WellFormedUtf8(header_.empty() ? CsvCell(raw) : RowOf(raw))
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

// Rows of a file that is published: CSV, NDJSON or a workbook, read in bounded memory.
#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hangou {

// The longest row that is read: a record of the platform with every byte quoted, and some room. Longer ones
// are refused, so that a file without line ends does not fill the memory.
constexpr size_t kRowBytes = 1 << 20;

// Reads a stream in blocks and lets a parser look at the bytes behind the start of the current row, as far as
// kRowBytes. Not thread-safe. The stream outlives it.
class RowBuffer {
 public:
  explicit RowBuffer(std::istream& in) : in_(in) {}
  // The byte at `at` behind the start of the row, as 0..255; -1 at the end of the file.
  int At(size_t at) {
    const std::string_view ahead = From(at);
    return ahead.empty() ? -1 : static_cast<unsigned char>(ahead[0]);
  }
  // What has been read from `at` behind the start of the row on; reads more where that is nothing. Empty at the end of
  // the file.
  std::string_view From(size_t at) {
    if (start_ + at >= buffer_.size() && !FillTo(at)) return {};
    return std::string_view(buffer_).substr(start_ + at);
  }
  // The first `length` bytes of the row.
  std::string_view Row(size_t length) const { return std::string_view(buffer_).substr(start_, length); }
  // Ends the row: the next one starts `length` bytes further on.
  void Consume(size_t length);
  // Consumes what is left of the line, however long it is.
  void SkipLine();
  // Bytes consumed so far.
  uint64_t consumed() const { return consumed_; }
  // Line of the file on which the row starts, from 1.
  uint64_t line() const { return line_; }
  // True where reading failed before the end of the file.
  bool failed() const { return in_.bad(); }

 private:
  bool FillTo(size_t at);
  bool Fill();

  std::istream& in_;
  std::string buffer_;
  size_t start_ = 0;
  uint64_t consumed_ = 0;
  uint64_t line_ = 1;
};

// One row: where it stands, its bytes as they are (without the line end; at most kRowBytes of them; of a workbook as
// CSV), and its values or what is wrong with it.
struct Row {
  uint64_t line = 0;
  std::string raw;
  std::string error;        // empty: the row can be read
  std::string error_field;  // the column concerned, where one is
  std::vector<std::string> values;
  std::vector<std::string> names;  // NDJSON: of the values. Otherwise empty, the names are columns().
};

// Reads rows one after the other. Not thread-safe.
class RowSource {
 public:
  virtual ~RowSource() = default;
  // Reads the next row; false at the end. A row that cannot be read comes with `error` set, and the rows
  // behind it go on. UNAVAILABLE where the file cannot be read on, INVALID_REQUEST where it is damaged.
  virtual absl::StatusOr<bool> Next(Row* row) = 0;
  // The columns, where the file declares them (CSV, workbooks); empty otherwise.
  virtual const std::vector<std::string>& columns() const = 0;
  // The line that declares the columns, as it is (of a workbook as CSV); empty for NDJSON.
  virtual std::string_view header() const = 0;
  // Bytes of text read so far.
  virtual uint64_t consumed() const = 0;
};

// CSV after RFC 4180: comma, quotes, quotes doubled inside quotes, line ends in quotes, LF or CRLF, an
// optional byte order mark; empty lines are skipped. The first row names the columns. A quote that is never
// closed costs its own line only. INVALID_REQUEST where there is no head, or a column is named twice. `in`
// outlives the source.
absl::StatusOr<std::unique_ptr<RowSource>> OpenCsv(std::istream& in);

// One JSON object a line: strings, numbers (their digits as written), booleans and null; nothing nested, no
// name twice; empty lines are skipped. `in` outlives the source.
std::unique_ptr<RowSource> OpenNdjson(std::istream& in);

// A cell as RFC 4180 writes it: in quotes where it has to be.
std::string CsvCell(std::string_view text);

}  // namespace hangou

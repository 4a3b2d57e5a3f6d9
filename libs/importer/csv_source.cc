#include <set>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/importer/row_source.h"

namespace hangou {
namespace {

// What a parse of one row found.
struct Parsed {
  enum State { kRow, kEnd, kBad };
  State state = kRow;
  size_t length = 0;       // bytes of the row without its line end
  size_t with_ending = 0;  // and with it
  bool cut = false;        // the line goes on behind `with_ending`
  std::string error;
  std::vector<std::string> values;
};

// A row is a sequence of cells; the parser stands before a cell, in one, or behind a closed quote.
class RowParser {
 public:
  explicit RowParser(RowBuffer& buffer) : buffer_(buffer) {}

  Parsed Parse() {
    if (buffer_.At(0) < 0) return Done(Parsed::kEnd);
    while (true) {
      const bool quoted = buffer_.At(at_) == '"';
      if (!(quoted ? QuotedCell() : PlainCell())) return Broken();
      parsed_.values.push_back(std::move(cell_));
      cell_.clear();
      if (buffer_.At(at_) != ',') break;
      ++at_;
    }
    return Done(Parsed::kRow);
  }

 private:
  bool AtLineEnd() {
    const int byte = buffer_.At(at_);
    return byte < 0 || byte == '\n' ||
           (byte == '\r' && (buffer_.At(at_ + 1) == '\n' || buffer_.At(at_ + 1) < 0));
  }

  bool PlainCell() {
    while (true) {
      if (!TakeUntil(",\"\r\n")) return false;
      if (AtLineEnd() || buffer_.At(at_) == ',') return true;
      if (buffer_.At(at_) == '"') return Fail("a quote stands inside a cell that does not begin with one");
      if (!Take(1)) return false;
    }
  }

  bool QuotedCell() {
    ++at_;
    while (true) {
      if (!TakeUntil("\"")) return false;
      if (buffer_.At(at_) < 0) return Fail("a quote is not closed");
      if (buffer_.At(at_ + 1) != '"') break;
      ++at_;
      if (!Take(1)) return false;
    }
    ++at_;
    return AtLineEnd() || buffer_.At(at_) == ',' || Fail("text stands behind a closing quote");
  }

  // Takes what stands before the first of `ends`, or the end of the file.
  bool TakeUntil(const char* ends) {
    while (true) {
      const std::string_view ahead = buffer_.From(at_);
      const size_t plain = LengthBefore(ahead, ends);
      if (!Take(plain)) return false;
      if (plain < ahead.size() || plain == 0) return true;
    }
  }

  static size_t LengthBefore(std::string_view text, std::string_view ends) {
    size_t length = 0;
    if (ends.size() == 1) {
      length = text.find(ends[0]);
      return length == std::string_view::npos ? text.size() : length;
    }
    // All of "\n\r\",", and little else, is below 45.
    while (length < text.size() && (static_cast<unsigned char>(text[length]) > ',' ||
                                    ends.find(text[length]) == std::string_view::npos)) {
      ++length;
    }
    return length;
  }

  bool Take(size_t length) {
    if (at_ + length > kRowBytes) return Fail("the row is longer than 1 MiB");
    cell_.append(buffer_.From(at_).substr(0, length));
    at_ += length;
    return true;
  }

  bool Fail(const char* error) {
    parsed_.error = error;
    return false;
  }

  // A broken row ends at its first line end: a stray quote must not swallow the rows behind it.
  Parsed Broken() {
    at_ = 0;
    while (!AtLineEnd() && at_ < kRowBytes) ++at_;
    return Done(Parsed::kBad);
  }

  Parsed Done(Parsed::State state) {
    parsed_.state = state;
    parsed_.cut = state == Parsed::kBad && !AtLineEnd();
    parsed_.length = at_;
    if (buffer_.At(at_) == '\r') ++at_;
    if (buffer_.At(at_) == '\n') ++at_;
    parsed_.with_ending = at_;
    return std::move(parsed_);
  }

  RowBuffer& buffer_;
  size_t at_ = 0;
  std::string cell_;
  Parsed parsed_;
};

class CsvSource : public RowSource {
 public:
  explicit CsvSource(std::istream& in) : buffer_(in) {}

  absl::Status ReadHead() {
    if (buffer_.At(0) == 0xEF && buffer_.At(1) == 0xBB && buffer_.At(2) == 0xBF) buffer_.Consume(3);
    Row row;
    ASSIGN_OR_RETURN(const bool some, Read(&row));
    if (!some || !row.error.empty()) {
      return MakeError(Reason::kInvalidRequest,
                       "the first row of a CSV file names the columns; this one does not");
    }
    std::set<std::string> names;
    for (std::string& name : row.values) {
      if (!IsValidUtf8(name))
        return MakeError(Reason::kInvalidRequest, "the names of the columns are not UTF-8");
      if (!names.insert(name).second)
        return MakeError(Reason::kInvalidRequest, "column " + name + " stands twice");
      columns_.push_back(std::move(name));
    }
    header_ = std::move(row.raw);
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Next(Row* row) override {
    ASSIGN_OR_RETURN(const bool some, Read(row));
    if (!some) return false;
    if (row->error.empty() && row->values.size() != columns_.size()) {
      row->error = "the row has " + std::to_string(row->values.size()) + " cells, the head " +
                   std::to_string(columns_.size());
    }
    for (size_t i = 0; i < row->values.size() && row->error.empty(); ++i) {
      if (IsValidUtf8(row->values[i])) continue;
      row->error = "the text cannot be decoded; correct it, or name the encoding of the file";
      row->error_field = columns_[i];
    }
    return true;
  }

  const std::vector<std::string>& columns() const override { return columns_; }
  std::string_view header() const override { return header_; }
  uint64_t consumed() const override { return buffer_.consumed(); }

 private:
  absl::StatusOr<bool> Read(Row* row) {
    *row = Row();
    Parsed parsed;
    do {
      row->line = buffer_.line();
      parsed = RowParser(buffer_).Parse();
      if (buffer_.failed()) return absl::UnavailableError("the file cannot be read on");
      if (parsed.state == Parsed::kEnd) return false;
      row->raw = std::string(buffer_.Row(parsed.length));
      buffer_.Consume(parsed.with_ending);
      if (parsed.cut) buffer_.SkipLine();
    } while (row->raw.empty());
    row->error = std::move(parsed.error);
    row->values = std::move(parsed.values);
    return true;
  }

  RowBuffer buffer_;
  std::vector<std::string> columns_;
  std::string header_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RowSource>> OpenCsv(std::istream& in) {
  auto source = std::make_unique<CsvSource>(in);
  RETURN_IF_ERROR(source->ReadHead());
  return source;
}

std::string CsvCell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string cell = "\"";
  for (const char c : text) {
    if (c == '"') cell.push_back('"');
    cell.push_back(c);
  }
  return cell + "\"";
}

}  // namespace hangou

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/importer/row_source.h"

namespace hangou {
namespace {

using nlohmann::json;

// Takes a flat object apart. Keeps numbers as they are written: 0.10 yuan must not pass through a double.
class FlatObject : public nlohmann::json_sax<json> {
 public:
  explicit FlatObject(Row* row) : row_(row) {}

  bool null() override {
    if (!InObject()) return false;
    row_->names.pop_back();
    return true;
  }
  bool boolean(bool value) override { return Value(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return Value(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Value(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { return Value(text); }
  bool string(string_t& value) override { return Value(std::move(value)); }
  bool binary(binary_t&) override { return Fail("a value has a type that JSON does not have"); }
  bool start_object(std::size_t) override { return ++depth_ == 1 || Nested(); }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return Nested(); }
  bool end_array() override { return true; }
  bool key(string_t& name) override {
    if (std::find(row_->names.begin(), row_->names.end(), name) != row_->names.end()) {
      return Fail("the name stands twice", name);
    }
    row_->names.push_back(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return Fail("the line is not a JSON object");
  }

 private:
  bool InObject() { return depth_ == 1 || Fail("the line is not a JSON object"); }
  bool Value(std::string text) {
    if (!InObject()) return false;
    row_->values.push_back(std::move(text));
    return true;
  }
  bool Nested() {
    if (depth_ == 0) return Fail("the line is not a JSON object");
    return Fail("the value is nested; records are flat", row_->names.empty() ? "" : row_->names.back());
  }
  bool Fail(const char* error, const std::string& field = {}) {
    row_->error = error;
    row_->error_field = field;
    return false;
  }

  Row* row_;
  int depth_ = 0;
};

class NdjsonSource : public RowSource {
 public:
  explicit NdjsonSource(std::istream& in) : buffer_(in) {}

  absl::StatusOr<bool> Next(Row* row) override {
    do {
      *row = Row();
      row->line = buffer_.line();
      if (buffer_.At(0) < 0 && !buffer_.failed()) return false;
      ReadLine(row);
      if (buffer_.failed()) return absl::UnavailableError("the file cannot be read on");
    } while (row->raw.empty());
    if (row->error.empty()) Parse(row);
    return true;
  }

  const std::vector<std::string>& columns() const override { return columns_; }
  std::string_view header() const override { return {}; }
  uint64_t consumed() const override { return buffer_.consumed(); }

 private:
  void ReadLine(Row* row) {
    size_t length = 0;
    while (length < kRowBytes && buffer_.At(length) >= 0 && buffer_.At(length) != '\n') ++length;
    if (length == kRowBytes) row->error = "the row is longer than 1 MiB";
    row->raw = std::string(buffer_.Row(length));
    if (!row->raw.empty() && row->raw.back() == '\r') row->raw.pop_back();
    buffer_.Consume(length);
    buffer_.SkipLine();
  }

  static void Parse(Row* row) {
    if (!IsValidUtf8(row->raw)) {
      row->error = "the text cannot be decoded; correct it, or name the encoding of the file";
      return;
    }
    FlatObject object(row);
    json::sax_parse(row->raw, &object);
    if (!row->error.empty()) {
      row->names.clear();
      row->values.clear();
    }
  }

  RowBuffer buffer_;
  const std::vector<std::string> columns_;
};

}  // namespace

std::unique_ptr<RowSource> OpenNdjson(std::istream& in) { return std::make_unique<NdjsonSource>(in); }

}  // namespace hangou

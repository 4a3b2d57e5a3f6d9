#include "libs/importer/table_input.h"

#include <filesystem>
#include <fstream>
#include <iostream>

#include "libs/base/status.h"
#include "libs/importer/xlsx_source.h"

namespace hangou {
namespace {

// Of standard input, which cannot be read twice, the encoding is told by so much.
constexpr size_t kPipeHeadBytes = 1 << 20;
constexpr size_t kScanBytes = 1 << 20;
constexpr std::string_view kZipMagic = "PK\x03\x04";
// Compound files: workbooks of before 2007, and encrypted ones of today.
constexpr std::string_view kCompoundMagic = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
constexpr std::string_view kEncryptedStream("E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0", 32);

absl::Status BadInput(const std::string& message) { return MakeError(Reason::kInvalidRequest, message); }

// Of the place where the file lies, not of the file: another time it may be read.
absl::Status Unreadable(const std::string& path) {
  return absl::UnavailableError("the file " + path + " cannot be read");
}

// What can be read twice.
bool IsPlainFile(const std::string& path) {
  std::error_code error;
  return path != "-" && std::filesystem::is_regular_file(path, error);
}

class TextInput : public TableInput {
 public:
  absl::Status Start(const InputOptions& options) {
    EncodingDetector detector;
    std::string head;
    if (!IsPlainFile(options.path)) {
      if (options.path == "-") std::ios::sync_with_stdio(false);
      if (options.path != "-") file_.open(options.path, std::ios::binary);
      in_ = options.path == "-" ? &std::cin : &file_;
      head.resize(kPipeHeadBytes);
      in_->read(head.data(), static_cast<std::streamsize>(head.size()));
      head.resize(static_cast<size_t>(in_->gcount()));
      detector.Add(head);
    } else {
      RETURN_IF_ERROR(OpenText(options, &detector));
    }
    if (in_->bad() || (in_ == &file_ && !file_.is_open())) {
      return Unreadable(options.path);
    }
    if (head.starts_with(kZipMagic))
      return BadInput("give a workbook as a file: it cannot be read from a pipe");
    encoding_ = detector.Marked().value_or(options.usual_encoding.value_or(detector.Detected()));
    if (options.encoding) encoding_ = *options.encoding;
    text_ = std::make_unique<DecodedStream>(*in_, encoding_, std::move(head));
    ndjson_ = IsNdjson(options.path);
    if (ndjson_) {
      rows_ = OpenNdjson(*text_);
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(rows_, OpenCsv(*text_));
    return absl::OkStatus();
  }

  RowSource& rows() override { return *rows_; }
  std::string Description() const override {
    return std::string(ndjson_ ? "ndjson" : "csv") + ", " + std::string(TextEncodingName(encoding_));
  }
  double PartRead() const override {
    return bytes_ == 0 ? 0 : static_cast<double>(text_->source_bytes()) / static_cast<double>(bytes_);
  }

 private:
  // All of a file is looked at: its first cell beyond ASCII may stand in the last row. Only for its mark where the
  // encoding is known otherwise.
  absl::Status OpenText(const InputOptions& options, EncodingDetector* detector) {
    file_.open(options.path, std::ios::binary);
    in_ = &file_;
    std::string block(kScanBytes, '\0');
    while (!options.encoding && file_.good()) {
      file_.read(block.data(), kScanBytes);
      detector->Add(std::string_view(block).substr(0, static_cast<size_t>(file_.gcount())));
      if (options.usual_encoding) break;
    }
    if (!file_.is_open() || file_.bad()) return Unreadable(options.path);
    file_.clear();
    file_.seekg(0);
    std::error_code error;
    bytes_ = std::filesystem::file_size(options.path, error);
    if (error) bytes_ = 0;
    return absl::OkStatus();
  }

  bool IsNdjson(const std::string& path) {
    const std::string extension = std::filesystem::path(path).extension();
    if (extension == ".csv") return false;
    if (extension == ".ndjson" || extension == ".jsonl") return true;
    return (*text_ >> std::ws).peek() == '{';
  }

  std::ifstream file_;
  std::istream* in_ = nullptr;
  uint64_t bytes_ = 0;  // 0: not known
  TextEncoding encoding_ = TextEncoding::kUtf8;
  std::unique_ptr<DecodedStream> text_;
  bool ndjson_ = false;
  std::unique_ptr<RowSource> rows_;
};

class WorkbookInput : public TableInput {
 public:
  explicit WorkbookInput(std::unique_ptr<XlsxSource> source) : source_(std::move(source)) {}
  RowSource& rows() override { return *source_; }
  std::string Description() const override { return "workbook, sheet " + source_->sheet(); }
  double PartRead() const override {
    return source_->total() == 0
               ? 0
               : static_cast<double>(source_->consumed()) / static_cast<double>(source_->total());
  }

 private:
  const std::unique_ptr<XlsxSource> source_;
};

absl::Status CompoundError(std::string_view head) {
  if (head.find(kEncryptedStream) != std::string_view::npos) {
    return BadInput("the workbook is encrypted; save it without a password");
  }
  return BadInput("workbooks of before 2007 (.xls) are not taken; save it as .xlsx or CSV");
}

}  // namespace

absl::StatusOr<std::unique_ptr<TableInput>> TableInput::Open(const InputOptions& options) {
  std::error_code error;
  if (options.path != "-" && !std::filesystem::exists(options.path, error)) {
    return BadInput("there is no file " + options.path);
  }
  if (std::filesystem::is_directory(options.path, error)) return BadInput(options.path + " is a folder");
  if (IsPlainFile(options.path)) {
    std::ifstream file(options.path, std::ios::binary);
    std::string head(kPipeHeadBytes, '\0');
    file.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<size_t>(file.gcount()));
    if (head.starts_with(kCompoundMagic)) return CompoundError(head);
    if (head.starts_with(kZipMagic)) {
      const std::string& sheet = options.sheet.empty() ? options.usual_sheet : options.sheet;
      ASSIGN_OR_RETURN(auto archive, ZipArchive::Open(options.path));
      ASSIGN_OR_RETURN(auto source, XlsxSource::Open(std::move(archive), sheet));
      return std::make_unique<WorkbookInput>(std::move(source));
    }
  }
  if (!options.sheet.empty()) return BadInput("only a workbook has sheets; leave --sheet out");
  auto input = std::make_unique<TextInput>();
  RETURN_IF_ERROR(input->Start(options));
  return input;
}

}  // namespace hangou

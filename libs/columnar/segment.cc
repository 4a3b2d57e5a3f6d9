#include "libs/columnar/segment.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "libs/base/fault.h"
#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

constexpr uint32_t kSegmentFormat = 3;
constexpr char kLayoutFile[] = "layout";
constexpr size_t kKeysFile = 0;
constexpr size_t kIdsFile = 1;
constexpr size_t kFirstColumn = 2;
// What is gathered before it is written: larger writes cost less each.
constexpr size_t kWriteBytes = 256 << 10;
// A layout of ten thousand blocks of some columns; more rows than that are several segments.
constexpr size_t kLayoutBytes = 256 << 20;
constexpr size_t kChecksumBytes = 8;

std::string FileName(const std::vector<ColumnSpec>& columns, size_t file) {
  if (file == kKeysFile) return "keys";
  if (file == kIdsFile) return "ids";
  return "column_" + columns[file - kFirstColumn].name;
}

uint64_t ChecksumOf(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

absl::Status DamagedFile(const std::string& path) {
  return MakeError(Reason::kDataLoss, path + " is damaged; the projection is built anew from the log");
}

}  // namespace

SegmentBuilder::SegmentBuilder(std::string folder, std::vector<ColumnSpec> columns, int partitions)
    : folder_(std::move(folder)), columns_(std::move(columns)), gathered_(columns_.size()) {
  layout_.set_format(kSegmentFormat);
  for (const ColumnSpec& column : columns_) layout_.add_columns(column.name);
  for (int i = 0; i < partitions; ++i) layout_.add_partitions();
}

absl::StatusOr<std::unique_ptr<SegmentBuilder>> SegmentBuilder::Create(const std::string& folder,
                                                                       std::vector<ColumnSpec> columns,
                                                                       int partitions) {
  std::unique_ptr<SegmentBuilder> writer(new SegmentBuilder(folder, std::move(columns), partitions));
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  RETURN_IF_ERROR(MakeFolders(folder));
  RETURN_IF_ERROR(writer->OpenFiles());
  return writer;
}

SegmentBuilder::~SegmentBuilder() {
  for (const File& file : files_) {
    if (file.descriptor >= 0) ::close(file.descriptor);
  }
  std::error_code error;
  if (!finished_) std::filesystem::remove_all(folder_, error);
}

absl::Status SegmentBuilder::OpenFiles() {
  files_.resize(kFirstColumn + columns_.size());
  for (size_t i = 0; i < files_.size(); ++i) {
    files_[i].path = folder_ + "/" + FileName(columns_, i);
    files_[i].descriptor = ::open(files_[i].path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (files_[i].descriptor < 0) return ErrnoError(errno, "open " + files_[i].path);
  }
  return absl::OkStatus();
}

absl::Status SegmentBuilder::Add(int partition, const ColumnarRow& row) {
  HANGOU_CHECK(partition >= partition_, "rows are added partition by partition");
  if (partition != partition_ || ids_.size() == kBlockRows) RETURN_IF_ERROR(EndBlock());
  partition_ = partition;
  HANGOU_CHECK(row.key.size() <= kColumnKeyBytes, "a key is too long");
  if (ids_.empty()) first_key_ = row.key;
  keys_.Add(row.key);
  ids_.push_back((row.id & ~kGoneBit) | (row.gone ? kGoneBit : 0));
  has_gone_ = has_gone_ || row.gone;
  replaces_ = replaces_ || row.gone || row.replaces;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Cell cell = row.gone ? Cell() : row.cells[i];
    gathered_[i].present.push_back(cell.present ? 1 : 0);
    if (columns_[i].is_text) {
      gathered_[i].texts += cell.text;
      gathered_[i].text_ends.push_back(gathered_[i].texts.size());
    } else {
      gathered_[i].numbers.push_back(cell.number);
    }
  }
  ++rows_;
  return absl::OkStatus();
}

absl::Status SegmentBuilder::EndBlock() {
  if (ids_.empty()) return absl::OkStatus();
  auto* const block = layout_.mutable_partitions(partition_)->add_blocks();
  block->set_rows(static_cast<uint32_t>(ids_.size()));
  block->set_first_key(first_key_);
  block->set_has_gone(has_gone_);
  block->set_replaces(replaces_);
  std::string bytes;
  keys_.Take(&bytes);
  RETURN_IF_ERROR(WriteChunk(kKeysFile, bytes, block->add_chunks()));
  bytes.clear();
  EncodeRaw(ids_, &bytes);
  RETURN_IF_ERROR(WriteChunk(kIdsFile, bytes, block->add_chunks()));
  for (size_t i = 0; i < columns_.size(); ++i) {
    Gathered& column = gathered_[i];
    bytes.clear();
    if (columns_[i].is_text) {
      std::vector<std::string_view> texts;
      size_t begin = 0;
      for (const size_t end : column.text_ends) {
        texts.push_back(std::string_view(column.texts).substr(begin, end - begin));
        begin = end;
      }
      EncodeTexts(texts, column.present, &bytes);
    } else {
      EncodeNumbers(column.numbers, column.present, &bytes);
    }
    RETURN_IF_ERROR(WriteChunk(kFirstColumn + i, bytes, block->add_chunks()));
    column.numbers.clear();
    column.texts.clear();
    column.text_ends.clear();
    column.present.clear();
  }
  ids_.clear();
  has_gone_ = false;
  replaces_ = false;
  return absl::OkStatus();
}

absl::Status SegmentBuilder::WriteChunk(size_t file, std::string_view bytes,
                                        hangou::columnar::v1::Chunk* chunk) {
  File& to = files_[file];
  chunk->set_offset(to.size + to.buffer.size());
  chunk->set_size(static_cast<uint32_t>(bytes.size()));
  chunk->set_checksum(ChecksumOf(bytes));
  to.buffer += bytes;
  return to.buffer.size() < kWriteBytes ? absl::OkStatus() : Drain(&to);
}

absl::Status SegmentBuilder::Drain(File* file) {
  if (const int error = FaultAt(FaultPoint::kStoreWrite); error != 0)
    return ErrnoError(error, "write " + file->path);
  std::string_view rest = file->buffer;
  while (!rest.empty()) {
    const ssize_t written = ::write(file->descriptor, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoError(errno, "write " + file->path);
    rest.remove_prefix(static_cast<size_t>(written));
  }
  file->size += file->buffer.size();
  file->buffer.clear();
  return absl::OkStatus();
}

absl::Status SegmentBuilder::Finish() {
  RETURN_IF_ERROR(EndBlock());
  for (File& file : files_) {
    RETURN_IF_ERROR(Drain(&file));
    ::close(std::exchange(file.descriptor, -1));
  }
  File layout;
  layout.path = folder_ + "/" + kLayoutFile;
  layout.descriptor = ::open(layout.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (layout.descriptor < 0) return ErrnoError(errno, "open " + layout.path);
  layout.buffer = layout_.SerializeAsString();
  AppendBigEndian(&layout.buffer, ChecksumOf(layout.buffer), kChecksumBytes);
  files_.push_back(std::move(layout));
  RETURN_IF_ERROR(Drain(&files_.back()));
  finished_ = true;
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Segment>> Segment::Open(const std::string& folder,
                                                             const std::vector<ColumnSpec>& columns,
                                                             int partitions) {
  std::shared_ptr<Segment> segment(new Segment());
  segment->folder_ = folder;
  segment->columns_ = columns;
  const std::string path = folder + "/" + kLayoutFile;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return DamagedFile(path);
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, kLayoutBytes));
  if (bytes.size() < kChecksumBytes) return DamagedFile(path);
  const uint64_t checksum = ReadBigEndian(std::string_view(bytes).substr(bytes.size() - kChecksumBytes));
  bytes.resize(bytes.size() - kChecksumBytes);
  if (checksum != ChecksumOf(bytes) || !segment->layout_.ParseFromString(bytes) ||
      segment->layout_.format() != kSegmentFormat || segment->layout_.partitions_size() != partitions ||
      segment->layout_.columns_size() != static_cast<int>(columns.size())) {
    return DamagedFile(path);
  }
  std::vector<uint64_t> sizes(kFirstColumn + columns.size());
  for (const auto& partition : segment->layout_.partitions()) {
    for (const auto& block : partition.blocks()) {
      if (block.chunks_size() != static_cast<int>(kFirstColumn + columns.size()) || block.rows() > kBlockRows)
        return DamagedFile(path);
      segment->rows_ += block.rows();
      for (size_t i = 0; i < sizes.size(); ++i) {
        const auto& chunk = block.chunks(static_cast<int>(i));
        sizes[i] = std::max(sizes[i], chunk.offset() + chunk.size());
      }
    }
  }
  for (size_t i = 0; i < kFirstColumn + columns.size(); ++i) {
    const std::string file = folder + "/" + FileName(columns, i);
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return errno == ENOENT ? DamagedFile(file) : ErrnoError(errno, "open " + file);
    segment->descriptors_.push_back(descriptor);
    struct stat found = {};
    if (::fstat(descriptor, &found) != 0) return ErrnoError(errno, "look at " + file);
    if (static_cast<uint64_t>(found.st_size) < sizes[i]) return DamagedFile(file);
    segment->bytes_ += found.st_size;
  }
  return std::shared_ptr<const Segment>(std::move(segment));
}

Segment::~Segment() {
  for (const int descriptor : descriptors_) ::close(descriptor);
}

absl::Status Segment::Damaged(size_t file) const {
  damaged_ = true;
  return DamagedFile(folder_ + "/" + FileName(columns_, file));
}

absl::StatusOr<std::string> Segment::ReadChunk(size_t file, const hangou::columnar::v1::Chunk& chunk) const {
  std::string bytes(chunk.size(), '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(descriptors_[file], bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(chunk.offset() + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoError(errno, "read " + folder_ + "/" + FileName(columns_, file));
    if (got == 0) return Damaged(file);
    done += static_cast<size_t>(got);
  }
  if (ChecksumOf(bytes) != chunk.checksum()) return Damaged(file);
  return bytes;
}

absl::Status Segment::ReadIds(int partition, size_t block_number, std::vector<uint64_t>* ids) const {
  const hangou::columnar::v1::Block& block = BlockOf(partition, block_number);
  ASSIGN_OR_RETURN(const std::string bytes, ReadChunk(kIdsFile, block.chunks(kIdsFile)));
  return DecodeRaw(bytes, block.rows(), ids) ? absl::OkStatus() : Damaged(kIdsFile);
}

absl::Status Segment::Read(int partition, size_t block_number, std::span<const int> columns,
                           BlockRows* rows) const {
  const hangou::columnar::v1::Block& block = BlockOf(partition, block_number);
  rows->rows = block.rows();
  rows->numbers.resize(columns_.size());
  rows->texts.resize(columns_.size());
  rows->bytes.resize(columns_.size());
  ASSIGN_OR_RETURN(const std::string keys, ReadChunk(kKeysFile, block.chunks(kKeysFile)));
  if (!DecodeKeys(keys, rows->rows, &rows->keys)) return Damaged(kKeysFile);
  rows->ids.clear();
  rows->has_gone = block.has_gone();
  rows->replaces = block.replaces();
  if (block.has_gone()) RETURN_IF_ERROR(ReadIds(partition, block_number, &rows->ids));
  for (const int column : columns) {
    const auto i = static_cast<size_t>(column);
    const size_t file = kFirstColumn + i;
    ASSIGN_OR_RETURN(rows->bytes[i], ReadChunk(file, block.chunks(static_cast<int>(file))));
    const bool whole = columns_[i].is_text ? DecodeTexts(rows->bytes[i], rows->rows, &rows->texts[i])
                                           : DecodeNumbers(rows->bytes[i], rows->rows, &rows->numbers[i]);
    if (!whole) return Damaged(file);
  }
  return absl::OkStatus();
}

Cell CellOf(const BlockRows& block, const ColumnSpec& column, size_t index, uint32_t row) {
  const std::vector<uint8_t>& present =
      column.is_text ? block.texts[index].present : block.numbers[index].present;
  if (!present.empty() && present[row] == 0) return {};
  if (!column.is_text) return {true, block.numbers[index].numbers[row], {}};
  const TextColumn& texts = block.texts[index];
  return {true, 0, texts.texts[texts.codes[row]]};
}

}  // namespace hangou

#include "libs/log/segment_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>

#include "libs/base/fault.h"
#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/log/sealed_text.h"
#include "libs/log/topic_scan.h"

namespace hangou {
namespace {

// Zeros that are written ahead at once: some hundred commits.
constexpr size_t kAheadBytes = 1 << 20;
constexpr char kFirstLine[] = "hangou-log-topic 1";

std::string DeclarationPath(const std::string& folder) { return folder + "/topic"; }

// The number behind `label` at the front of `text`, up to the end of the line, which is taken off.
std::optional<uint64_t> TakeLine(std::string_view* text, std::string_view label, int base) {
  if (text->substr(0, label.size()) != label) return std::nullopt;
  text->remove_prefix(label.size());
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value, base);
  if (error != std::errc()) return std::nullopt;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  if (text->empty() || text->front() != '\n') return std::nullopt;
  text->remove_prefix(1);
  return value;
}

}  // namespace

absl::Status WriteTopicDeclaration(const std::string& folder, const TopicDeclaration& declaration) {
  std::string salt;
  AppendBigEndian(&salt, declaration.salt, 8);
  return WriteSealedText(DeclarationPath(folder), std::string(kFirstLine) + "\npartitions " +
                                                      std::to_string(declaration.partitions) + "\nsalt " +
                                                      Hex(salt) + "\n");
}

absl::StatusOr<TopicDeclaration> ReadTopicDeclaration(const std::string& folder) {
  ASSIGN_OR_RETURN(const std::string lines, ReadSealedText(DeclarationPath(folder), kFirstLine));
  std::string_view rest = std::string_view(lines).substr(sizeof kFirstLine);
  const auto partitions = TakeLine(&rest, "partitions ", 10);
  const auto salt = TakeLine(&rest, "salt ", 16);
  HANGOU_CHECK(partitions && salt, "a topic file with a right sum lacks a line");
  return TopicDeclaration{static_cast<int32_t>(*partitions), *salt};
}

std::string SegmentPath(const std::string& folder, uint32_t number) {
  return folder + "/" + SegmentName(number);
}

absl::StatusOr<std::vector<uint32_t>> ListSegments(const std::string& folder) {
  std::vector<uint32_t> numbers;
  std::error_code error;
  std::filesystem::directory_iterator files(folder, error);
  for (; !error && files != std::filesystem::directory_iterator(); files.increment(error)) {
    const std::string name = files->path().filename().string();
    uint32_t number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    if (number > 0 && name == SegmentName(number)) numbers.push_back(number);
  }
  if (error) return ErrnoError(error.value(), "list " + folder);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = other.fd_;
    other.fd_ = -1;
  }
  return *this;
}

void FileHandle::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

absl::StatusOr<FileHandle> OpenSegment(const std::string& folder, uint32_t number) {
  const std::string path = SegmentPath(folder, number);
  FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return ErrnoError(errno, "open " + path);
  return file;
}

absl::StatusOr<std::string> ReadAt(const FileHandle& file, uint64_t position, size_t count) {
  std::string bytes(count, '\0');
  size_t filled = 0;
  while (filled < count) {
    const ssize_t got =
        ::pread(file.fd(), bytes.data() + filled, count - filled, static_cast<off_t>(position + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoError(errno, "read a segment of the log");
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

absl::Status CutTail(const std::string& folder, uint32_t number, uint32_t position) {
  const std::string path = SegmentPath(folder, number);
  FileHandle file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.is_open()) return ErrnoError(errno, "open " + path);
  struct stat info{};
  if (::fstat(file.fd(), &info) != 0) return ErrnoError(errno, "look at " + path);
  ASSIGN_OR_RETURN(std::string tail, ReadAt(file, position, static_cast<size_t>(info.st_size) - position));
  tail.resize(tail.find_last_not_of('\0') + 1);
  RETURN_IF_ERROR(WriteFileDurably(path + "@" + std::to_string(position) + ".torn", tail, 0600));
  if (::ftruncate(file.fd(), position) != 0 || ::fsync(file.fd()) != 0)
    return ErrnoError(errno, "cut " + path);
  return absl::OkStatus();
}

SegmentWriter::SegmentWriter(std::string folder, size_t segment_bytes)
    : folder_(std::move(folder)), segment_bytes_(segment_bytes) {}

absl::Status SegmentWriter::Open(uint32_t number, uint32_t position) {
  number_ = number;
  position_ = position;
  if (number == 0) return absl::OkStatus();
  const std::string path = SegmentPath(folder_, number);
  file_ = FileHandle(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file_.is_open()) return ErrnoError(errno, "open " + path);
  struct stat info{};
  if (::fstat(file_.fd(), &info) != 0) return ErrnoError(errno, "look at " + path);
  ahead_ = static_cast<uint64_t>(info.st_size);
  // What a crashed process wrote may be in the page cache only; readers are about to see it.
  if (::fsync(file_.fd()) != 0) return ErrnoError(errno, "sync " + path);
  return absl::OkStatus();
}

absl::Status SegmentWriter::Prepare() {
  if (number_ != 0 && position_ < segment_bytes_ && !start_next_) return absl::OkStatus();
  RETURN_IF_ERROR(Roll());
  start_next_ = false;
  return absl::OkStatus();
}

absl::Status SegmentWriter::Roll() {
  const std::string path = SegmentPath(folder_, number_ + 1);
  // Without O_EXCL: an earlier attempt may have made the file and failed behind that.
  FileHandle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!file.is_open()) return ErrnoError(errno, "create " + path);
  RETURN_IF_ERROR(SyncFolder(folder_));
  Trim();
  file_ = std::move(file);
  ++number_;
  position_ = 0;
  ahead_ = 0;
  return absl::OkStatus();
}

absl::Status SegmentWriter::WriteAll(std::string_view block) {
  const int fault = FaultAt(FaultPoint::kLogWrite);
  // A failing disk takes a part: so does a failing test.
  if (fault != 0) block = block.substr(0, block.size() / 2);
  uint64_t at = position_;
  while (!block.empty()) {
    const ssize_t put = ::pwrite(file_.fd(), block.data(), block.size(), static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return ErrnoError(errno, "write " + SegmentPath(folder_, number_));
    block.remove_prefix(static_cast<size_t>(put));
    at += static_cast<uint64_t>(put);
  }
  if (fault != 0) return ErrnoError(fault, "write " + SegmentPath(folder_, number_));
  return absl::OkStatus();
}

void SegmentWriter::Undo() {
  while (::ftruncate(file_.fd(), position_) != 0) {
    HANGOU_CHECK(errno == EINTR, "cannot undo a failed write of the log; look at the disk");
  }
  ahead_ = position_;
}

// Best effort: without room for zeros blocks are still written.
void SegmentWriter::WriteAhead(uint64_t end) {
  if (end <= ahead_) return;
  ahead_ = end;
  if (end >= segment_bytes_) return;
  static const std::string kZeros(kAheadBytes, '\0');
  const size_t count = std::min<size_t>(kAheadBytes, segment_bytes_ - end);
  const ssize_t put = ::pwrite(file_.fd(), kZeros.data(), count, static_cast<off_t>(end));
  if (put > 0) ahead_ += static_cast<uint64_t>(put);
}

void SegmentWriter::Trim() {
  if (file_.is_open() && ahead_ > position_ && ::ftruncate(file_.fd(), position_) == 0) ahead_ = position_;
}

absl::Status SegmentWriter::WriteDurably(std::string_view block) {
  if (absl::Status written = WriteAll(block); !written.ok()) {
    Undo();
    return written;
  }
  WriteAhead(position_ + block.size());
  const int fault = FaultAt(FaultPoint::kLogSync);
  // After a failed sync the kernel may drop the pages and report success the next time: nothing can be
  // trusted.
  HANGOU_CHECK(fault == 0 && ::fdatasync(file_.fd()) == 0,
               "fdatasync of the log failed; nothing was acknowledged");
  position_ += static_cast<uint32_t>(block.size());
  return absl::OkStatus();
}

}  // namespace hangou

#include "libs/audit/segment_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "libs/base/fault.h"
#include "libs/base/file.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

// Zeros written ahead of the entries: a sync of bytes that overwrite written blocks leaves the file's metadata alone,
// which makes it some three times as fast. Twice the bytes are written; a step of this size costs about one sync.
constexpr size_t kAheadBytes = 1 << 20;

absl::Status Unavailable(const std::string& path, int error) {
  return MakeError(Reason::kAuditUnavailable, "cannot write " + path + ": " + std::strerror(error) +
                                                  "; make room on its disk, or look at it");
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditSegmentWriter>> AuditSegmentWriter::Create(const std::string& folder,
                                                                               const SegmentHeader& header) {
  const std::string path = folder + "/" + SegmentName(header.first_sequence);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Unavailable(path, errno);
  std::unique_ptr<AuditSegmentWriter> writer(new AuditSegmentWriter(path, fd, header.salt));
  absl::Status status = writer->Append(EncodeSegmentHeader(header));
  if (status.ok() && !SyncFolder(folder).ok()) status = Unavailable(folder, EIO);
  if (status.ok()) return writer;
  HANGOU_CHECK(::unlink(path.c_str()) == 0, "cannot remove an audit segment that was not begun");
  return status;
}

absl::StatusOr<std::unique_ptr<AuditSegmentWriter>> AuditSegmentWriter::Reopen(const std::string& path,
                                                                               uint64_t salt, uint64_t end) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return Unavailable(path, errno);
  std::unique_ptr<AuditSegmentWriter> writer(new AuditSegmentWriter(path, fd, salt));
  struct stat state;
  if (::fstat(fd, &state) != 0) return Unavailable(path, errno);
  writer->end_ = end;
  writer->allocated_ = static_cast<uint64_t>(state.st_size);
  return writer;
}

AuditSegmentWriter::~AuditSegmentWriter() { ::close(fd_); }

absl::Status AuditSegmentWriter::Append(std::string_view group) {
  if (absl::Status written = WriteAll(group); !written.ok()) {
    // What was written of it must not look like entries when the chain is opened again.
    HANGOU_CHECK(::ftruncate(fd_, static_cast<off_t>(end_)) == 0,
                 "cannot take back a failed write of the audit chain");
    allocated_ = end_;
    return written;
  }
  end_ += group.size();
  if (end_ > allocated_) WriteAhead();
  Sync();
  return absl::OkStatus();
}

void AuditSegmentWriter::Seal() {
  if (::ftruncate(fd_, static_cast<off_t>(end_)) == 0) allocated_ = end_;
}

void AuditSegmentWriter::WriteAhead() {
  static const std::string zeros(kAheadBytes, '\0');
  const ssize_t put = ::pwrite(fd_, zeros.data(), zeros.size(), static_cast<off_t>(end_));
  // Where there is no room the entries that come next find out for themselves.
  allocated_ = end_ + (put > 0 ? static_cast<uint64_t>(put) : 0);
}

absl::Status AuditSegmentWriter::WriteAll(std::string_view bytes) {
  uint64_t at = end_;
  const int fault = FaultAt(FaultPoint::kAuditWrite);
  // A failing write may have written a part.
  if (fault != 0) bytes = bytes.substr(0, bytes.size() / 2);
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return Unavailable(path_, errno);
    bytes.remove_prefix(static_cast<size_t>(put));
    at += static_cast<uint64_t>(put);
  }
  return fault == 0 ? absl::OkStatus() : Unavailable(path_, fault);
}

void AuditSegmentWriter::Sync() {
  int error = FaultAt(FaultPoint::kAuditSync);
  if (error == 0 && ::fdatasync(fd_) != 0) error = errno;
  // The kernel may have dropped the pages: a second try would succeed without them.
  HANGOU_CHECK(error == 0, "the audit chain cannot be synced: " + std::string(std::strerror(error)));
}

}  // namespace hangou

#include "libs/audit/segment_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "libs/base/status.h"

namespace hangou {
namespace {

// Read at a time: some hundred entries, a page of ListEntries.
constexpr size_t kReadBytes = 128 << 10;

}  // namespace

absl::StatusOr<std::unique_ptr<AuditSegmentReader>> AuditSegmentReader::Open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoError(errno, "open " + path);
  std::unique_ptr<AuditSegmentReader> reader(new AuditSegmentReader(path, fd));
  RETURN_IF_ERROR(reader->Fill(kSegmentHeaderBytes));
  reader->header_ = DecodeSegmentHeader(reader->buffer_);
  reader->Seek(kSegmentHeaderBytes);
  return reader;
}

AuditSegmentReader::~AuditSegmentReader() { ::close(fd_); }

void AuditSegmentReader::Seek(uint64_t position) {
  position_ = position;
  buffer_.clear();
  consumed_ = 0;
}

absl::StatusOr<std::optional<AuditFrame>> AuditSegmentReader::Next() {
  if (!header_.has_value()) return std::nullopt;
  RETURN_IF_ERROR(Fill(kFrameHeaderBytes));
  const std::optional<size_t> size = FrameSize(std::string_view(buffer_).substr(consumed_));
  if (!size.has_value()) return std::nullopt;
  RETURN_IF_ERROR(Fill(*size));
  const std::optional<AuditFrame> frame =
      DecodeFrame(std::string_view(buffer_).substr(consumed_), header_->salt);
  if (!frame.has_value()) return std::nullopt;
  consumed_ += *size;
  position_ += *size;
  return frame;
}

absl::StatusOr<std::string> AuditSegmentReader::Rest() {
  for (size_t had = 0;; had = buffer_.size()) {
    RETURN_IF_ERROR(Fill(buffer_.size() - consumed_ + kReadBytes));
    if (buffer_.size() <= had) break;
  }
  const size_t last = buffer_.find_last_not_of('\0');
  if (last == std::string::npos || last < consumed_) return std::string();
  return buffer_.substr(consumed_, last + 1 - consumed_);
}

absl::Status AuditSegmentReader::Fill(size_t bytes) {
  if (buffer_.size() - consumed_ >= bytes) return absl::OkStatus();
  buffer_.erase(0, consumed_);
  consumed_ = 0;
  while (buffer_.size() < bytes) {
    const size_t had = buffer_.size();
    buffer_.resize(std::max(bytes, had + kReadBytes));
    const ssize_t got =
        ::pread(fd_, buffer_.data() + had, buffer_.size() - had, static_cast<off_t>(position_ + had));
    const int error = errno;
    buffer_.resize(had + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got < 0 && error == EINTR) continue;
    if (got < 0) return ErrnoError(error, "read " + path_);
    if (got == 0) return absl::OkStatus();
  }
  return absl::OkStatus();
}

}  // namespace hangou

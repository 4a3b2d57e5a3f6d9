// Reads a segment file of the audit chain, frame by frame.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/audit/audit_format.h"

namespace hangou {

// Reads one segment in order. Used by one thread; a writer may append to the file meanwhile.
class AuditSegmentReader {
 public:
  // Opens a file and reads its header.
  static absl::StatusOr<std::unique_ptr<AuditSegmentReader>> Open(const std::string& path);
  ~AuditSegmentReader();
  AuditSegmentReader(const AuditSegmentReader&) = delete;
  AuditSegmentReader& operator=(const AuditSegmentReader&) = delete;

  // The header; none where it is incomplete or damaged. Without it there are no frames.
  const std::optional<SegmentHeader>& header() const { return header_; }
  // Where the next frame begins.
  uint64_t position() const { return position_; }
  // Goes on at `position`, where a frame begins.
  void Seek(uint64_t position);
  // The frame at the position, which moves behind it; none, without a move, where the bytes there are no
  // whole and sound frame. The views are valid until the next call.
  absl::StatusOr<std::optional<AuditFrame>> Next();
  // All bytes from the position to the end of the file, without the zeros at its end.
  absl::StatusOr<std::string> Rest();

 private:
  AuditSegmentReader(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  // Makes at least `bytes` bytes from the position on available, or all that there are.
  absl::Status Fill(size_t bytes);

  const std::string path_;
  const int fd_;
  std::optional<SegmentHeader> header_;
  uint64_t position_ = 0;
  std::string buffer_;   // bytes of the file
  size_t consumed_ = 0;  // how many of them lie before the position
};

}  // namespace hangou

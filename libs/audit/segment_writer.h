// Writes a segment file of the audit chain.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/audit/audit_format.h"

namespace hangou {

// Appends groups of frames to one segment, each durable when Append returns. Used by one thread.
class AuditSegmentWriter {
 public:
  // Makes a new segment in `folder`, durable. AUDIT_UNAVAILABLE where that fails; nothing of it is left then.
  static absl::StatusOr<std::unique_ptr<AuditSegmentWriter>> Create(const std::string& folder,
                                                                    const SegmentHeader& header);
  // Goes on behind the frames of an existing segment; what stands behind `end` must be zeros.
  static absl::StatusOr<std::unique_ptr<AuditSegmentWriter>> Reopen(const std::string& path, uint64_t salt,
                                                                    uint64_t end);
  ~AuditSegmentWriter();
  AuditSegmentWriter(const AuditSegmentWriter&) = delete;
  AuditSegmentWriter& operator=(const AuditSegmentWriter&) = delete;

  // Writes and syncs. AUDIT_UNAVAILABLE where it cannot be written: then nothing of it stays. Crashes where
  // it cannot be synced, or not be taken back: the state on disk is unknown then.
  absl::Status Append(std::string_view group);
  // Gives back the room allocated ahead; to be called when no more is appended. What fails costs room only.
  void Seal();

  const std::string& path() const { return path_; }
  uint64_t salt() const { return salt_; }
  // Bytes of the header and all frames.
  uint64_t end() const { return end_; }

 private:
  AuditSegmentWriter(std::string path, int fd, uint64_t salt)
      : path_(std::move(path)), fd_(fd), salt_(salt) {}
  void WriteAhead();
  absl::Status WriteAll(std::string_view bytes);
  void Sync();

  const std::string path_;
  const int fd_;
  const uint64_t salt_;
  uint64_t end_ = 0;
  uint64_t allocated_ = 0;  // size of the file; zeros from end_ on
};

}  // namespace hangou

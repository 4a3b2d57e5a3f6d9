// Where the publishing of a file goes on after it was interrupted.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "tools/hangou/file_publish.h"

namespace hangou {

// How far a run is known to have come: every row that is counted here is answered, and none behind is known to be.
struct ResumePoint {
  std::string sending;  // of all its batches, as PublisherOptions has it
  PublishCounts counts;
  uint64_t rejected_rows = 0;   // in the file of refused rows
  uint64_t rejected_bytes = 0;  // of that file
};

// A small file beside the published one, which remembers a ResumePoint. It counts for the same run only: the same file
// (size, time of change, digest of its head) sent to the same resource in the same way. Not thread-safe.
class ResumeFile {
 public:
  // `way` is all that decides what the rows become: resource, request prefix, mapping, encoding, sheet. For what is no
  // plain file, or lies in a folder that cannot be written, nothing is remembered.
  ResumeFile(std::string published, const std::string& way);
  // The point of an earlier run of the same; none where there is none.
  std::optional<ResumePoint> Load() const;
  // Remembers a point, durably.
  absl::Status Save(const ResumePoint& point) const;
  // Forgets it, durably: the file is published, and what publishes it again is another sending.
  absl::Status Remove() const;

 private:
  const std::string path_;
  std::string run_;  // empty: nothing is remembered
};

}  // namespace hangou

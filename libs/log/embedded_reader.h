// The reader of the embedded log.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/log/log.h"
#include "libs/log/log_topic.h"

namespace hangou {

// Reads partitions of a topic in turns, frame by frame. Used by one thread at a time; the topic must outlive
// it.
class EmbeddedReader final : public LogReader {
 public:
  // Starts at the offsets given, which must not lie beyond the ends.
  EmbeddedReader(LogTopic* topic, const std::map<int32_t, int64_t>& from);
  ~EmbeddedReader() override;

  absl::StatusOr<std::vector<LogRecord>> Poll(size_t max_records) override;
  void SkipTo(int32_t partition, int64_t offset) override;
  void SetNotify(std::function<void()> notify) override { notify_->Set(std::move(notify)); }

 private:
  struct Cursor {
    int32_t partition;
    int64_t next;
  };

  absl::Status TakeFrame(Cursor* cursor, size_t max_records, std::vector<LogRecord>* records);

  LogTopic* const topic_;
  std::vector<Cursor> cursors_;
  size_t turn_ = 0;   // the cursor that is looked at next
  size_t bytes_ = 0;  // taken by the Poll under way
  SegmentPiece piece_;
  const std::shared_ptr<ReaderNotify> notify_;
};

}  // namespace hangou

#include "libs/log/embedded_reader.h"

#include <utility>

#include "libs/base/status.h"

namespace hangou {
namespace {

// Bytes after which one Poll ends: bounds what a reader of large records holds at once.
constexpr size_t kPollBytes = 8 << 20;

}  // namespace

EmbeddedReader::EmbeddedReader(LogTopic* topic, const std::map<int32_t, int64_t>& from)
    : topic_(topic), notify_(std::make_shared<ReaderNotify>()) {
  std::vector<bool> partitions(static_cast<size_t>(topic->partitions()));
  for (const auto& [partition, offset] : from) {
    cursors_.push_back({partition, offset});
    partitions[static_cast<size_t>(partition)] = true;
  }
  topic_->AddListener(notify_, std::move(partitions));
}

EmbeddedReader::~EmbeddedReader() { notify_->Set({}); }

absl::StatusOr<std::vector<LogRecord>> EmbeddedReader::Poll(size_t max_records) {
  std::vector<LogRecord> records;
  bytes_ = 0;
  size_t idle = 0;  // cursors without news, one after the other
  while (idle < cursors_.size() && records.size() < max_records && bytes_ < kPollBytes) {
    Cursor& cursor = cursors_[turn_];
    turn_ = (turn_ + 1) % cursors_.size();
    if (cursor.next >= topic_->End(cursor.partition)) {
      ++idle;
      continue;
    }
    idle = 0;
    RETURN_IF_ERROR(TakeFrame(&cursor, max_records, &records));
  }
  return records;
}

void EmbeddedReader::SkipTo(int32_t partition, int64_t offset) {
  for (Cursor& cursor : cursors_) {
    if (cursor.partition == partition) cursor.next = std::max(cursor.next, offset);
  }
}

absl::Status EmbeddedReader::TakeFrame(Cursor* cursor, size_t max_records, std::vector<LogRecord>* records) {
  ASSIGN_OR_RETURN(const FrameView frame, topic_->Fetch(cursor->partition, cursor->next, &piece_));
  EntryWalk walk(frame.payload);
  auto offset = static_cast<int64_t>(frame.header.base_offset);
  const int64_t end = offset + frame.header.count;
  for (; offset < end && records->size() < max_records && bytes_ < kPollBytes; ++offset) {
    std::string_view key;
    std::optional<std::string_view> value;
    if (!walk.Next(&key, &value)) {
      return MakeError(Reason::kDataLoss,
                       "a frame of the log does not hold what its header says; restore the segment");
    }
    if (offset < cursor->next) continue;
    LogRecord record{cursor->partition, offset, std::string(key), std::nullopt};
    if (value) record.value.emplace(*value);
    bytes_ += key.size() + (value ? value->size() : 0);
    records->push_back(std::move(record));
  }
  cursor->next = std::max(cursor->next, offset);
  return absl::OkStatus();
}

}  // namespace hangou

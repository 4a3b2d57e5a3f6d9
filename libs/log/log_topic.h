// One topic of the embedded log: its folder, its index in memory, its newest blocks, and who waits for them.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/mutex.h"
#include "libs/log/log_format.h"
#include "libs/log/reader_notify.h"
#include "libs/log/segment_file.h"
#include "libs/log/topic_scan.h"

namespace hangou {

// Sizes of an embedded log, in bytes. Tests make them small.
struct EmbeddedLogSizes {
  // A longer segment gets no more blocks: small enough to be checked in one read when the log is opened.
  size_t segment_bytes = 32 << 20;
  // Appends that wait for the disk: some group commits; beyond that the disk is behind, and callers are told.
  size_t queue_bytes = 32 << 20;
  // Newest blocks of a topic kept in memory, so that readers at the end do not touch the disk.
  size_t tail_bytes = 4 << 20;
  // How often erased entries are taken out of the files, in milliseconds: what is erased is gone within hours.
  int64_t scrub_every_ms = 3'600'000;
};

// Longest payload of one append, and of the appends that are written as one block.
constexpr size_t kAppendBytes = 16 << 20;
// Longest block: what fits, plus one append, plus headers and zeros written ahead. A longer tail is not torn.
constexpr size_t kBlockBytes = 2 * kAppendBytes + (2 << 20);

// Entries of one Append, encoded.
struct EncodedEntries {
  int32_t partition = 0;
  uint32_t count = 0;
  std::string payload;
  bool tombstones = false;  // some of them are
};

// Where a reader has what it read last: a piece of a segment.
struct SegmentPiece {
  uint32_t segment = 0;
  uint32_t start = 0;
  std::shared_ptr<const std::string> bytes;
  // The segment that was read last, kept open.
  FileHandle file;
  uint32_t file_segment = 0;
};

// A frame that a reader looks at; the views live as long as its piece does.
struct FrameView {
  FrameHeader header;
  std::string_view payload;
};

// A topic. Write and Close belong to the log's flusher; everything else is thread-safe.
class LogTopic {
 public:
  // Creates the folder with its declaration.
  static absl::StatusOr<std::unique_ptr<LogTopic>> Create(const std::string& folder, int32_t partitions,
                                                          const EmbeddedLogSizes& sizes);
  // Opens a folder: reads and checks every segment, cuts a torn tail. Damage before the tail is no error
  // here: the partitions that it concerns refuse (CheckPartition). DATA_LOSS where the declaration is
  // damaged.
  static absl::StatusOr<std::unique_ptr<LogTopic>> Open(const std::string& folder,
                                                        const EmbeddedLogSizes& sizes);

  int32_t partitions() const { return static_cast<int32_t>(ends_.size()); }
  // INVALID_REQUEST where there is no such partition, DATA_LOSS where it is damaged.
  absl::Status CheckPartition(int32_t partition) const;
  // Offset behind the last durable entry.
  int64_t End(int32_t partition) const {
    return ends_[static_cast<size_t>(partition)].load(std::memory_order_acquire);
  }

  // Writes appends, sorted by partition, as one block, commits it and shows it to the readers. Fills the
  // first offset of each append. STORE_FULL or LOG_UNAVAILABLE where nothing of it was kept.
  absl::Status Write(const std::vector<EncodedEntries>& appends, std::vector<int64_t>* first_offsets);
  // Writes a closing frame where blocks were written since the last, and takes the zeros behind it back. Best
  // effort.
  void Close();

  // The frame that holds `offset`, which must lie before the end. `piece` is the reader's own, empty at
  // first. DATA_LOSS, with the place, where the stored bytes are not what was written.
  absl::StatusOr<FrameView> Fetch(int32_t partition, int64_t offset, SegmentPiece* piece);
  // Takes the bytes of what tombstones erased out of the files, where there may be some: of all segments but the newest,
  // which the next block closes, so that the next call reaches it. One call at a time.
  absl::Status Scrub();
  // Calls `notify` after every block that concerns one of `partitions`, as long as it lives.
  void AddListener(std::weak_ptr<ReaderNotify> notify, std::vector<bool> partitions);

 private:
  struct Listener {
    std::weak_ptr<ReaderNotify> notify;
    std::vector<bool> partitions;
  };
  struct TailBlock {
    uint32_t segment;
    uint32_t start;
    std::shared_ptr<const std::string> bytes;
  };

  LogTopic(std::string folder, const TopicDeclaration& declaration, const EmbeddedLogSizes& sizes);
  absl::Status Scan();
  std::string BuildBlock(const std::vector<EncodedEntries>& appends, std::vector<FrameHeader>* frames,
                         std::vector<int64_t>* first_offsets) const;
  absl::Status WriteBlock(const std::string& block);
  void WriteClosingFrame();
  void Publish(std::string block, const std::vector<FrameHeader>& frames);
  void Notify(const std::vector<FrameHeader>& frames);
  FrameRef Find(int32_t partition, int64_t offset) const HANGOU_REQUIRES(mutex_);
  bool FindInTail(const FrameRef& ref, SegmentPiece* piece) const HANGOU_REQUIRES(mutex_);
  absl::Status ReadPiece(const FrameRef& ref, size_t count, uint32_t durable_end, SegmentPiece* piece) const;
  bool ViewFrame(const FrameRef& ref, const SegmentPiece& piece, FrameView* view) const;

  // Constant after opening.
  const std::string folder_;
  const TopicDeclaration declaration_;
  const EmbeddedLogSizes sizes_;
  std::vector<std::string> damage_;  // per partition, empty where it is whole

  // The flusher's.
  SegmentWriter writer_;
  uint64_t next_sequence_ = 1;
  bool closed_ = true;
  bool refuses_ = false;  // as a whole: its files are left as they are

  // Of Scrub: there are tombstones that it has not seen, at the start perhaps; the newest segment is to be closed.
  std::atomic<bool> unseen_tombstones_{true};
  std::atomic<bool> close_segment_{false};
  bool scrub_again_ = false;

  std::vector<std::atomic<int64_t>> ends_;
  mutable Mutex mutex_;
  std::vector<std::vector<FrameRef>> index_ HANGOU_GUARDED_BY(mutex_);
  std::deque<TailBlock> tail_ HANGOU_GUARDED_BY(mutex_);
  size_t tail_bytes_ HANGOU_GUARDED_BY(mutex_) = 0;
  // How far the newest segment is durable: what lies behind it may still change.
  uint32_t durable_segment_ HANGOU_GUARDED_BY(mutex_) = 0;
  uint32_t durable_end_ HANGOU_GUARDED_BY(mutex_) = 0;
  std::vector<Listener> listeners_ HANGOU_GUARDED_BY(mutex_);
};

}  // namespace hangou

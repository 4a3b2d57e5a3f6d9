// The ledger of erasures (删除台账): what must stay erased, kept apart from what a backup brings back.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/keys.h"
#include "libs/base/mutex.h"

namespace hangou {

// An erasure as it stands in the log.
struct ErasureEvent {
  std::string record_key;  // of the view
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t received_us = 0;  // when its owner took it
  std::string provider = {};
  uint32_t resource_number = 0;
};

// What a restored copy of the log still holds and must not: hashes of the records that were erased behind its end.
struct RestoredErasures {
  std::unordered_set<std::string> records;  // as EraseLedger::HashesOf
  std::map<int32_t, int64_t> ends;          // of the partitions when the copy was first seen
};

// A file of lines that only grows, of one library, at one replica. It holds hashes, nothing of any record:
//   erased HASH PARTITION OFFSET TIME_US     an erasure was applied
//   restored PARTITION:END ...               the log ended before erasures above: it is an older copy
//   replayed GROUP                           the group has erased them again
// Every replica that copies a group keeps all of its erasures, so that any one of these files serves after a restore.
// An erasure can stand there twice, where a view was built anew. Thread-safe.
class EraseLedger {
 public:
  // `keys` must outlive it.
  EraseLedger(std::string path, const KeyRing& keys) : path_(std::move(path)), keys_(keys) {}
  ~EraseLedger();
  EraseLedger(const EraseLedger&) = delete;
  EraseLedger& operator=(const EraseLedger&) = delete;

  // Opens the file, or begins one; comes before everything else. A line that was cut off when the machine stopped is
  // removed. DATA_LOSS where another one cannot be read.
  absl::Status Open();

  // Keeps erasures, durably when it returns. STORE_FULL.
  absl::Status Append(const std::vector<ErasureEvent>& erasures);

  // Compares with where the partitions of the log end: where it has erasures behind one of them, the log is a restored
  // copy, and every group of `groups` has to erase again. Durable when it returns. STORE_FULL.
  absl::Status CompareWith(const std::map<int32_t, int64_t>& ends, int32_t groups);
  // True where a group has still to erase again.
  bool IsDue(int32_t group) const;
  // What is to be erased again. DATA_LOSS.
  absl::StatusOr<RestoredErasures> Due() const;
  // A group has erased again.
  absl::Status NoteReplayed(int32_t group);

  // A record in the ledger, under every key of the ring.
  std::vector<std::string> HashesOf(std::string_view record_key) const;

 private:
  absl::Status TakeLine(std::string_view line, size_t end) HANGOU_REQUIRES(mutex_);
  absl::Status Write(const std::string& lines) HANGOU_REQUIRES(mutex_);

  const std::string path_;
  const KeyRing& keys_;
  mutable Mutex mutex_;
  int fd_ HANGOU_GUARDED_BY(mutex_) = -1;
  size_t size_ HANGOU_GUARDED_BY(mutex_) = 0;  // bytes of whole lines
  // Behind the last erasure of each partition, since the log was last found restored.
  std::map<int32_t, int64_t> erased_ends_ HANGOU_GUARDED_BY(mutex_);
  size_t current_begin_ HANGOU_GUARDED_BY(mutex_) = 0;  // where the lines of the log as it is now begin
  // The lines of the log as it was, while some group is due.
  size_t due_begin_ HANGOU_GUARDED_BY(mutex_) = 0;
  size_t due_end_ HANGOU_GUARDED_BY(mutex_) = 0;
  std::map<int32_t, int64_t> restored_ends_ HANGOU_GUARDED_BY(mutex_);
  int32_t groups_ HANGOU_GUARDED_BY(mutex_) = 0;
  std::set<int32_t> due_groups_ HANGOU_GUARDED_BY(mutex_);
};

}  // namespace hangou

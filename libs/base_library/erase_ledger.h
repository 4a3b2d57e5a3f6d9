// The ledger of erasures (删除台账): what must stay erased, kept apart from what a backup brings back.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
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

// What a restored copy of the log still holds and must not: the records that were erased behind its end.
struct RestoredErasures {
  std::unordered_map<std::string, int64_t>
      records;                      // hashes as of EraseLedger::HashesOf, to when they were erased
  std::map<int32_t, int64_t> ends;  // of the partitions when the copy was first seen
};

// A file of lines that only grows, of one library, at one replica. It holds hashes, nothing of any record:
//   erased HASH PARTITION OFFSET TIME_US     an erasure was applied
//   restored GROUPS PARTITION:END ...        the log ended before erasures above: it is an older copy
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
  // A line about an erasure.
  struct ErasedLine {
    std::string hash;
    int32_t partition = 0;
    int64_t offset = 0;
    int64_t erased_us = 0;
  };
  // What the lines up to some place say.
  struct Story {
    std::vector<ErasedLine> current;  // of the log as it is
    std::vector<ErasedLine> due;      // of the log as it was, while some group has to erase again
    std::map<int32_t, int64_t> restored_ends;
    std::set<int32_t> due_groups;
    size_t bytes = 0;  // of whole lines
  };
  absl::StatusOr<Story> Read() const;
  static bool TakeLine(const std::string& line, Story* story);
  absl::Status Write(const std::string& lines) HANGOU_REQUIRES(mutex_);
  // Notes what is asked often.
  void Take(const Story& story) HANGOU_REQUIRES(mutex_);

  const std::string path_;
  const KeyRing& keys_;
  mutable Mutex mutex_;
  int fd_ HANGOU_GUARDED_BY(mutex_) = -1;
  size_t bytes_ HANGOU_GUARDED_BY(mutex_) = 0;  // of whole lines
  // Behind the last erasure of each partition in the log as it is.
  std::map<int32_t, int64_t> erased_ends_ HANGOU_GUARDED_BY(mutex_);
  std::set<int32_t> due_groups_ HANGOU_GUARDED_BY(mutex_);
};

}  // namespace hangou

// A projection: rows of one resource, kept in the order of a rule's key while records come and go.
//
// What comes is gathered in memory, and becomes a segment when it has grown, or when somebody reads. Segments are
// merged when there are many. The rows are rebuilt from the log, so nothing is written ahead; `position` in the log
// is the caller's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/mutex.h"
#include "libs/columnar/merge.h"

namespace hangou {

// Bytes that a projection gathers in memory.
constexpr size_t kProjectionGatheredBytes = 8 << 20;
// Segments of a projection before they are merged: each is one more source of every read.
constexpr size_t kLiveSegments = 8;

// Rows under their keys, in segments. Thread-safe.
class Projection {
 public:
  // What a read sees: segments from the oldest to the newest.
  using View = std::vector<std::shared_ptr<const Segment>>;

  // An empty projection in `folder`, whose former content is removed.
  Projection(std::string folder, std::vector<ColumnSpec> columns, int partitions);

  const std::vector<ColumnSpec>& columns() const { return columns_; }
  int partitions() const { return partitions_; }
  // The partition of rows with this `partition_key`.
  int PartitionOf(std::string_view partition_key) const;
  // Sets a row. A row with this key and id is replaced. `partition_key` says in which partition it lies: a prefix
  // of the key that all rows which are read together share.
  absl::Status Put(std::string_view partition_key, std::string_view key, uint64_t id,
                   const std::vector<Cell>& cells);
  // Removes a row, whether or not it is there.
  absl::Status Remove(std::string_view partition_key, std::string_view key, uint64_t id);
  // All rows that were set before the call. STORE_FULL, DATA_LOSS.
  absl::StatusOr<View> Read();
  // Writes everything anew as one segment, without what is gone: the bytes of removed rows leave the disk.
  absl::Status Purge();
  // Removes everything, also from the disk.
  void Clear();

 private:
  struct Place {
    int partition;
    std::string key;
    uint64_t id;

    auto operator<=>(const Place&) const = default;
  };
  struct GatheredCell {
    bool present;
    int64_t number;
    std::string text;
  };
  struct GatheredRow {
    bool gone = false;
    std::vector<GatheredCell> cells;
  };

  absl::Status Set(Place place, GatheredRow row);
  absl::Status WriteGathered() HANGOU_REQUIRES(mutex_);
  // Merges the segments from `first` on.
  absl::Status MergeFrom(size_t first) HANGOU_REQUIRES(mutex_);
  absl::Status MergeSegments() HANGOU_REQUIRES(mutex_);
  std::string NextFolder() HANGOU_REQUIRES(mutex_);

  const std::string folder_;
  const std::vector<ColumnSpec> columns_;
  const int partitions_;
  Mutex mutex_;
  std::map<Place, GatheredRow> gathered_ HANGOU_GUARDED_BY(mutex_);
  size_t gathered_bytes_ HANGOU_GUARDED_BY(mutex_) = 0;
  View segments_ HANGOU_GUARDED_BY(mutex_);
  uint64_t last_segment_ HANGOU_GUARDED_BY(mutex_) = 0;
};

}  // namespace hangou

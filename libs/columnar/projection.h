// A projection: rows of one resource, kept in the order of a rule's key while records come and go.
//
// What comes is gathered in memory, and becomes a segment when it has grown, or when somebody reads. Segments are
// merged when there are many. The owner keeps a projection: Persist makes what is there durable and names the segments
// that hold it, the owner writes these names down together with its place in the log, and says so with Keep; Open
// finds them again. What came between is read from the log again.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/mutex.h"
#include "libs/columnar/gathered_rows.h"
#include "libs/columnar/merge.h"

namespace hangou {

// Bytes that a projection gathers in memory at least before it writes them while rows come: a segment has its price.
// And those of all projections of a process together, below which none has to write: what is written in larger
// segments is merged less often.
constexpr int64_t kProjectionGatheredBytes = 8 << 20;
constexpr int64_t kAllGatheredBytes = 128 << 20;
// Segments of a projection before they are merged: each is one more source of every read.
constexpr size_t kLiveSegments = 8;

// Rows under their keys, in segments. Thread-safe.
class Projection {
 public:
  // What a read sees: segments from the oldest to the newest.
  using View = std::vector<std::shared_ptr<const Segment>>;

  // An empty projection in `folder`, whose former content is removed.
  Projection(std::string folder, std::vector<ColumnSpec> columns, int partitions);
  // What was kept in `folder` in the segments of these names; everything else in it is removed. DATA_LOSS where one of
  // them is missing or damaged.
  static absl::StatusOr<std::unique_ptr<Projection>> Open(std::string folder, std::vector<ColumnSpec> columns,
                                                          int partitions,
                                                          const std::vector<std::string>& segments);

  const std::vector<ColumnSpec>& columns() const { return columns_; }
  int partitions() const { return partitions_; }
  // The partition of rows with this `partition_key`.
  int PartitionOf(std::string_view partition_key) const;
  // Sets a row. A row with this key and id is replaced. `partition_key` says in which partition it lies: a prefix
  // of the key that all rows which are read together share. `is_new`: there is no row with this key and id, which
  // saves reads from looking; one that was removed may have been there.
  void Put(std::string_view partition_key, std::string_view key, uint64_t id, const std::vector<Cell>& cells,
           bool is_new = false);
  // Removes a row, whether or not it is there.
  void Remove(std::string_view partition_key, std::string_view key, uint64_t id);
  // Writes what is gathered where it has grown to its limits: to be called now and then, because Put and Remove write
  // nothing. STORE_FULL: it stays gathered. DATA_LOSS.
  absl::Status WriteGrown();
  // All rows that were set before the call. STORE_FULL, DATA_LOSS.
  absl::StatusOr<View> Read();
  // Writes everything anew as one segment, without what is gone: the bytes of removed rows leave the disk.
  absl::Status Purge();
  // Makes all rows that were set durable. The names of the segments that hold them, from the oldest to the newest:
  // these stay on the disk, and so do those that were kept before. STORE_FULL, DATA_LOSS.
  absl::StatusOr<std::vector<std::string>> Persist();
  // The owner has written down durably what the last Persist named: what only former ones named is removed.
  void Keep(const std::vector<std::string>& segments);
  // True where a segment was found damaged: the rows have to be made anew.
  bool damaged();
  // Removes everything, also from the disk.
  void Clear();

 private:
  struct Kept {};
  Projection(Kept, std::string folder, std::vector<ColumnSpec> columns, int partitions);

  void Set(std::string_view partition_key, std::string_view key, uint64_t id, const std::vector<Cell>* cells,
           bool is_new);
  absl::Status WriteGathered() HANGOU_REQUIRES(mutex_);
  // Merges the segments from `first` on.
  absl::Status MergeFrom(size_t first) HANGOU_REQUIRES(mutex_);
  absl::Status MergeSegments() HANGOU_REQUIRES(mutex_);
  std::string NextFolder() HANGOU_REQUIRES(mutex_);

  const std::string folder_;
  const std::vector<ColumnSpec> columns_;
  const int partitions_;
  Mutex mutex_;
  GatheredRows gathered_ HANGOU_GUARDED_BY(mutex_);
  View segments_ HANGOU_GUARDED_BY(mutex_);
  std::set<std::string> named_ HANGOU_GUARDED_BY(mutex_);  // segments that may be written down; durable
  uint64_t last_segment_ HANGOU_GUARDED_BY(mutex_) = 0;
};

}  // namespace hangou

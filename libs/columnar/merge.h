// Reads the rows of several sources as one, in the order of their keys: of several rows with the same key and id
// the one of the newest source counts, and what is gone does not appear.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/columnar/segment.h"

namespace hangou {

// Rows in blocks, ascending by key and id. Used by one thread.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  // The next block, null at the end. It lives until the next call.
  virtual absl::StatusOr<const BlockRows*> Next() = 0;
  // The ids of the rows of the block that Next returned last, where it has none.
  virtual absl::StatusOr<const std::vector<uint64_t>*> Ids() = 0;
};

// The blocks of one partition of a segment from the first that may have `from` on. `columns` are those that are
// filled; `with_ids`: so are the ids of every block.
std::unique_ptr<BlockSource> MakeSegmentSource(std::shared_ptr<const Segment> segment, int partition,
                                               std::vector<int> columns, std::string_view from = {},
                                               bool with_ids = false);

// Rows of one key that lie side by side in a block; the views live until the next call of Next.
struct RowRun {
  std::string_view key;
  const BlockRows* block = nullptr;
  uint32_t begin = 0;
  uint32_t end = 0;
  bool ends_key = false;  // no run of this key follows; false: one may
};

// Merges sources. Used by one thread. Not movable while it reads.
class MergedRows {
 public:
  // `sources` from the oldest to the newest. With `keep_gone`, rows that are gone come too: for merging segments.
  explicit MergedRows(std::vector<std::unique_ptr<BlockSource>> sources, bool keep_gone = false);

  // The next run, true; false at the end. Runs of one key follow each other; those of different sources in the
  // order of the ids.
  absl::StatusOr<bool> Next(RowRun* run);

 private:
  // Where a source stands.
  struct Place {
    std::unique_ptr<BlockSource> source;
    const BlockRows* block = nullptr;
    const std::vector<uint64_t>* ids = nullptr;
    size_t key = 0;    // index in the block
    uint32_t row = 0;  // next row of it

    std::string_view current() const { return block->keys.key(key); }
    uint32_t key_end() const { return block->keys.ends[key]; }
  };

  absl::Status Start();
  // Moves a place to a row of its key, or, where that is behind the key, to the next key.
  absl::Status Advance(Place* place, uint32_t row);
  absl::StatusOr<const std::vector<uint64_t>*> IdsOf(Place* place);
  absl::StatusOr<bool> NextAlone(RowRun* run);
  absl::StatusOr<bool> NextOfOne(RowRun* run);
  absl::StatusOr<bool> NextOfSeveral(RowRun* run);
  void Gather();

  std::vector<Place> places_;
  const bool keep_gone_;
  bool started_ = false;
  std::vector<size_t> heap_;   // places that are not at the end, by key, least first
  std::vector<size_t> equal_;  // places that stand at the least key
  std::vector<Place*> moved_;  // to be moved before the next run
  std::vector<uint32_t> moved_to_;
};

}  // namespace hangou

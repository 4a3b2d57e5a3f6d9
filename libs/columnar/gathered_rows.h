// Rows that were set and are in no segment yet. Internal to libs/columnar.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/columnar/segment.h"

namespace hangou {

// Rows in memory, each beside the others of its partition: so they are sorted and written without leaving the
// processor's cache. Not thread-safe, but BytesOfAll.
class GatheredRows {
 public:
  // `columns` must outlive it.
  GatheredRows(const std::vector<ColumnSpec>& columns, int partitions);
  ~GatheredRows();
  GatheredRows(const GatheredRows&) = delete;
  GatheredRows& operator=(const GatheredRows&) = delete;

  // Sets a row; without `cells`, that it is gone. Of the same key and id the last one counts. `is_new`: neither here
  // nor in a segment is a row with this key and id, but one that is gone again.
  void Set(int partition, std::string_view key, uint64_t id, const std::vector<Cell>* cells, bool is_new);
  bool empty() const { return rows_ == 0; }
  int64_t bytes() const { return bytes_; }
  // Adds the rows to a segment, in its order. They stay here.
  absl::Status WriteTo(SegmentBuilder* segment);
  void Clear();

  // What all of this process hold. Thread-safe.
  static int64_t BytesOfAll();

 private:
  struct Row {
    uint64_t id = 0;      // with kGoneBit where it is gone
    uint64_t key_at = 0;  // in `bytes`
    uint32_t key_size = 0;
    bool replaces = false;
  };
  struct GatheredCell {
    int64_t number = 0;  // of a text: where it stands in `bytes`
    uint32_t text_size = 0;
    bool present = false;
  };
  struct Partition {
    std::vector<Row> rows;
    std::vector<GatheredCell> cells;  // those of each row, also where it is gone
    std::string bytes;                // keys and texts
  };

  absl::Status WritePartition(int number, SegmentBuilder* segment);

  const std::vector<ColumnSpec>& columns_;
  std::vector<Partition> partitions_;
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace hangou

// Segments: rows in the order of their keys, in columns, on disk. Written once, read many times, removed as a whole.
//
// A segment is a folder. The file `layout` (a SegmentLayout and the XXH3-64 of its bytes, big-endian; written last)
// says where the blocks of each partition are; `keys`, `ids` and one file per column hold their chunks
// (libs/columnar/encoding.h). Each chunk has a checksum.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/columnar/v1/segment.pb.h"
#include "libs/columnar/encoding.h"

namespace hangou {

// A column of a projection.
struct ColumnSpec {
  std::string name;  // [a-z0-9_]+, the name of its file
  bool is_text = false;

  bool operator==(const ColumnSpec&) const = default;
};

// A value of a row.
struct Cell {
  bool present = false;
  int64_t number = 0;
  std::string_view text;
};

// A row. `id` tells the records of one key apart: of several rows with the same key and id the one of the newest
// segment counts. `gone`: the record is no more.
struct ColumnarRow {
  std::string_view key;
  uint64_t id = 0;
  bool gone = false;
  std::span<const Cell> cells;
  // False: no older segment has a row with this key and id. Then a read need not look at ids to tell.
  bool replaces = true;
};

// Writes one segment. Rows are added partition by partition, ascending by key and id. Not thread-safe. What is not
// finished is removed.
class SegmentBuilder {
 public:
  // Makes the folder. STORE_FULL, INTERNAL.
  static absl::StatusOr<std::unique_ptr<SegmentBuilder>> Create(const std::string& folder,
                                                                std::vector<ColumnSpec> columns,
                                                                int partitions);
  ~SegmentBuilder();

  // Adds a row to a partition, which is not before that of the row before.
  absl::Status Add(int partition, const ColumnarRow& row);
  // Writes what is left. It is not made durable: whoever names the segment somewhere does that first (SyncFiles).
  absl::Status Finish();
  int64_t rows() const { return rows_; }

 private:
  struct File {
    std::string path;
    int descriptor = -1;
    uint64_t size = 0;
    std::string buffer;
  };
  // Values of one column of the block that is gathered.
  struct Gathered {
    std::vector<int64_t> numbers;
    std::string texts;
    std::vector<size_t> text_ends;
    std::vector<uint8_t> present;
  };

  SegmentBuilder(std::string folder, std::vector<ColumnSpec> columns, int partitions);
  absl::Status OpenFiles();
  absl::Status EndBlock();
  absl::Status WriteChunk(size_t file, std::string_view bytes, hangou::columnar::v1::Chunk* chunk);
  absl::Status Drain(File* file);

  const std::string folder_;
  const std::vector<ColumnSpec> columns_;
  hangou::columnar::v1::SegmentLayout layout_;
  std::vector<File> files_;  // keys, ids, columns
  KeyEncoder keys_;
  std::string first_key_;
  std::vector<uint64_t> ids_;
  std::vector<Gathered> gathered_;
  bool has_gone_ = false;
  bool replaces_ = false;
  int partition_ = 0;
  int64_t rows_ = 0;
  bool finished_ = false;
};

// A block, read: only the columns that were asked for are filled.
struct BlockRows {
  uint32_t rows = 0;
  KeyColumn keys;
  bool has_gone = false;  // some rows are gone
  bool replaces = true;   // some rows may replace one of an older segment, or are gone
  // So may some rows of the last key, where it goes on in further blocks.
  bool last_key_replaces = true;
  std::vector<uint64_t> ids;  // where some rows are gone, or they were asked for; the top bit: gone
  std::vector<NumberColumn> numbers;
  std::vector<TextColumn> texts;
  std::vector<std::string> bytes;  // what the texts are views of
};

// A finished segment. Thread-safe: it is never changed.
class Segment {
 public:
  // Opens a folder. DATA_LOSS where it is damaged: a file is missing or too short, or the layout's checksum is wrong.
  static absl::StatusOr<std::shared_ptr<const Segment>> Open(const std::string& folder,
                                                             const std::vector<ColumnSpec>& columns,
                                                             int partitions);
  ~Segment();

  const std::string& folder() const { return folder_; }
  int64_t rows() const { return rows_; }
  int64_t bytes() const { return bytes_; }
  size_t blocks(int partition) const { return PartitionOf(partition).size(); }
  bool has_gone(int partition, size_t block) const { return BlockOf(partition, block).has_gone(); }
  uint32_t rows(int partition, size_t block) const { return BlockOf(partition, block).rows(); }
  bool replaces(int partition, size_t block) const { return BlockOf(partition, block).replaces(); }
  const std::string& first_key(int partition, size_t block) const {
    return BlockOf(partition, block).first_key();
  }
  // Reads a block: its keys, the columns named by index, and its ids where some of its rows are gone. DATA_LOSS
  // where a checksum is wrong.
  absl::Status Read(int partition, size_t block, std::span<const int> columns, BlockRows* rows) const;
  // Reads the ids of a block.
  absl::Status ReadIds(int partition, size_t block, std::vector<uint64_t>* ids) const;
  // True once a read has found a checksum that is wrong.
  bool damaged() const { return damaged_; }

 private:
  Segment() = default;
  using Blocks = google::protobuf::RepeatedPtrField<hangou::columnar::v1::Block>;
  const Blocks& PartitionOf(int partition) const { return layout_.partitions(partition).blocks(); }
  const hangou::columnar::v1::Block& BlockOf(int partition, size_t block) const {
    return PartitionOf(partition)[static_cast<int>(block)];
  }
  absl::Status Damaged(size_t file) const;
  absl::StatusOr<std::string> ReadChunk(size_t file, const hangou::columnar::v1::Chunk& chunk) const;

  std::string folder_;
  std::vector<ColumnSpec> columns_;
  hangou::columnar::v1::SegmentLayout layout_;
  std::vector<int> descriptors_;  // keys, ids, columns
  mutable std::atomic<bool> damaged_ = false;
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
};

// The cell of a row in a block whose column `index` was read.
Cell CellOf(const BlockRows& block, const ColumnSpec& column, size_t index, uint32_t row);

// The bit of an id that says that the record is gone.
constexpr uint64_t kGoneBit = 1ull << 63;

}  // namespace hangou

#include "libs/columnar/projection.h"

#include <xxhash.h>

#include <filesystem>
#include <utility>

#include "libs/base/status.h"

namespace hangou {
namespace {

// What a row in memory takes beside its bytes.
constexpr size_t kRowOverhead = 160;

}  // namespace

Projection::Projection(std::string folder, std::vector<ColumnSpec> columns, int partitions)
    : folder_(std::move(folder)), columns_(std::move(columns)), partitions_(partitions) {
  Clear();
}

int Projection::PartitionOf(std::string_view partition_key) const {
  return static_cast<int>(XXH3_64bits(partition_key.data(), partition_key.size()) %
                          static_cast<uint64_t>(partitions_));
}

absl::Status Projection::Put(std::string_view partition_key, std::string_view key, uint64_t id,
                             const std::vector<Cell>& cells) {
  GatheredRow row;
  row.cells.reserve(cells.size());
  for (const Cell& cell : cells) row.cells.push_back({cell.present, cell.number, std::string(cell.text)});
  return Set({PartitionOf(partition_key), std::string(key), id & ~kGoneBit}, std::move(row));
}

absl::Status Projection::Remove(std::string_view partition_key, std::string_view key, uint64_t id) {
  GatheredRow row;
  row.gone = true;
  return Set({PartitionOf(partition_key), std::string(key), id & ~kGoneBit}, std::move(row));
}

absl::Status Projection::Set(Place place, GatheredRow row) {
  MutexLock lock(mutex_);
  gathered_bytes_ += kRowOverhead + place.key.size();
  for (const GatheredCell& cell : row.cells) gathered_bytes_ += sizeof(GatheredCell) + cell.text.size();
  gathered_[std::move(place)] = std::move(row);
  return gathered_bytes_ < kProjectionGatheredBytes ? absl::OkStatus() : WriteGathered();
}

std::string Projection::NextFolder() { return folder_ + "/" + std::to_string(++last_segment_); }

absl::Status Projection::WriteGathered() {
  if (gathered_.empty()) return absl::OkStatus();
  const std::string folder = NextFolder();
  ASSIGN_OR_RETURN(const auto builder, SegmentBuilder::Create(folder, columns_, partitions_));
  std::vector<Cell> cells;
  for (const auto& [place, row] : gathered_) {
    cells.clear();
    for (const GatheredCell& cell : row.cells) cells.push_back({cell.present, cell.number, cell.text});
    RETURN_IF_ERROR(builder->Add(place.partition, {place.key, place.id, row.gone, cells}));
  }
  RETURN_IF_ERROR(builder->Finish());
  ASSIGN_OR_RETURN(auto segment, Segment::Open(folder, columns_, partitions_));
  segments_.push_back(std::move(segment));
  gathered_.clear();
  gathered_bytes_ = 0;
  return segments_.size() <= kLiveSegments ? absl::OkStatus() : MergeSegments();
}

// Merges the newest segments up to one that is larger than all of them together: so each row is written again about as
// often as the number of segments doubles.
absl::Status Projection::MergeSegments() {
  size_t first = segments_.size() - 1;
  int64_t rows = segments_[first]->rows();
  while (first > 0 && segments_[first - 1]->rows() <= 2 * rows) rows += segments_[--first]->rows();
  if (first + 1 == segments_.size()) --first;
  return MergeFrom(first);
}

absl::Status Projection::Purge() {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(WriteGathered());
  return segments_.empty() ? absl::OkStatus() : MergeFrom(0);
}

absl::Status Projection::MergeFrom(size_t first) {
  const std::string folder = NextFolder();
  ASSIGN_OR_RETURN(const auto builder, SegmentBuilder::Create(folder, columns_, partitions_));
  std::vector<int> all;
  for (size_t i = 0; i < columns_.size(); ++i) all.push_back(static_cast<int>(i));
  std::vector<Cell> cells(columns_.size());
  for (int partition = 0; partition < partitions_; ++partition) {
    std::vector<std::unique_ptr<BlockSource>> sources;
    for (size_t i = first; i < segments_.size(); ++i)
      sources.push_back(MakeSegmentSource(segments_[i], partition, all, {}, /*with_ids=*/true));
    // Below the oldest segment there is nothing that a row which is gone would hide.
    MergedRows merged(std::move(sources), /*keep_gone=*/first > 0, /*in_order=*/true);
    KeyRows rows;
    while (true) {
      ASSIGN_OR_RETURN(const bool more, merged.Next(&rows));
      if (!more) break;
      for (const RowPiece& piece : rows.pieces) {
        for (uint32_t row = piece.begin; row < piece.end; ++row) {
          for (size_t i = 0; i < columns_.size(); ++i) cells[i] = CellOf(*piece.block, columns_[i], i, row);
          const uint64_t id = piece.block->ids[row];
          RETURN_IF_ERROR(
              builder->Add(partition, {rows.key.text(), id & ~kGoneBit, (id & kGoneBit) != 0, cells}));
        }
      }
    }
  }
  RETURN_IF_ERROR(builder->Finish());
  ASSIGN_OR_RETURN(auto segment, Segment::Open(folder, columns_, partitions_));
  // A reader that still has the former ones keeps their files open.
  std::error_code error;
  for (size_t i = first; i < segments_.size(); ++i)
    std::filesystem::remove_all(segments_[i]->folder(), error);
  segments_.resize(first);
  segments_.push_back(std::move(segment));
  return absl::OkStatus();
}

absl::StatusOr<Projection::View> Projection::Read() {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(WriteGathered());
  return segments_;
}

void Projection::Clear() {
  MutexLock lock(mutex_);
  gathered_.clear();
  gathered_bytes_ = 0;
  segments_.clear();
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

}  // namespace hangou

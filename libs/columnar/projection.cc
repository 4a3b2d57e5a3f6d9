#include "libs/columnar/projection.h"

#include <xxhash.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "libs/base/file.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

std::string FolderName(const Segment& segment) { return std::filesystem::path(segment.folder()).filename(); }

}  // namespace

Projection::Projection(std::string folder, std::vector<ColumnSpec> columns, int partitions)
    : folder_(std::move(folder)),
      columns_(std::move(columns)),
      partitions_(partitions),
      gathered_(columns_, partitions) {
  Clear();
}

Projection::Projection(Kept, std::string folder, std::vector<ColumnSpec> columns, int partitions)
    : folder_(std::move(folder)),
      columns_(std::move(columns)),
      partitions_(partitions),
      gathered_(columns_, partitions) {}

absl::StatusOr<std::unique_ptr<Projection>> Projection::Open(std::string folder,
                                                             std::vector<ColumnSpec> columns, int partitions,
                                                             const std::vector<std::string>& segments) {
  std::unique_ptr<Projection> projection(
      new Projection(Kept(), std::move(folder), std::move(columns), partitions));
  MutexLock lock(projection->mutex_);
  for (const std::string& name : segments) {
    ASSIGN_OR_RETURN(auto segment,
                     Segment::Open(projection->folder_ + "/" + name, projection->columns_, partitions));
    projection->segments_.push_back(std::move(segment));
    projection->named_.insert(name);
    projection->last_segment_ =
        std::max<uint64_t>(projection->last_segment_, std::strtoull(name.c_str(), nullptr, 10));
  }
  std::error_code error;
  std::vector<std::filesystem::path> others;
  for (const auto& entry : std::filesystem::directory_iterator(projection->folder_, error)) {
    if (!projection->named_.contains(entry.path().filename())) others.push_back(entry.path());
  }
  for (const auto& other : others) std::filesystem::remove_all(other, error);
  return projection;
}

int Projection::PartitionOf(std::string_view partition_key) const {
  return static_cast<int>(XXH3_64bits(partition_key.data(), partition_key.size()) %
                          static_cast<uint64_t>(partitions_));
}

void Projection::Put(std::string_view partition_key, std::string_view key, uint64_t id,
                     const std::vector<Cell>& cells, bool is_new) {
  Set(partition_key, key, id, &cells, is_new);
}

void Projection::Remove(std::string_view partition_key, std::string_view key, uint64_t id) {
  Set(partition_key, key, id, nullptr, false);
}

void Projection::Set(std::string_view partition_key, std::string_view key, uint64_t id,
                     const std::vector<Cell>* cells, bool is_new) {
  const int partition = PartitionOf(partition_key);
  MutexLock lock(mutex_);
  gathered_.Set(partition, key, id, cells, is_new);
}

absl::Status Projection::WriteGrown() {
  MutexLock lock(mutex_);
  if (gathered_.bytes() < kProjectionGatheredBytes || GatheredRows::BytesOfAll() < kAllGatheredBytes)
    return absl::OkStatus();
  return WriteGathered();
}

std::string Projection::NextFolder() { return folder_ + "/" + std::to_string(++last_segment_); }

absl::Status Projection::WriteGathered() {
  if (gathered_.empty()) return absl::OkStatus();
  const std::string folder = NextFolder();
  ASSIGN_OR_RETURN(const auto builder, SegmentBuilder::Create(folder, columns_, partitions_));
  RETURN_IF_ERROR(gathered_.WriteTo(builder.get()));
  RETURN_IF_ERROR(builder->Finish());
  ASSIGN_OR_RETURN(auto segment, Segment::Open(folder, columns_, partitions_));
  segments_.push_back(std::move(segment));
  gathered_.Clear();
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
          RETURN_IF_ERROR(builder->Add(partition, {rows.key().text(), id & ~kGoneBit, (id & kGoneBit) != 0,
                                                   cells, first > 0 && rows.replaces}));
        }
      }
    }
  }
  RETURN_IF_ERROR(builder->Finish());
  ASSIGN_OR_RETURN(auto segment, Segment::Open(folder, columns_, partitions_));
  // A reader that still has the former ones keeps their files open. Those that are written down go with Keep.
  std::error_code error;
  for (size_t i = first; i < segments_.size(); ++i) {
    if (!named_.contains(FolderName(*segments_[i])))
      std::filesystem::remove_all(segments_[i]->folder(), error);
  }
  segments_.resize(first);
  segments_.push_back(std::move(segment));
  return absl::OkStatus();
}

absl::StatusOr<Projection::View> Projection::Read() {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(WriteGathered());
  return segments_;
}

absl::StatusOr<std::vector<std::string>> Projection::Persist() {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(WriteGathered());
  std::vector<std::string> names;
  bool any_new = false;
  for (const auto& segment : segments_) {
    names.push_back(FolderName(*segment));
    if (named_.contains(names.back())) continue;
    RETURN_IF_ERROR(SyncFiles(segment->folder()));
    any_new = true;
  }
  if (any_new) {
    RETURN_IF_ERROR(SyncFolder(folder_));
    RETURN_IF_ERROR(SyncFolder(std::filesystem::path(folder_).parent_path()));
  }
  named_.insert(names.begin(), names.end());
  return names;
}

void Projection::Keep(const std::vector<std::string>& segments) {
  MutexLock lock(mutex_);
  std::set<std::string> kept(segments.begin(), segments.end());
  std::error_code error;
  for (const std::string& name : named_) {
    if (!kept.contains(name)) std::filesystem::remove_all(folder_ + "/" + name, error);
  }
  named_ = std::move(kept);
}

bool Projection::damaged() {
  MutexLock lock(mutex_);
  return std::any_of(segments_.begin(), segments_.end(),
                     [](const auto& segment) { return segment->damaged(); });
}

void Projection::Clear() {
  MutexLock lock(mutex_);
  gathered_.Clear();
  segments_.clear();
  named_.clear();
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

}  // namespace hangou

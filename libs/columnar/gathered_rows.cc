#include "libs/columnar/gathered_rows.h"

#include <algorithm>
#include <atomic>

#include "libs/base/status.h"
#include "libs/columnar/merge.h"

namespace hangou {
namespace {

std::atomic<int64_t> bytes_of_all = 0;

// Rows whose key and cells are asked for before they are used: they lie anywhere.
constexpr size_t kRowsAhead = 16;

// What rows are sorted by, side by side.
struct SortedRow {
  OrderedKey key;
  uint64_t id = 0;   // with kGoneBit where it is gone
  uint32_t row = 0;  // in the order in which they were set
  bool replaces = false;
};

// Of the same key and id the one that was set last stands first. A type of its own: a function is not inlined.
struct IsBefore {
  bool operator()(const SortedRow& a, const SortedRow& b) const {
    const int order = a.key.Compare(b.key);
    if (order != 0) return order < 0;
    const uint64_t a_id = a.id & ~kGoneBit, b_id = b.id & ~kGoneBit;
    return a_id != b_id ? a_id < b_id : a.row > b.row;
  }
};

bool IsSame(const SortedRow& a, const SortedRow& b) {
  return ((a.id ^ b.id) & ~kGoneBit) == 0 && a.key == b.key;
}

}  // namespace

GatheredRows::GatheredRows(const std::vector<ColumnSpec>& columns, int partitions)
    : columns_(columns), partitions_(static_cast<size_t>(partitions)) {}

GatheredRows::~GatheredRows() { bytes_of_all -= bytes_; }

int64_t GatheredRows::BytesOfAll() { return bytes_of_all; }

void GatheredRows::Set(int partition, std::string_view key, uint64_t id, const std::vector<Cell>* cells,
                       bool is_new) {
  Partition& to = partitions_[static_cast<size_t>(partition)];
  const size_t bytes_before = to.bytes.size();
  to.rows.push_back({(id & ~kGoneBit) | (cells == nullptr ? kGoneBit : 0), bytes_before,
                     static_cast<uint32_t>(key.size()), !is_new});
  to.bytes += key;
  for (size_t i = 0; i < columns_.size(); ++i) {
    GatheredCell& gathered = to.cells.emplace_back();
    if (cells == nullptr) continue;
    const Cell& cell = (*cells)[i];
    gathered.present = cell.present;
    if (!columns_[i].is_text) {
      gathered.number = cell.number;
      continue;
    }
    gathered.text_size = static_cast<uint32_t>(cell.text.size());
    gathered.number = static_cast<int64_t>(to.bytes.size());
    to.bytes += cell.text;
  }
  ++rows_;
  const auto grown = static_cast<int64_t>(sizeof(Row) + columns_.size() * sizeof(GatheredCell) +
                                          to.bytes.size() - bytes_before);
  bytes_ += grown;
  bytes_of_all += grown;
}

absl::Status GatheredRows::WritePartition(int number, SegmentBuilder* segment) {
  Partition& from = partitions_[static_cast<size_t>(number)];
  const size_t end = from.bytes.size();
  from.bytes.append(kKeyPadding, '\0');
  const std::string_view bytes = from.bytes;
  std::vector<SortedRow> sorted(from.rows.size());
  for (size_t i = 0; i < sorted.size(); ++i) {
    const Row& row = from.rows[i];
    sorted[i].key.Set(bytes.substr(row.key_at, row.key_size));
    sorted[i].id = row.id;
    sorted[i].row = static_cast<uint32_t>(i);
    sorted[i].replaces = row.replaces;
  }
  std::sort(sorted.begin(), sorted.end(), IsBefore());
  std::vector<Cell> cells(columns_.size());
  absl::Status added;
  for (size_t at = 0; at < sorted.size() && added.ok(); ++at) {
    if (at + kRowsAhead < sorted.size()) {
      const SortedRow& later = sorted[at + kRowsAhead];
      __builtin_prefetch(later.key.text().data());
      __builtin_prefetch(from.cells.data() + later.row * columns_.size());
    }
    const SortedRow& row = sorted[at];
    // What was set before it counts only where it replaces something: the row that it hides may be in a segment.
    bool replaces = row.replaces;
    while (at + 1 < sorted.size() && IsSame(row, sorted[at + 1]))
      replaces = sorted[++at].replaces || replaces;
    const GatheredCell* const gathered = from.cells.data() + row.row * columns_.size();
    for (size_t i = 0; i < columns_.size(); ++i) {
      cells[i].present = gathered[i].present;
      if (columns_[i].is_text) {
        cells[i].text = bytes.substr(static_cast<size_t>(gathered[i].number), gathered[i].text_size);
      } else {
        cells[i].number = gathered[i].number;
      }
    }
    added =
        segment->Add(number, {row.key.text(), row.id & ~kGoneBit, (row.id & kGoneBit) != 0, cells, replaces});
  }
  from.bytes.resize(end);
  return added;
}

absl::Status GatheredRows::WriteTo(SegmentBuilder* segment) {
  for (size_t i = 0; i < partitions_.size(); ++i)
    RETURN_IF_ERROR(WritePartition(static_cast<int>(i), segment));
  return absl::OkStatus();
}

void GatheredRows::Clear() {
  // Anew, because what is cleared keeps its memory.
  partitions_ = std::vector<Partition>(partitions_.size());
  bytes_of_all -= bytes_;
  rows_ = 0;
  bytes_ = 0;
}

}  // namespace hangou

#include "libs/columnar/merge.h"

#include <algorithm>

#include "libs/base/status.h"

namespace hangou {
namespace {

class SegmentSource final : public BlockSource {
 public:
  SegmentSource(std::shared_ptr<const Segment> segment, int partition, std::vector<int> columns,
                std::string_view from, bool with_ids)
      : segment_(std::move(segment)),
        partition_(partition),
        columns_(std::move(columns)),
        with_ids_(with_ids) {
    // The key may begin in the block before the first that begins behind it.
    size_t low = 0, high = segment_->blocks(partition);
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (segment_->first_key(partition, middle) < from) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    next_ = low > 0 ? low - 1 : 0;
  }

  absl::StatusOr<const BlockRows*> Next() override {
    if (next_ == segment_->blocks(partition_)) return nullptr;
    RETURN_IF_ERROR(segment_->Read(partition_, next_, columns_, &block_));
    ++next_;
    block_.last_key_replaces = false;
    for (size_t later = next_; later < segment_->blocks(partition_) && !block_.last_key_replaces &&
                               segment_->first_key(partition_, later) == LastKey();
         ++later) {
      block_.last_key_replaces = segment_->replaces(partition_, later);
    }
    if (with_ids_) RETURN_IF_ERROR(Ids().status());
    return &block_;
  }
  absl::StatusOr<const std::vector<uint64_t>*> Ids() override {
    if (block_.ids.empty()) RETURN_IF_ERROR(segment_->ReadIds(partition_, next_ - 1, &block_.ids));
    return &block_.ids;
  }

 private:
  std::string_view LastKey() const { return block_.keys.key(block_.keys.size() - 1); }

  const std::shared_ptr<const Segment> segment_;
  const int partition_;
  const std::vector<int> columns_;
  const bool with_ids_;
  size_t next_ = 0;
  BlockRows block_;
};

// Bits of ids of a key, of which equal ones are the same: so most keys are known to have no id twice without sorting.
constexpr size_t kSeenWords = 64;
constexpr size_t kSeenBits = kSeenWords * 64;

}  // namespace

std::unique_ptr<BlockSource> MakeSegmentSource(std::shared_ptr<const Segment> segment, int partition,
                                               std::vector<int> columns, std::string_view from,
                                               bool with_ids) {
  return std::make_unique<SegmentSource>(std::move(segment), partition, std::move(columns), from, with_ids);
}

MergedRows::MergedRows(std::vector<std::unique_ptr<BlockSource>> sources, std::string prefix)
    : MergedRows(std::move(sources), false, false, std::move(prefix)) {}

MergedRows::MergedRows(std::vector<std::unique_ptr<BlockSource>> sources, bool keep_gone, bool in_order)
    : MergedRows(std::move(sources), keep_gone, in_order, {}) {}

MergedRows::MergedRows(std::vector<std::unique_ptr<BlockSource>> sources, bool keep_gone, bool in_order,
                       std::string prefix)
    : keep_gone_(keep_gone), in_order_(in_order), prefix_(std::move(prefix)), seen_(kSeenWords) {
  for (size_t i = 0; i < sources.size(); ++i) {
    places_.emplace_back();
    places_.back().source = std::move(sources[i]);
    places_.back().index = i;
  }
}

absl::Status MergedRows::NextBlock(Place* place) {
  do {
    ASSIGN_OR_RETURN(place->block, place->source->Next());
    ++place->serial;
  } while (place->block != nullptr && place->block->rows == 0);
  place->ids = nullptr;
  place->key = 0;
  place->row = 0;
  if (place->block == nullptr) return absl::OkStatus();
  place->ends = place->block->keys.ends.data();
  place->keys = place->block->keys.size();
  place->current.Set(place->block->keys.key(0));
  return prefix_.empty() ? absl::OkStatus() : Settle(place);
}

absl::Status MergedRows::Start() {
  started_ = true;
  for (Place& place : places_) RETURN_IF_ERROR(NextBlock(&place));
  return absl::OkStatus();
}

absl::Status MergedRows::Pass(Place* place) {
  place->row = place->next_row;
  if (place->row < place->key_end()) return absl::OkStatus();
  if (place->at_last_key()) return NextBlock(place);
  place->current.Set(place->block->keys.key(++place->key));
  return prefix_.empty() ? absl::OkStatus() : Settle(place);
}

absl::Status MergedRows::Settle(Place* place) {
  while (place->block != nullptr && place->current.text() < prefix_) {
    if (place->at_last_key()) return NextBlock(place);
    place->row = place->key_end();
    place->current.Set(place->block->keys.key(++place->key));
  }
  if (place->block != nullptr && place->current.text().substr(0, prefix_.size()) != prefix_)
    place->block = nullptr;
  return absl::OkStatus();
}

absl::Status MergedRows::WantIds(Place* place) {
  if (place->ids == nullptr) {
    ASSIGN_OR_RETURN(place->ids, place->source->Ids());
  }
  return absl::OkStatus();
}

// With the few sources that there are, looking at each costs less than keeping them in order.
bool MergedRows::FindLeast() {
  equal_.clear();
  for (size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    if (place.block == nullptr) continue;
    const int order = equal_.empty() ? -1 : place.current.Compare(places_[equal_.front()].current);
    if (order < 0) equal_.clear();
    if (order <= 0) equal_.push_back(i);
  }
  return !equal_.empty();
}

void MergedRows::ShowPiece(const Place& place, uint32_t begin, uint32_t end) {
  RowPiece& piece = pieces_.emplace_back();
  piece.block = place.block;
  piece.source = place.index;
  piece.serial = place.serial;
  piece.begin = begin;
  piece.end = end;
}

// The rest of the key's rows in this block, without those that are gone.
void MergedRows::ShowOne(Place* place) {
  place->next_row = place->key_end();
  if (keep_gone_ || !place->block->has_gone) return ShowPiece(*place, place->row, place->next_row);
  const std::vector<uint64_t>& ids = place->block->ids;
  for (uint32_t row = place->row; row < place->next_row; ++row) {
    if ((ids[row] & kGoneBit) != 0) continue;
    const uint32_t begin = row;
    while (row < place->next_row && (ids[row] & kGoneBit) == 0) ++row;
    ShowPiece(*place, begin, row);
  }
}

// May say so where it is not, never the other way round. Sets where each place goes on.
bool MergedRows::HasSharedIds(uint64_t horizon) {
  std::fill(seen_.begin(), seen_.end(), 0);
  bool shared = false;
  for (const size_t i : equal_) {
    Place& place = places_[i];
    const std::vector<uint64_t>& ids = *place.ids;
    uint32_t row = place.row;
    for (; row < place.key_end() && (ids[row] & ~kGoneBit) <= horizon; ++row) {
      const uint64_t bit = (ids[row] & ~kGoneBit) * 0x9E3779B97F4A7C15u >> 52;
      static_assert(kSeenBits == 1ull << 12);
      uint64_t& word = seen_[bit / 64];
      shared = shared || (word >> (bit % 64) & 1) != 0;
      word |= 1ull << (bit % 64);
    }
    place.next_row = row;
  }
  return shared;
}

// Of the rows with the same id only that of the newest source.
void MergedRows::ShowInOrder(uint64_t horizon) {
  shared_.clear();
  for (const size_t i : equal_) {
    Place& place = places_[i];
    uint32_t row = place.row;
    for (; row < place.key_end() && ((*place.ids)[row] & ~kGoneBit) <= horizon; ++row)
      shared_.push_back({(*place.ids)[row] & ~kGoneBit, i, row});
    place.next_row = row;
  }
  std::sort(shared_.begin(), shared_.end(), [](const SharedRow& a, const SharedRow& b) {
    return a.id != b.id ? a.id < b.id : a.place > b.place;
  });
  for (size_t i = 0; i < shared_.size(); ++i) {
    const SharedRow& row = shared_[i];
    if (i > 0 && shared_[i - 1].id == row.id) continue;
    const Place& place = places_[row.place];
    if (keep_gone_ || ((*place.ids)[row.row] & kGoneBit) == 0) ShowPiece(place, row.row, row.row + 1);
  }
}

// Where no newer source replaces anything, and nothing is gone, the ids of rows need not be looked at.
bool MergedRows::IsPlain() const {
  if (keep_gone_ || in_order_) return false;
  return std::all_of(equal_.begin(), equal_.end(), [&](size_t i) {
    return !places_[i].block->has_gone && (i == equal_.front() || !places_[i].replaces());
  });
}

absl::Status MergedRows::ShowSeveral(bool* ends_key) {
  if (IsPlain()) {
    for (const size_t i : equal_) {
      Place& place = places_[i];
      place.next_row = place.key_end();
      *ends_key = *ends_key && !place.at_last_key();
      ShowPiece(place, place.row, place.next_row);
    }
    return absl::OkStatus();
  }
  // Where a source's rows of the key may go on in its next block, the ids there are larger than those here.
  uint64_t horizon = ~0ull;
  bool one_by_one = keep_gone_ || in_order_;
  for (const size_t i : equal_) {
    Place& place = places_[i];
    RETURN_IF_ERROR(WantIds(&place));
    one_by_one = one_by_one || place.block->has_gone;
    if (!place.at_last_key()) continue;
    *ends_key = false;
    horizon = std::min(horizon, (*place.ids)[place.key_end() - 1] & ~kGoneBit);
  }
  if (HasSharedIds(horizon) || one_by_one) {
    ShowInOrder(horizon);
    return absl::OkStatus();
  }
  for (const size_t i : equal_) {
    const Place& place = places_[i];
    if (place.row < place.next_row) ShowPiece(place, place.row, place.next_row);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> MergedRows::Next(KeyRows* rows) {
  if (!started_) RETURN_IF_ERROR(Start());
  while (true) {
    for (const size_t i : equal_) RETURN_IF_ERROR(Pass(&places_[i]));
    if (!FindLeast()) return false;
    pieces_.clear();
    Place& first = places_[equal_.front()];
    rows->ordered_key = &first.current;
    rows->ends_key = !first.at_last_key();
    rows->replaces =
        std::any_of(equal_.begin(), equal_.end(), [&](size_t i) { return places_[i].replaces(); });
    if (equal_.size() == 1) {
      ShowOne(&first);
    } else {
      RETURN_IF_ERROR(ShowSeveral(&rows->ends_key));
    }
    if (pieces_.empty()) continue;
    rows->pieces = pieces_;
    return true;
  }
}

}  // namespace hangou

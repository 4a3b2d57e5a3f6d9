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
    if (with_ids_) RETURN_IF_ERROR(Ids().status());
    return &block_;
  }
  absl::StatusOr<const std::vector<uint64_t>*> Ids() override {
    if (block_.ids.empty()) RETURN_IF_ERROR(segment_->ReadIds(partition_, next_ - 1, &block_.ids));
    return &block_.ids;
  }

 private:
  const std::shared_ptr<const Segment> segment_;
  const int partition_;
  const std::vector<int> columns_;
  const bool with_ids_;
  size_t next_ = 0;
  BlockRows block_;
};

}  // namespace

std::unique_ptr<BlockSource> MakeSegmentSource(std::shared_ptr<const Segment> segment, int partition,
                                               std::vector<int> columns, std::string_view from,
                                               bool with_ids) {
  return std::make_unique<SegmentSource>(std::move(segment), partition, std::move(columns), from, with_ids);
}

MergedRows::MergedRows(std::vector<std::unique_ptr<BlockSource>> sources, bool keep_gone)
    : keep_gone_(keep_gone) {
  for (auto& source : sources) places_.push_back({std::move(source)});
}

absl::StatusOr<const std::vector<uint64_t>*> MergedRows::IdsOf(Place* place) {
  if (place->ids == nullptr) {
    ASSIGN_OR_RETURN(place->ids, place->source->Ids());
  }
  return place->ids;
}

absl::Status MergedRows::Advance(Place* place, uint32_t row) {
  place->row = row;
  if (row < place->key_end()) return absl::OkStatus();
  if (++place->key < place->block->keys.size()) return absl::OkStatus();
  place->key = 0;
  place->row = 0;
  place->ids = nullptr;
  do {
    ASSIGN_OR_RETURN(place->block, place->source->Next());
  } while (place->block != nullptr && place->block->rows == 0);
  return absl::OkStatus();
}

absl::Status MergedRows::Start() {
  started_ = true;
  for (size_t i = 0; i < places_.size(); ++i) {
    do {
      ASSIGN_OR_RETURN(places_[i].block, places_[i].source->Next());
    } while (places_[i].block != nullptr && places_[i].block->rows == 0);
    if (places_[i].block != nullptr) heap_.push_back(i);
  }
  const auto later = [this](size_t a, size_t b) { return places_[a].current() > places_[b].current(); };
  std::make_heap(heap_.begin(), heap_.end(), later);
  return absl::OkStatus();
}

// The places at the least key leave the heap.
void MergedRows::Gather() {
  const auto later = [this](size_t a, size_t b) { return places_[a].current() > places_[b].current(); };
  do {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    equal_.push_back(heap_.back());
    heap_.pop_back();
  } while (!heap_.empty() && places_[heap_.front()].current() == places_[equal_.front()].current());
}

// Of a single source nothing is compared.
absl::StatusOr<bool> MergedRows::NextAlone(RowRun* run) {
  Place& place = places_.front();
  while (true) {
    if (!moved_.empty()) RETURN_IF_ERROR(Advance(&place, moved_to_.front()));
    if (place.block == nullptr) return false;
    run->ends_key = place.key + 1 < place.block->keys.size();
    ASSIGN_OR_RETURN(const bool found, NextOfOne(run));
    run->ends_key = run->ends_key && run->end == place.key_end();
    if (found) return true;
  }
}

absl::StatusOr<bool> MergedRows::Next(RowRun* run) {
  if (!started_) RETURN_IF_ERROR(Start());
  if (places_.size() == 1) return NextAlone(run);
  run->ends_key = false;
  const auto later = [this](size_t a, size_t b) { return places_[a].current() > places_[b].current(); };
  while (true) {
    // What the run before showed is passed only now: its views were alive until here.
    for (size_t i = 0; i < moved_.size(); ++i) {
      Place* const place = moved_[i];
      const bool more_of_key = moved_to_[i] < place->key_end();
      RETURN_IF_ERROR(Advance(place, moved_to_[i]));
      if (more_of_key) continue;
      const auto index = static_cast<size_t>(place - places_.data());
      std::erase(equal_, index);
      if (place->block == nullptr) continue;
      heap_.push_back(index);
      std::push_heap(heap_.begin(), heap_.end(), later);
    }
    moved_.clear();
    moved_to_.clear();
    if (equal_.empty()) {
      if (heap_.empty()) return false;
      Gather();
    } else if (!heap_.empty() && places_[heap_.front()].current() == places_[equal_.front()].current()) {
      // A source whose rows of the key go on in its next block.
      Gather();
    }
    ASSIGN_OR_RETURN(const bool found, equal_.size() == 1 ? NextOfOne(run) : NextOfSeveral(run));
    if (found) return true;
  }
}

// The rest of the key's rows in this block, up to one that is gone.
absl::StatusOr<bool> MergedRows::NextOfOne(RowRun* run) {
  Place& place = places_[places_.size() == 1 ? 0 : equal_.front()];
  run->key = place.current();
  run->block = place.block;
  run->begin = place.row;
  run->end = place.key_end();
  bool shown = true;
  if (!keep_gone_ && !place.block->ids.empty()) {
    const std::vector<uint64_t>& ids = place.block->ids;
    const bool gone = (ids[run->begin] & kGoneBit) != 0;
    uint32_t end = run->begin;
    while (end < run->end && ((ids[end] & kGoneBit) != 0) == gone) ++end;
    run->end = end;
    shown = !gone;
  }
  moved_.assign(1, &place);
  moved_to_.assign(1, run->end);
  return shown;
}

// The row with the least id; where several have it, that of the newest source.
absl::StatusOr<bool> MergedRows::NextOfSeveral(RowRun* run) {
  uint64_t least = ~0ull;
  const auto id_of = [](const Place& place) { return (*place.ids)[place.row] & ~kGoneBit; };
  for (const size_t i : equal_) {
    RETURN_IF_ERROR(IdsOf(&places_[i]).status());
    least = std::min(least, id_of(places_[i]));
  }
  const Place* newest = nullptr;
  for (const size_t i : equal_) {
    Place& place = places_[i];
    if (id_of(place) != least) continue;
    moved_.push_back(&place);
    moved_to_.push_back(place.row + 1);
    if (newest == nullptr || &place > newest) newest = &place;
  }
  run->key = newest->current();
  run->block = newest->block;
  run->begin = newest->row;
  run->end = newest->row + 1;
  return keep_gone_ || ((*newest->ids)[newest->row] & kGoneBit) == 0;
}

}  // namespace hangou

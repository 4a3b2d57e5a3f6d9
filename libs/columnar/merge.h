// Reads the rows of several sources as one, in the order of their keys: of several rows with the same key and id
// the one of the newest source counts, and what is gone does not appear.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
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

// A key that is compared by its first bytes as numbers, and only where these are equal by all of them.
class OrderedKey {
 public:
  OrderedKey() = default;
  explicit OrderedKey(std::string_view key) { Set(key); }

  // `key` must have kKeyPadding readable bytes behind it. Sets the fields where they are: a copy in wide words waits
  // for the narrow ones to be written.
  void Set(std::string_view key) {
    text_ = key;
    constexpr size_t kHalf = sizeof(uint64_t);
    static_assert(kKeyPadding == 2 * kHalf);
    first_ = BigEndian(key.data());
    second_ = BigEndian(key.data() + kHalf);
    if (key.size() >= kKeyPadding) return;
    const size_t behind = kKeyPadding - key.size();
    if (behind < kHalf) {
      second_ &= ~0ull << (8 * behind);
    } else {
      second_ = 0;
      first_ &= behind == kKeyPadding ? 0 : ~0ull << (8 * (behind - kHalf));
    }
  }

  std::string_view text() const { return text_; }
  // Less than 0, 0 or more, as memcmp.
  int Compare(const OrderedKey& other) const {
    if (first_ != other.first_) return first_ < other.first_ ? -1 : 1;
    if (second_ != other.second_) return second_ < other.second_ ? -1 : 1;
    const size_t both = std::min(text_.size(), other.text_.size());
    for (size_t at = kKeyPadding; at < both; at += sizeof(uint64_t)) {
      const size_t left = both - at;
      const uint64_t mask = left < sizeof(uint64_t) ? ~0ull << (8 * (sizeof(uint64_t) - left)) : ~0ull;
      const uint64_t a = BigEndian(text_.data() + at) & mask, b = BigEndian(other.text_.data() + at) & mask;
      if (a != b) return a < b ? -1 : 1;
    }
    if (text_.size() == other.text_.size()) return 0;
    return text_.size() < other.text_.size() ? -1 : 1;
  }
  friend bool operator==(const OrderedKey& a, const OrderedKey& b) { return a.Compare(b) == 0; }
  friend bool operator<(const OrderedKey& a, const OrderedKey& b) { return a.Compare(b) < 0; }

 private:
  static uint64_t BigEndian(const char* bytes) {
    uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    return __builtin_bswap64(word);
  }

  uint64_t first_ = 0;  // big-endian, zeros behind the end
  uint64_t second_ = 0;
  std::string_view text_;
};

// Rows of one key that lie side by side in a block.
struct RowPiece {
  const BlockRows* block = nullptr;
  size_t source = 0;    // which of the sources
  uint64_t serial = 0;  // counts the blocks of the source
  uint32_t begin = 0;
  uint32_t end = 0;
};

// Rows of one key. The views live until the next call of Next.
struct KeyRows {
  const OrderedKey* ordered_key = nullptr;
  const OrderedKey& key() const { return *ordered_key; }
  std::span<const RowPiece> pieces;
  bool ends_key = false;  // no rows of this key follow; false: some may
  bool replaces = true;   // they may replace rows that are older than all sources
};

// Merges sources. Used by one thread. Not movable while it reads.
class MergedRows {
 public:
  // `sources` from the oldest to the newest. For merging segments, `in_order` has the rows of a key come in the order
  // of their ids, and `keep_gone` those that are gone too.
  explicit MergedRows(std::vector<std::unique_ptr<BlockSource>> sources, bool keep_gone = false,
                      bool in_order = false);
  // Only the keys that begin with `prefix`.
  MergedRows(std::vector<std::unique_ptr<BlockSource>> sources, std::string prefix);

  size_t sources() const { return places_.size(); }
  // The next rows, true; false at the end. The same key may come several times, one after the other.
  absl::StatusOr<bool> Next(KeyRows* rows);
  // As Next, which is tried first: true where the next rows are at hand without reading or comparing anything.
  bool NextAtHand(KeyRows* rows) {
    if (places_.size() != 1 || equal_.empty() || !prefix_.empty()) return false;
    Place& place = places_.front();
    if (place.block == nullptr || place.block->has_gone || place.at_last_key()) return false;
    place.row = place.next_row;
    if (place.row < place.key_end()) return false;
    place.current.Set(place.block->keys.key(++place.key));
    place.next_row = place.key_end();
    // It is of the same block as the piece before.
    pieces_.front().begin = place.row;
    pieces_.front().end = place.next_row;
    rows->ordered_key = &place.current;
    rows->pieces = {pieces_.data(), 1};
    rows->ends_key = !place.at_last_key();
    rows->replaces = place.block->replaces;
    return true;
  }

 private:
  MergedRows(std::vector<std::unique_ptr<BlockSource>> sources, bool keep_gone, bool in_order,
             std::string prefix);

  // Where a source stands.
  struct Place {
    std::unique_ptr<BlockSource> source;
    const BlockRows* block = nullptr;  // null: at the end
    const uint32_t* ends = nullptr;    // of the block's keys
    const std::vector<uint64_t>* ids = nullptr;
    size_t index = 0;       // which of the sources
    size_t keys = 0;        // of the block
    size_t key = 0;         // index in the block
    uint32_t row = 0;       // next row of it
    uint32_t next_row = 0;  // where it goes on after what was shown
    uint64_t serial = 0;
    OrderedKey current;

    uint32_t key_end() const { return ends[key]; }
    bool at_last_key() const { return key + 1 == keys; }
    // True where rows of this key may replace older ones.
    bool replaces() const { return block->replaces || (at_last_key() && block->last_key_replaces); }
  };
  // A row of several sources that have the same key.
  struct SharedRow {
    uint64_t id;  // without the bit of what is gone
    size_t place;
    uint32_t row;
  };

  absl::Status Start();
  absl::Status NextBlock(Place* place);
  // Passes keys before the prefix, and ends behind it.
  absl::Status Settle(Place* place);
  // Passes what was shown before: its views were alive until here.
  absl::Status Pass(Place* place);
  absl::Status WantIds(Place* place);
  // Fills `equal_` with the places at the least key.
  bool FindLeast();
  void ShowOne(Place* place);
  bool IsPlain() const;
  absl::Status ShowSeveral(bool* ends_key);
  bool HasSharedIds(uint64_t horizon);
  void ShowInOrder(uint64_t horizon);
  void ShowPiece(const Place& place, uint32_t begin, uint32_t end);

  std::vector<Place> places_;
  const bool keep_gone_;
  const bool in_order_;
  const std::string prefix_;
  bool started_ = false;
  std::vector<size_t> equal_;  // places that were shown last
  std::vector<RowPiece> pieces_;
  std::vector<SharedRow> shared_;
  std::vector<uint64_t> seen_;  // bits of ids
};

}  // namespace hangou

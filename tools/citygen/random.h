// Random numbers that are the same on every machine: the distributions of the standard library are not.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace hangou {

// A stream of random numbers (SplitMix64) for a seed and a label, so that one part of the city does not change when
// another draws more numbers. Not thread-safe.
class Random {
 public:
  Random(uint64_t seed, std::string_view label) : state_(seed) {
    for (char c : label) state_ = Next() ^ static_cast<uint8_t>(c);
  }
  // The stream of one thing of many: what makes it a function of the seed and its index.
  Random(uint64_t seed, std::string_view label, uint64_t index) : Random(seed, label) {
    state_ = Next() ^ (index * 0xD6E8FEB86659FD93);
    Next();
  }

  // Any 64 bits.
  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  // A number from `low` to `high`, both included.
  int64_t Between(int64_t low, int64_t high) {
    const uint64_t span = static_cast<uint64_t>(high - low) + 1;
    return low + static_cast<int64_t>((Next() >> 16) % span);
  }
  // The same as a day number.
  int32_t Day(int64_t low, int64_t high) { return static_cast<int32_t>(Between(low, high)); }
  // True in `per_million` of a million cases.
  bool Chance(int64_t per_million) { return Between(0, 999'999) < per_million; }
  // True in `percent` of a hundred cases.
  bool Percent(int64_t percent) { return Between(0, 99) < percent; }
  // One of the elements; `items` is not empty.
  template <typename Items>
  const auto& Pick(const Items& items) {
    return items[static_cast<size_t>(Between(0, static_cast<int64_t>(std::size(items)) - 1))];
  }

 private:
  uint64_t state_;
};

// Draws elements by weight. Immutable.
class Weights {
 public:
  // Adds the next element, with a weight of 0 or more.
  void Add(int64_t weight) { sums_.push_back((sums_.empty() ? 0 : sums_.back()) + weight); }
  bool empty() const { return sums_.empty() || sums_.back() == 0; }
  // The index of an element; not of an empty one.
  size_t Draw(Random& random) const;

 private:
  std::vector<int64_t> sums_;
};

// One-to-one on 0 to size - 1, and different for each seed: spreads indexes, so that neighbours are strangers.
class Shuffle {
 public:
  Shuffle(uint64_t seed, uint64_t size);
  uint64_t operator()(uint64_t index) const { return (index * factor_ + shift_) % size_; }

 private:
  uint64_t size_;
  uint64_t factor_;
  uint64_t shift_;
};

}  // namespace hangou

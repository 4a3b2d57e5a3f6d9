// How long things take, as a histogram with fixed bounds.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "libs/metrics/counter.h"

namespace hangou {

// Upper bounds of the buckets in microseconds: from a read out of memory to a change that waits for a lease.
inline constexpr std::array<int64_t, 16> kDurationBoundsUs = {
    100,    250,     500,     1'000,   2'500,     5'000,     10'000,    25'000,
    50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};

// What a histogram held when it was read.
struct DurationCounts {
  std::array<uint64_t, kDurationBoundsUs.size() + 1>
      buckets{};       // not cumulative; the last: above every bound
  uint64_t count = 0;  // the sum of the buckets
  int64_t sum_us = 0;  // of the durations
};

// Counts durations. Thread-safe, without locks. A reader may see a duration in its bucket and not yet in the sum.
class DurationHistogram {
 public:
  // Counts a duration; one below 0 as 0.
  void Observe(int64_t duration_us) {
    const auto* const bound =
        std::lower_bound(kDurationBoundsUs.begin(), kDurationBoundsUs.end(), duration_us);
    Cell& cell = cells_[MetricCell()];
    cell.buckets[static_cast<size_t>(bound - kDurationBoundsUs.begin())].fetch_add(1,
                                                                                   std::memory_order_relaxed);
    cell.sum_us.fetch_add(std::max<int64_t>(0, duration_us), std::memory_order_relaxed);
  }
  // What was counted so far.
  DurationCounts counts() const {
    DurationCounts counts;
    for (const Cell& cell : cells_) {
      for (size_t i = 0; i < cell.buckets.size(); ++i) {
        const uint64_t bucket = cell.buckets[i].load(std::memory_order_relaxed);
        counts.buckets[i] += bucket;
        counts.count += bucket;
      }
      counts.sum_us += cell.sum_us.load(std::memory_order_relaxed);
    }
    return counts;
  }

 private:
  struct alignas(kMetricCellBytes) Cell {
    std::array<std::atomic<uint64_t>, kDurationBoundsUs.size() + 1> buckets{};
    std::atomic<int64_t> sum_us{0};
  };
  std::array<Cell, kMetricCells> cells_;
};

}  // namespace hangou

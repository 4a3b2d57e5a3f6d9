// What is counted on hot paths: no lock, and no cache line that all cores write to.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hangou {

// Cells of a counter: threads are spread over them, so that cores do not take one cache line from each other.
inline constexpr size_t kMetricCells = 8;
// Two lines of 64 bytes: processors fetch them in pairs.
inline constexpr size_t kMetricCellBytes = 128;

// The cell of the calling thread.
inline size_t MetricCell() {
  static std::atomic<size_t> threads{0};
  thread_local size_t cell = kMetricCells;
  if (cell == kMetricCells) cell = threads.fetch_add(1, std::memory_order_relaxed) % kMetricCells;
  return cell;
}

// Counts events from the start of the process. Thread-safe; a reader sees every Add that happened before.
class MetricCounter {
 public:
  // Counts `count` more.
  void Add(uint64_t count = 1) { cells_[MetricCell()].count.fetch_add(count, std::memory_order_relaxed); }
  // The sum so far; never falls.
  uint64_t value() const {
    uint64_t sum = 0;
    for (const Cell& cell : cells_) sum += cell.count.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  struct alignas(kMetricCellBytes) Cell {
    std::atomic<uint64_t> count{0};
  };
  std::array<Cell, kMetricCells> cells_;
};

}  // namespace hangou

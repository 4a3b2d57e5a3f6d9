// The progress line of a long publish.
#pragma once

#include <cstdint>

namespace hangou {

// Shows rows, percent and rows per second on standard error, where that is a terminal, some times a second.
// Not thread-safe.
class Progress {
 public:
  // `total_bytes` of the input, 0 where not known.
  explicit Progress(uint64_t total_bytes);
  // Shows how far it is.
  void Show(uint64_t rows, uint64_t bytes);
  // Clears the line.
  void Clear();
  // Seconds since the start.
  double seconds() const;

 private:
  const uint64_t total_bytes_;
  const bool terminal_;
  const int64_t started_us_;
  int64_t shown_us_ = 0;
};

}  // namespace hangou

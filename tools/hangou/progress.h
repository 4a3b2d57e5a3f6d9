// The progress line of a long command.
#pragma once

#include <cstdint>

namespace hangou {

// Shows rows (or what `unit` says), percent and rate on standard error, where that is a terminal, some times a second.
// Not thread-safe.
class Progress {
 public:
  explicit Progress(const char* unit = "rows");
  // Shows how far it is: rows so far, and the part of the input that they are, 0 where not known.
  void Show(uint64_t rows, double part);
  // Clears the line.
  void Clear();
  // Seconds since the start.
  double seconds() const;

 private:
  const char* const unit_;  // lives for ever
  const bool terminal_;
  const int64_t started_us_;
  int64_t shown_us_ = 0;
};

}  // namespace hangou

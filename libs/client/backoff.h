// How long to wait before trying again: longer each time, bounded, and not in step with others.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include "libs/base/clock.h"

namespace hangou {

// First and longest wait between attempts, in milliseconds: a restarted process is back within the longest,
// and a service that is overloaded is not asked more often than it can say so.
constexpr int64_t kFirstBackoffMs = 50;
constexpr int64_t kLongestBackoffMs = 2000;

// Milliseconds of the boot clock, which waits are measured with.
inline int64_t NowMs() { return SystemClock().BootUs() / kUsPerMs; }

// A series of waits that doubles up to the longest, each between half and the whole of its step. Not
// thread-safe.
class Backoff {
 public:
  // `seed` sets the jitter.
  explicit Backoff(uint32_t seed) : random_(seed) {}
  // The next wait in milliseconds.
  int64_t NextMs() {
    const int64_t step = step_ms_;
    step_ms_ = std::min(2 * step, kLongestBackoffMs);
    return step / 2 + static_cast<int64_t>(random_() % static_cast<uint32_t>(step / 2 + 1));
  }
  // Starts again from the first wait: something succeeded.
  void Reset() { step_ms_ = kFirstBackoffMs; }

 private:
  std::minstd_rand random_;
  int64_t step_ms_ = kFirstBackoffMs;
};

}  // namespace hangou

// Waits of a process's own start and end, where no event tells.
#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>

#include "libs/base/clock.h"

namespace hangou {

// Waits until `condition` holds; false where it does not within `timeout_ms`.
inline bool AwaitCondition(const std::function<bool()>& condition, int64_t timeout_ms) {
  constexpr int kLookMs = 20;
  const int64_t deadline_us = SystemClock().BootUs() + timeout_ms * kUsPerMs;
  while (!condition()) {
    if (SystemClock().BootUs() > deadline_us) return false;
    ::poll(nullptr, 0,
           kLookMs);  // waits: the condition is somebody else's state, looked at a few times a second
  }
  return true;
}

}  // namespace hangou

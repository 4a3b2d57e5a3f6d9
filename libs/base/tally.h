// A count that one thread raises and another waits for. For tests.
#pragma once

#include <cstdint>

#include "libs/base/clock.h"
#include "libs/base/mutex.h"

namespace hangou {

// Counts what happens on other threads. Thread-safe.
class Tally {
 public:
  // Raises the count.
  void Add(int64_t more = 1) {
    MutexLock lock(mutex_);
    count_ += more;
    raised_.NotifyAll();
  }
  // The count now.
  int64_t Get() const {
    MutexLock lock(mutex_);
    return count_;
  }
  // Waits until the count is at least `count`, at most 20 s, which is ample for a loaded machine; whether it is.
  bool Reaches(int64_t count) {
    const int64_t give_up_us = SystemClock().BootUs() + 20 * kUsPerSecond;
    MutexLock lock(mutex_);
    while (count_ < count) {
      if (SystemClock().BootUs() > give_up_us) return false;
      raised_.WaitFor(mutex_, 100);
    }
    return true;
  }

 private:
  mutable Mutex mutex_;
  CondVar raised_;
  int64_t count_ HANGOU_GUARDED_BY(mutex_) = 0;
};

}  // namespace hangou

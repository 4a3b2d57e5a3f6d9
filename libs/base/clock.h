// The Clock seam: time as the platform sees it, so that tests can hold it still.
#pragma once

#include <atomic>
#include <cstdint>

namespace hangou {

constexpr int64_t kUsPerMs = 1000;
constexpr int64_t kUsPerSecond = 1'000'000;
constexpr int64_t kUsPerDay = 86'400 * kUsPerSecond;

// Two clocks in one: calendar time for what people see, boot time for leases. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since 1970-01-01 UTC; may jump.
  virtual int64_t UtcUs() const = 0;
  // Microseconds since some instant (CLOCK_BOOTTIME): never jumps back, and goes on while the machine sleeps.
  virtual int64_t BootUs() const = 0;
};

// The machine's clocks. Lives as long as the process.
const Clock& SystemClock();

// A clock that moves only when told. Thread-safe.
class ManualClock : public Clock {
 public:
  // Starts at `utc_us`, and at 1 s of boot time.
  explicit ManualClock(int64_t utc_us = 1'780'000'000 * kUsPerSecond) : utc_us_(utc_us) {}
  int64_t UtcUs() const override { return utc_us_.load(); }
  int64_t BootUs() const override { return boot_us_.load(); }
  // Moves both clocks on.
  void AdvanceUs(int64_t us) {
    utc_us_ += us;
    boot_us_ += us;
  }

 private:
  std::atomic<int64_t> utc_us_;
  std::atomic<int64_t> boot_us_{kUsPerSecond};
};

}  // namespace hangou

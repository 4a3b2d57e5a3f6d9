#include "libs/base/clock.h"

#include <time.h>

namespace hangou {
namespace {

int64_t ReadUs(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return now.tv_sec * kUsPerSecond + now.tv_nsec / 1000;
}

class RealClock : public Clock {
 public:
  int64_t UtcUs() const override { return ReadUs(CLOCK_REALTIME); }
  int64_t BootUs() const override { return ReadUs(CLOCK_BOOTTIME); }
};

}  // namespace

const Clock& SystemClock() {
  static const RealClock clock;
  return clock;
}

}  // namespace hangou

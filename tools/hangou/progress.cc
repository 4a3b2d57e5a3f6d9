#include "tools/hangou/progress.h"

#include <algorithm>
#include <cstdio>

#include "libs/base/clock.h"
#include "tools/hangou/command.h"

namespace hangou {
namespace {

constexpr int64_t kShowEveryUs = 200 * kUsPerMs;  // fast enough to look alive, slow enough to read

}  // namespace

Progress::Progress(const char* unit)
    : unit_(unit), terminal_(ErrorsGoToTerminal()), started_us_(SystemClock().BootUs()) {}

double Progress::seconds() const {
  return static_cast<double>(SystemClock().BootUs() - started_us_) / kUsPerSecond;
}

void Progress::Show(uint64_t rows, double part) {
  if (!terminal_) return;
  const int64_t now_us = SystemClock().BootUs();
  if (now_us - shown_us_ < kShowEveryUs) return;
  shown_us_ = now_us;
  std::fprintf(stderr, "\r%12llu %s", static_cast<unsigned long long>(rows), unit_);
  if (part > 0) std::fprintf(stderr, "  %5.1f %%", std::min(100 * part, 100.0));
  std::fprintf(stderr, "  %8.0f %s/s", static_cast<double>(rows) / std::max(seconds(), 0.001), unit_);
}

void Progress::Clear() {
  if (terminal_ && shown_us_ != 0) std::fprintf(stderr, "\r%60s\r", "");
}

}  // namespace hangou

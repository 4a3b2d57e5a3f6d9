#include "tests/benchmarks/metrics.h"

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "libs/base/clock.h"
#include "libs/metrics/counter.h"
#include "libs/metrics/duration_histogram.h"

namespace hangou {
namespace {

// Looks at the clock only so often.
constexpr int64_t kAtOnce = 10'000;

// Nanoseconds of one call of `work`, while `threads` of them call it again and again.
int64_t NanosecondsOf(int threads, double seconds, const std::function<void(int64_t count)>& work) {
  std::atomic<int64_t> done{0};
  const int64_t begin_us = SystemClock().BootUs();
  const int64_t end_us = begin_us + static_cast<int64_t>(seconds * kUsPerSecond);
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      while (SystemClock().BootUs() < end_us) {
        work(kAtOnce);
        done += kAtOnce;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  return (SystemClock().BootUs() - begin_us) * 1000 * threads / done.load();
}

}  // namespace

absl::StatusOr<std::string> MeasureMetrics(int threads, double seconds) {
  MetricCounter counter;
  DurationHistogram histogram;
  std::atomic<uint64_t> shared{0};
  const double each_s = seconds / 4;
  const int64_t add = NanosecondsOf(threads, each_s, [&](int64_t count) {
    for (int64_t i = 0; i < count; ++i) counter.Add();
  });
  const int64_t observe = NanosecondsOf(threads, each_s, [&](int64_t count) {
    for (int64_t i = 0; i < count; ++i) histogram.Observe(i);
  });
  // What a unary call costs: two looks at the clock, a counter, a histogram.
  const int64_t call = NanosecondsOf(threads, each_s, [&](int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t begun_us = SystemClock().BootUs();
      counter.Add();
      histogram.Observe(SystemClock().BootUs() - begun_us);
    }
  });
  const int64_t one_atomic = NanosecondsOf(threads, each_s, [&](int64_t count) {
    for (int64_t i = 0; i < count; ++i) shared.fetch_add(1, std::memory_order_relaxed);
  });
  return "metrics: threads=" + std::to_string(threads) + " counter_ns=" + std::to_string(add) +
         " histogram_ns=" + std::to_string(observe) + " call_ns=" + std::to_string(call) +
         " one_shared_atomic_ns=" + std::to_string(one_atomic);
}

}  // namespace hangou

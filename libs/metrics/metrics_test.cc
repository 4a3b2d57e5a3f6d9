#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "libs/base/clock.h"
#include "libs/metrics/counter.h"
#include "libs/metrics/duration_histogram.h"
#include "libs/metrics/metrics_registry.h"
#include "libs/metrics/process_metrics.h"

namespace hangou {
namespace {

// The value of the sample that a page's text has under a name with its labels.
std::optional<double> ValueOf(const std::string& text, const std::string& series) {
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(series + " ", 0) == 0) return std::strtod(line.c_str() + series.size(), nullptr);
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("A counter of many threads loses nothing") {
  constexpr int kThreads = 12;  // more than there are cells
  constexpr int kEach = 20'000;
  MetricCounter counter;
  DurationHistogram histogram;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kEach; ++n) {
        counter.Add();
        histogram.Observe(n % 2 == 0 ? 50 : 700);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(counter.value() == kThreads * kEach);
  const DurationCounts counts = histogram.counts();
  CHECK(counts.count == kThreads * kEach);
  CHECK(counts.buckets[0] == kThreads * kEach / 2);
  CHECK(counts.buckets[3] == kThreads * kEach / 2);
  CHECK(counts.sum_us == int64_t{kThreads} * kEach / 2 * 750);
}

TEST_CASE("A duration belongs to the first bucket whose bound it does not exceed") {
  DurationHistogram histogram;
  for (const int64_t us : {int64_t{-5}, int64_t{0}, int64_t{100}, int64_t{101}, int64_t{10'000'000},
                           int64_t{10'000'001}, INT64_MAX / 2}) {
    histogram.Observe(us);
  }
  const DurationCounts counts = histogram.counts();
  CHECK(counts.buckets[0] == 3);
  CHECK(counts.buckets[1] == 1);
  CHECK(counts.buckets[15] == 1);
  CHECK(counts.buckets[16] == 2);
  CHECK(counts.count == 7);
}

TEST_CASE("The page is Prometheus' text: buckets add up, families are whole and in order") {
  MetricsPage page;
  DurationHistogram histogram;
  for (const int64_t us : {50, 200, 200, 20'000'000}) histogram.Observe(us);
  page.Histogram("hangou_rpc_duration_seconds", "How long calls take.", {{MetricLabel::kMethod, "Get"}},
                 histogram.counts());
  page.Gauge("hangou_library_apply_lag_seconds", "Lag.", {{MetricLabel::kLibrary, "tax"}}, 1.5);
  page.Counter("hangou_audit_entries_total", "Entries.", {{MetricLabel::kAction, "READ"}}, 3);
  page.Gauge("hangou_library_apply_lag_seconds", "Lag.", {{MetricLabel::kLibrary, "credit"}}, 0);
  const std::string text = page.Text();
  INFO(text);
  CHECK(ValueOf(text, "hangou_rpc_duration_seconds_bucket{method=\"Get\",le=\"0.0001\"}") == 1);
  CHECK(ValueOf(text, "hangou_rpc_duration_seconds_bucket{method=\"Get\",le=\"0.00025\"}") == 3);
  CHECK(ValueOf(text, "hangou_rpc_duration_seconds_bucket{method=\"Get\",le=\"10\"}") == 3);
  CHECK(ValueOf(text, "hangou_rpc_duration_seconds_bucket{method=\"Get\",le=\"+Inf\"}") == 4);
  CHECK(ValueOf(text, "hangou_rpc_duration_seconds_count{method=\"Get\"}") == 4);
  CHECK(std::abs(*ValueOf(text, "hangou_rpc_duration_seconds_sum{method=\"Get\"}") - 20.00045) < 1e-9);
  CHECK(ValueOf(text, "hangou_library_apply_lag_seconds{library=\"tax\"}") == 1.5);
  CHECK(ValueOf(text, "hangou_library_apply_lag_seconds{library=\"credit\"}") == 0);
  CHECK(text.find("# TYPE hangou_library_apply_lag_seconds gauge") ==
        text.rfind("# TYPE hangou_library_apply_lag_seconds"));
  CHECK(text.find("hangou_audit_entries_total") < text.find("hangou_library_apply_lag_seconds"));
  CHECK(
      text.find("# HELP hangou_audit_entries_total Entries.\n# TYPE hangou_audit_entries_total counter\n") !=
      std::string::npos);
}

TEST_CASE("A source is asked when somebody asks, and not after it has gone") {
  MetricsRegistry registry;
  int asked = 0;
  const auto collect = [&asked](MetricsPage& page) {
    page.Gauge("hangou_test_asked", "Asked.", {}, ++asked);
  };
  {
    const MetricsRegistry::Source source = registry.Add(collect);
    CHECK(asked == 0);
    CHECK(ValueOf(registry.Text(), "hangou_test_asked") == 1);
    CHECK(ValueOf(registry.Text(), "hangou_test_asked") == 2);
  }
  CHECK(registry.Text().empty());
  MetricsRegistry::Source kept = registry.Add(collect);
  MetricsRegistry::Source moved = std::move(kept);
  CHECK(ValueOf(registry.Text(), "hangou_test_asked") == 3);
  moved = MetricsRegistry::Source();
  CHECK(registry.Text().empty());
  CHECK(asked == 3);
}

TEST_CASE("Sources come and go while others ask") {
  MetricsRegistry registry;
  std::atomic<bool> stop{false};
  std::thread asking([&] {
    while (!stop) registry.Text();
  });
  for (int i = 0; i < 2000; ++i) {
    const auto alive = std::make_unique<int>(i);  // gone when the round ends: nobody may ask then
    const auto source =
        registry.Add([&alive](MetricsPage& page) { page.Gauge("hangou_test_alive", "Alive.", {}, *alive); });
  }
  stop = true;
  asking.join();
  CHECK(registry.Text().empty());
}

TEST_CASE("The process tells of itself") {
  MetricsPage page;
  CollectProcess(page);
  const std::string text = page.Text();
  INFO(text);
  const double now_s = static_cast<double>(SystemClock().UtcUs()) / kUsPerSecond;
  CHECK(ValueOf(text, "process_cpu_seconds_total") >= 0);
  CHECK(ValueOf(text, "process_resident_memory_bytes") > 1 << 20);
  CHECK(ValueOf(text, "process_virtual_memory_bytes") > ValueOf(text, "process_resident_memory_bytes"));
  CHECK(ValueOf(text, "process_open_fds") >= 3);
  CHECK(ValueOf(text, "process_max_fds") > ValueOf(text, "process_open_fds"));
  CHECK(ValueOf(text, "process_threads") >= 1);
  // The start may be told some seconds off where the clock was set since the machine was booted.
  CHECK(ValueOf(text, "process_start_time_seconds") > now_s - 86'400);
  CHECK(ValueOf(text, "process_start_time_seconds") < now_s + 60);
}

}  // namespace hangou

#include "tests/benchmarks/compare/comparison.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace hangou {

double Median(std::vector<double> values) {
  HANGOU_CHECK(!values.empty(), "no runs");
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void Comparison::Add(double ours, double peer) {
  ours_.push_back(ours);
  peer_.push_back(peer);
  std::printf("%s run %zu: ours %.0f, peer %.0f %s, ratio %.2f\n", name_.c_str(), ours_.size(), ours, peer,
              unit_.c_str(), ours / peer);
  std::fflush(stdout);
}

std::string Comparison::ResultLine() const {
  std::vector<double> ratios;
  for (size_t i = 0; i < ours_.size(); ++i) ratios.push_back(ours_[i] / peer_[i]);
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  const double ours = Median(ours_);
  const double peer = Median(peer_);
  char line[256];
  std::snprintf(line, sizeof line,
                "RESULT name=%s ratio=%.2f ours=%.0f peer=%.0f runs=%zu spread_percent=%.0f", name_.c_str(),
                ours / peer, ours, peer, ratios.size(), (*high - *low) / Median(ratios) * 100);
  return line;
}

std::string LessIsBetterLine(const std::string& name, const std::vector<double>& ours,
                             const std::vector<double>& peer, const std::string& unit) {
  char line[160];
  std::snprintf(line, sizeof line, "RESULT name=%s ratio=%.2f ours=%.0f peer=%.0f runs=%zu unit=%s",
                name.c_str(), Median(peer) / Median(ours), Median(ours), Median(peer), ours.size(),
                unit.c_str());
  return line;
}

int64_t CpuUsOf(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return 0;
  // The name of the program may hold spaces; it stands in parentheses. User and system time are fields 14 and 15.
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  int64_t user = 0;
  int64_t system = 0;
  fields >> user >> system;
  return (user + system) * kUsPerSecond / ::sysconf(_SC_CLK_TCK);
}

int64_t OwnCpuUs() {
  rusage usage{};
  HANGOU_CHECK(::getrusage(RUSAGE_SELF, &usage) == 0, "no figures of the own process");
  const auto us = [](const timeval& time) { return int64_t{time.tv_sec} * kUsPerSecond + time.tv_usec; };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

Stopwatch::Stopwatch() : begin_us_(SystemClock().BootUs()) {}

double Stopwatch::Seconds() const {
  return static_cast<double>(SystemClock().BootUs() - begin_us_) / static_cast<double>(kUsPerSecond);
}

}  // namespace hangou

// Figures of a measurement: rate and quantiles, in one line.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace hangou {

// The value below which `share` (0 to 1) of the samples lie; 0 where there are none. Sorts `samples`.
inline int64_t Quantile(std::vector<int64_t>& samples, double share) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  const size_t place = static_cast<size_t>(share * static_cast<double>(samples.size()));
  return samples[std::min(place, samples.size() - 1)];
}

// "NAME count=N per_second=N p50_UNIT=N p99_UNIT=N": fields of stable names, for people and scripts.
inline std::string FigureLine(const std::string& name, const std::string& unit, double seconds,
                              std::vector<int64_t> samples, int64_t count) {
  char line[256];
  std::snprintf(line, sizeof(line), "%s count=%lld per_second=%.0f p50_%s=%lld p99_%s=%lld", name.c_str(),
                static_cast<long long>(count), seconds > 0 ? static_cast<double>(count) / seconds : 0.0,
                unit.c_str(), static_cast<long long>(Quantile(samples, 0.5)), unit.c_str(),
                static_cast<long long>(Quantile(samples, 0.99)));
  return line;
}

}  // namespace hangou

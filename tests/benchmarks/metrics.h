// What counting costs.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace hangou {

// Times a counter, a histogram and the metering of a call, with so many threads at once; the figures as one line, in
// nanoseconds of one thread for each.
absl::StatusOr<std::string> MeasureMetrics(int threads, double seconds);

}  // namespace hangou

// Measures the audit chain alone, beside the disk that it writes to.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace hangou {

// Appends entries like those of a governed read to a fresh chain, `outstanding` at a time, for `seconds`; then
// writes as many bytes to a plain file, `outstanding` entries at a time with fdatasync, for as long. The line of
// figures: entries per second of both, the ratio, and times from append to durable in microseconds.
absl::StatusOr<std::string> MeasureAudit(int outstanding, double seconds);

}  // namespace hangou

// Copying a log to another one, offset by offset.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "libs/log/log.h"

namespace hangou {

// What was copied.
struct LogCopyResult {
  int64_t entries = 0;  // appended now
  int64_t skipped = 0;  // there before, from a copy that was broken off
};

// Copies whole topics (name to number of partitions) from one log to another, so that every entry has the offset there
// that it has here. What the target holds already must be the beginning of the source: it is compared, and the copy
// goes on behind it. Nobody else may append to either meanwhile. `progress` is called now and then with the entries
// done so far. LOG_UNAVAILABLE where the target does not answer within a minute: call it again. DATA_LOSS where the
// source is damaged, or lacks offsets; INVALID_REQUEST where the target holds something else.
absl::StatusOr<LogCopyResult> CopyLog(Log& from, const std::map<std::string, int32_t>& topics, Log& to,
                                      const std::function<void(int64_t entries)>& progress);

}  // namespace hangou

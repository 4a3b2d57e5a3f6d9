// The checks of arguments that every implementation of Log makes alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace hangou {

// INVALID_REQUEST where a topic of this name and count cannot be.
absl::Status CheckTopic(const std::string& topic, int32_t partitions);
// INVALID_REQUEST where a topic is there with another count.
absl::Status CheckPartitionCount(const std::string& topic, int32_t stored, int32_t wanted);
// INVALID_REQUEST where a topic of so many partitions has not this one.
absl::Status CheckPartition(int32_t partition, int32_t partitions);
// INVALID_REQUEST where an append has no entries, BATCH_TOO_LARGE where it has too many bytes.
absl::Status CheckAppend(size_t entries, size_t bytes);
// POSITION_UNKNOWN where a reader cannot start there.
absl::Status CheckStart(int32_t partition, int64_t offset, int64_t end);
// OBJECT_NOT_FOUND for a topic that was not ensured.
absl::Status UnknownTopic(const std::string& topic);

}  // namespace hangou

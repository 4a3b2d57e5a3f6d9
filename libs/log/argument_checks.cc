#include "libs/log/argument_checks.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/log/log_topic.h"

namespace hangou {
namespace {

// A name is a folder name too, with room for what stands beside it.
constexpr size_t kTopicNameBytes = 128;
// More partitions than any installation divides its entities into; an index per partition stands in memory.
constexpr int32_t kTopicPartitions = 4096;

bool IsTopicCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

}  // namespace

absl::Status CheckTopic(const std::string& topic, int32_t partitions) {
  const bool named = !topic.empty() && topic.size() <= kTopicNameBytes && topic.front() != '.' &&
                     std::all_of(topic.begin(), topic.end(), IsTopicCharacter);
  if (!named) {
    return MakeError(Reason::kInvalidRequest,
                     "a topic name is 1 to 128 of a-z, 0-9, '.', '_', '-', not beginning with '.'");
  }
  if (partitions < 1 || partitions > kTopicPartitions) {
    return MakeError(Reason::kInvalidRequest, "a topic has 1 to 4096 partitions");
  }
  return absl::OkStatus();
}

absl::Status CheckPartitionCount(const std::string& topic, int32_t stored, int32_t wanted) {
  if (stored == wanted) return absl::OkStatus();
  return MakeError(Reason::kInvalidRequest, "topic " + topic + " has " + std::to_string(stored) +
                                                " partitions for life; set the count to that");
}

absl::Status CheckPartition(int32_t partition, int32_t partitions) {
  if (partition >= 0 && partition < partitions) return absl::OkStatus();
  return MakeError(Reason::kInvalidRequest, "the topic has " + std::to_string(partitions) +
                                                " partitions, and not " + std::to_string(partition));
}

absl::Status CheckAppend(size_t entries, size_t bytes) {
  if (entries == 0) return MakeError(Reason::kInvalidRequest, "an append has at least one entry");
  if (bytes <= kAppendBytes) return absl::OkStatus();
  return MakeError(Reason::kBatchTooLarge, "an append has at most 16 MiB; divide it");
}

absl::Status CheckStart(int32_t partition, int64_t offset, int64_t end) {
  if (offset >= 0 && offset <= end) return absl::OkStatus();
  return MakeError(Reason::kPositionUnknown, "partition " + std::to_string(partition) + " ends at offset " +
                                                 std::to_string(end) + "; read from an offset up to that");
}

absl::Status UnknownTopic(const std::string& topic) {
  return MakeError(Reason::kObjectNotFound, "there is no topic " + topic + "; ensure it first");
}

}  // namespace hangou

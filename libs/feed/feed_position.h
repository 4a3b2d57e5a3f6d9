// Where a subscription stands: what tokens and durable cursors carry.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/keys.h"
#include "libs/log/log.h"

namespace hangou {

// How far the snapshot at the start has come; every partition before this one is done.
struct SnapshotPosition {
  int32_t partition = 0;
  uint64_t taken = 0;  // records taken from it
  std::string last;    // keyed hash of the record that was taken last, empty where none was
  bool operator==(const SnapshotPosition&) const = default;
};

// A place in the feed of one resource. A value; names no person: what a token carries can be read by its holder.
struct FeedPosition {
  // One partition of the topic.
  struct Partition {
    int64_t next = -1;         // first offset that was not taken; -1: the snapshot has not come to it
    uint64_t owner_epoch = 0;  // highest owner epoch seen; records of a lower one are void
    bool operator==(const Partition&) const = default;
  };

  std::string log_id;
  std::string resource;
  // When the subscription last started anew, in microseconds since 1970-01-01 UTC; places of an older start lie behind.
  int64_t started_us = 0;
  std::vector<Partition> partitions;
  std::optional<SnapshotPosition> snapshot;  // none: it is over, or there was none

  bool operator==(const FeedPosition&) const = default;
};

// The position as bytes, and back; TOKEN_INVALID where the bytes are none.
std::string EncodePosition(const FeedPosition& position);
absl::StatusOr<FeedPosition> DecodePosition(std::string_view bytes);

// Where a subscription begins: with the current records, or with the next change of each of the topic's partitions.
absl::StatusOr<FeedPosition> FreshPosition(Log& log, const std::string& topic, int32_t partitions,
                                           const std::string& resource, int64_t started_us, bool snapshot);
// True where `position` adds nothing to `stored`: keeping it would move the subscription back, or nowhere.
bool AddsNothing(const FeedPosition& position, const FeedPosition& stored);

// The token of a position, bound to a department and its subscription.
std::string SealPosition(const KeyRing& keys, const std::string& department, const std::string& subscription,
                         const FeedPosition& position);
// The position of a token; TOKEN_INVALID where it is of another department or subscription, or was changed.
absl::StatusOr<FeedPosition> OpenPosition(const KeyRing& keys, const std::string& department,
                                          const std::string& subscription, std::string_view token);

}  // namespace hangou

// The format of a position, version 1; what a token seals and a cursor row holds.
//
//   position  := version:byte(1) log_id:text resource:text started_us:number partitions:number partition{partitions}
//                snapshot?
//   partition := next_plus_1:number owner_epoch:number
//   snapshot  := partition:number taken:number last:text         absent where the snapshot is over
//   text      := length:number bytes
//   number    := base 128, least significant group first, the high bit on all but the last byte
#include "libs/feed/feed_position.h"

#include <algorithm>
#include <numeric>

#include "libs/base/status.h"

namespace hangou {
namespace {

constexpr char kVersion = 1;
constexpr int kNumberBits = 64;
// More partitions than any log has.
constexpr uint64_t kMaxPartitions = 65536;

void PutNumber(std::string* out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

void PutText(std::string* out, std::string_view text) {
  PutNumber(out, text.size());
  out->append(text);
}

bool TakeNumber(std::string_view* in, uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < kNumberBits && !in->empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(in->front());
    in->remove_prefix(1);
    *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool TakeText(std::string_view* in, std::string* text) {
  uint64_t length = 0;
  if (!TakeNumber(in, &length) || in->size() < length) return false;
  *text = in->substr(0, length);
  in->remove_prefix(length);
  return true;
}

bool TakePartitions(std::string_view* in, FeedPosition* position) {
  uint64_t count = 0;
  if (!TakeNumber(in, &count) || count > kMaxPartitions) return false;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t next = 0;
    FeedPosition::Partition partition;
    if (!TakeNumber(in, &next) || !TakeNumber(in, &partition.owner_epoch)) return false;
    partition.next = static_cast<int64_t>(next) - 1;
    position->partitions.push_back(partition);
  }
  return true;
}

bool TakeSnapshot(std::string_view* in, FeedPosition* position) {
  SnapshotPosition snapshot;
  uint64_t partition = 0;
  if (!TakeNumber(in, &partition) || partition >= position->partitions.size()) return false;
  if (!TakeNumber(in, &snapshot.taken) || !TakeText(in, &snapshot.last) || !in->empty()) return false;
  snapshot.partition = static_cast<int32_t>(partition);
  position->snapshot = std::move(snapshot);
  return true;
}

std::string TokenContext(const std::string& department, const std::string& subscription) {
  return "subscription|" + department + "|" + subscription;
}

}  // namespace

std::string EncodePosition(const FeedPosition& position) {
  std::string out(1, kVersion);
  PutText(&out, position.log_id);
  PutText(&out, position.resource);
  PutNumber(&out, static_cast<uint64_t>(position.started_us));
  PutNumber(&out, position.partitions.size());
  for (const FeedPosition::Partition& partition : position.partitions) {
    PutNumber(&out, static_cast<uint64_t>(partition.next + 1));
    PutNumber(&out, partition.owner_epoch);
  }
  if (!position.snapshot) return out;
  PutNumber(&out, static_cast<uint64_t>(position.snapshot->partition));
  PutNumber(&out, position.snapshot->taken);
  PutText(&out, position.snapshot->last);
  return out;
}

absl::StatusOr<FeedPosition> DecodePosition(std::string_view bytes) {
  FeedPosition position;
  uint64_t started = 0;
  bool good = !bytes.empty() && bytes.front() == kVersion;
  if (good) bytes.remove_prefix(1);
  good = good && TakeText(&bytes, &position.log_id) && TakeText(&bytes, &position.resource) &&
         TakeNumber(&bytes, &started) && TakePartitions(&bytes, &position) &&
         (bytes.empty() || TakeSnapshot(&bytes, &position));
  if (!good)
    return MakeError(Reason::kTokenInvalid, "this is no place in a feed; use a token as it was given");
  position.started_us = static_cast<int64_t>(started);
  return position;
}

absl::StatusOr<FeedPosition> FreshPosition(Log& log, const std::string& topic, int32_t partitions,
                                           const std::string& resource, int64_t started_us, bool snapshot) {
  FeedPosition position;
  position.log_id = log.log_id();
  position.resource = resource;
  position.started_us = started_us;
  position.partitions.resize(static_cast<size_t>(partitions));
  if (snapshot) {
    position.snapshot.emplace();
    return position;
  }
  std::vector<int32_t> all(static_cast<size_t>(partitions));
  std::iota(all.begin(), all.end(), 0);
  ASSIGN_OR_RETURN(const auto ends, log.EndOffsets(topic, all));
  for (const auto& [partition, end] : ends) position.partitions[static_cast<size_t>(partition)].next = end;
  return position;
}

bool AddsNothing(const FeedPosition& position, const FeedPosition& stored) {
  if (position.log_id != stored.log_id || position.resource != stored.resource) return false;
  if (position.started_us != stored.started_us) return position.started_us < stored.started_us;
  if (position.snapshot.has_value() != stored.snapshot.has_value()) return position.snapshot.has_value();
  if (position.snapshot) {
    const auto rank = [](const SnapshotPosition& s) { return std::make_pair(s.partition, s.taken); };
    return rank(*position.snapshot) <= rank(*stored.snapshot);
  }
  return std::equal(position.partitions.begin(), position.partitions.end(), stored.partitions.begin(),
                    stored.partitions.end(), [](const auto& a, const auto& b) { return a.next <= b.next; });
}

std::string SealPosition(const KeyRing& keys, const std::string& department, const std::string& subscription,
                         const FeedPosition& position) {
  return keys.SealToken(EncodePosition(position), TokenContext(department, subscription));
}

absl::StatusOr<FeedPosition> OpenPosition(const KeyRing& keys, const std::string& department,
                                          const std::string& subscription, std::string_view token) {
  ASSIGN_OR_RETURN(const std::string bytes, keys.OpenToken(token, TokenContext(department, subscription)));
  return DecodePosition(bytes);
}

}  // namespace hangou

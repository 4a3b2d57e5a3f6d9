#include "libs/base_library/view_tables.h"

#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

constexpr size_t kPartitionBytes = 2;
constexpr size_t kResourceBytes = 4;
constexpr size_t kKindBytes = 1;
constexpr size_t kRevisionBytes = 8;
// What the log keys of other things than records begin with. As the first bytes of a resource's number they are beyond
// any that the catalog assigns.
constexpr std::string_view kErasureKeyPrefix = "erase/";
constexpr std::string_view kEndedKeyPrefix = "ended/";
constexpr size_t kEpochBytes = 8;
constexpr size_t kErasureBytes = 40;
constexpr size_t kLoggedRevisionBytes = 16;
constexpr std::string_view kReferenceKeyPrefix = "refer/";
constexpr std::string_view kOwnerKeyPrefix = "owner/";

}  // namespace

std::string ResourcePrefix(uint32_t resource, int32_t partition) {
  std::string key;
  key.reserve(64);
  AppendBigEndian(&key, resource, kResourceBytes);
  AppendBigEndian(&key, static_cast<uint64_t>(partition), kPartitionBytes);
  return key;
}

std::string EntityPrefix(uint32_t resource, int32_t partition, EntityKind kind, std::string_view owner_key) {
  std::string key = ResourcePrefix(resource, partition);
  key.push_back(static_cast<char>(kind));
  key.append(owner_key);
  key.push_back('\0');
  return key;
}

size_t ViewPrefixLength(int table, std::string_view key) {
  if (table != kViewRecords && table != kViewHistory && table != kViewReferences) return 0;
  const size_t end = key.find('\0', kPartitionBytes + kResourceBytes + kKindBytes);
  return end == std::string_view::npos ? 0 : end + 1;
}

std::string RecordKey(int32_t partition, const hangou::record::v1::RecordHead& head) {
  std::string key = EntityPrefix(head.resource_number(), partition,
                                 static_cast<EntityKind>(head.owner_kind()), head.owner_key());
  key.append(head.provider());
  key.push_back('\0');
  key.append(head.record_key());
  return key;
}

std::string HistoryKey(std::string_view record_key, uint64_t revision) {
  std::string key(record_key);
  AppendBigEndian(&key, ~revision, kRevisionBytes);
  return key;
}

bool IsHistoryOf(std::string_view history_key, std::string_view record_key) {
  return history_key.size() == record_key.size() + kRevisionBytes && history_key.starts_with(record_key);
}

std::string ReferenceKey(int32_t partition, const hangou::record::v1::Reference& reference) {
  const auto& head = reference.head();
  std::string key = EntityPrefix(head.resource_number(), partition,
                                 static_cast<EntityKind>(head.owner_kind()), head.owner_key());
  AppendBigEndian(&key, reference.field(), 4);
  key.push_back(static_cast<char>(reference.record_owner_kind()));
  key.append(reference.record_owner_key());
  key.push_back('\0');
  key.append(head.provider());
  key.push_back('\0');
  key.append(head.record_key());
  return key;
}

std::string StoredErasure::Encode() const {
  std::string text;
  AppendBigEndian(&text, static_cast<uint64_t>(received_us), 8);
  AppendBigEndian(&text, static_cast<uint64_t>(partition), 8);
  AppendBigEndian(&text, static_cast<uint64_t>(offset), 8);
  AppendBigEndian(&text, revision.revision, 8);
  AppendBigEndian(&text, revision.owner_epoch, 8);
  for (const LoggedRevision& gone : erased) {
    AppendBigEndian(&text, gone.revision, 8);
    AppendBigEndian(&text, gone.owner_epoch, 8);
  }
  return text;
}

StoredErasure StoredErasure::Decode(std::string_view text) {
  HANGOU_CHECK(text.size() >= kErasureBytes && (text.size() - kErasureBytes) % kLoggedRevisionBytes == 0,
               "an erasure of another length");
  const auto number = [text](size_t at) { return ReadBigEndian(text.substr(at, 8)); };
  StoredErasure erasure{static_cast<int64_t>(number(0)),
                        {number(24), number(32)},
                        static_cast<int32_t>(number(8)),
                        static_cast<int64_t>(number(16)),
                        {}};
  for (size_t at = kErasureBytes; at < text.size(); at += kLoggedRevisionBytes)
    erasure.erased.push_back({number(at), number(at + 8)});
  return erasure;
}

std::string StoredReference::Encode() const {
  std::string text;
  AppendBigEndian(&text, static_cast<uint64_t>(offset), 8);
  AppendBigEndian(&text, owner_epoch, 8);
  AppendBigEndian(&text, static_cast<uint64_t>(received_us), 8);
  return text;
}

StoredReference StoredReference::Decode(std::string_view text) {
  HANGOU_CHECK(text.size() == 24, "a reference of another length");
  return {static_cast<int64_t>(ReadBigEndian(text.substr(0, 8))), ReadBigEndian(text.substr(8, 8)),
          static_cast<int64_t>(ReadBigEndian(text.substr(16, 8)))};
}

std::string RequestPrefix(std::string_view provider, std::string_view request_id) {
  std::string key(provider);
  key.push_back('\0');
  key.append(request_id);
  key.push_back('\0');
  return key;
}

std::string RequestKey(const hangou::record::v1::RecordHead& head) {
  std::string key = RequestPrefix(head.provider(), head.request_id());
  AppendBigEndian(&key, head.request_place(), 4);
  return key;
}

std::string RequestMemory::Encode() const {
  std::string text;
  AppendBigEndian(&text, static_cast<uint64_t>(received_us), 8);
  AppendBigEndian(&text, hash_low, 8);
  AppendBigEndian(&text, hash_high, 8);
  AppendBigEndian(&text, static_cast<uint64_t>(partition), kPartitionBytes);
  AppendBigEndian(&text, static_cast<uint64_t>(offset), 8);
  AppendBigEndian(&text, request_digest, 8);
  return text;
}

RequestMemory RequestMemory::Decode(std::string_view text) {
  HANGOU_CHECK(text.size() == 42, "a request memory of another length");
  RequestMemory memory;
  memory.received_us = static_cast<int64_t>(ReadBigEndian(text.substr(0, 8)));
  memory.hash_low = ReadBigEndian(text.substr(8, 8));
  memory.hash_high = ReadBigEndian(text.substr(16, 8));
  memory.partition = static_cast<int32_t>(ReadBigEndian(text.substr(24, 2)));
  memory.offset = static_cast<int64_t>(ReadBigEndian(text.substr(26, 8)));
  memory.request_digest = ReadBigEndian(text.substr(34, 8));
  return memory;
}

std::string PartitionProgress::Encode() const {
  std::string text;
  AppendBigEndian(&text, static_cast<uint64_t>(next_offset), 8);
  AppendBigEndian(&text, owner_epoch, 8);
  return text;
}

PartitionProgress PartitionProgress::Decode(std::string_view text) {
  HANGOU_CHECK(text.size() == 16, "a partition's progress of another length");
  return {static_cast<int64_t>(ReadBigEndian(text.substr(0, 8))), ReadBigEndian(text.substr(8, 8))};
}

std::string PartitionKey(int32_t partition) {
  std::string key = "p";
  AppendBigEndian(&key, static_cast<uint64_t>(partition), kPartitionBytes);
  return key;
}

std::string LogKey(std::string_view record_key, uint64_t revision, uint64_t owner_epoch) {
  std::string key(record_key);
  AppendBigEndian(&key, revision, kRevisionBytes);
  AppendBigEndian(&key, owner_epoch, kEpochBytes);
  return key;
}

std::string ErasureLogKey(std::string_view record_key, uint64_t revision, uint64_t owner_epoch) {
  return LogKey(std::string(kErasureKeyPrefix) + std::string(record_key), revision, owner_epoch);
}

std::string EndedErasuresKey(uint32_t resource, int32_t partition) {
  return std::string(kEndedKeyPrefix) + ResourcePrefix(resource, partition);
}

std::string EndedErasuresLogKey(uint32_t resource, int32_t partition, uint64_t owner_epoch) {
  std::string key = EndedErasuresKey(resource, partition);
  AppendBigEndian(&key, owner_epoch, kEpochBytes);
  return key;
}

std::string ReferenceStateKey(std::string_view reference_key) {
  return std::string(kReferenceKeyPrefix) + std::string(reference_key);
}

std::string ReferenceLogKey(std::string_view reference_key, uint64_t owner_epoch) {
  std::string key = ReferenceStateKey(reference_key);
  AppendBigEndian(&key, owner_epoch, kEpochBytes);
  return key;
}

std::string_view ReferenceKeyOf(std::string_view reference_state_key) {
  return reference_state_key.substr(kReferenceKeyPrefix.size());
}

ParsedLogKey ParseLogKey(std::string_view log_key) {
  if (log_key.starts_with(kOwnerKeyPrefix) || log_key.starts_with(kEndedKeyPrefix)) return {};
  ParsedLogKey parsed{ParsedLogKey::kRecord, log_key, 0, 0};
  const auto take_number = [&parsed](size_t bytes) {
    const uint64_t number = ReadBigEndian(parsed.key.substr(parsed.key.size() - bytes));
    parsed.key.remove_suffix(bytes);
    return number;
  };
  if (parsed.key.size() < kRevisionBytes + kEpochBytes) return {};
  parsed.owner_epoch = take_number(kEpochBytes);
  if (log_key.starts_with(kReferenceKeyPrefix)) {
    parsed.kind = ParsedLogKey::kReference;
    parsed.key = ReferenceKeyOf(parsed.key);
    return parsed;
  }
  parsed.revision = take_number(kRevisionBytes);
  if (log_key.starts_with(kErasureKeyPrefix)) {
    parsed.kind = ParsedLogKey::kErasure;
    parsed.key.remove_prefix(std::min(parsed.key.size(), kErasureKeyPrefix.size()));
  }
  return parsed;
}

}  // namespace hangou

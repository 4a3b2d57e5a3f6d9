// The tables of a partition group's view, and their keys. All numbers in keys are big-endian, so that records sort as
// resource, partition, entity, provider, record key: those of one resource lie side by side, and in them those of one
// entity.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hangou/record/v1/envelope.pb.h"
#include "libs/identifiers/entity_key.h"

namespace hangou {

// Tables of the view store.
enum ViewTable : int {
  // RecordKey -> StoredRecord. Looked up by EntityPrefix.
  kViewRecords = 0,
  // RequestKey -> RequestMemory: what was sent under a request id, for the memory of repeats.
  kViewRequests = 1,
  // PartitionKey -> PartitionProgress; kLogIdKey -> log id.
  kViewProgress = 2,
  kViewTables = 3,
};

// Length of the EntityPrefix of a key of kViewRecords; 0 for what is shorter, and in the other tables.
size_t ViewPrefixLength(int table, std::string_view key);

inline constexpr std::string_view kLogIdKey = "log_id";

// resource u32, partition u16.
std::string ResourcePrefix(uint32_t resource, int32_t partition);
// ResourcePrefix, entity kind u8, owner key, 0.
std::string EntityPrefix(uint32_t resource, int32_t partition, EntityKind kind, std::string_view owner_key);
// EntityPrefix, provider, 0, record key: the identity of a record.
std::string RecordKey(int32_t partition, const hangou::record::v1::RecordHead& head);

// provider, 0, request id, 0: the records of one request.
std::string RequestPrefix(std::string_view provider, std::string_view request_id);
// RequestPrefix, place u32.
std::string RequestKey(const hangou::record::v1::RecordHead& head);

// What is remembered of a request's record: 42 bytes.
struct RequestMemory {
  int64_t received_us = 0;
  uint64_t hash_low = 0;
  uint64_t hash_high = 0;
  int32_t partition = 0;
  int64_t offset = 0;
  uint64_t request_digest = 0;

  std::string Encode() const;
  static RequestMemory Decode(std::string_view text);
};

// How far a partition is applied: 16 bytes.
struct PartitionProgress {
  int64_t next_offset = 0;   // first offset that is not applied
  uint64_t owner_epoch = 0;  // highest epoch seen; records of a lower one behind it are void

  std::string Encode() const;
  static PartitionProgress Decode(std::string_view text);
};
std::string PartitionKey(int32_t partition);

// Key of a record event in the log: the record's identity and its revision. Compaction keeps every revision.
std::string LogKey(std::string_view record_key, uint64_t revision);

}  // namespace hangou

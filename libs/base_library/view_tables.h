// The tables of a partition group's view, and their keys. All numbers in keys are big-endian, so that records sort as
// resource, partition, entity, provider, record key: those of one resource lie side by side, and in them those of one
// entity.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hangou/record/v1/envelope.pb.h"
#include "libs/identifiers/entity_key.h"

namespace hangou {

// Tables of the view store.
enum ViewTable : int {
  // RecordKey -> StoredRecord. Looked up by EntityPrefix.
  kViewRecords = 0,
  // RequestKey -> RequestMemory: what was sent under a request id, for the memory of repeats.
  kViewRequests = 1,
  // PartitionKey -> PartitionProgress; kLogIdKey -> log id; EndedErasuresKey -> offset, u64.
  kViewProgress = 2,
  // HistoryKey -> StoredRecord: what a record was before its newest event. Looked up by EntityPrefix too.
  kViewHistory = 3,
  // ReferenceKey -> StoredReference: records elsewhere that name an entity of the partition in a role. Looked up by
  // EntityPrefix too.
  kViewReferences = 4,
  // RecordKey -> StoredErasure: erasures whose event is still in the log.
  kViewErasures = 5,
  kViewTables = 6,
};

// The tables' format: a view of another one is built anew.
inline constexpr std::string_view kViewFormat = "3";

// Length of the EntityPrefix of a key of a table that is looked up by it; 0 for what is shorter, and in the others.
size_t ViewPrefixLength(int table, std::string_view key);

// Its value is kViewFormat, ' ', log id.
inline constexpr std::string_view kLogIdKey = "log_id";
// Its value is an instant, u64: when the view last followed the log.
inline constexpr std::string_view kFollowedKey = "followed";

// resource u32, partition u16.
std::string ResourcePrefix(uint32_t resource, int32_t partition);
// ResourcePrefix, entity kind u8, owner key, 0.
std::string EntityPrefix(uint32_t resource, int32_t partition, EntityKind kind, std::string_view owner_key);
// EntityPrefix, provider, 0, record key: the identity of a record.
std::string RecordKey(int32_t partition, const hangou::record::v1::RecordHead& head);

// RecordKey, then the complement of the revision as u64: the newest of a record comes first.
std::string HistoryKey(std::string_view record_key, uint64_t revision);
// True where a key of kViewHistory is one of this record, and not of one whose key is longer.
bool IsHistoryOf(std::string_view history_key, std::string_view record_key);

// EntityPrefix of the entity named, number of the field u32, kind u8 of the record's owner, its key, 0, provider, 0,
// record key.
std::string ReferenceKey(int32_t partition, const hangou::record::v1::Reference& reference);

// A revision as its key in the log names it.
struct LoggedRevision {
  uint64_t revision = 0;
  uint64_t owner_epoch = 0;
};

// An erasure whose event stands in the log until every feed has passed it: 40 bytes, and 16 for each revision that it
// erases.
struct StoredErasure {
  int64_t received_us = 0;
  LoggedRevision revision;  // of the erasure
  int32_t partition = 0;
  int64_t offset = 0;  // of its event
  std::vector<LoggedRevision> erased;

  std::string Encode() const;
  static StoredErasure Decode(std::string_view text);
};

// A row of kViewReferences: 24 bytes.
struct StoredReference {
  int64_t offset = 0;  // of its event
  uint64_t owner_epoch = 0;
  int64_t received_us = 0;

  std::string Encode() const;
  static StoredReference Decode(std::string_view text);
};

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

// Keys in the log end with the owner epoch of their writer: what a former owner wrote too late, which is void, takes
// nobody's place when the log is compacted.
//
// Key of a record event: the record's identity and its revision. Compaction keeps every revision.
std::string LogKey(std::string_view record_key, uint64_t revision, uint64_t owner_epoch);
// Key of an erasure: apart from the revisions that it removes.
std::string ErasureLogKey(std::string_view record_key, uint64_t revision, uint64_t owner_epoch);
// Where the view keeps the offset of the last erasure of a resource whose event is gone from a partition; and the key
// of that message.
std::string EndedErasuresKey(uint32_t resource, int32_t partition);
std::string EndedErasuresLogKey(uint32_t resource, int32_t partition, uint64_t owner_epoch);
// Key of a reference, without its owner epoch and with it.
std::string ReferenceStateKey(std::string_view reference_key);
std::string ReferenceLogKey(std::string_view reference_key, uint64_t owner_epoch);
// The ReferenceKey of a ReferenceStateKey.
std::string_view ReferenceKeyOf(std::string_view reference_state_key);

// A key of the log, taken apart.
struct ParsedLogKey {
  enum Kind { kOther, kRecord, kErasure, kReference };
  Kind kind = kOther;
  std::string_view key;      // RecordKey or ReferenceKey, a part of what was parsed
  uint64_t revision = 0;     // of a record or an erasure
  uint64_t owner_epoch = 0;  // of the writer
};
ParsedLogKey ParseLogKey(std::string_view log_key);

}  // namespace hangou

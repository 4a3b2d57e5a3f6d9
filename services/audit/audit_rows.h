// The rows of the audit's view: what is stored under which key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hangou/audit/v1/entry.pb.h"
#include "libs/store/store.h"

namespace hangou {

// The tables of the view. Numbers in keys are unsigned, most significant byte first; TIME is an entry's time, and TIME~
// its complement, so that the newest comes first. REF stands for one entry (EntryRef).
enum AuditTable : int {
  kAuditMeta =
      0,  // "log": the log's id; "next/TOPIC/PARTITION": offset[8]; "chain/ID": number[4] audit.v1.Head;
          // "findings": audit.v1.ListHeadsResponse with those that belong to no chain
  kAuditEntries = 1,   // REF: hash[32] serialised audit.v1.Entry
  kAuditByTime = 2,    // TIME REF: nothing
  kAuditByEntity = 3,  // ENTITY_HASH NUL TIME~ REF: the entry's subject
  kAuditBulk = 4,      // TIME~ REF of an access that names no entity: the entry's subject
  kAuditTables = 5,
};

// An entry: number of its chain in this view, branch (0: the chain itself), sequence. In keys 4, 1 and 8 bytes.
struct EntryRef {
  uint32_t chain = 0;
  uint32_t branch = 0;
  uint64_t sequence = 0;

  std::string Encode() const;
  // `text` has kEntryRefBytes bytes.
  static EntryRef Decode(std::string_view text);
};
constexpr size_t kEntryRefBytes = 13;
// TIME REF, and TIME~ REF.
constexpr size_t kTimeRefBytes = 8 + kEntryRefBytes;

// TIME REF, or TIME~ REF. A time before 1970 stands as 1970.
std::string TimeKey(int64_t time_us, const EntryRef& ref);
std::string NewestFirstKey(int64_t time_us, const EntryRef& ref);
// The time in such a key.
int64_t TimeOfNewestFirstKey(std::string_view key);
// What the keys of an entity begin with.
std::string EntityPrefix(std::string_view entity_hash);
// True for an access to records whose entry names no entity.
bool IsBulkAccess(const hangou::audit::v1::Entry& entry);

// Adds the rows of an entry to a batch.
void PutEntryRows(const EntryRef& ref, const std::string& hash, const std::string& bytes,
                  const hangou::audit::v1::Entry& content, StoreBatch* batch);

}  // namespace hangou

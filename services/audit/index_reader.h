// Questions to the audit's view. Without transport, callers or tokens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/audit/v1/audit.pb.h"
#include "services/audit/audit_index.h"

namespace hangou {

// Rows that one question looks at: where fewer of them match than a page takes, the page is short.
constexpr size_t kLookedAtRows = 20'000;

// A page of entries, and where the next one begins; empty: there is none.
struct EntryPage {
  google::protobuf::RepeatedPtrField<hangou::audit::v1::ChainedEntry> entries;
  std::string next;
};

// Entries of a chain from a sequence on, up to `last_sequence`; `next` is the next sequence in decimal. Every page ends
// within limits::kReplyBytes. Errors of all questions: DATA_LOSS where the view is damaged.
absl::StatusOr<EntryPage> ReadChain(const AuditIndex& index, const KnownChain& chain, uint64_t from_sequence,
                                    uint64_t last_sequence, size_t page_size);
// Entries of all chains by time: those before `until_us` (0: no limit) from a key TIME REF on, which `next` is too.
absl::StatusOr<EntryPage> ReadByTime(const AuditIndex& index, const std::string& from_key, int64_t until_us,
                                     size_t page_size);
// Where the newest `count` entries of all chains begin, as a key for ReadByTime.
absl::StatusOr<std::string> NewestByTime(const AuditIndex& index, size_t count);

// What accesses are asked for.
struct AccessQuery {
  // Prefixes of table kAuditByEntity, or one empty one with `bulk`.
  std::vector<std::string> prefixes;
  bool bulk = false;
  std::string subject;  // empty: any
  int64_t from_us = 0;
  int64_t until_us = 0;  // 0: no limit
};
// Accesses, newest first, behind the key TIME~ REF `after` (empty: from the newest), which `next` is too.
absl::StatusOr<EntryPage> ReadAccesses(const AuditIndex& index, const AccessQuery& query,
                                       const std::string& after, size_t page_size);
// How many accesses there are, counted up to `most`.
absl::StatusOr<uint64_t> CountAccesses(const AuditIndex& index, const AccessQuery& query, uint64_t most);

}  // namespace hangou

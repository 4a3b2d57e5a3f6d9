// Verifies all audit chains in a log, by nothing but the log and the public keys.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/audit/v1/chain.pb.h"
#include "libs/log/log.h"

namespace hangou {

// Entries that VerifyAuditTopics takes: it keeps 32 bytes of each to recognise repeats, 2 GiB in all.
constexpr uint64_t kVerifiedEntries = 64ull << 20;

// What a verification found.
struct VerifiedTopics {
  std::map<std::string, hangou::audit::v1::Head> heads;  // by chain id, with their findings
  google::protobuf::RepeatedPtrField<hangou::audit::v1::Finding> findings;  // that belong to no chain
  uint64_t finding_count = 0;                                               // of those
  uint64_t entries = 0;                                                     // of all chains and branches
  uint64_t signed_heads = 0;  // that hold: signature, and hash of the entry

  // True where nothing is wrong.
  bool whole() const;
};

// Reads the audit topics of a log from their starts to where they end now, and verifies each chain, and each signed
// head under one of `public_keys` (32 bytes each). Errors are those of the log, or INVALID_REQUEST where there are
// more than kVerifiedEntries; what is wrong with the chains is in the result. May block on the log.
absl::StatusOr<VerifiedTopics> VerifyAuditTopics(Log& log, const std::vector<std::string>& public_keys,
                                                 int64_t now_us);

}  // namespace hangou

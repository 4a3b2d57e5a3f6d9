// The topics that carry the audit chains of all processes: names, messages, limits.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/audit/v1/chain.pb.h"
#include "libs/audit/chain.h"
#include "libs/log/log.h"

namespace hangou {

// Entries of the chains, in messages audit.v1.ChainBatch. Nothing in it is ever compacted or removed by age.
inline constexpr char kAuditTopic[] = "hangou.audit";
// Signed heads, in messages audit.v1.SignedHead; one partition.
inline constexpr char kAuditHeadsTopic[] = "hangou.audit.heads";
// Partitions of kAuditTopic: a chain per process, and one audit service reads them all. Fixed for life.
constexpr int32_t kAuditPartitions = 4;
// Serialised entries of a message: half of what a broker takes by default (1 MiB), and room for the largest entry.
constexpr size_t kChainBatchBytes = 512 << 10;
// Entries of a message: what a reader verifies at once.
constexpr size_t kChainBatchEntries = 4096;

// The id of a chain whose first entry has this hash: it names itself, and no two chains share one.
std::string ChainIdOf(std::string_view first_hash);
// The id of a chain on disk.
absl::StatusOr<std::string> ChainIdOf(const AuditChain& chain);
// The partition of a chain.
int32_t AuditPartitionOf(std::string_view chain_id);
// The key of a message about a chain from a sequence on.
std::string AuditKey(std::string_view chain_id, uint64_t sequence);
// Makes the topics, or checks that they are as they should be. May block on the log.
absl::Status EnsureAuditTopics(Log& log);

// The batch in a message, checked as far as that needs no other message: ids, counts and sizes. DATA_LOSS where it is
// none.
absl::StatusOr<hangou::audit::v1::ChainBatch> DecodeChainBatch(const LogRecord& record);
// "TOPIC/PARTITION@OFFSET".
std::string PlaceInLog(std::string_view topic, const LogRecord& record);

// Offset behind the last durable record of a partition.
absl::StatusOr<int64_t> EndOfPartition(Log& log, const std::string& topic, int32_t partition);
// Visits the records of a partition from an offset to where its end is now. May block on the log; LOG_UNAVAILABLE where
// it gives nothing for 10 s. An error of `visit` ends it.
absl::Status ReadToEnd(Log& log, const std::string& topic, int32_t partition, int64_t from,
                       const std::function<absl::Status(const LogRecord&)>& visit);

}  // namespace hangou

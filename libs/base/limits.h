// The limits of the platform, each with its reason. Times in the unit of the name, sizes in bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hangou::limits {

// A batch: where the cost per record of a call has become small (the knee of the curve), and what one group
// commit takes without hurting the others' latency.
constexpr size_t kBatchRecords = 256;
constexpr size_t kBatchBytes = 1 << 20;
// A record: a row of text. Larger things are files, which a record refers to.
constexpr size_t kRecordBytes = 64 << 10;
// A record with a geometry: some 30,000 vertices, as the border of a county has; two of them fit into a batch.
constexpr size_t kGeometryRecordBytes = 512 << 10;
// Unanswered batches of one Publish stream: keeps one publisher from filling the memory.
constexpr size_t kUnansweredBatches = 8;
// Fields of a resource and highest field number: a field set fits a few cache lines.
constexpr size_t kResourceFields = 200;
constexpr uint32_t kFieldNumber = 400;
// Text of a field, in code points, where the resource sets no limit of its own.
constexpr uint32_t kTextLength = 4096;
// Entities of a BatchGet, records of a Get, items of a Delete.
constexpr size_t kReadEntities = 256;
constexpr size_t kGetRecords = 256;
// Page sizes of lists.
constexpr int kPageDefault = 100;
constexpr int kPageMax = 1000;
// Bytes of a reply with records: under gRPC's default of 4 MiB at the client.
constexpr size_t kReplyBytes = 3 << 20;
// A request id: a UUID with some prefix.
constexpr size_t kRequestIdBytes = 64;
// How long repeated requests are recognised.
constexpr int64_t kRequestMemoryUs = 7LL * 86'400 * 1'000'000;
// How long the event of an erasure stays in the log, so that every feed passes it: half of the day after which nothing
// of what was erased is left.
constexpr int64_t kErasureNoticeUs = 43'200LL * 1'000'000;
// How far a version that is a time may lie ahead.
constexpr int64_t kVersionAheadUs = 86'400LL * 1'000'000;
// Mismatches of Verify per caller, entity and field and day: more would be guessing.
constexpr int kVerifyMismatchesPerDay = 5;
// Objects of one Apply, and bytes of one: a city's catalog fits, a mistake does not.
constexpr size_t kApplyObjects = 10'000;
constexpr size_t kApplyBytes = 16 << 20;
// Codes of a code list.
constexpr size_t kCodes = 100'000;
// Purposes, departments, resources and grants of a catalog: what one snapshot holds in memory.
constexpr size_t kDepartments = 1000;
constexpr size_t kPurposes = 2000;
constexpr size_t kResources = 20'000;
constexpr size_t kGrants = 200'000;
// Length of a case number or a purpose in a call.
constexpr size_t kContextText = 128;
// The policy lease, and how often it is renewed.
constexpr int64_t kLeaseMs = 5000;
constexpr int64_t kLeaseRenewMs = 1000;
// Partitions of the record topics, and groups of a library, of a new installation.
constexpr int kPartitions = 64;
constexpr int kGroups = 4;
// A publisher is refused early when the oldest unanswered change is older than this.
constexpr int64_t kApplyLagMs = 2000;
// A consumer that does not take a delivery for so long is dropped with its token.
constexpr int64_t kSlowConsumerMs = 30'000;
// A delivered batch waits at most so long for company.
constexpr int64_t kDeliveryWaitMs = 100;
// Metadata of a call: our clients send some hundred bytes.
constexpr int kMetadataBytes = 8 << 10;
// Streams of one connection.
constexpr int kStreamsPerConnection = 100;
// Longest call without a deadline of its own.
constexpr int64_t kCallMs = 60'000;
// Open files of a process: twenty-two stores of 128, connections and the log's segments.
constexpr int64_t kProcessFiles = 8192;

}  // namespace hangou::limits

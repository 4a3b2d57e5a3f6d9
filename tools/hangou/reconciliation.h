// A department's file set against what is stored: record by record they are not compared, but by counts and digests per
// day and division.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/base_library/v1/base_library.pb.h"
#include "libs/client/client.h"
#include "libs/schema/bucket.h"
#include "libs/schema/walker.h"
#include "tools/hangou/publish_job.h"

namespace hangou {

// Records of a file that are compared: each takes some 100 bytes here.
constexpr size_t kReconciledRecords = 20'000'000;

// Which record of its resource this is, as a hash: two rows of one identity are versions of one record.
uint64_t IdentityOf(const AdmittedRecord& record);

// What a file holds, as the door would take it.
struct SourceTotals {
  uint64_t rows = 0;
  uint64_t refused = 0;                       // the door would refuse them, or they cannot be read
  uint64_t repeated = 0;                      // of a record that another row has a newer version of
  std::map<std::string, uint64_t> by_reason;  // of what is refused
  std::map<RecordBucket, BucketTotals> buckets;
};

// Reads a file. `schema` has its code lists. BATCH_TOO_LARGE where it has more records than can be compared.
absl::StatusOr<SourceTotals> ReadSource(const PublishJob& job, std::shared_ptr<const ResourceSchema> schema,
                                        const OnPublishProgress& progress);

// What is stored.
struct StoredTotals {
  std::map<RecordBucket, BucketTotals> buckets;
  int64_t deleted = 0;
  int64_t recalled = 0;
  std::vector<hangou::base_library::v1::ReconcileResponse::BrokenRule> broken_rules;
};
absl::StatusOr<StoredTotals> ReadStored(Client& client, const std::string& resource,
                                        const OnPublishProgress& progress);

// A bucket in which the two are not the same.
struct BucketDifference {
  RecordBucket bucket;
  int64_t source = 0;
  int64_t stored = 0;
};
std::vector<BucketDifference> Differences(const SourceTotals& source, const StoredTotals& stored);

}  // namespace hangou

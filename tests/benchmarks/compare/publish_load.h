// Publishing as departments do it, as fast as it goes or at a rate.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/record/v1/record.pb.h"
#include "tests/benchmarks/compare/installation.h"

namespace hangou {

// Publishes records of psb.resident through so many streams of the client library, each with a connection and thread of
// its own. Seconds from the first record to the last acknowledgement; an error where any was not accepted.
absl::StatusOr<double> PublishAll(const Installation& installation,
                                  std::vector<hangou::record::v1::Record> records, int streams);

// What a publisher waits for acknowledgements.
struct AckFigures {
  double per_second = 0;  // records
  int64_t p50_us = 0;
  int64_t p99_us = 0;
};

// Publishes full batches on one stream at a rate, whatever is still under way. The times count from when a batch was
// due until its answer came.
absl::StatusOr<AckFigures> PublishAtRate(const Installation& installation,
                                         std::vector<hangou::record::v1::Record> records,
                                         double records_per_second);

}  // namespace hangou

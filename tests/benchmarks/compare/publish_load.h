// Publishing as departments do it, as fast as it goes or at a rate.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/base_library/v1/base_library.pb.h"
#include "hangou/record/v1/record.pb.h"
#include "tests/benchmarks/compare/installation.h"
#include "tests/benchmarks/compare/residents.h"

namespace hangou {

// Who publishes, and what.
struct PublishTarget {
  std::string identity;
  std::string resource;
  std::string library;
};

// psb.resident by its department.
inline PublishTarget ResidentsTarget() { return {"psb-publisher", kResidents, "population"}; }

// Publishes records through so many streams of the client library, each with a connection and thread of
// its own. Seconds from the first record to the last acknowledgement; an error where any was not accepted.
absl::StatusOr<double> PublishAll(const Installation& installation, const PublishTarget& target,
                                  std::vector<hangou::record::v1::Record> records, int streams);

// What a publisher waits for acknowledgements.
struct AckFigures {
  double per_second = 0;  // records
  int64_t p50_us = 0;
  int64_t p99_us = 0;
};

// Is told a batch that was acknowledged, and when, in microseconds of the clock since boot.
using OnAcknowledged =
    std::function<void(const hangou::base_library::v1::PublishRequest& batch, int64_t boot_us)>;

// Publishes full batches on one stream at a rate, whatever is still under way; what fills none is left out. The times
// count from when a batch was due until its answer came.
absl::StatusOr<AckFigures> PublishAtRate(const Installation& installation, const PublishTarget& target,
                                         std::vector<hangou::record::v1::Record> records,
                                         double records_per_second,
                                         const OnAcknowledged& on_acknowledged = {});

}  // namespace hangou

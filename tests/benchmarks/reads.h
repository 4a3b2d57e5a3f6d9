// Measures governed reads of a running installation.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/base_library/v1/base_library.pb.h"
#include "libs/client/client.h"

namespace hangou {

// What to read.
struct ReadLoad {
  ClientOptions client;
  std::string resource;     // "resources/{department}.{name}"
  std::string purpose;      // registered for the department of the identity
  std::string case_number;  // where a grant asks for one
  hangou::record::v1::EntityKind kind = hangou::record::v1::ENTITY_KIND_PERSON;
  std::vector<std::string> owners;  // identifiers, read in turn; at least one
  int outstanding = 16;             // calls under way at the same time
  double seconds = 2;
};

// Calls Get again and again, one connection for all. The line of figures, times of one call in microseconds;
// the first error ends the measurement.
absl::StatusOr<std::string> MeasureReads(const ReadLoad& load);

}  // namespace hangou

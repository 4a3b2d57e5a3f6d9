// What shipping and indexing the audit chain costs.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace hangou {

// Appends `rate` entries per second (0: as many as the chain takes) for `seconds` to a chain that is shipped to an
// embedded log and, with `indexed`, indexed by the audit service's index; says what each thread of that took of a core,
// and how far behind the topic was at most. In a folder of TMPDIR.
absl::StatusOr<std::string> MeasureShipping(int rate, double seconds, bool indexed);

}  // namespace hangou

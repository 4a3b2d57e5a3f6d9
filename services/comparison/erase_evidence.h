// What was erased leaves evidence and clues too.
#pragma once

#include <string>

#include "services/comparison/comparison.h"

namespace hangou {

// Takes away the evidence that has a record, and what its clues say of it: subject, key and figures. Clues that nobody
// has answered are withdrawn. LOG_UNAVAILABLE: it is to be called again.
absl::Status EraseEvidence(const Clock& clock, ComparisonBook& book, const std::string& department,
                           const std::string& resource, uint64_t record);

}  // namespace hangou

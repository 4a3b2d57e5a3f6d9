// Measures the policy engine alone.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace hangou {

// Compiles the catalog below `catalog_folder` and decides every (department, resource, purpose) of it again
// and again for `seconds`. The line of figures; times of one decision in nanoseconds.
absl::StatusOr<std::string> MeasureDecisions(const std::string& catalog_folder, double seconds);

}  // namespace hangou

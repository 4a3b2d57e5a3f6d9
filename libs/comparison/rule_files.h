// Rules and parameters from YAML, as people declare them. The format is documented in README.md, "Comparing".
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/comparison/v1/rule.pb.h"

namespace hangou {

// Reads a file, or every *.yaml and *.yml below a folder. INVALID_OBJECT with file and line where something is wrong.
absl::StatusOr<std::vector<hangou::comparison::v1::ComparisonObject>> LoadComparisonObjects(
    const std::string& path);

}  // namespace hangou

// Catalog objects from YAML, as people declare them. The format is documented in README.md, "Declaring a city".
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/catalog/v1/objects.pb.h"

namespace hangou {

// Reads a file, or every *.yaml and *.yml below a folder in the order of their paths; a file may hold several
// documents. INVALID_OBJECT with file and line where something is wrong; unknown keys are wrong. A code list may
// name a CSV file beside it (columns code, title).
absl::StatusOr<std::vector<hangou::catalog::v1::CatalogObject>> LoadObjects(const std::string& path);

}  // namespace hangou

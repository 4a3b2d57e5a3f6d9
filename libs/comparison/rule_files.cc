#include "libs/comparison/rule_files.h"

#include "libs/base/status.h"
#include "libs/yaml/documents.h"

namespace hangou {

absl::StatusOr<std::vector<hangou::comparison::v1::ComparisonObject>> LoadComparisonObjects(
    const std::string& path) {
  std::vector<hangou::comparison::v1::ComparisonObject> objects;
  RETURN_IF_ERROR(ReadYaml(path, {[&] { return &objects.emplace_back(); }, nullptr}));
  return objects;
}

}  // namespace hangou

#include "libs/policy/yaml.h"

#include <filesystem>

#include "libs/policy/code_file.h"
#include "libs/yaml/documents.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

// A code list may name a file beside its own.
absl::StatusOr<bool> TakeCodeFile(const std::string& key, const std::string& value, const std::string& file,
                                  google::protobuf::Message* message) {
  auto* const list = dynamic_cast<v1::CodeList*>(message);
  if (list == nullptr || key != "file") return false;
  if (absl::Status status = ReadCodeFile(std::filesystem::path(file).parent_path() / value, list);
      !status.ok())
    return status;
  return true;
}

}  // namespace

absl::StatusOr<std::vector<v1::CatalogObject>> LoadObjects(const std::string& path) {
  std::vector<v1::CatalogObject> objects;
  if (absl::Status status = ReadYaml(path, {[&] { return &objects.emplace_back(); }, TakeCodeFile});
      !status.ok())
    return status;
  return objects;
}

}  // namespace hangou

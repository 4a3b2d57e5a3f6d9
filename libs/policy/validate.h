// Checks of catalog objects against each other, one object at a time: what ValidateObjects is made of.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "absl/status/statusor.h"
#include "libs/policy/index.h"
#include "libs/policy/snapshot.h"

namespace hangou {

// Checks one object that has its place in `objects` against those it refers to, and for a resource the grants and
// entries that refer to it. Does not compile schemas. INVALID_OBJECT names object and field.
absl::Status CheckReferences(const PolicyObjects& objects, const PolicyIndex& index,
                             hangou::catalog::v1::ObjectKind kind, const std::string& name);
// Checks all of them, and the limits on their numbers.
absl::Status CheckAllReferences(const PolicyObjects& objects, const PolicyIndex& index);
// Checks the limits on the numbers of objects.
absl::Status CheckCounts(const PolicyObjects& objects);

// Compiles schemas, with each code list made into a set once. Not thread-safe.
class SchemaCompiler {
 public:
  // `objects` must outlive the compiler.
  explicit SchemaCompiler(const PolicyObjects& objects) : objects_(objects) {}
  // The schema of a resource among the objects. INVALID_OBJECT names resource and field.
  absl::StatusOr<std::shared_ptr<const ResourceSchema>> Compile(
      const hangou::catalog::v1::Resource& resource);

 private:
  std::shared_ptr<const std::unordered_set<std::string>> CodesOf(const std::string& code_list);

  const PolicyObjects& objects_;
  std::unordered_map<std::string, std::shared_ptr<const std::unordered_set<std::string>>> codes_;
};

}  // namespace hangou

// A catalog that can be changed object by object, and the comparison of two of them: what the plan of an Apply is
// made with.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/policy/index.h"
#include "libs/policy/snapshot.h"

namespace hangou {

// Kind and name of an object.
using ObjectId = std::pair<hangou::catalog::v1::ObjectKind, std::string>;

// Objects with their index, kept in step. Not thread-safe; neither copied nor moved, for the index points into it.
class WorkingCatalog {
 public:
  explicit WorkingCatalog(const PolicyObjects& objects) : objects_(objects), index_(objects_) {}
  WorkingCatalog(const WorkingCatalog&) = delete;
  WorkingCatalog& operator=(const WorkingCatalog&) = delete;

  const PolicyObjects& objects() const { return objects_; }
  const PolicyIndex& index() const { return index_; }
  // Adds, replaces or (with its mark) removes an object.
  void Put(const hangou::catalog::v1::CatalogObject& object);
  // Makes one object as it is in `other`, or absent where it is absent there.
  void CopyFrom(const WorkingCatalog& other, const ObjectId& id);

 private:
  void Erase(const ObjectId& id);

  PolicyObjects objects_;
  PolicyIndex index_;
};

// Which decisions the difference between two catalogs can concern. Not thread-safe.
class ComparisonScope {
 public:
  ComparisonScope(const WorkingCatalog& before, const WorkingCatalog& after)
      : before_(before), after_(after) {}

  // Takes the difference in one object into the scope.
  void Add(const ObjectId& id);
  // What `after` loosens against `before` within the scope, one line per cause, at most kLooseningLines.
  std::vector<std::string> Loosenings() const;

 private:
  using Pair = std::pair<std::string, std::string>;  // department, purpose
  // Departments whose decisions may differ; none: all.
  using Departments = std::optional<std::set<std::string>>;

  void AddResource(const std::string& resource, const Departments& departments);
  void AddPurpose(const std::string& purpose);
  void AddGrant(const std::string& name);
  void AddEntry(const std::string& name);
  void CompareResource(const std::string& resource, const Departments& departments,
                       std::vector<std::string>* lines) const;
  void ComparePair(const Pair& pair, std::vector<std::string>* lines) const;
  void CompareProvision(const std::string& resource, std::vector<std::string>* lines) const;
  void CompareRetention(const std::string& grant, std::vector<std::string>* lines) const;

  const WorkingCatalog& before_;
  const WorkingCatalog& after_;
  std::map<std::string, Departments> resources_;
  std::set<Pair> new_pairs_;
  std::set<std::string> code_lists_;
  std::set<std::string> grants_;
};

// Lines that describe a loosening: more would not help who approves.
constexpr size_t kLooseningLines = 100;

}  // namespace hangou

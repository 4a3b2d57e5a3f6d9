// The plan of one Apply or approval: what may go at once, and what waits. Used by CatalogState only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/policy/catalog_state.h"
#include "libs/policy/working_catalog.h"

namespace hangou {

// One object of a request on its way.
struct PlannedObject {
  ObjectId id;
  hangou::catalog::v1::CatalogObject requested;  // without what the catalog assigns
  hangou::catalog::v1::CatalogObject assigned;   // as it would come into force
  hangou::catalog::v1::ObjectResult::State state = hangou::catalog::v1::ObjectResult::STATE_WAITING;
  std::string note;  // of a waiting object: what it would loosen
};

// Sorts the objects of a request. Not thread-safe; `in_force` must outlive it.
class ChangePlan {
 public:
  explicit ChangePlan(const PolicyObjects& in_force);

  // Takes an object into the plan, in the order of the request: assigns numbers, and finds what changes nothing.
  absl::Status Add(const hangou::catalog::v1::CatalogObject& object);
  // Checks the catalog as it would be with all of them.
  absl::Status CheckAll();
  // Marks every object as applied: for an empty catalog, and for an approved change.
  void AcceptAll();
  // Marks those as applied that, each and together, loosen nothing and need nothing that waits.
  void AcceptWhatLoosensNothing();

  const std::vector<PlannedObject>& objects() const { return planned_; }

 private:
  absl::Status Assign(PlannedObject* object);
  absl::Status AssignResource(hangou::catalog::v1::Resource* resource);
  bool TryAccept(WorkingCatalog* accepted, PlannedObject* object);

  const PolicyObjects& in_force_;
  uint32_t newest_number_ = 0;  // of a resource
  std::vector<PlannedObject> planned_;
  std::map<ObjectId, size_t> places_;
  WorkingCatalog trial_;  // in force, with what is being tried
};

}  // namespace hangou

// The catalog's state machine: which objects there are, which changes wait, and what a change may do at once.
// Pure: no clock, no log, no threads. The catalog service drives it and keeps its updates in the policy topic.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/catalog/v1/catalog.pb.h"
#include "libs/policy/snapshot.h"

namespace hangou {

// Checks all objects against each other: references, names, limits, legal bases, grants for what is not shared,
// masks on text-like fields only, fields stricter than their resource. INVALID_OBJECT names object and field.
absl::Status ValidateObjects(const PolicyObjects& objects);

// What `after` would loosen against `before`, one line per cause; empty where it only tightens or changes nothing.
// Exact: compares what every department concerned can have of every resource concerned for every purpose, at every
// instant (a grant that lasts longer loosens), with and without a case number. More providers, another mask, other
// rules of a field and another meaning of a code count too; a code more does not.
std::vector<std::string> Loosenings(const PolicyObjects& before, const PolicyObjects& after);

// State of the catalog. Not thread-safe.
class CatalogState {
 public:
  // The outcome of Apply or Approve: what to keep in the policy topic, and what to answer.
  struct Outcome {
    // To be appended; epoch 0 where nothing changes and nothing begins to wait.
    hangou::catalog::v1::PolicyUpdate update;
    std::vector<hangou::catalog::v1::ObjectResult> results;
    std::string waiting_change;  // id, empty where nothing waits
  };

  // Decides what applying `objects` does, without doing it: all are checked; those that loosen wait as one change,
  // together with those that need them; the others are in the update. On an empty catalog nothing waits. Numbers of
  // resources and fields, etags and revisions are assigned in the update. A change that waits already is not made
  // again; one whose objects change, or are all in the new change too, waits no longer.
  absl::StatusOr<Outcome> PlanApply(const std::vector<hangou::catalog::v1::CatalogObject>& objects,
                                    const std::string& manager, int64_t now_us) const;
  // Decides what approving a change does. OBJECT_NOT_FOUND; SECOND_MANAGER_REQUIRED where `manager` applied it; it
  // is checked again against what is in force now; ETAG_MISMATCH where one of its objects has changed meanwhile.
  absl::StatusOr<Outcome> PlanApproval(const std::string& change, const std::string& manager,
                                       int64_t now_us) const;
  // Decides what a new placement is written as.
  hangou::catalog::v1::PolicyUpdate PlanPlacement(hangou::catalog::v1::Placement placement,
                                                  int64_t now_us) const;
  // True where a former writer wrote it that did not know its successor yet: it is to be passed over.
  bool IsVoid(const hangou::catalog::v1::PolicyUpdate& update) const;
  // Takes an update over that is not void, as read back from the policy topic. Updates come in order; DATA_LOSS where
  // one is missing.
  absl::Status Absorb(const hangou::catalog::v1::PolicyUpdate& update);

  uint64_t epoch() const { return epoch_; }
  const PolicyObjects& objects() const { return objects_; }
  // Version of an object: the epoch that it came with, as text; empty where there is no such object.
  std::string EtagOf(hangou::catalog::v1::ObjectKind kind, const std::string& name) const;
  const std::map<std::string, hangou::catalog::v1::Change>& waiting() const { return waiting_; }
  const hangou::catalog::v1::Placement& placement() const { return placement_; }
  // The replica of the catalog that writes, and its writer epoch; 0 where none ever did.
  const hangou::catalog::v1::WriterStart& writer() const { return writer_; }
  uint64_t writer_epoch() const { return writer_epoch_; }
  // The whole state as one update (full = true).
  hangou::catalog::v1::PolicyUpdate Full() const;

 private:
  absl::Status AddWaiting(hangou::catalog::v1::Change change, const std::string& manager, int64_t now_us,
                          Outcome* outcome) const;
  void Finish(const std::vector<std::string>& managers, int64_t now_us, Outcome* outcome) const;

  uint64_t epoch_ = 0;
  PolicyObjects objects_;
  std::map<std::pair<hangou::catalog::v1::ObjectKind, std::string>, std::string> etags_;
  std::map<std::string, hangou::catalog::v1::Change> waiting_;
  hangou::catalog::v1::Placement placement_;
  hangou::catalog::v1::WriterStart writer_;
  uint64_t writer_epoch_ = 0;
};

// "psb", "resources/psb.resident", ...
std::string NameOf(const hangou::catalog::v1::CatalogObject& object);
hangou::catalog::v1::ObjectKind KindOf(const hangou::catalog::v1::CatalogObject& object);
// Every object as a CatalogObject, in the order departments, purposes, code lists, resources, entries, grants.
std::vector<hangou::catalog::v1::CatalogObject> AllObjects(const PolicyObjects& objects);

}  // namespace hangou

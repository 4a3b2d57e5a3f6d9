// The policy, compiled: (consumer, resource, purpose) to a permission per field. Immutable; swapped as a whole.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/catalog/v1/objects.pb.h"
#include "hangou/catalog/v1/placement.pb.h"
#include "hangou/record/v1/record.pb.h"
#include "libs/base/reason.h"
#include "libs/policy/placement.h"
#include "libs/schema/resource_schema.h"
#include "libs/schema/walker.h"

namespace hangou {

// All objects of a catalog by kind and name: what a snapshot is compiled from, and what the catalog keeps.
// Removed entries and grants are not in it. A value type; not thread-safe.
struct PolicyObjects {
  std::map<std::string, hangou::catalog::v1::Department> departments;
  std::map<std::string, hangou::catalog::v1::Purpose> purposes;
  std::map<std::string, hangou::catalog::v1::CodeList> code_lists;
  std::map<std::string, hangou::catalog::v1::Resource> resources;
  std::map<std::string, hangou::catalog::v1::NegativeListEntry> negative_list;
  std::map<std::string, hangou::catalog::v1::Grant> grants;

  // Adds, replaces or (with its mark) removes an object.
  void Put(const hangou::catalog::v1::CatalogObject& object);
};

// Why a field is not given in full.
struct FieldBasisLine {
  Reason reason = Reason::kNoGrant;
  std::string entry;        // name of the negative list entry or grant that decided; empty: the default
  std::string legal_basis;  // of that entry, or of the not shared resource or field
};

// What a caller may have of a resource for a purpose, at an instant. Immutable.
struct FieldRights {
  std::vector<FieldPermission> permissions;  // one per field index
  std::vector<FieldBasisLine> basis;         // one per field index; meaningful where the level is below full
  std::vector<std::string> decided_by;       // names of the entries and grants behind it, sorted
  bool case_number_required = false;
  bool any = false;  // at least one field is above none
  // Where `any` is false: why.
  Reason reason = Reason::kNoGrant;
};

// A question to the policy.
struct DecisionQuery {
  std::string_view department;
  std::string_view resource;
  std::string_view purpose;
  std::string_view case_number;
  int64_t now_us = 0;
};

// The answer. `rights` is null where `allowed` is false for a reason that comes before the fields.
struct PolicyDecision {
  bool allowed = false;
  Reason reason = Reason::kNoGrant;     // where not allowed
  std::string message;                  // where not allowed: for the caller, names entry and legal basis
  const FieldRights* rights = nullptr;  // lives as long as the snapshot
  std::shared_ptr<const ResourceSchema> schema;  // where the resource is known
};

// An epoch of the policy, compiled. Immutable and thread-safe.
class PolicySnapshot {
 public:
  // Compiles. INVALID_OBJECT where the objects contradict each other (see ValidateObjects). Schemas of resources
  // that have not changed since `previous` are taken from it; it may be null.
  static absl::StatusOr<std::shared_ptr<const PolicySnapshot>> Compile(
      PolicyObjects objects, uint64_t epoch, const PolicySnapshot* previous = nullptr,
      hangou::catalog::v1::Placement placement = {});
  // The same policy under another placement and epoch: what a move of groups makes.
  static std::shared_ptr<const PolicySnapshot> WithPlacement(const PolicySnapshot& previous,
                                                             hangou::catalog::v1::Placement placement,
                                                             uint64_t epoch);
  ~PolicySnapshot();

  uint64_t epoch() const { return epoch_; }
  const PolicyObjects& objects() const { return *objects_; }
  const Placement& placement() const { return placement_; }
  // The schema of a resource, null where it is not known.
  std::shared_ptr<const ResourceSchema> FindResource(std::string_view name) const;
  std::shared_ptr<const ResourceSchema> FindResource(uint32_t number) const;
  // Decides. Default deny; deny wins; in this order: UNKNOWN_CONSUMER, PURPOSE_REQUIRED, UNKNOWN_PURPOSE,
  // PURPOSE_NOT_REGISTERED, UNKNOWN_RESOURCE, then the fields, then CASE_NUMBER_REQUIRED.
  PolicyDecision Decide(const DecisionQuery& query) const;

 private:
  struct Tables;
  PolicySnapshot() = default;

  uint64_t epoch_ = 0;
  std::shared_ptr<const PolicyObjects> objects_;
  std::shared_ptr<const Tables> tables_;
  Placement placement_;
};

// The rights of a department as provider of its own rows: every field in full.
FieldRights ProviderRights(const ResourceSchema& schema);

// The decision as replies carry it.
hangou::record::v1::Decision ToProto(const ResourceSchema& schema, const FieldRights& rights, uint64_t epoch);

// The same decision, evaluated from the declared objects in the plainest way: the oracle of the differential
// tests. Not for the path of a read.
PolicyDecision DecideByReference(const PolicyObjects& objects, const DecisionQuery& query,
                                 FieldRights* rights);

}  // namespace hangou

#include "libs/policy/change_plan.h"

#include <algorithm>

#include "google/protobuf/util/message_differencer.h"
#include "libs/base/status.h"
#include "libs/policy/validate.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;
using google::protobuf::util::MessageDifferencer;

bool IsRemoval(const v1::CatalogObject& object) {
  return object.grant().removed() || object.negative_list_entry().removed();
}

// What tightens comes first, so that what it makes harmless is seen to be so; then what others refer to.
int TryOrder(const PlannedObject& object) {
  if (IsRemoval(object.assigned) && object.id.first == v1::OBJECT_KIND_GRANT) return 0;
  switch (object.id.first) {
    case v1::OBJECT_KIND_NEGATIVE_LIST_ENTRY:
      return 1;
    case v1::OBJECT_KIND_DEPARTMENT:
      return 2;
    case v1::OBJECT_KIND_PURPOSE:
      return 3;
    case v1::OBJECT_KIND_CODE_LIST:
      return 4;
    case v1::OBJECT_KIND_RESOURCE:
      return 5;
    default:
      return 6;
  }
}

// Only the name and the mark of what is removed are of interest.
void ReduceRemoval(v1::CatalogObject* object) {
  const std::string name = NameOf(*object);
  if (object->has_grant()) {
    object->mutable_grant()->Clear();
    object->mutable_grant()->set_name(name);
    object->mutable_grant()->set_removed(true);
  } else {
    object->mutable_negative_list_entry()->Clear();
    object->mutable_negative_list_entry()->set_name(name);
    object->mutable_negative_list_entry()->set_removed(true);
  }
}

template <typename Object>
bool IsStored(const std::map<std::string, Object>& stored, const Object& object) {
  const auto found = stored.find(object.name());
  return found != stored.end() && MessageDifferencer::Equals(found->second, object);
}

// True where an object, put into force, changes nothing.
bool IsInForce(const PolicyObjects& objects, const v1::CatalogObject& object) {
  switch (object.object_case()) {
    case v1::CatalogObject::kDepartment:
      return IsStored(objects.departments, object.department());
    case v1::CatalogObject::kPurpose:
      return IsStored(objects.purposes, object.purpose());
    case v1::CatalogObject::kCodeList:
      return IsStored(objects.code_lists, object.code_list());
    case v1::CatalogObject::kResource:
      return IsStored(objects.resources, object.resource());
    case v1::CatalogObject::kNegativeListEntry:
      return object.negative_list_entry().removed()
                 ? !objects.negative_list.contains(NameOf(object))
                 : IsStored(objects.negative_list, object.negative_list_entry());
    case v1::CatalogObject::kGrant:
      return object.grant().removed() ? !objects.grants.contains(NameOf(object))
                                      : IsStored(objects.grants, object.grant());
    case v1::CatalogObject::OBJECT_NOT_SET:
      break;
  }
  return false;
}

}  // namespace

ChangePlan::ChangePlan(const PolicyObjects& in_force) : in_force_(in_force), trial_(in_force) {
  for (const auto& [name, resource] : in_force.resources) {
    newest_number_ = std::max(newest_number_, resource.number());
  }
}

absl::Status ChangePlan::Add(const v1::CatalogObject& object) {
  PlannedObject planned;
  planned.id = {KindOf(object), NameOf(object)};
  if (planned.id.first == v1::OBJECT_KIND_UNSPECIFIED || planned.id.second.empty()) {
    return MakeError(Reason::kInvalidObject, "every object has a kind and a name", "name");
  }
  if (!places_.emplace(planned.id, planned_.size()).second) {
    return MakeError(Reason::kInvalidObject, planned.id.second + ": stands twice in the request", "name");
  }
  planned.requested = object;
  planned.requested.clear_etag();
  if (IsRemoval(object)) ReduceRemoval(&planned.requested);
  RETURN_IF_ERROR(Assign(&planned));
  planned_.push_back(std::move(planned));
  return absl::OkStatus();
}

absl::Status ChangePlan::Assign(PlannedObject* object) {
  object->assigned = object->requested;
  if (object->assigned.has_resource()) {
    // What is wrong with the declaration is told by the check of all; this needs it to be compatible only.
    if (absl::Status status = AssignResource(object->assigned.mutable_resource()); !status.ok()) {
      return Annotate(status, object->id.second);
    }
  }
  if (IsInForce(in_force_, object->assigned)) {
    object->state = v1::ObjectResult::STATE_UNCHANGED;
  } else {
    trial_.Put(object->assigned);
  }
  return absl::OkStatus();
}

absl::Status ChangePlan::AssignResource(v1::Resource* resource) {
  const auto found = in_force_.resources.find(resource->name());
  const v1::Resource* stored = found == in_force_.resources.end() ? nullptr : &found->second;
  if (resource->number() != 0 && (stored == nullptr || stored->number() != resource->number())) {
    return MakeError(Reason::kInvalidObject, "the catalog gives the numbers; leave it out", "number");
  }
  if (stored != nullptr) RETURN_IF_ERROR(CheckCompatible(*stored, *resource));
  RETURN_IF_ERROR(AssignNumbers(stored, resource));
  resource->set_number(stored != nullptr ? stored->number() : ++newest_number_);
  return absl::OkStatus();
}

absl::Status ChangePlan::CheckAll() {
  RETURN_IF_ERROR(CheckCounts(trial_.objects()));
  SchemaCompiler compiler(trial_.objects());
  for (const PlannedObject& object : planned_) {
    if (object.state == v1::ObjectResult::STATE_UNCHANGED) continue;
    RETURN_IF_ERROR(CheckReferences(trial_.objects(), trial_.index(), object.id.first, object.id.second));
    if (!object.assigned.has_resource()) continue;
    RETURN_IF_ERROR(compiler.Compile(object.assigned.resource()).status());
  }
  return absl::OkStatus();
}

void ChangePlan::AcceptAll() {
  for (PlannedObject& object : planned_) {
    if (object.state == v1::ObjectResult::STATE_WAITING) object.state = v1::ObjectResult::STATE_APPLIED;
  }
}

void ChangePlan::AcceptWhatLoosensNothing() {
  WorkingCatalog accepted(in_force_);  // in force, with what was accepted
  ComparisonScope all(accepted, trial_);
  std::vector<PlannedObject*> open;
  for (PlannedObject& object : planned_) {
    if (object.state != v1::ObjectResult::STATE_WAITING) continue;
    all.Add(object.id);
    open.push_back(&object);
  }
  if (all.Loosenings().empty()) return AcceptAll();
  for (const PlannedObject* object : open) trial_.CopyFrom(accepted, object->id);
  // Among equals in the order of the request, which is that of the addresses.
  std::sort(open.begin(), open.end(), [](const PlannedObject* a, const PlannedObject* b) {
    return std::pair(TryOrder(*a), a) < std::pair(TryOrder(*b), b);
  });
  // Each round may make room for the next: an entry for a grant, a resource for its grant.
  for (size_t before = open.size() + 1; open.size() < before;) {
    before = open.size();
    std::erase_if(open, [&](PlannedObject* object) { return TryAccept(&accepted, object); });
  }
}

bool ChangePlan::TryAccept(WorkingCatalog* accepted, PlannedObject* object) {
  trial_.Put(object->assigned);
  object->note.clear();
  const absl::Status status =
      CheckReferences(trial_.objects(), trial_.index(), object->id.first, object->id.second);
  if (!status.ok()) {
    object->note = "needs what waits (" + std::string(Message(status)) + ")";
  } else {
    ComparisonScope scope(*accepted, trial_);
    scope.Add(object->id);
    const std::vector<std::string> lines = scope.Loosenings();
    if (!lines.empty()) {
      object->note = lines.front();
      if (lines.size() > 1) object->note += " (and " + std::to_string(lines.size() - 1) + " more)";
    }
  }
  if (!object->note.empty()) {
    trial_.CopyFrom(*accepted, object->id);
    return false;
  }
  accepted->Put(object->assigned);
  object->state = v1::ObjectResult::STATE_APPLIED;
  return true;
}

}  // namespace hangou

#include "libs/policy/catalog_state.h"

#include <algorithm>
#include <set>

#include "google/protobuf/util/message_differencer.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/policy/change_plan.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;
using google::protobuf::util::MessageDifferencer;

// Changes that wait: managers read them one by one.
constexpr size_t kWaitingChanges = 1000;

bool IsEmpty(const PolicyObjects& objects) {
  return objects.departments.empty() && objects.purposes.empty() && objects.code_lists.empty() &&
         objects.resources.empty() && objects.negative_list.empty() && objects.grants.empty();
}

ObjectId IdOf(const v1::CatalogObject& object) { return {KindOf(object), NameOf(object)}; }

// True where every object of `part` stands in `whole`, equal to the last letter.
bool IsPartOf(const v1::Change& part, const v1::Change& whole) {
  std::map<ObjectId, const v1::CatalogObject*> by_id;
  for (const auto& object : whole.objects()) by_id[IdOf(object)] = &object;
  return std::all_of(part.objects().begin(), part.objects().end(), [&](const v1::CatalogObject& object) {
    const auto found = by_id.find(IdOf(object));
    return found != by_id.end() && MessageDifferencer::Equals(*found->second, object);
  });
}

bool TouchesAny(const v1::Change& change, const std::set<ObjectId>& ids) {
  return std::any_of(change.objects().begin(), change.objects().end(),
                     [&](const v1::CatalogObject& object) { return ids.contains(IdOf(object)); });
}

// The results of a plan, and the objects that come into force.
void FillOutcome(const ChangePlan& plan, uint64_t epoch, CatalogState::Outcome* outcome) {
  for (const PlannedObject& planned : plan.objects()) {
    v1::ObjectResult& result = outcome->results.emplace_back();
    result.set_kind(planned.id.first);
    result.set_name(planned.id.second);
    result.set_state(planned.state);
    if (planned.state == v1::ObjectResult::STATE_WAITING) result.set_note(planned.note);
    if (planned.state != v1::ObjectResult::STATE_APPLIED) continue;
    v1::CatalogObject* object = outcome->update.add_objects();
    *object = planned.assigned;
    object->set_etag(std::to_string(epoch));
  }
}

void NoteSettled(const std::string& change, const std::set<ObjectId>& touched,
                 CatalogState::Outcome* outcome) {
  for (v1::ObjectResult& result : outcome->results) {
    if (!touched.contains({result.kind(), result.name()})) continue;
    result.set_note("change " + change + " was about what stood here before and waits no longer");
  }
}

}  // namespace

std::string CatalogState::EtagOf(v1::ObjectKind kind, const std::string& name) const {
  const auto found = etags_.find({kind, name});
  return found == etags_.end() ? std::string() : found->second;
}

absl::StatusOr<CatalogState::Outcome> CatalogState::PlanApply(const std::vector<v1::CatalogObject>& objects,
                                                              const std::string& manager,
                                                              int64_t now_us) const {
  if (objects.empty() || objects.size() > limits::kApplyObjects) {
    return MakeError(Reason::kInvalidRequest, "apply 1 to 10,000 objects", "objects");
  }
  ChangePlan plan(objects_);
  for (const v1::CatalogObject& object : objects) {
    if (!object.etag().empty() && object.etag() != EtagOf(KindOf(object), NameOf(object))) {
      return MakeError(Reason::kEtagMismatch, NameOf(object) + ": it has changed since it was read", "etag");
    }
    RETURN_IF_ERROR(plan.Add(object));
  }
  RETURN_IF_ERROR(plan.CheckAll());
  if (IsEmpty(objects_)) {
    plan.AcceptAll();
  } else {
    plan.AcceptWhatLoosensNothing();
  }
  Outcome outcome;
  FillOutcome(plan, epoch_ + 1, &outcome);
  v1::Change change;
  for (const PlannedObject& planned : plan.objects()) {
    if (planned.state != v1::ObjectResult::STATE_WAITING) continue;
    v1::CatalogObject* object = change.add_objects();
    *object = planned.requested;
    object->set_etag(EtagOf(planned.id.first, planned.id.second));
    change.add_notes(planned.id.second + ": " + planned.note);
  }
  RETURN_IF_ERROR(AddWaiting(std::move(change), manager, now_us, &outcome));
  Finish({manager}, now_us, &outcome);
  return outcome;
}

absl::Status CatalogState::AddWaiting(v1::Change change, const std::string& manager, int64_t now_us,
                                      Outcome* outcome) const {
  if (change.objects().empty()) return absl::OkStatus();
  for (const auto& [id, waiting] : waiting_) {
    if (!IsPartOf(waiting, change)) continue;
    if (IsPartOf(change, waiting)) {
      outcome->waiting_change = id;
      return absl::OkStatus();
    }
    outcome->update.add_settled(id);
  }
  if (waiting_.size() >= kWaitingChanges) {
    return MakeError(Reason::kInvalidRequest, "1,000 changes wait already; have them approved first");
  }
  change.set_id("c" + std::to_string(epoch_ + 1));
  change.set_applied_by(manager);
  change.set_applied_us(now_us);
  outcome->waiting_change = change.id();
  *outcome->update.add_waiting() = std::move(change);
  return absl::OkStatus();
}

void CatalogState::Finish(const std::vector<std::string>& managers, int64_t now_us, Outcome* outcome) const {
  v1::PolicyUpdate& update = outcome->update;
  if (update.objects().empty() && update.waiting().empty() && update.settled().empty()) return;
  std::set<ObjectId> changed;
  for (const v1::CatalogObject& object : update.objects()) changed.insert(IdOf(object));
  std::set<std::string> settled(update.settled().begin(), update.settled().end());
  for (const auto& [id, waiting] : waiting_) {
    // What was read before it was put to wait is not what stands there now: it has to be applied anew.
    if (!TouchesAny(waiting, changed) || !settled.insert(id).second) continue;
    update.add_settled(id);
    std::set<ObjectId> touched;
    for (const v1::CatalogObject& object : waiting.objects()) touched.insert(IdOf(object));
    NoteSettled(id, touched, outcome);
  }
  update.set_epoch(epoch_ + 1);
  update.set_applied_us(now_us);
  for (const std::string& manager : managers) update.add_managers(manager);
}

absl::StatusOr<CatalogState::Outcome> CatalogState::PlanApproval(const std::string& change,
                                                                 const std::string& manager,
                                                                 int64_t now_us) const {
  const auto found = waiting_.find(change);
  if (found == waiting_.end())
    return MakeError(Reason::kObjectNotFound, "no change of this id waits", "change");
  if (found->second.applied_by() == manager) {
    return MakeError(Reason::kSecondManagerRequired, "the manager who applied it cannot approve it",
                     "change");
  }
  ChangePlan plan(objects_);
  for (const v1::CatalogObject& object : found->second.objects()) {
    if (object.etag() != EtagOf(KindOf(object), NameOf(object))) {
      return MakeError(Reason::kEtagMismatch,
                       NameOf(object) + ": it has changed since; apply the change again");
    }
    RETURN_IF_ERROR(plan.Add(object));
  }
  RETURN_IF_ERROR(plan.CheckAll());
  plan.AcceptAll();
  Outcome outcome;
  FillOutcome(plan, epoch_ + 1, &outcome);
  outcome.update.add_settled(change);
  Finish({found->second.applied_by(), manager}, now_us, &outcome);
  return outcome;
}

v1::PolicyUpdate CatalogState::PlanPlacement(v1::Placement placement, int64_t now_us) const {
  v1::PolicyUpdate update;
  update.set_epoch(epoch_ + 1);
  update.set_applied_us(now_us);
  *update.mutable_placement() = std::move(placement);
  return update;
}

bool CatalogState::IsVoid(const v1::PolicyUpdate& update) const {
  // Of two starts with one writer epoch the first counts.
  return update.has_writer_start() ? update.writer_epoch() <= writer_epoch_
                                   : update.writer_epoch() < writer_epoch_;
}

absl::Status CatalogState::Absorb(const v1::PolicyUpdate& update) {
  if (update.has_writer_start()) {
    writer_ = update.writer_start();
    writer_epoch_ = update.writer_epoch();
    return absl::OkStatus();
  }
  if (update.full() ? update.epoch() < epoch_ : update.epoch() != epoch_ + 1) {
    return MakeError(Reason::kDataLoss, "the policy topic misses an epoch after " + std::to_string(epoch_));
  }
  if (update.full()) {
    objects_ = PolicyObjects();
    etags_.clear();
    waiting_.clear();
    placement_.Clear();
  }
  epoch_ = update.epoch();
  if (update.has_placement()) placement_ = update.placement();
  for (const v1::CatalogObject& object : update.objects()) {
    objects_.Put(object);
    if (object.grant().removed() || object.negative_list_entry().removed()) {
      etags_.erase(IdOf(object));
    } else {
      etags_[IdOf(object)] = object.etag();
    }
  }
  for (const std::string& id : update.settled()) waiting_.erase(id);
  for (const v1::Change& change : update.waiting()) waiting_[change.id()] = change;
  return absl::OkStatus();
}

v1::PolicyUpdate CatalogState::Full() const {
  v1::PolicyUpdate update;
  update.set_epoch(epoch_);
  update.set_full(true);
  for (v1::CatalogObject& object : AllObjects(objects_)) {
    object.set_etag(EtagOf(KindOf(object), NameOf(object)));
    *update.add_objects() = std::move(object);
  }
  for (const auto& [id, change] : waiting_) *update.add_waiting() = change;
  *update.mutable_placement() = placement_;
  return update;
}

}  // namespace hangou

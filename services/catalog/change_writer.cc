#include "services/catalog/change_writer.h"

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "services/catalog/placement_plan.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

// Changes that wait for their turn: each may hold a request of 16 MiB.
constexpr int kQueuedChanges = 16;
// Names that an audit entry lists; more stand in the topic.
constexpr size_t kAuditNames = 100;

// What an operator needs to understand the entry: how many objects, and what waits.
std::string NoteOf(const CatalogState::Outcome& outcome) {
  int applied = 0;
  int waiting = 0;
  for (const v1::ObjectResult& result : outcome.results) {
    applied += result.state() == v1::ObjectResult::STATE_APPLIED;
    waiting += result.state() == v1::ObjectResult::STATE_WAITING;
  }
  std::string note = std::to_string(applied) + " objects applied";
  if (waiting > 0) note += ", " + std::to_string(waiting) + " wait as " + outcome.waiting_change;
  return note;
}

}  // namespace

ChangeWriter::ChangeWriter(EventLoop& loop, PolicyTopic& topic, AuditChain& audit, const Clock& clock,
                           LeaseBook& leases)
    : loop_(loop), topic_(topic), audit_(audit), clock_(clock), leases_(leases) {}

void ChangeWriter::Apply(const Caller& caller, const v1::ApplyRequest& request, v1::ApplyResponse* response,
                         Done done) {
  Change change;
  change.caller = caller;
  change.action = hangou::audit::v1::ACTION_APPLY;
  change.subject = request.objects_size() == 1 ? NameOf(request.objects(0))
                                               : std::to_string(request.objects_size()) + " objects";
  change.validate_only = request.validate_only();
  change.plan = [this, &request, manager = caller.spiffe_id](
                    const CatalogState& state) -> absl::StatusOr<CatalogState::Outcome> {
    if (request.ByteSizeLong() > limits::kApplyBytes) {
      return MakeError(Reason::kInvalidRequest, "apply at most 16 MiB at once", "objects");
    }
    return state.PlanApply({request.objects().begin(), request.objects().end()}, manager, clock_.UtcUs());
  };
  change.response = response;
  change.done = std::move(done);
  Queue(change.done, [this, change] { Make(change); });
}

void ChangeWriter::Approve(const Caller& caller, const v1::ApproveChangeRequest& request,
                           v1::ApplyResponse* response, Done done) {
  Change change;
  change.caller = caller;
  change.action = hangou::audit::v1::ACTION_APPROVE;
  change.subject = request.change().substr(0, limits::kContextText);
  change.plan = [this, &request, manager = caller.spiffe_id](const CatalogState& state) {
    return state.PlanApproval(request.change(), manager, clock_.UtcUs());
  };
  change.response = response;
  change.done = std::move(done);
  Queue(change.done, [this, change] { Make(change); });
}

void ChangeWriter::Move(const Caller& caller, const v1::MoveGroupRequest& request,
                        v1::MoveGroupResponse* response, Done done) {
  Queue(done, [=, this, &request] { done(MakeMove(caller, request, response)); });
}

void ChangeWriter::Queue(const Done& done, std::function<void()> make) {
  if (queued_.fetch_add(1) >= kQueuedChanges) {
    --queued_;
    return done(MakeError(Reason::kOverloaded, "too many changes of the catalog wait for their turn"));
  }
  loop_.Post([this, make = std::move(make)] {
    make();
    --queued_;
  });
}

absl::Status ChangeWriter::MakeMove(const Caller& caller, const v1::MoveGroupRequest& request,
                                    v1::MoveGroupResponse* response) {
  Change change;
  change.caller = caller;
  change.action = hangou::audit::v1::ACTION_APPLY;
  change.subject =
      ("groups/" + request.library() + "/" + std::to_string(request.group())).substr(0, limits::kContextText);
  CatalogState::Outcome outcome;
  const auto plan = [&]() -> absl::Status {
    if (caller.role != roles::kOperator) {
      return MakeError(Reason::kRoleRequired, "moving a group needs a certificate of the role operator");
    }
    RETURN_IF_ERROR(topic_.CatchUp());
    ASSIGN_OR_RETURN(v1::Placement placement, PlanMove(topic_.state().placement(), request.library(),
                                                       request.group(), request.replica()));
    outcome.update = topic_.state().PlanPlacement(std::move(placement), clock_.UtcUs());
    return absl::OkStatus();
  };
  if (const absl::Status refused = plan(); !refused.ok()) {
    const absl::Status audited = Audit(change, refused, {});
    return audited.ok() ? refused : audited;
  }
  RETURN_IF_ERROR(Keep(change, outcome));
  for (const v1::GroupOwner& owner : topic_.state().placement().owners()) {
    if (owner.library() == request.library() && owner.group() == request.group())
      *response->mutable_owner() = owner;
  }
  response->set_epoch(topic_.state().epoch());
  return absl::OkStatus();
}

void ChangeWriter::Make(const Change& change) {
  const int64_t begun_us = clock_.BootUs();
  absl::StatusOr<CatalogState::Outcome> outcome = Plan(change);
  absl::Status status = outcome.status();
  if (!status.ok()) {
    // The refusal stands, whether or not it could be written down.
    const absl::Status audited = Audit(change, status, {});
    return change.done(audited.ok() ? status : audited);
  }
  for (v1::ObjectResult& result : outcome->results) *change.response->add_results() = std::move(result);
  change.response->set_waiting_change(outcome->waiting_change);
  if (!change.validate_only && outcome->update.epoch() != 0) {
    // NoteOf reads the results, which stand in the response now.
    outcome->results.assign(change.response->results().begin(), change.response->results().end());
    status = Keep(change, *outcome);
    if (!status.ok()) return change.done(status);
  }
  change.response->set_epoch(topic_.state().epoch());
  if (change.validate_only) return change.done(absl::OkStatus());
  AnswerWhenEffective(change, begun_us);
}

absl::StatusOr<CatalogState::Outcome> ChangeWriter::Plan(const Change& change) {
  if (change.caller.role != roles::kManager) {
    return MakeError(Reason::kRoleRequired, "changing the catalog needs a certificate of the role manager");
  }
  RETURN_IF_ERROR(topic_.CatchUp());
  return change.plan(topic_.state());
}

absl::Status ChangeWriter::Keep(const Change& change, const CatalogState::Outcome& outcome) {
  RETURN_IF_ERROR(Audit(change, absl::OkStatus(), outcome));
  const absl::Status status = topic_.Append(outcome.update);
  if (status.ok()) return status;
  // The chain said that it was done; it has to say that it was not.
  const absl::Status audited = Audit(change, status, {});
  return audited.ok() ? status : audited;
}

absl::Status ChangeWriter::Audit(const Change& change, const absl::Status& refused,
                                 const CatalogState::Outcome& outcome) {
  hangou::audit::v1::Entry entry;
  entry.set_action(change.action);
  entry.set_allowed(refused.ok());
  entry.set_caller(change.caller.department);
  entry.set_role(change.caller.role);
  entry.set_workload(change.caller.workload);
  entry.set_subject(change.subject);
  if (!refused.ok()) {
    entry.set_reason(std::string(ReasonName(ReasonOf(refused).value_or(Reason::kInternal))));
    return audit_.AppendAndWait(std::move(entry));
  }
  entry.set_epoch(outcome.update.epoch());
  entry.set_records(static_cast<uint64_t>(outcome.update.objects_size()));
  for (const v1::CatalogObject& object : outcome.update.objects()) {
    if (static_cast<size_t>(entry.decided_by_size()) < kAuditNames) entry.add_decided_by(NameOf(object));
  }
  entry.set_note(NoteOf(outcome));
  return audit_.AppendAndWait(std::move(entry));
}

void ChangeWriter::AnswerWhenEffective(const Change& change, int64_t begun_us) {
  leases_.WhenNewestIsEffective([this, change, begun_us](bool effective) {
    change.response->set_effective(effective);
    if (effective) {
      const int64_t took_us = clock_.BootUs() - begun_us;
      effective_durations_.Observe(took_us);
      change.response->set_effective_after_ms(took_us / kUsPerMs);
    }
    change.done(absl::OkStatus());
  });
}

}  // namespace hangou

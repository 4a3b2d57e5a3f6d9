// Apply and ApproveChange, without transport: the one place where the policy changes.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "hangou/audit/v1/entry.pb.h"
#include "libs/audit/chain.h"
#include "libs/base/caller.h"
#include "libs/base/clock.h"
#include "libs/base/event_loop.h"
#include "libs/metrics/duration_histogram.h"
#include "services/catalog/lease_book.h"
#include "services/catalog/policy_topic.h"

namespace hangou {

// Makes changes one after the other on the loop that the topic belongs to: plan, audit, append, read back; then waits,
// without holding up the next change, until the epoch is EFFECTIVE. What is refused is audited too. Thread-safe. What
// it is given must outlive it, and the loop must be stopped before it goes.
class ChangeWriter {
 public:
  // Ends a call, once, from any thread.
  using Done = std::function<void(const absl::Status&)>;

  ChangeWriter(EventLoop& loop, PolicyTopic& topic, AuditChain& audit, const Clock& clock, LeaseBook& leases);

  // Applies objects. `request` and `response` must live until `done` is called. ROLE_REQUIRED where the caller is not
  // a manager; INVALID_REQUEST, INVALID_OBJECT, ETAG_MISMATCH as PlanApply; AUDIT_UNAVAILABLE, LOG_UNAVAILABLE,
  // STORE_FULL where it cannot be kept; OVERLOADED where too many changes queue.
  void Apply(const Caller& caller, const hangou::catalog::v1::ApplyRequest& request,
             hangou::catalog::v1::ApplyResponse* response, Done done);
  // Approves a waiting change, likewise; OBJECT_NOT_FOUND and SECOND_MANAGER_REQUIRED as PlanApproval.
  void Approve(const Caller& caller, const hangou::catalog::v1::ApproveChangeRequest& request,
               hangou::catalog::v1::ApplyResponse* response, Done done);
  // Gives a partition group to another replica, likewise. ROLE_REQUIRED where the caller is not an operator;
  // INVALID_REQUEST as PlanMove.
  void Move(const Caller& caller, const hangou::catalog::v1::MoveGroupRequest& request,
            hangou::catalog::v1::MoveGroupResponse* response, Done done);
  // How long changes took until they were EFFECTIVE, from the beginning of their turn.
  DurationCounts effective_durations() const { return effective_durations_.counts(); }

 private:
  // One call on its way.
  struct Change {
    Caller caller;
    hangou::audit::v1::Action action;
    std::string subject;  // of the audit entry
    std::function<absl::StatusOr<CatalogState::Outcome>(const CatalogState&)> plan;
    bool validate_only = false;
    hangou::catalog::v1::ApplyResponse* response;
    Done done;
  };

  void Queue(const Done& done, std::function<void()> make);
  void Make(const Change& change);
  absl::StatusOr<CatalogState::Outcome> Plan(const Change& change);
  absl::Status Keep(const Change& change, const CatalogState::Outcome& outcome);
  absl::Status Audit(const Change& change, const absl::Status& refused, const CatalogState::Outcome& outcome);
  absl::Status MakeMove(const Caller& caller, const hangou::catalog::v1::MoveGroupRequest& request,
                        hangou::catalog::v1::MoveGroupResponse* response);
  void AnswerWhenEffective(const Change& change, int64_t begun_us);

  EventLoop& loop_;
  PolicyTopic& topic_;
  AuditChain& audit_;
  const Clock& clock_;
  LeaseBook& leases_;
  std::atomic<int> queued_{0};
  DurationHistogram effective_durations_;
};

}  // namespace hangou

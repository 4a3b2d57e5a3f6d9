// All projections of the process: made for the rules, fed from the log, taken away with the grants.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/event_loop.h"
#include "libs/log/log.h"
#include "libs/policy/policy_holder.h"
#include "libs/store/store.h"
#include "services/comparison/record_tail.h"

namespace hangou {

// What projections are made with. The references must outlive them.
struct ProjectionsContext {
  Log& log;
  PolicyHolder& policy;
  const Clock& clock;
  std::shared_ptr<StoreBudget> budget;
  std::string folder;  // emptied at the start: everything is read from the log again
  int32_t log_partitions;
  // Called with each record that is erased, from a thread of the projections, again after each start; it must not
  // block.
  std::function<void(const ProjectionName& name, uint64_t record)> erased;
  // Called with the keys of rows that came, changed or went, from the same thread.
  std::function<void(const ProjectionName& name, std::vector<std::string> keys)> changed;
};

// Keeps projections. Thread-safe. Works on a thread of its own.
class Projections {
 public:
  static absl::StatusOr<std::unique_ptr<Projections>> Open(ProjectionsContext context);
  ~Projections();

  // Sees to it that these projections are there: those that are not are read from the log, together. Nothing where
  // the policy does not allow one; it is made when that changes.
  void Want(const std::vector<ProjectionName>& names);
  // A projection that has everything that was applied before the call. Waits at most `timeout_ms`: POSITION_TIMEOUT
  // while it is behind, a reason of the policy where a field is withheld, CANCELLED soon after `cancelled` is set.
  absl::StatusOr<std::shared_ptr<FedProjection>> Await(const ProjectionName& name, int64_t timeout_ms,
                                                       const std::atomic<bool>* cancelled = nullptr);
  // A projection as it is now, null where there is none yet.
  std::shared_ptr<FedProjection> Find(const ProjectionName& name) const;
  // Why a projection could not be read now; OK where it could.
  absl::Status status(const ProjectionName& name) const;
  // "TOPIC/PARTITION@FIRST-LAST" of what was read of the library of a projection, as the audit has it.
  std::vector<std::string> PositionsOf(const ProjectionName& name) const;
  // Ends the thread, and every wait with DRAINING. Idempotent.
  void Stop();

 private:
  struct Entry {
    std::shared_ptr<FedProjection> fed;  // null: not allowed, or not made yet
    std::shared_ptr<RecordTail> tail;
    absl::Status status;
  };

  explicit Projections(ProjectionsContext context);
  void MakeMissing();
  void CheckRights();
  void Pump();
  void PurgeErased();
  void PostPump();
  void JoinTails();
  absl::Status MakeOne(const ProjectionName& name, const PolicySnapshot& snapshot, Entry* entry);

  const ProjectionsContext context_;
  std::unique_ptr<Store> places_;
  int policy_listener_ = 0;
  uint32_t last_number_ = 0;  // of the loop
  mutable Mutex mutex_;
  CondVar moved_;
  bool pump_posted_ HANGOU_GUARDED_BY(mutex_) = false;
  bool stopped_ HANGOU_GUARDED_BY(mutex_) = false;
  std::map<ProjectionName, Entry> entries_ HANGOU_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<RecordTail>> tails_;  // of the loop
  EventLoop loop_{"projections"};                   // last: it stops first
};

}  // namespace hangou

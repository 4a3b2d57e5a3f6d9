// All projections of the process: made for the rules, fed from the log, kept on the disk, taken away with the grants.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/event_loop.h"
#include "libs/log/log.h"
#include "libs/policy/policy_holder.h"
#include "libs/store/store.h"
#include "services/comparison/kept_projections.h"
#include "services/comparison/record_tail.h"

namespace hangou {

// What projections are made with. The references must outlive them.
struct ProjectionsContext {
  Log& log;
  PolicyHolder& policy;
  const Clock& clock;
  std::shared_ptr<StoreBudget> budget;
  std::string folder;  // what is not of a kept projection is removed from it
  int32_t log_partitions;
  // Called with each record that is erased, from a thread of the projections, and for some days again after each
  // start; it must not block.
  std::function<void(const ProjectionName& name, uint64_t record)> erased;
  // Called with the keys of rows that came, changed or went, from the same thread.
  std::function<void(const ProjectionName& name, std::vector<std::string> keys)> changed;
};

// Keeps projections. Thread-safe. Works on a thread of its own.
class Projections {
 public:
  // Opens what was kept. It is taken up where it is wanted and the policy allows it as it was. STORE_FULL, INTERNAL.
  static absl::StatusOr<std::unique_ptr<Projections>> Open(ProjectionsContext context);
  ~Projections();

  // Sees to it that these projections are there: those that are not are read from the log, together. Nothing where
  // the policy does not allow one; it is made when that changes.
  void Want(const std::vector<ProjectionName>& names);
  // The same, and all other projections are removed with their files.
  void WantOnly(const std::vector<ProjectionName>& names);
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
  // The error of a run that has read these views of these projections. Where one of them is damaged it becomes
  // DATA_LOSS that names the resource, and the projection is made anew.
  absl::Status AfterRun(const absl::Status& error, const std::vector<ProjectionName>& names,
                        const std::vector<Projection::View>& views);
  // Ends the thread, and every wait with DRAINING, and keeps what there is. Idempotent.
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
  absl::StatusOr<bool> PumpTail(RecordTail& tail);
  void Checkpoint(RecordTail& tail);
  // Removes projections that are broken, or everything where the store of keys is damaged: they are made anew soon.
  void MendBroken();
  void StartOver();
  void RemoveUnwanted(const std::set<ProjectionName>& wanted);
  void PostRemoval(int64_t delay_ms);
  void Look();
  std::vector<std::shared_ptr<FedProjection>> PurgeErased();
  void PurgeKeys(const std::vector<std::shared_ptr<FedProjection>>& purged);
  void PostPump();
  void PostRetry();
  void JoinTails();
  // Ends these with their files, and the tails that feed nothing any more.
  void Remove(const std::vector<std::shared_ptr<FedProjection>>& gone);
  std::vector<std::shared_ptr<FedProjection>> All() const;
  // Where it was kept, `place` becomes what it has taken.
  absl::StatusOr<std::shared_ptr<FedProjection>> MakeOne(const ProjectionName& name,
                                                         const PolicySnapshot& snapshot,
                                                         hangou::columnar::v1::LogPlace* place);
  absl::StatusOr<std::shared_ptr<FedProjection>> TakeUp(const ProjectionName& name,
                                                        const ProjectionRights& rights,
                                                        std::shared_ptr<const ResourceSchema> schema,
                                                        hangou::columnar::v1::LogPlace* place);

  const ProjectionsContext context_;
  int policy_listener_ = 0;
  // Of the loop.
  std::unique_ptr<KeptProjections> kept_;
  bool retry_posted_ = false;
  bool removal_posted_ = false;
  bool store_damaged_ = false;
  mutable Mutex mutex_;
  CondVar moved_;
  bool pump_posted_ HANGOU_GUARDED_BY(mutex_) = false;
  bool stopped_ HANGOU_GUARDED_BY(mutex_) = false;
  std::map<ProjectionName, Entry> entries_ HANGOU_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<RecordTail>> tails_;  // of the loop
  EventLoop loop_{"projections"};                   // last: it stops first
};

}  // namespace hangou

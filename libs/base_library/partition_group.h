// The driver of a GroupMachine: its thread, its reader of the log, its view on disk.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/event_loop.h"
#include "libs/base/mutex.h"
#include "libs/base_library/erase_replay.h"
#include "libs/base_library/group_machine.h"

namespace hangou {

// What a partition group is opened with. The references must outlive the group.
struct PartitionGroupOptions {
  std::string topic;                // "hangou.population.records"
  std::vector<int32_t> partitions;  // those of the group
  std::string folder;               // its views: one numbered folder each, the highest is the newest
  std::string name;                 // for threads and messages: "population/2"
  std::shared_ptr<StoreBudget> budget;
  EraseLedger* ledger = nullptr;        // of the library; outlives the group
  std::unique_ptr<EraseReplay> replay;  // of the group
  // Told of every erasure once it is applied, on the group's thread.
  std::function<void(const ErasureEvent&)> on_erased;
};

// A copy of some partitions of a library, and their owner while the placement says so: takes submissions, appends,
// applies what is acknowledged, answers. Thread-safe.
//
// Every copy reads the log. An owner applies its own appends already when they are acknowledged, where nobody else has
// written in between; it goes on reading, for that tells it at once that another one has begun.
//
// Life: Start (opens the view and applies the log to its end: now it is a copy), then SetOwnership as the placement
// says (an owner appends its epoch and reads it back: now it serves), then Stop. A copy goes on applying whatever its
// owner appends. A damaged view is left aside and a new one is built from the log; meanwhile the group is DRAINING.
class PartitionGroup {
 public:
  PartitionGroup(PartitionGroupOptions options, Log& log, const Clock& clock);
  ~PartitionGroup();

  // Starts; returns at once.
  void Start();
  // Waits until it is a copy that has applied what was in the log at the start. DATA_LOSS where a partition of the log
  // is damaged; it then refuses to serve.
  absl::Status AwaitCopy(int64_t timeout_ms);
  // The placement says that this replica owns the group, under this owner epoch; 0: another one does, and what is in
  // flight is told NOT_OWNER. `policy_epoch` is that of the placement: an older word than the last one is passed over.
  // Returns at once.
  void SetOwnership(uint64_t policy_epoch, uint64_t placement_epoch);
  // Waits until it serves; why it does not within `timeout_ms`, or at all.
  absl::Status AwaitServing(int64_t timeout_ms);
  // Stops; what was not answered is told DRAINING. Idempotent.
  void Stop();

  // Hands records to their owner. Each sink is told every outcome, also where the group does not serve.
  void Submit(std::vector<Submission> submissions);
  // The view of the owner, for reads from any thread; null while the group does not serve.
  std::shared_ptr<const Store> view() const;
  // The view of a copy, which may lag behind the owner's; null while it is being built.
  std::shared_ptr<const Store> copy() const;
  // Told by a reader that the view is damaged: it is rebuilt.
  void ReportDamage();
  // Age of the oldest change that is appended and not applied, as the owner knows it, in microseconds; 0 where all are.
  int64_t lag_us() const;
  // OVERLOADED where the oldest change in flight is older than limits::kApplyLagMs.
  absl::Status CheckLag() const;
  // First offset of a partition that is not applied.
  int64_t AppliedEnd(int32_t partition) const;
  // Calls `done` once `offset` of `partition` is applied, or with POSITION_TIMEOUT after `timeout_ms`.
  void WaitApplied(int32_t partition, int64_t offset, int64_t timeout_ms,
                   std::function<void(absl::Status)> done);
  // Why the group does not serve; OK where it does. NOT_OWNER where another replica does.
  absl::Status status() const;
  // Whether it is a copy that had caught up when it was started; why not.
  absl::Status copy_status() const;
  // Changes applied since the start.
  int64_t applied_count() const { return applied_count_.load(); }

 private:
  // Answers of the log may come after the group is gone: they find it through this, while it serves.
  struct Reach {
    Mutex mutex;
    PartitionGroup* group HANGOU_GUARDED_BY(mutex);
  };
  struct Waiter {
    int64_t offset;
    std::function<void(absl::Status)> done;
  };

  absl::Status OpenView(bool fresh);
  absl::Status OpenReader();
  void PumpOnLoop();
  absl::Status ApplyRecords(const std::vector<LogRecord>& records);
  void NoteCaughtUp();
  void ReviewOwnership();
  void LoseOwnership();
  void ServeWhenOwner();
  // True where nothing is left that a restored copy of the log brought back; else what is left is being erased.
  bool IsErasedAgain();
  void Perform(GroupMachine::Effects effects);
  void AppendToLog(int32_t partition, std::vector<LogEntry> entries);
  void SubmitOnLoop(std::vector<Submission> submissions);
  void TakeApplied(GroupMachine::Effects effects);
  void OnAppended(GroupMachine::AcknowledgedAppend append);
  void ApplyAcknowledgedOnLoop();
  void OnAppendFailed(const GroupMachine::AcknowledgedAppend& append, const absl::Status& status);
  // The group serves no more until it is started again.
  void FailOnLoop(const absl::Status& status);
  // After an error of the view: rebuilds it, or goes on when there is room.
  void MendOnLoop(const absl::Status& status);
  void RebuildOnLoop();
  // Where the log cannot be reached for the moment: tries again.
  void RebuildLater(const absl::Status& status);
  void TickOnLoop();
  // Forgets old requests, and ends old erasures.
  absl::Status ExpireOnLoop();
  void PublishProgress();
  void SetStatus(absl::Status status);
  void FlushWhenDue();

  const PartitionGroupOptions options_;
  Log& log_;
  const Clock& clock_;
  const std::shared_ptr<Reach> reach_;

  // Used on the loop's thread only.
  std::shared_ptr<Store> store_;
  std::unique_ptr<GroupMachine> machine_;
  std::unique_ptr<LogReader> reader_;
  std::map<int32_t, int64_t> ends_at_start_;
  int64_t applied_since_flush_ = 0;
  int64_t last_flush_boot_us_ = 0;
  int64_t last_expiry_boot_us_ = 0;
  bool caught_up_ = false;
  uint64_t policy_epoch_ = 0;  // of the newest word about the ownership
  uint64_t wanted_epoch_ = 0;  // the placement's owner epoch for this replica; 0: another one owns the group
  uint64_t begun_epoch_ = 0;   // the one that was begun with; 0: none

  std::atomic<bool> pump_posted_{false};
  std::atomic<bool> acknowledged_posted_{false};
  std::atomic<bool> stopped_{false};
  std::atomic<int64_t> applied_count_{0};
  std::atomic<int64_t> oldest_pending_us_{0};

  mutable Mutex mutex_;
  CondVar status_changed_;
  std::optional<absl::Status> status_ HANGOU_GUARDED_BY(mutex_);       // none: starting
  std::optional<absl::Status> copy_status_ HANGOU_GUARDED_BY(mutex_);  // likewise
  std::shared_ptr<const Store> view_ HANGOU_GUARDED_BY(mutex_);
  std::shared_ptr<const Store> copy_ HANGOU_GUARDED_BY(mutex_);
  std::map<int32_t, int64_t> applied_end_ HANGOU_GUARDED_BY(mutex_);
  std::deque<GroupMachine::AcknowledgedAppend> acknowledged_
      HANGOU_GUARDED_BY(mutex_);  // and not yet applied
  std::map<int32_t, std::vector<std::shared_ptr<Waiter>>> waiters_ HANGOU_GUARDED_BY(mutex_);

  EventLoop loop_;  // last: its thread goes first
};

}  // namespace hangou

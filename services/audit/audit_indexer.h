// Keeps the audit's view up to date with the topics, and anchors the chains by signed heads.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/event_loop.h"
#include "libs/base/keys.h"
#include "libs/base/mutex.h"
#include "libs/log/log.h"
#include "libs/store/store.h"
#include "services/audit/audit_index.h"

namespace hangou {

// How the view is kept.
struct AuditIndexerOptions {
  std::string folder;  // its views: one numbered folder each, the highest is the newest
  std::shared_ptr<StoreBudget> budget;
  // How often heads that have moved are signed: what could be cut off a chain unnoticed is at most so old.
  int64_t anchor_ms = 5000;
};

// Reads the topics, a partition at a time, so that a damaged one holds up its own chains only. A damaged view is left
// aside and a new one is built from the topics. Thread-safe; `log`, `keys` and `clock` must outlive it. Works on a
// thread of its own.
class AuditIndexer {
 public:
  AuditIndexer(AuditIndexerOptions options, Log& log, const KeyRing& keys, const Clock& clock);
  ~AuditIndexer();

  // Begins; returns at once.
  void Start();
  // Stops; waits end. Idempotent.
  void Stop();

  // The view; null until it has caught up with where the topics ended at the start: then status() says why.
  std::shared_ptr<const AuditIndex> index() const;
  absl::Status status() const;
  // Calls `done` once the view has the entry of a chain, after `timeout_ms`, or when this stops. `done` must not block.
  void Await(const std::string& chain_id, uint64_t sequence, int64_t timeout_ms, std::function<void()> done);
  // Told by a reader that the view is damaged: it is built anew.
  void ReportDamage();

 private:
  struct Source {
    std::string topic;
    int32_t partition;
    std::unique_ptr<LogReader> reader;
    int64_t end_at_start = -1;  // not known yet
    int64_t retry_us = 0;
    bool unreadable = false;         // damaged: it is not waited for
    std::vector<LogRecord> pending;  // read, and not applied yet
  };
  struct Waiter {
    std::string chain_id;
    uint64_t sequence;
    int64_t until_us;
    std::function<void()> done;
  };

  void OpenOnLoop(bool fresh);
  absl::Status OpenView(bool fresh);
  absl::Status OpenSource(Source& source);
  void PumpOnLoop();
  absl::StatusOr<bool> PumpSource(Source& source);
  absl::StatusOr<bool> DropSource(Source& source, const absl::Status& status);
  absl::Status Apply(const Source& source);
  void Mend(const absl::Status& status);
  void ServeWhenCaughtUp();
  void TellWaiters(bool all);
  void TickOnLoop();
  void SignHeads();
  void FlushWhenDue();
  void SetStatus(const absl::Status& status);

  const AuditIndexerOptions options_;
  Log& log_;
  const KeyRing& keys_;
  const Clock& clock_;
  const std::vector<std::string> public_keys_;

  // Of the loop.
  std::shared_ptr<AuditIndex> open_;  // the view, also before it has caught up
  std::vector<Source> sources_;
  int64_t reopen_us_ = 0;
  int64_t last_signed_us_ = 0;
  int64_t last_flush_us_ = 0;
  bool unflushed_ = false;

  std::atomic<bool> pump_posted_ = false;
  mutable Mutex mutex_;
  std::shared_ptr<const AuditIndex> index_ HANGOU_GUARDED_BY(mutex_);
  absl::Status status_ HANGOU_GUARDED_BY(mutex_);
  std::list<Waiter> waiters_ HANGOU_GUARDED_BY(mutex_);
  bool stopped_ HANGOU_GUARDED_BY(mutex_) = false;

  EventLoop loop_{"audit-index"};  // last: it stops first
};

}  // namespace hangou

// The leases of the catalog, and those who wait until an epoch is effective.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/event_loop.h"
#include "libs/base/mutex.h"
#include "services/catalog/lease_table.h"

namespace hangou {

// Answers renewals and tells when an epoch is EFFECTIVE. Thread-safe. `clock` must outlive it.
class LeaseBook {
 public:
  // Called once: true where the epoch is effective, false where the book was closed before. From any thread, without
  // locks; must not block.
  using Done = std::function<void(bool effective)>;

  // `newest_epoch` is the epoch at the start; where there is one, services may hold leases that a process before this
  // one gave.
  LeaseBook(const Clock& clock, int64_t lease_ms, uint64_t newest_epoch);
  ~LeaseBook();

  // An epoch is the newest from now on, and stands in the answers.
  void SetNewest(uint64_t epoch);
  // Takes a renewal; returns the newest epoch. OVERLOADED where too many hold leases.
  absl::StatusOr<uint64_t> Renew(const std::string& holder, uint64_t confirmed_epoch);
  // Calls `done` once the newest epoch is effective, which lasts no longer than a lease.
  void WhenNewestIsEffective(Done done);
  // Answers all who wait with false, and from now on at once. Idempotent.
  void Close();

 private:
  struct Waiter {
    uint64_t epoch;
    int64_t made_us;
    Done done;
  };

  void Check();
  void CheckLater() HANGOU_REQUIRES(mutex_);

  const Clock& clock_;
  Mutex mutex_;
  LeaseTable table_ HANGOU_GUARDED_BY(mutex_);
  uint64_t newest_epoch_ HANGOU_GUARDED_BY(mutex_);
  int64_t newest_made_us_ HANGOU_GUARDED_BY(mutex_);
  std::vector<Waiter> waiters_ HANGOU_GUARDED_BY(mutex_);
  bool check_due_ HANGOU_GUARDED_BY(mutex_) = false;
  bool closed_ HANGOU_GUARDED_BY(mutex_) = false;
  EventLoop timer_;
};

}  // namespace hangou

// The leases of the catalog, and those who wait until an epoch is effective.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/catalog/v1/catalog.pb.h"
#include "libs/base/clock.h"
#include "libs/base/event_loop.h"
#include "libs/base/mutex.h"
#include "services/catalog/lease_table.h"
#include "services/catalog/placement_plan.h"

namespace hangou {

// Notes renewals and tells when an epoch is EFFECTIVE. Thread-safe. `clock` must outlive it.
//
// Every replica of a catalog has a book of those who renew there. What the others' books hold comes by Merge: an epoch
// is not effective before each of them was heard after it was made, or a whole lease has passed since.
class LeaseBook {
 public:
  // Called once: true where the epoch is effective, false where the book was closed before. From any thread, without
  // locks; must not block.
  using Done = std::function<void(bool effective)>;

  // `newest_epoch` is the epoch at the start; where there is one, services may hold leases that a process before this
  // one gave. `others` are the addresses of the other replicas of the catalog.
  LeaseBook(const Clock& clock, int64_t lease_ms, uint64_t newest_epoch,
            std::vector<std::string> others = {});
  ~LeaseBook();

  // An epoch is the newest from now on, and stands in the answers.
  void SetNewest(uint64_t epoch);
  // Notes a renewal by `holder` (SPIFFE id and name), before its answer is made: from here on every epoch waits for
  // this holder. OVERLOADED where too many hold leases.
  absl::Status Renew(const std::string& holder, const hangou::catalog::v1::RenewLeaseRequest& request);
  // The newest epoch.
  uint64_t newest_epoch();
  // Everything noted here, for another replica.
  void List(hangou::catalog::v1::ListLeasesResponse* response);
  // Takes over what another replica, asked at `asked_us` (boot clock), answered.
  void Merge(const std::string& other, int64_t asked_us, const hangou::catalog::v1::ListLeasesResponse& told);
  // How many hold a lease that has not run out.
  size_t holder_count();
  // Who serves what under a lease that has not run out.
  std::vector<LiveProcess> Live();
  // True where somebody waits for an epoch.
  bool AnybodyWaits();
  // Called, from any thread, whenever somebody begins to wait. Before anybody does.
  void SetAwaited(std::function<void()> awaited) { awaited_ = std::move(awaited); }
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

  bool IsEffective(const Waiter& waiter, int64_t now_us) const HANGOU_REQUIRES(mutex_);
  void Check();
  void CheckLater() HANGOU_REQUIRES(mutex_);

  const Clock& clock_;
  const int64_t lease_us_;
  std::function<void()> awaited_ = [] {};
  Mutex mutex_;
  LeaseTable table_ HANGOU_GUARDED_BY(mutex_);
  // When each of the others was asked that has answered for all of its holders, boot clock.
  std::map<std::string, int64_t> heard_us_ HANGOU_GUARDED_BY(mutex_);
  uint64_t newest_epoch_ HANGOU_GUARDED_BY(mutex_);
  int64_t newest_made_us_ HANGOU_GUARDED_BY(mutex_);
  std::vector<Waiter> waiters_ HANGOU_GUARDED_BY(mutex_);
  bool check_due_ HANGOU_GUARDED_BY(mutex_) = false;
  bool closed_ HANGOU_GUARDED_BY(mutex_) = false;
  EventLoop timer_;
};

}  // namespace hangou

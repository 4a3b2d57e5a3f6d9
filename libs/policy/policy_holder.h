// What a service knows of the policy: the newest snapshot and the lease under which it may decide.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/policy/snapshot.h"

namespace hangou {

// Holds the newest snapshot and the lease; counts the work in flight under each epoch. Thread-safe; owned by the
// process, outlives everything that decides.
//
// A decision is made under a Pin, and what it decided is handed to the transport before the pin goes:
//   pin -> decide -> read -> audit -> pin.Confirm() -> hand over -> drop the pin.
// Where Confirm fails because the epoch moved on, the caller drops its reply and decides again.
class PolicyHolder {
 public:
  explicit PolicyHolder(const Clock& clock);

  // Work under one epoch. Movable; the epoch is not confirmed to the catalog while a pin of an older one lives.
  class Pin {
   public:
    Pin() = default;
    const PolicySnapshot& snapshot() const { return *snapshot_; }
    // OK where this is still the newest epoch and the lease has not run out. EPOCH_NOT_REACHED where a newer epoch
    // is there: decide again. LEASE_EXPIRED where nothing may be shared.
    absl::Status Confirm() const;

   private:
    friend class PolicyHolder;
    const PolicyHolder* holder_ = nullptr;
    std::shared_ptr<const PolicySnapshot> snapshot_;
  };

  // A pin on the newest snapshot. LEASE_EXPIRED where the lease has run out or there was none yet;
  // EPOCH_NOT_REACHED where the newest epoch is below `min_epoch`.
  absl::StatusOr<Pin> Acquire(uint64_t min_epoch = 0) const;
  // The newest snapshot without a lease, null before the first: for what is not sharing (schemas for publishing).
  std::shared_ptr<const PolicySnapshot> Newest() const;

  // --- for the one that keeps the lease ---

  // Swaps a newer snapshot in; an older or equal epoch is ignored.
  void Install(std::shared_ptr<const PolicySnapshot> snapshot);
  // Extends the lease: a renewal sent at `sent_boot_us` was answered with `newest_epoch` and `lease_ms`. Counts only
  // where that epoch is installed.
  void Renew(int64_t sent_boot_us, uint64_t newest_epoch, int64_t lease_ms);
  // The newest epoch below which nothing is in flight: what may be confirmed to the catalog.
  uint64_t ConfirmedEpoch() const;
  // Milliseconds of lease left, 0 where it has run out.
  int64_t LeaseLeftMs() const;
  // Calls `changed` (from the installing thread) after every Install of a newer snapshot; the number unsubscribes.
  // `changed` must neither block nor call OnChange or RemoveOnChange.
  int OnChange(std::function<void()> changed);
  // When it returns, no call is under way.
  void RemoveOnChange(int id);

 private:
  // An epoch that pins may still live under.
  struct Older {
    uint64_t epoch;
    std::weak_ptr<const PolicySnapshot> pins;
  };

  absl::Status CheckLease() const HANGOU_REQUIRES(mutex_);

  const Clock& clock_;
  mutable Mutex mutex_;
  std::shared_ptr<const PolicySnapshot> newest_ HANGOU_GUARDED_BY(mutex_);
  std::shared_ptr<const PolicySnapshot> pinned_ HANGOU_GUARDED_BY(mutex_);  // the same, as pins share it
  std::vector<Older> older_ HANGOU_GUARDED_BY(mutex_);
  int64_t lease_until_boot_us_ HANGOU_GUARDED_BY(mutex_) = 0;
  Mutex callbacks_mutex_;
  std::map<int, std::function<void()>> on_change_ HANGOU_GUARDED_BY(callbacks_mutex_);
  int next_id_ HANGOU_GUARDED_BY(callbacks_mutex_) = 1;
};

}  // namespace hangou

#include "libs/policy/policy_holder.h"

#include <algorithm>

#include "libs/base/status.h"

namespace hangou {

PolicyHolder::PolicyHolder(const Clock& clock) : clock_(clock) {}

absl::Status PolicyHolder::Pin::Confirm() const {
  if (holder_ == nullptr) return MakeError(Reason::kInternal, "nothing is pinned");
  MutexLock lock(holder_->mutex_);
  if (holder_->newest_->epoch() != snapshot_->epoch()) {
    return MakeError(Reason::kEpochNotReached, "the policy has changed meanwhile");
  }
  return holder_->CheckLease();
}

absl::Status PolicyHolder::CheckLease() const {
  if (newest_ == nullptr || clock_.BootUs() >= lease_until_boot_us_) {
    return MakeError(Reason::kLeaseExpired,
                     "the policy lease has run out; nothing is shared until it is renewed");
  }
  return absl::OkStatus();
}

absl::StatusOr<PolicyHolder::Pin> PolicyHolder::Acquire(uint64_t min_epoch) const {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(CheckLease());
  if (newest_->epoch() < min_epoch) {
    return MakeError(Reason::kEpochNotReached, "the policy epoch asked for is not here yet", "min_epoch");
  }
  Pin pin;
  pin.holder_ = this;
  pin.snapshot_ = pinned_;
  return pin;
}

std::shared_ptr<const PolicySnapshot> PolicyHolder::Newest() const {
  MutexLock lock(mutex_);
  return newest_;
}

void PolicyHolder::Install(std::shared_ptr<const PolicySnapshot> snapshot) {
  std::shared_ptr<const PolicySnapshot> replaced;  // destroyed outside of the lock: it may be large
  std::shared_ptr<const PolicySnapshot> replaced_pin;
  {
    MutexLock lock(mutex_);
    if (newest_ != nullptr && snapshot->epoch() <= newest_->epoch()) return;
    std::erase_if(older_, [](const Older& older) { return older.pins.expired(); });
    if (newest_ != nullptr) older_.push_back({newest_->epoch(), pinned_});
    replaced = std::move(newest_);
    replaced_pin = std::move(pinned_);
    newest_ = std::move(snapshot);
    // Pins count on a control block of their own, so that Newest() does not look like work in flight.
    auto block = std::make_shared<std::shared_ptr<const PolicySnapshot>>(newest_);
    pinned_ = std::shared_ptr<const PolicySnapshot>(block, newest_.get());
  }
  replaced_pin.reset();
  MutexLock lock(callbacks_mutex_);
  for (const auto& [id, changed] : on_change_) changed();
}

void PolicyHolder::Renew(int64_t sent_boot_us, uint64_t newest_epoch, int64_t lease_ms) {
  MutexLock lock(mutex_);
  if (newest_ == nullptr || newest_->epoch() < newest_epoch) return;
  lease_until_boot_us_ = std::max(lease_until_boot_us_, sent_boot_us + lease_ms * kUsPerMs);
}

uint64_t PolicyHolder::ConfirmedEpoch() const {
  MutexLock lock(mutex_);
  if (newest_ == nullptr) return 0;
  uint64_t epoch = newest_->epoch();
  for (const Older& older : older_) {
    if (!older.pins.expired()) epoch = std::min(epoch, older.epoch);
  }
  return epoch;
}

int64_t PolicyHolder::LeaseLeftMs() const {
  MutexLock lock(mutex_);
  return std::max<int64_t>(0, (lease_until_boot_us_ - clock_.BootUs()) / kUsPerMs);
}

int PolicyHolder::OnChange(std::function<void()> changed) {
  MutexLock lock(callbacks_mutex_);
  on_change_[next_id_] = std::move(changed);
  return next_id_++;
}

void PolicyHolder::RemoveOnChange(int id) {
  MutexLock lock(callbacks_mutex_);
  on_change_.erase(id);
}

}  // namespace hangou

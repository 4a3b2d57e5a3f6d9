#include "libs/feed/delivery_guard.h"

#include <utility>

namespace hangou {

DeliveryGuard::DeliveryGuard(DeliveryTopics& topics, const PolicyHolder& policy, const Clock& clock,
                             PostAfter post_after)
    : topics_(topics), policy_(policy), clock_(clock), post_after_(std::move(post_after)) {}

uint64_t DeliveryGuard::Add(PolicyHolder::Pin pin) {
  uint64_t number = 0;
  bool begin = false;
  {
    MutexLock lock(mutex_);
    number = ++last_number_;
    batches_[number].pin = std::move(pin);
    begin = !std::exchange(looking_, true);
  }
  if (begin) post_after_(kLookMs, [self = shared_from_this()] { self->Look(); });
  return number;
}

void DeliveryGuard::Remove(uint64_t number) {
  Batch removed;  // its pin goes outside of the lock
  MutexLock lock(mutex_);
  const auto found = batches_.find(number);
  if (found == batches_.end()) return;
  removed = std::move(found->second);
  batches_.erase(found);
}

size_t DeliveryGuard::waiting() const {
  MutexLock lock(mutex_);
  return batches_.size();
}

void DeliveryGuard::Look() {
  {
    MutexLock lock(mutex_);
    looking_ = !batches_.empty();
    if (!looking_) return;
  }
  if (RecallDue()) topics_.Recall();
  post_after_(kLookMs, [self = shared_from_this()] { self->Look(); });
}

bool DeliveryGuard::RecallDue() {
  const auto newest = policy_.Newest();
  const bool lease_ends = policy_.LeaseLeftMs() <= kLeaseMarginMs;
  const int64_t now_us = clock_.BootUs();
  MutexLock lock(mutex_);
  bool due = false;
  for (auto& [number, batch] : batches_) {
    if (batch.pin.snapshot().epoch() < newest->epoch() && batch.superseded_us == 0)
      batch.superseded_us = now_us;
    due = due || lease_ends ||
          (batch.superseded_us != 0 && now_us - batch.superseded_us >= kRecallMs * kUsPerMs);
  }
  return due;
}

}  // namespace hangou

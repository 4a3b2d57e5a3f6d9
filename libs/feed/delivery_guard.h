// Keeps what waits at the producer from being sent under a policy that is no longer in force.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/log/delivery_topics.h"
#include "libs/policy/policy_holder.h"

namespace hangou {

// A batch that the broker has not acknowledged is still ours: the producer may send it later. So its pin lives until
// the acknowledgement, and the epoch after it is not confirmed before. That would let a broker that is away hold up
// what the catalog calls EFFECTIVE. Therefore, where the policy has moved on for kRecallMs, or the lease is about to
// run out, everything that is not acknowledged is recalled; its subscriptions decide it again.
//
// A recall concerns all batches of the process, since the producer cannot tell them apart; those that the change does
// not concern are sent twice at worst.
//
// Thread-safe. What it posts keeps it alive; `topics` and `policy` outlive the loop it is posted to.
class DeliveryGuard : public std::enable_shared_from_this<DeliveryGuard> {
 public:
  // Half of the 100 ms within which a withdrawal is to be effective; a broker acknowledges in a tenth of it.
  static constexpr int64_t kRecallMs = 50;
  // Of the lease: emptying the producer takes some milliseconds, and the machine may be busy.
  static constexpr int64_t kLeaseMarginMs = 500;
  // How often it looks while something is not acknowledged.
  static constexpr int64_t kLookMs = 20;
  // Runs a task after so many milliseconds, on a thread that nothing else keeps waiting.
  using PostAfter = std::function<void(int64_t delay_ms, std::function<void()> task)>;

  DeliveryGuard(DeliveryTopics& topics, const PolicyHolder& policy, const Clock& clock, PostAfter post_after);

  // Takes a batch that is about to be given to the producer; the number names it.
  uint64_t Add(PolicyHolder::Pin pin);
  // The batch is acknowledged or given up: drops its pin.
  void Remove(uint64_t number);
  // Batches that are not acknowledged.
  size_t waiting() const;

 private:
  struct Batch {
    PolicyHolder::Pin pin;
    int64_t superseded_us = 0;  // when a newer epoch was first seen, boot time; 0: it was not
  };

  void Look();
  bool RecallDue();

  DeliveryTopics& topics_;
  const PolicyHolder& policy_;
  const Clock& clock_;
  const PostAfter post_after_;
  mutable Mutex mutex_;
  std::map<uint64_t, Batch> batches_ HANGOU_GUARDED_BY(mutex_);
  uint64_t last_number_ HANGOU_GUARDED_BY(mutex_) = 0;
  bool looking_ HANGOU_GUARDED_BY(mutex_) = false;
};

}  // namespace hangou

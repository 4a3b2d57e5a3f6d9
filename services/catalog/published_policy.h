// The newest state of the catalog, as it was published: what every read of the catalog answers from.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/policy/catalog_state.h"
#include "libs/policy/snapshot.h"

namespace hangou {

// An epoch, published. Immutable.
struct PublishedPolicy {
  CatalogState state;
  std::shared_ptr<const PolicySnapshot> snapshot;  // of the same epoch
  hangou::catalog::v1::PolicyUpdate update;        // that led to it, as watchers see it
};

// Holds the newest one. Thread-safe.
class NewestPolicy {
 public:
  std::shared_ptr<const PublishedPolicy> Get() const {
    MutexLock lock(mutex_);
    return newest_;
  }
  void Set(std::shared_ptr<const PublishedPolicy> newest) {
    MutexLock lock(mutex_);
    newest_.swap(newest);
    changed_.NotifyAll();
  }
  // The newest one once it fulfils a condition; null where it does not within `timeout_ms`.
  std::shared_ptr<const PublishedPolicy> Await(const std::function<bool(const PublishedPolicy&)>& condition,
                                               int64_t timeout_ms) {
    const int64_t deadline_us = SystemClock().BootUs() + timeout_ms * kUsPerMs;
    MutexLock lock(mutex_);
    while (newest_ == nullptr || !condition(*newest_)) {
      const int64_t left_us = deadline_us - SystemClock().BootUs();
      if (left_us <= 0) return nullptr;
      changed_.WaitFor(mutex_, left_us / kUsPerMs + 1);
    }
    return newest_;
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<const PublishedPolicy> newest_ HANGOU_GUARDED_BY(mutex_);
};

// An update without what concerns the catalog alone: managers and waiting changes.
hangou::catalog::v1::PolicyUpdate ForWatchers(hangou::catalog::v1::PolicyUpdate update);

}  // namespace hangou

// The newest state of the catalog, as it was published: what every read of the catalog answers from.
#pragma once

#include <memory>
#include <utility>

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
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const PublishedPolicy> newest_ HANGOU_GUARDED_BY(mutex_);
};

// An update without what concerns the catalog alone: managers and waiting changes.
hangou::catalog::v1::PolicyUpdate ForWatchers(hangou::catalog::v1::PolicyUpdate update);

}  // namespace hangou

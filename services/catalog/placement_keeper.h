// Keeps the placement true to who lives: runs at the catalog's writer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/event_loop.h"
#include "services/catalog/lease_book.h"
#include "services/catalog/policy_topic.h"

namespace hangou {

// Plans the placement from the leases and writes what changes. Used on the loop that the topic belongs to. What it is
// given must outlive it.
class PlacementKeeper {
 public:
  // `layout` is written where the topic has none yet.
  PlacementKeeper(PolicyTopic& topic, LeaseBook& leases, const Clock& clock, int64_t lease_ms,
                  hangou::catalog::v1::Layout layout);

  // This replica has become the writer. Writes the layout where there is none.
  void Begin();
  // Moves groups of replicas whose lease has run out, takes up new ones. Does nothing where this is not the writer.
  void Keep();

 private:
  PolicyTopic& topic_;
  LeaseBook& leases_;
  const Clock& clock_;
  const int64_t lease_us_;
  const hangou::catalog::v1::Layout layout_;
  int64_t writer_since_us_ = 0;
};

}  // namespace hangou

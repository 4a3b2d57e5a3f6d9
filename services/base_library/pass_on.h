// A governed reply that comes from another replica, handed over under this replica's own pin of the policy.
#pragma once

#include <functional>

#include "libs/base/status.h"
#include "libs/policy/policy_holder.h"

namespace hangou {

// Hands over what another replica decided under `epoch`: calls `done` with OK while a pin is held, so that this replica
// confirms no newer epoch to the catalog before the reply is with the transport. EPOCH_NOT_REACHED where a newer
// epoch is installed here already: the reply must be dropped and decided anew; LEASE_EXPIRED where nothing may be
// shared.
inline void HandOverUnderPin(const PolicyHolder& policy, uint64_t epoch,
                             const std::function<void(absl::Status)>& done) {
  const auto pin = policy.Acquire();
  if (!pin.ok()) return done(pin.status());
  if (pin->snapshot().epoch() > epoch)
    return done(MakeError(Reason::kEpochNotReached, "the policy changed on the way; retry"));
  done(absl::OkStatus());
}

}  // namespace hangou

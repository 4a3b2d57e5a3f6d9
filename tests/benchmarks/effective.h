// Measures how long a tightened policy takes to hold everywhere.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/client/client.h"

namespace hangou {

// Puts the same field on the negative list again and again, each time by a new entry, at a running installation, and
// waits for EFFECTIVE each time. `client` has the identity of a manager, and `resource` a field `field`. The line of
// figures; times from the call to its answer in milliseconds. The entries stay in the catalog.
absl::StatusOr<std::string> MeasureEffective(const ClientOptions& client, const std::string& resource,
                                             const std::string& field, int changes);

}  // namespace hangou

// What was applied, as people and scripts see it.
#pragma once

#include "hangou/catalog/v1/catalog.pb.h"
#include "tools/hangou/command.h"

namespace hangou {

// Prints the objects, the epoch, when it was EFFECTIVE, and what to run where a change waits.
void PrintApplied(const Globals& globals, const hangou::catalog::v1::ApplyResponse& response,
                  bool validate_only);

}  // namespace hangou

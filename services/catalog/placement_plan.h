// Which replica owns which partition group: the pure core, without clock, locks or threads.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/catalog/v1/catalog.pb.h"

namespace hangou {

// A process under a lease, and what it serves.
struct LiveProcess {
  std::string name;
  std::vector<hangou::catalog::v1::ServedService> served;
};

// The placement that follows when these processes live; equal to `now` where nothing changes. Only ready services are
// replicas. A group whose owner is not among them goes to the replica of its library with the fewest groups, where
// there is one; else it keeps its owner. A replica that has just joined takes groups from those who own most, until
// none owns two more than it. With `keep_absent`, nothing is taken from replicas that are not seen: right after a
// start, when those who live have not renewed here yet.
hangou::catalog::v1::Placement PlanPlacement(const hangou::catalog::v1::Placement& now,
                                             const std::vector<LiveProcess>& live, bool keep_absent);

// The placement in which `replica` owns the group. INVALID_REQUEST where there is no such library or group, or the
// replica is not one of the library's.
absl::StatusOr<hangou::catalog::v1::Placement> PlanMove(const hangou::catalog::v1::Placement& now,
                                                        const std::string& library, int32_t group,
                                                        const std::string& replica);

}  // namespace hangou

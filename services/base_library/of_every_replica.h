// What every replica keeps for itself, asked of all of them: counts of what was sent to it, and what it refused.
#pragma once

#include <cstdint>
#include <vector>

#include "hangou/base_library/v1/base_library.pb.h"
#include "libs/base/caller.h"
#include "libs/base_library/library.h"
#include "libs/rpc/hops.h"

namespace hangou {

// GetQuality of all replicas that are alive, added up. `library` is the one here. `request` and `response` live until
// `done` is called. UNAVAILABLE where one of them does not answer within `timeout_ms`.
void QualityOfEveryReplica(Library& library, const Hops& hops, const Caller& caller,
                           const hangou::base_library::v1::GetQualityRequest& request, int64_t timeout_ms,
                           hangou::base_library::v1::GetQualityResponse* response, Library::Done done);

// A page of ListQuarantine: one replica after the other, in the order of their names. The same otherwise.
// TOKEN_INVALID.
void QuarantineOfEveryReplica(Library& library, const Hops& hops, const Caller& caller,
                              const hangou::base_library::v1::ListQuarantineRequest& request,
                              int64_t timeout_ms, hangou::base_library::v1::ListQuarantineResponse* response,
                              Library::Done done);

// GetQuality of several libraries of this process.
void QualityOfLibraries(const std::vector<Library*>& libraries, const Caller& caller,
                        const hangou::base_library::v1::GetQualityRequest& request,
                        hangou::base_library::v1::GetQualityResponse* response, Library::Done done);

// Adds the counts of another replica.
void AddQuality(const hangou::base_library::v1::GetQualityResponse& part,
                hangou::base_library::v1::GetQualityResponse* sum);

}  // namespace hangou

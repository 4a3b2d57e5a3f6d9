// What became of a record, as people and scripts see it.
#pragma once

#include "absl/status/statusor.h"
#include "hangou/base_library/v1/base_library.pb.h"
#include "tools/hangou/command.h"

namespace hangou {

// Bytes of a random request id, as of a UUID.
constexpr size_t kRandomIdBytes = 16;

// Prints the outcome of a request about one record: kExitDone where it was taken or there was nothing to do,
// kExitPartly where it was not. The error where the request as a whole was refused.
absl::StatusOr<int> PrintOnlyOutcome(const hangou::base_library::v1::PublishResponse& response,
                                     const Globals& globals);

}  // namespace hangou

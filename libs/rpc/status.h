// Statuses on the wire: absl::Status with a reason, as google.rpc.Status details, and back.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace hangou {

// The status as gRPC carries it. Where it has a reason, the details are google.rpc.ErrorInfo (reason, domain
// "hangou", metadata "field" where a field is named), BadRequest with the field where one is named, and
// RetryInfo for OVERLOADED.
grpc::Status ToGrpc(const absl::Status& status);

// The status of a call as the caller's own code handles it: with reason and field where the peer gave them,
// else the code and the message alone (such as UNAVAILABLE where no connection was made).
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace hangou

// Who calls, taken from the peer's certificate, and whether the call may begin.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/caller.h"

namespace grpc {
class ServerContextBase;
}

namespace hangou {

class Hops;

// The parts of spiffe://TRUST_DOMAIN/department/CODE/ROLE/WORKLOAD; CERTIFICATE_INVALID where the text is not of
// that form, of another trust domain, of a role that is not one of hangou::roles, or of the role service outside the
// department platform.
absl::StatusOr<Caller> ParseSpiffeId(std::string_view spiffe_id);

// The caller of a call: from the one URI name of its verified certificate. A call over the server's own
// in-process channel (the only way to arrive without a certificate, since every listener demands one) is the
// platform's own service. CERTIFICATE_INVALID for everything else. Thread-safe while the call lives.
absl::StatusOr<Caller> CallerOf(const grpc::ServerContextBase& context);

// Whether a call may begin: its caller, who has one of `roles` (any, where the list is empty).
// CERTIFICATE_INVALID, ROLE_REQUIRED, or DEADLINE_EXCEEDED where the caller has stopped waiting: then nothing
// is to be done for it. With `hops`, also the caller of a call that another service has passed on (Hops::Accept).
absl::StatusOr<Caller> AdmitCall(const grpc::ServerContextBase& context,
                                 std::initializer_list<std::string_view> roles, const Hops* hops = nullptr);

// Milliseconds that the caller still waits: until its deadline, at least 0 and at most limits::kCallMs, which
// also holds for calls without a deadline. What a handler waits for, it waits for no longer than this.
int64_t RemainingMs(const grpc::ServerContextBase& context);

}  // namespace hangou

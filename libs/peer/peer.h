// The Peer seam: the calls between services. In production over gRPC with mutual TLS, in the standalone process
// over its in-process channel, in tests in memory.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "hangou/base_library/v1/base_library.pb.h"
#include "hangou/catalog/v1/catalog.pb.h"
#include "libs/base/caller.h"

namespace hangou {

// A call that goes on; destruction cancels it, and when the destructor returns no callback is under way.
class PeerStream {
 public:
  virtual ~PeerStream() = default;
};

// Calls to the other services. Thread-safe. Every call has a deadline; UNAVAILABLE where the peer cannot be reached.
class Peer {
 public:
  virtual ~Peer() = default;
  // Renews the policy lease at the catalog.
  virtual absl::StatusOr<hangou::catalog::v1::RenewLeaseResponse> RenewLease(
      const hangou::catalog::v1::RenewLeaseRequest& request, int64_t timeout_ms) = 0;
  // Watches the policy: `on_update` for the newest state and every epoch after it, in order, then `on_end` once when
  // the stream has ended. Callbacks come one at a time, from a thread of the peer's.
  virtual std::unique_ptr<PeerStream> WatchPolicy(
      const std::string& holder, std::function<void(const hangou::catalog::v1::PolicyUpdate&)> on_update,
      std::function<void(absl::Status)> on_end) = 0;
  // Reads raw records of a base library ("population", ...). Services only.
  virtual absl::StatusOr<hangou::base_library::v1::ScanResponse> Scan(
      const std::string& library, const hangou::base_library::v1::ScanRequest& request,
      int64_t timeout_ms) = 0;
  // Hands records that `caller` has published to the replica at `address` that owns their group. Answers through
  // `done`, once, from any thread; never blocks.
  virtual void Submit(const std::string& address, const Caller& caller,
                      hangou::base_library::v1::SubmitRequest request, int64_t timeout_ms,
                      std::function<void(absl::StatusOr<hangou::base_library::v1::SubmitResponse>)> done) = 0;
};

}  // namespace hangou

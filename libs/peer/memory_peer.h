// The Peer seam in memory, for tests.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/peer/peer.h"

namespace hangou {

// A peer whose answers a test sets, and which a test can cut off. Thread-safe. Answers are given one at a time on a
// thread of its own, and so are the callbacks of the streams, on another; both go on until the peer and all its
// streams are destroyed. Destroy a stream from outside its callbacks.
class MemoryPeer : public Peer {
 public:
  using RenewAnswer = std::function<absl::StatusOr<hangou::catalog::v1::RenewLeaseResponse>(
      const hangou::catalog::v1::RenewLeaseRequest&)>;
  using ScanAnswer = std::function<absl::StatusOr<hangou::base_library::v1::ScanResponse>(
      const std::string& library, const hangou::base_library::v1::ScanRequest&)>;
  using SubmitDone = std::function<void(absl::StatusOr<hangou::base_library::v1::SubmitResponse>)>;
  using SubmitAnswer =
      std::function<void(const std::string& address, const Caller& caller,
                         const hangou::base_library::v1::SubmitRequest& request, SubmitDone done)>;

  MemoryPeer();
  ~MemoryPeer() override;

  // What RenewLease and Scan answer from now on; UNAVAILABLE before. An answer that blocks makes its caller, and
  // those behind it, run into their deadlines.
  void OnRenew(RenewAnswer answer);
  void OnScan(ScanAnswer answer);
  // Who takes Submit from now on, on a thread of the peer's own; UNAVAILABLE before.
  void OnSubmit(SubmitAnswer answer);
  // Sends an update to every watch. Watches that begin later get the last full one first and what came after it.
  void PushPolicy(const hangou::catalog::v1::PolicyUpdate& update);
  // Ends every watch with DRAINING, as a catalog that stops.
  void EndWatches();
  // From now on calls fail with UNAVAILABLE, and watches end so.
  void Cut();
  // Ends Cut. Watches that have ended stay so.
  void Restore();

  absl::StatusOr<hangou::catalog::v1::RenewLeaseResponse> RenewLease(
      const hangou::catalog::v1::RenewLeaseRequest& request, int64_t timeout_ms) override;
  std::unique_ptr<PeerStream> WatchPolicy(
      const std::string& holder, std::function<void(const hangou::catalog::v1::PolicyUpdate&)> on_update,
      std::function<void(absl::Status)> on_end) override;
  absl::StatusOr<hangou::base_library::v1::ScanResponse> Scan(
      const std::string& library, const hangou::base_library::v1::ScanRequest& request,
      int64_t timeout_ms) override;
  void Submit(const std::string& address, const Caller& caller,
              hangou::base_library::v1::SubmitRequest request, int64_t timeout_ms, SubmitDone done) override;

 private:
  class Core;
  class Watch;
  class Stream;

  const std::shared_ptr<Core> core_;  // shared with the streams
};

}  // namespace hangou

// The Peer seam over gRPC.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/peer/peer.h"

namespace grpc {
class Channel;
}

namespace hangou {

class Hops;

// Calls the other services over channels: by mutual TLS (MakeChannel) or in the same process
// (RpcServer::InProcessChannel). Its streams keep what they need alive by themselves.
class GrpcPeer : public Peer {
 public:
  // Gives the channel to a base library ("population", ...); null where its address is not known.
  // Thread-safe.
  using LibraryChannel = std::function<std::shared_ptr<grpc::Channel>(const std::string& library)>;

  // `catalog` leads to the catalog. `hops` signs what is handed to other replicas, and must outlive the peer; null
  // where there are none.
  GrpcPeer(std::shared_ptr<grpc::Channel> catalog, LibraryChannel library_channel,
           const Hops* hops = nullptr);
  ~GrpcPeer() override;

  absl::StatusOr<hangou::catalog::v1::RenewLeaseResponse> RenewLease(
      const hangou::catalog::v1::RenewLeaseRequest& request, int64_t timeout_ms) override;
  // Destroy the stream from outside its callbacks only: the destructor waits for them.
  std::unique_ptr<PeerStream> WatchPolicy(
      const std::string& holder, std::function<void(const hangou::catalog::v1::PolicyUpdate&)> on_update,
      std::function<void(absl::Status)> on_end) override;
  absl::StatusOr<hangou::base_library::v1::ScanResponse> Scan(
      const std::string& library, const hangou::base_library::v1::ScanRequest& request,
      int64_t timeout_ms) override;
  void Submit(const std::string& address, const Caller& caller,
              hangou::base_library::v1::SubmitRequest request, int64_t timeout_ms,
              std::function<void(absl::StatusOr<hangou::base_library::v1::SubmitResponse>)> done) override;

 private:
  const std::shared_ptr<grpc::Channel> catalog_;
  const LibraryChannel library_channel_;
  const Hops* const hops_;
};

}  // namespace hangou

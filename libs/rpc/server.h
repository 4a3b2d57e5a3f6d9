// The network side of a service: one listener with mutual TLS, limits, health and reflection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace grpc {
class Channel;
class Server;
class Service;
}  // namespace grpc

namespace hangou {

class RpcMetrics;

// What a server is started with.
struct RpcServerOptions {
  std::string address = "127.0.0.1:0";   // host:port to listen on; port 0 takes a free one
  std::string identity_folder;           // its identity, of the role service (certificates.h)
  std::vector<grpc::Service*> services;  // what it serves; not owned, must outlive the server
  bool serving = true;                   // what the health service says of the server at first
  RpcMetrics* metrics = nullptr;         // counts its calls; not owned, must outlive the server
};

// A running gRPC server. There is no listener without mutual TLS, loopback included, and no switch for it: a
// peer without a valid certificate of this installation is refused in the handshake and never speaks HTTP/2
// to us. It also answers grpc.health.v1 and reflection (for every certificate). Thread-safe. Every call must
// be finished by its handler (CallDone and the streams see to that), else Shutdown does not return.
class RpcServer {
 public:
  // Starts listening. CERTIFICATE_INVALID where the identity is expired or not of the role service;
  // UNAVAILABLE where the address cannot be had.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(const RpcServerOptions& options);
  // Shuts down without grace.
  ~RpcServer();
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  // host:port that it listens on, with the port it was given.
  const std::string& address() const { return address_; }
  // A channel into this server without network, for services of the same process; calls over it arrive as the
  // platform's own service. Use it only while the server lives.
  std::shared_ptr<grpc::Channel> InProcessChannel();
  // What the health service says of `service` ("hangou.audit.v1.Audit"; empty: of the server as a whole). A service
  // that was never named here is unknown to it.
  void SetServing(const std::string& service, bool serving);
  // Stops taking calls, lets those under way go on for at most `grace_ms`, then cancels them, and returns
  // when all have ended. Idempotent.
  void Shutdown(int64_t grace_ms);

 private:
  RpcServer(std::unique_ptr<RpcMetrics> own_metrics, std::unique_ptr<grpc::Server> server,
            std::string address);

  const std::unique_ptr<RpcMetrics> own_metrics_;  // where none were given
  std::unique_ptr<grpc::Server> server_;
  const std::string address_;
};

}  // namespace hangou

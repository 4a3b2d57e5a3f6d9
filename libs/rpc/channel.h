// The client side of a connection.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace hangou {

// A channel to `address` (host:port) by mutual TLS with the identity in `identity_folder`. The server's
// certificate must come from the same CA and name the host. Connects when first used, and again by itself
// after 0.1 to 2 s when the connection is lost; calls meanwhile fail with UNAVAILABLE unless they wait for
// readiness. No HTTP proxy is used. Errors: the identity's files cannot be read. Every call should set a
// deadline. Thread-safe.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& address,
                                                           const std::string& identity_folder);

}  // namespace hangou

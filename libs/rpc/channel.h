// The client side of a connection.
#pragma once

#include <grpcpp/channel.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace hangou {

// A channel to `addresses` by mutual TLS with the identity in `identity_folder`: one host:port, whose name may
// stand for several machines, or IP addresses with their ports, separated by commas. Calls go to those in turn that
// can be reached. The server's certificate must come from the same CA and carry kServiceHostName, which only
// identities of the role service do. Connects when first used, and again by itself after 0.1 to 2 s when the
// connection is lost; calls meanwhile fail with UNAVAILABLE unless they wait for readiness. Calls that only read
// are tried again, elsewhere where there are several, up to four times where one is UNAVAILABLE: within 2 s, or,
// where a partition group moves, 4 s. No HTTP proxy is used. Errors: the identity's files cannot be read;
// INVALID_REQUEST where the addresses are not understood. Every call should set a deadline. Thread-safe.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& addresses,
                                                           const std::string& identity_folder);

// What the health service (grpc.health.v1) behind a channel says: whether it serves. UNAVAILABLE where nobody answers
// within `timeout_ms`.
absl::StatusOr<bool> CheckHealth(const std::shared_ptr<grpc::Channel>& channel, int64_t timeout_ms);

}  // namespace hangou

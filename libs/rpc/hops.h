// Calls that a service passes on to another replica for their caller: the signed token that names the caller.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/caller.h"
#include "libs/base/clock.h"
#include "libs/base/keys.h"
#include "libs/base/mutex.h"

namespace grpc {
class Channel;
class ClientContext;
class ServerContextBase;
}  // namespace grpc

namespace hangou {

// How a service passes calls on, and from whom it takes such calls.
struct HopSettings {
  std::string identity_folder;  // to call the others with
  std::string audience;         // what the tokens are good for: the kind of service ("base_library")
  std::vector<std::string>
      workloads;  // services that may pass calls on to this one; a replica's "-N" is left out
};

// Signs and accepts hops. Thread-safe. `keys` and `clock` must outlive it.
//
// The token carries the caller and its expiry, sealed with the installation's token key for one audience. It counts
// only over a connection with the certificate of a listed service: neither token nor certificate alone says anything.
class Hops {
 public:
  Hops(HopSettings settings, const KeyRing& keys, const Clock& clock);
  ~Hops();

  // Signs a call of `caller` that is passed on, and sets its deadline.
  void Sign(const Caller& caller, int64_t timeout_ms, grpc::ClientContext* context) const;
  // The caller of a call that `service` has passed on; `service` itself where the call carries no token.
  // CERTIFICATE_INVALID where the token is not good, or `service` is not one of those listed.
  absl::StatusOr<Caller> Accept(const grpc::ServerContextBase& context, const Caller& service) const;
  // A channel to a replica at `address`. Kept and shared.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> ChannelTo(const std::string& address) const;

 private:
  const HopSettings settings_;
  const KeyRing& keys_;
  const Clock& clock_;
  mutable Mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<grpc::Channel>> channels_ HANGOU_GUARDED_BY(mutex_);
};

}  // namespace hangou

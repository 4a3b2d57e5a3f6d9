// Reads a subscription: hands deliveries over one by one, and goes on from the last token when the stream is
// cut.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "hangou/exchange/v1/exchange.pb.h"
#include "libs/client/backoff.h"

namespace grpc {
class Channel;
}

namespace hangou {

class Client;

// How to subscribe.
struct SubscriptionOptions {
  // The first request; later ones carry the token of the last delivery instead of its start.
  hangou::exchange::v1::SubscribeRequest request;
  // Moves the durable cursor behind each delivery that was handled.
  bool acknowledge = true;
  // Reading fails when no stream brought a delivery or stood open for so long.
  int64_t give_up_ms = 120'000;
};

// Not thread-safe.
class Subscription {
 public:
  // Where the exchange is: asked for each stream. `failed` is true when the last channel could not be used.
  using ChannelSource = std::function<absl::StatusOr<std::shared_ptr<grpc::Channel>>(bool failed)>;
  // Handles a delivery; false ends the reading (after the acknowledgement).
  using OnDelivery = std::function<bool(const hangou::exchange::v1::Delivery&)>;

  Subscription(ChannelSource channels, SubscriptionOptions options);
  // Reads from the exchange of an installation. `client` outlives the subscription.
  Subscription(Client& client, SubscriptionOptions options);

  // Reads until `on_delivery` says that it is enough (OK), or the subscription ends for a reason: withdrawn,
  // wrong token, slow consumer. UNAVAILABLE and streams that end in order are repeated with growing waits.
  // Blocks.
  absl::Status Run(const OnDelivery& on_delivery);

  // Token of the last delivery that was handled; empty before the first.
  const std::string& token() const { return token_; }
  // Streams that were opened after the first.
  uint64_t reconnects() const { return reconnects_; }

 private:
  enum class After { kEnough, kCut };

  absl::StatusOr<After> ReadOneStream(const OnDelivery& on_delivery);
  absl::Status Acknowledge(const std::shared_ptr<grpc::Channel>& channel, const std::string& token);

  const ChannelSource channels_;
  const SubscriptionOptions options_;
  std::string token_;
  uint64_t reconnects_ = 0;
  bool channel_failed_ = false;
  int64_t last_good_ms_ = 0;
  absl::Status last_error_;
  Backoff backoff_;
};

}  // namespace hangou

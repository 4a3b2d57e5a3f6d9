#include "libs/client/subscription.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <random>
#include <thread>
#include <utility>

#include "hangou/exchange/v1/exchange.grpc.pb.h"
#include "libs/base/clock.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/client/client.h"
#include "libs/rpc/status.h"

namespace hangou {

namespace exchange_v1 = hangou::exchange::v1;

namespace {

// A stream that stood open for so long had reached the exchange: longer than an attempt to connect may take.
constexpr int64_t kStoodOpenMs = 10'000;

Subscription::ChannelSource ExchangeOf(Client& client) {
  return [&client](bool failed) {
    if (failed) client.ForgetEndpoints();
    return client.ChannelTo("exchange");
  };
}

}  // namespace

Subscription::Subscription(ChannelSource channels, SubscriptionOptions options)
    : channels_(std::move(channels)), options_(std::move(options)), backoff_(std::random_device()()) {}

Subscription::Subscription(Client& client, SubscriptionOptions options)
    : Subscription(ExchangeOf(client), std::move(options)) {}

absl::Status Subscription::Run(const OnDelivery& on_delivery) {
  last_good_ms_ = NowMs();
  while (true) {
    const int64_t opened_ms = NowMs();
    absl::StatusOr<After> after = ReadOneStream(on_delivery);
    if (!after.ok()) return after.status();
    if (*after == After::kEnough) return absl::OkStatus();
    if (NowMs() - opened_ms > kStoodOpenMs) last_good_ms_ = NowMs();
    if (NowMs() - last_good_ms_ > options_.give_up_ms) return last_error_;
    std::this_thread::sleep_for(std::chrono::milliseconds(backoff_.NextMs()));  // waits: a client backs off
    ++reconnects_;
  }
}

absl::StatusOr<Subscription::After> Subscription::ReadOneStream(const OnDelivery& on_delivery) {
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = channels_(channel_failed_);
  if (!channel.ok()) {
    if (!absl::IsUnavailable(channel.status())) return channel.status();
    last_error_ = channel.status();
    return After::kCut;
  }
  exchange_v1::SubscribeRequest request = options_.request;
  if (!token_.empty()) request.set_token(token_);
  grpc::ClientContext context;
  const auto stub = exchange_v1::Exchange::NewStub(*channel);
  const auto reader = stub->Subscribe(&context, request);
  exchange_v1::Delivery delivery;
  while (reader->Read(&delivery)) {
    channel_failed_ = false;
    backoff_.Reset();
    const bool more = on_delivery(delivery);
    token_ = delivery.token();
    absl::Status acknowledged;
    if (options_.acknowledge) acknowledged = Acknowledge(*channel, token_);
    if (!more || !acknowledged.ok()) context.TryCancel();
    if (!more) return acknowledged.ok() ? absl::StatusOr<After>(After::kEnough) : acknowledged;
    if (!acknowledged.ok() && !absl::IsUnavailable(acknowledged)) return acknowledged;
    last_good_ms_ = NowMs();
  }
  const absl::Status status = FromGrpc(reader->Finish());
  // Cancelled: by this side, after an acknowledgement that did not arrive.
  const bool cut = status.ok() || absl::IsUnavailable(status) || absl::IsCancelled(status);
  if (!cut) return status;
  last_error_ = status.ok() ? MakeError(Reason::kDraining, "the exchange closed the stream") : status;
  channel_failed_ = true;
  return After::kCut;
}

absl::Status Subscription::Acknowledge(const std::shared_ptr<grpc::Channel>& channel,
                                       const std::string& token) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(limits::kCallMs));
  exchange_v1::AcknowledgeRequest request;
  request.set_subscription(options_.request.subscription());
  request.set_token(token);
  exchange_v1::AcknowledgeResponse response;
  return FromGrpc(exchange_v1::Exchange::NewStub(channel)->Acknowledge(&context, request, &response));
}

}  // namespace hangou

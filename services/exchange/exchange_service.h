// The handlers of the exchange: transport outside, libs/feed inside.
#pragma once

#include "hangou/exchange/v1/exchange.grpc.pb.h"
#include "libs/feed/feed.h"

namespace hangou {

// What the exchange is made of; the references must outlive it.
using ExchangeContext = FeedContext;

// Serves subscriptions. Thread-safe. Shut the server down before it goes.
class ExchangeService final : public hangou::exchange::v1::Exchange::CallbackService {
 public:
  explicit ExchangeService(const ExchangeContext& context) : feed_(context) {}

  // Ends every stream with DRAINING and refuses new ones; acknowledgements are still taken. Idempotent.
  void Drain() { feed_.Drain(); }
  // Subscriptions that are open here.
  size_t open_subscriptions() const { return feed_.open_streams(); }

  grpc::ServerWriteReactor<hangou::exchange::v1::Delivery>* Subscribe(
      grpc::CallbackServerContext* context, const hangou::exchange::v1::SubscribeRequest* request) override;
  grpc::ServerUnaryReactor* Acknowledge(grpc::CallbackServerContext* context,
                                        const hangou::exchange::v1::AcknowledgeRequest* request,
                                        hangou::exchange::v1::AcknowledgeResponse* response) override;

 private:
  Feed feed_;
};

}  // namespace hangou

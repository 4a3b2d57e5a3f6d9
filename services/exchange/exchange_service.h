// The handlers of the exchange: transport outside, libs/feed inside.
#pragma once

#include <memory>
#include <optional>

#include "hangou/exchange/v1/exchange.grpc.pb.h"
#include "libs/feed/feed.h"
#include "libs/feed/topic_feed.h"
#include "libs/log/delivery_topics.h"

namespace hangou {

// What the exchange is made of; the references must outlive it.
using ExchangeContext = FeedContext;

// What it takes beside that to deliver to topics.
struct ExchangeTopics {
  DeliveryTopics& topics;
  int subscription_table;  // of the `local` store
  int cursor_table;        // likewise
};

// Serves subscriptions. Thread-safe. Shut the server down before it goes.
class ExchangeService final : public hangou::exchange::v1::Exchange::CallbackService {
 public:
  // Without `topics` there are streams only.
  explicit ExchangeService(const ExchangeContext& context,
                           std::optional<ExchangeTopics> topics = std::nullopt);

  // Ends every stream with DRAINING and refuses new ones; acknowledgements are still taken. Idempotent.
  void Drain();
  // Subscriptions that are open here.
  size_t open_subscriptions() const { return feed_.open_streams(); }

  grpc::ServerWriteReactor<hangou::exchange::v1::Delivery>* Subscribe(
      grpc::CallbackServerContext* context, const hangou::exchange::v1::SubscribeRequest* request) override;
  grpc::ServerUnaryReactor* Acknowledge(grpc::CallbackServerContext* context,
                                        const hangou::exchange::v1::AcknowledgeRequest* request,
                                        hangou::exchange::v1::AcknowledgeResponse* response) override;
  grpc::ServerUnaryReactor* ConfirmRecall(grpc::CallbackServerContext* context,
                                          const hangou::exchange::v1::ConfirmRecallRequest* request,
                                          hangou::exchange::v1::ConfirmRecallResponse* response) override;
  grpc::ServerUnaryReactor* ListRecalls(grpc::CallbackServerContext* context,
                                        const hangou::exchange::v1::ListRecallsRequest* request,
                                        hangou::exchange::v1::ListRecallsResponse* response) override;
  grpc::ServerUnaryReactor* CreateSubscription(grpc::CallbackServerContext* context,
                                               const hangou::exchange::v1::CreateSubscriptionRequest* request,
                                               hangou::exchange::v1::Subscription* response) override;
  grpc::ServerUnaryReactor* GetSubscription(grpc::CallbackServerContext* context,
                                            const hangou::exchange::v1::GetSubscriptionRequest* request,
                                            hangou::exchange::v1::Subscription* response) override;
  grpc::ServerUnaryReactor* ListSubscriptions(
      grpc::CallbackServerContext* context, const hangou::exchange::v1::ListSubscriptionsRequest* request,
      hangou::exchange::v1::ListSubscriptionsResponse* response) override;
  grpc::ServerUnaryReactor* PauseSubscription(grpc::CallbackServerContext* context,
                                              const hangou::exchange::v1::PauseSubscriptionRequest* request,
                                              hangou::exchange::v1::Subscription* response) override;
  grpc::ServerUnaryReactor* ResumeSubscription(grpc::CallbackServerContext* context,
                                               const hangou::exchange::v1::ResumeSubscriptionRequest* request,
                                               hangou::exchange::v1::Subscription* response) override;
  grpc::ServerUnaryReactor* DeleteSubscription(
      grpc::CallbackServerContext* context, const hangou::exchange::v1::DeleteSubscriptionRequest* request,
      hangou::exchange::v1::DeleteSubscriptionResponse* response) override;
  grpc::ServerUnaryReactor* GetDeliveryTopic(grpc::CallbackServerContext* context,
                                             const hangou::exchange::v1::GetDeliveryTopicRequest* request,
                                             hangou::exchange::v1::DeliveryTopic* response) override;

 private:
  Feed feed_;
  std::unique_ptr<TopicFeed> topic_feed_;  // null: there are no topics
};

}  // namespace hangou

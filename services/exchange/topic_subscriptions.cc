// The methods about subscriptions that deliver to topics.
#include <functional>
#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/unary.h"
#include "services/exchange/exchange_service.h"

namespace hangou {

namespace v1 = hangou::exchange::v1;

namespace {

// Runs a method of the topic feed for a consumer, where there is one. `run` gets what takes the answer.
template <class Response>
grpc::ServerUnaryReactor* WithTopics(
    grpc::CallbackServerContext* context, TopicFeed* feed, Response* response,
    std::function<void(const Caller&, std::function<void(absl::StatusOr<Response>)>)> run) {
  return HandleUnary(context, {roles::kConsumer}, [=](const Caller& caller, const CallDone& done) {
    if (feed == nullptr) {
      return done(MakeError(Reason::kInvalidRequest,
                            "this installation has no Kafka to deliver to; subscribe to a stream instead"));
    }
    run(caller, [response, done](absl::StatusOr<Response> answer) {
      if (answer.ok()) *response = std::move(*answer);
      done(answer.status());
    });
  });
}

}  // namespace

grpc::ServerUnaryReactor* ExchangeService::CreateSubscription(grpc::CallbackServerContext* context,
                                                              const v1::CreateSubscriptionRequest* request,
                                                              v1::Subscription* response) {
  return WithTopics<v1::Subscription>(
      context, topic_feed_.get(), response,
      [=, this](const Caller& caller, auto done) { topic_feed_->Create(caller, *request, std::move(done)); });
}

grpc::ServerUnaryReactor* ExchangeService::GetSubscription(grpc::CallbackServerContext* context,
                                                           const v1::GetSubscriptionRequest* request,
                                                           v1::Subscription* response) {
  return WithTopics<v1::Subscription>(context, topic_feed_.get(), response,
                                      [=, this](const Caller& caller, auto done) {
                                        topic_feed_->Get(caller, request->name(), std::move(done));
                                      });
}

grpc::ServerUnaryReactor* ExchangeService::ListSubscriptions(grpc::CallbackServerContext* context,
                                                             const v1::ListSubscriptionsRequest* request,
                                                             v1::ListSubscriptionsResponse* response) {
  return WithTopics<v1::ListSubscriptionsResponse>(
      context, topic_feed_.get(), response,
      [=, this](const Caller& caller, auto done) { topic_feed_->List(caller, *request, std::move(done)); });
}

grpc::ServerUnaryReactor* ExchangeService::PauseSubscription(grpc::CallbackServerContext* context,
                                                             const v1::PauseSubscriptionRequest* request,
                                                             v1::Subscription* response) {
  return WithTopics<v1::Subscription>(context, topic_feed_.get(), response,
                                      [=, this](const Caller& caller, auto done) {
                                        topic_feed_->Pause(caller, request->name(), std::move(done));
                                      });
}

grpc::ServerUnaryReactor* ExchangeService::ResumeSubscription(grpc::CallbackServerContext* context,
                                                              const v1::ResumeSubscriptionRequest* request,
                                                              v1::Subscription* response) {
  return WithTopics<v1::Subscription>(context, topic_feed_.get(), response,
                                      [=, this](const Caller& caller, auto done) {
                                        topic_feed_->Resume(caller, request->name(), std::move(done));
                                      });
}

grpc::ServerUnaryReactor* ExchangeService::DeleteSubscription(grpc::CallbackServerContext* context,
                                                              const v1::DeleteSubscriptionRequest* request,
                                                              v1::DeleteSubscriptionResponse* response) {
  return WithTopics<v1::DeleteSubscriptionResponse>(
      context, topic_feed_.get(), response, [=, this](const Caller& caller, auto done) {
        topic_feed_->Delete(caller, request->name(), [done](const absl::Status& status) {
          done(status.ok() ? absl::StatusOr<v1::DeleteSubscriptionResponse>(v1::DeleteSubscriptionResponse())
                           : status);
        });
      });
}

grpc::ServerUnaryReactor* ExchangeService::GetDeliveryTopic(grpc::CallbackServerContext* context,
                                                            const v1::GetDeliveryTopicRequest* request,
                                                            v1::DeliveryTopic* response) {
  return WithTopics<v1::DeliveryTopic>(context, topic_feed_.get(), response,
                                       [=, this](const Caller& caller, auto done) {
                                         topic_feed_->GetTopic(caller, request->name(), std::move(done));
                                       });
}

}  // namespace hangou

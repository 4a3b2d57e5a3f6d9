#include "libs/client/topic_subscriptions.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

#include "hangou/exchange/v1/exchange.grpc.pb.h"
#include "libs/base/status.h"
#include "libs/client/client.h"
#include "libs/rpc/status.h"

namespace hangou {

namespace exchange_v1 = hangou::exchange::v1;

namespace {

// Calls a method of the exchange with the client's deadline.
template <class Request, class Response>
absl::StatusOr<Response> CallExchange(
    Client& client,
    grpc::Status (exchange_v1::Exchange::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
    const Request& request) {
  ASSIGN_OR_RETURN(const auto channel, client.ChannelTo("exchange"));
  exchange_v1::Exchange::Stub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(client.timeout_ms()));
  Response response;
  RETURN_IF_ERROR(FromGrpc((stub.*method)(&context, request, &response)));
  return response;
}

template <class Request, class Response>
absl::StatusOr<Response> CallWithName(
    Client& client,
    grpc::Status (exchange_v1::Exchange::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
    const std::string& name) {
  Request request;
  request.set_name(name);
  return CallExchange(client, method, request);
}

}  // namespace

absl::StatusOr<exchange_v1::Subscription> TopicSubscriptions::Create(
    const exchange_v1::CreateSubscriptionRequest& request) {
  return CallExchange(client_, &exchange_v1::Exchange::Stub::CreateSubscription, request);
}

absl::StatusOr<exchange_v1::Subscription> TopicSubscriptions::Get(const std::string& name) {
  return CallWithName(client_, &exchange_v1::Exchange::Stub::GetSubscription, name);
}

absl::StatusOr<std::vector<exchange_v1::Subscription>> TopicSubscriptions::List() {
  std::vector<exchange_v1::Subscription> all;
  exchange_v1::ListSubscriptionsRequest request;
  do {
    ASSIGN_OR_RETURN(const auto page,
                     CallExchange(client_, &exchange_v1::Exchange::Stub::ListSubscriptions, request));
    all.insert(all.end(), page.subscriptions().begin(), page.subscriptions().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return all;
}

absl::StatusOr<exchange_v1::Subscription> TopicSubscriptions::Pause(const std::string& name) {
  return CallWithName(client_, &exchange_v1::Exchange::Stub::PauseSubscription, name);
}

absl::StatusOr<exchange_v1::Subscription> TopicSubscriptions::Resume(const std::string& name) {
  return CallWithName(client_, &exchange_v1::Exchange::Stub::ResumeSubscription, name);
}

absl::Status TopicSubscriptions::Delete(const std::string& name) {
  return CallWithName(client_, &exchange_v1::Exchange::Stub::DeleteSubscription, name).status();
}

absl::StatusOr<exchange_v1::DeliveryTopic> TopicSubscriptions::Topic(const std::string& name) {
  return CallWithName(client_, &exchange_v1::Exchange::Stub::GetDeliveryTopic, name);
}

absl::StatusOr<std::vector<exchange_v1::ListRecallsResponse::Item>> ListRecalls(Client& client,
                                                                                bool unconfirmed) {
  std::vector<exchange_v1::ListRecallsResponse::Item> recalls;
  exchange_v1::ListRecallsRequest request;
  request.set_unconfirmed(unconfirmed);
  request.set_page_size(limits::kPageMax);
  do {
    ASSIGN_OR_RETURN(auto page, CallExchange(client, &exchange_v1::Exchange::Stub::ListRecalls, request));
    for (auto& item : *page.mutable_items()) recalls.push_back(std::move(item));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return recalls;
}

absl::StatusOr<exchange_v1::ConfirmRecallResponse> ConfirmRecall(
    Client& client, const exchange_v1::ConfirmRecallRequest& request) {
  return CallExchange(client, &exchange_v1::Exchange::Stub::ConfirmRecall, request);
}

}  // namespace hangou

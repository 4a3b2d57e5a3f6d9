#include "services/exchange/exchange_service.h"

#include <functional>
#include <memory>
#include <utility>

#include "libs/rpc/server_stream.h"
#include "libs/rpc/unary.h"

namespace hangou {
namespace {

using hangou::exchange::v1::AcknowledgeRequest;
using hangou::exchange::v1::AcknowledgeResponse;
using hangou::exchange::v1::Delivery;
using hangou::exchange::v1::SubscribeRequest;

// A stream of gRPC as the feed sees it.
class GrpcSink final : public DeliverySink {
 public:
  explicit GrpcSink(std::shared_ptr<ServerStream<Delivery>> stream) : stream_(std::move(stream)) {}

  bool Write(OutgoingDelivery outgoing, std::function<void(bool)> written) override {
    return stream_->Write(std::move(outgoing.delivery), std::move(written));
  }
  void Finish(const absl::Status& status) override { stream_->Finish(status); }
  void FinishNow(const absl::Status& status) override { stream_->FinishNow(status); }

 private:
  const std::shared_ptr<ServerStream<Delivery>> stream_;
};

}  // namespace

ExchangeService::ExchangeService(const ExchangeContext& context, std::optional<ExchangeTopics> topics)
    : feed_(context) {
  if (!topics) return;
  topic_feed_ = std::make_unique<TopicFeed>(
      TopicFeedContext{context, topics->topics, topics->subscription_table, topics->cursor_table});
}

void ExchangeService::Drain() {
  feed_.Drain();
  if (topic_feed_) topic_feed_->Drain();
}

grpc::ServerWriteReactor<Delivery>* ExchangeService::Subscribe(grpc::CallbackServerContext* context,
                                                               const SubscribeRequest* request) {
  return ServerStream<Delivery>::Open(context, {roles::kConsumer},
                                      [this, request](const Caller& caller, const auto& stream) {
                                        const auto sink = std::make_shared<GrpcSink>(stream);
                                        feed_.Subscribe(caller, *request, sink);
                                        stream->WhenCancelled([this, sink] { feed_.Gone(sink); });
                                      });
}

grpc::ServerUnaryReactor* ExchangeService::Acknowledge(grpc::CallbackServerContext* context,
                                                       const AcknowledgeRequest* request,
                                                       AcknowledgeResponse* response) {
  return HandleUnary(context, {roles::kConsumer}, [=, this](const Caller& caller, const CallDone& done) {
    feed_.Acknowledge(caller, *request, [response, done](absl::StatusOr<AcknowledgeResponse> answer) {
      if (answer.ok()) *response = std::move(*answer);
      done(answer.status());
    });
  });
}

grpc::ServerUnaryReactor* ExchangeService::ConfirmRecall(
    grpc::CallbackServerContext* context, const hangou::exchange::v1::ConfirmRecallRequest* request,
    hangou::exchange::v1::ConfirmRecallResponse* response) {
  return HandleUnary(context, {roles::kConsumer}, [=, this](const Caller& caller, const CallDone& done) {
    feed_.ConfirmRecall(caller, *request,
                        [response, done](absl::StatusOr<hangou::exchange::v1::ConfirmRecallResponse> answer) {
                          if (answer.ok()) *response = std::move(*answer);
                          done(answer.status());
                        });
  });
}

grpc::ServerUnaryReactor* ExchangeService::ListRecalls(
    grpc::CallbackServerContext* context, const hangou::exchange::v1::ListRecallsRequest* request,
    hangou::exchange::v1::ListRecallsResponse* response) {
  return HandleUnary(context, {roles::kConsumer, roles::kPublisher},
                     [=, this](const Caller& caller, const CallDone& done) {
                       auto answer = feed_.ListRecalls(caller, *request);
                       if (answer.ok()) *response = std::move(*answer);
                       done(answer.status());
                     });
}

}  // namespace hangou

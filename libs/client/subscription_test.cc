#include "libs/client/subscription.h"

#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <functional>

#include "hangou/exchange/v1/exchange.grpc.pb.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/rpc/status.h"

namespace hangou {
namespace {

namespace exchange_v1 = hangou::exchange::v1;
using exchange_v1::Delivery;

// An exchange with deliveries "1", "2", ... that cuts its streams as a test says.
class ExchangeForTest : public exchange_v1::Exchange::Service {
 public:
  // What comes before the delivery with this number, on the stream with this number (from 1): a status that ends the
  // stream, or OK.
  using Before = std::function<grpc::Status(int stream, int delivery)>;

  explicit ExchangeForTest(Before before) : before_(std::move(before)) {
    grpc::ServerBuilder builder;
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~ExchangeForTest() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::shared_ptr<grpc::Channel> channel() { return server_->InProcessChannel(grpc::ChannelArguments()); }
  std::string acknowledged() {
    MutexLock lock(mutex_);
    return acknowledged_;
  }

 private:
  grpc::Status Subscribe(grpc::ServerContext*, const exchange_v1::SubscribeRequest* request,
                         grpc::ServerWriter<Delivery>* writer) override {
    int stream = 0;
    {
      MutexLock lock(mutex_);
      stream = ++streams_;
    }
    int next = request->has_token() ? std::stoi(request->token()) + 1 : 1;
    for (;; ++next) {
      const grpc::Status status = before_(stream, next);
      if (!status.ok()) return status;
      Delivery delivery;
      delivery.set_token(std::to_string(next));
      if (!writer->Write(delivery)) return grpc::Status::CANCELLED;
    }
  }
  grpc::Status Acknowledge(grpc::ServerContext*, const exchange_v1::AcknowledgeRequest* request,
                           exchange_v1::AcknowledgeResponse*) override {
    MutexLock lock(mutex_);
    acknowledged_ = request->token();
    return grpc::Status::OK;
  }

  const Before before_;
  Mutex mutex_;
  int streams_ HANGOU_GUARDED_BY(mutex_) = 0;
  std::string acknowledged_ HANGOU_GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Server> server_;
};

Subscription::ChannelSource To(ExchangeForTest& server) {
  return [&server](bool) { return server.channel(); };
}

SubscriptionOptions Options(bool acknowledge) {
  SubscriptionOptions options;
  options.request.set_subscription("s");
  options.request.mutable_snapshot();
  options.acknowledge = acknowledge;
  return options;
}

TEST_CASE("A cut stream goes on behind the last delivery") {
  ExchangeForTest server([](int stream, int delivery) {
    return delivery > 3 * stream ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut") : grpc::Status::OK;
  });
  Subscription subscription(To(server), Options(true));
  std::vector<std::string> tokens;
  REQUIRE(subscription
              .Run([&](const Delivery& delivery) {
                tokens.push_back(delivery.token());
                return tokens.size() < 8;
              })
              .ok());
  CHECK(tokens == std::vector<std::string>{"1", "2", "3", "4", "5", "6", "7", "8"});
  CHECK(subscription.reconnects() == 2);
  CHECK(subscription.token() == "8");
  CHECK(server.acknowledged() == "8");
}

TEST_CASE("A subscription that is withdrawn ends with its reason and keeps its token") {
  ExchangeForTest server([](int, int delivery) {
    return delivery > 2 ? ToGrpc(MakeError(Reason::kNegativeList, "withdrawn")) : grpc::Status::OK;
  });
  Subscription subscription(To(server), Options(true));
  const absl::Status ended = subscription.Run([](const Delivery&) { return true; });
  CHECK(ReasonOf(ended) == Reason::kNegativeList);
  CHECK(subscription.token() == "2");
}

TEST_CASE("Nothing is acknowledged where the consumer keeps no cursor") {
  ExchangeForTest server([](int, int) { return grpc::Status::OK; });
  Subscription subscription(To(server), Options(false));
  REQUIRE(subscription.Run([](const Delivery& delivery) { return delivery.token() != "3"; }).ok());
  CHECK(server.acknowledged().empty());
}

TEST_CASE("Reading gives up when the exchange stays away") {
  ExchangeForTest server([](int, int) { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "away"); });
  SubscriptionOptions options = Options(true);
  options.give_up_ms = 100;
  Subscription subscription(To(server), options);
  CHECK(absl::IsUnavailable(subscription.Run([](const Delivery&) { return true; })));
}

}  // namespace
}  // namespace hangou

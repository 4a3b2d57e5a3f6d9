// A subscription of a department, for tests.
#pragma once

#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "hangou/exchange/v1/exchange.grpc.pb.h"
#include "libs/rpc/status.h"
#include "tests/integration/city.h"

namespace hangou {

// An open subscription, read by one thread.
class OpenSubscription {
 public:
  OpenSubscription(City& city, const std::string& department,
                   hangou::exchange::v1::SubscribeRequest request) {
    channel_ = *city.As(department, "consumer").ChannelTo("exchange");
    stub_ = hangou::exchange::v1::Exchange::NewStub(channel_);
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    stream_ = stub_->Subscribe(&context_, request);
  }
  ~OpenSubscription() { context_.TryCancel(); }

  // The next delivery; false where the stream has ended.
  bool Next(hangou::exchange::v1::Delivery* delivery) { return stream_->Read(delivery); }
  // Reads until `count` changes have come.
  std::vector<hangou::exchange::v1::Change> Take(size_t count) {
    std::vector<hangou::exchange::v1::Change> changes;
    hangou::exchange::v1::Delivery delivery;
    while (changes.size() < count && Next(&delivery)) {
      for (const auto& change : delivery.changes()) changes.push_back(change);
      token_ = delivery.token();
    }
    return changes;
  }
  // Reads until the end of what was there.
  void CatchUp() {
    hangou::exchange::v1::Delivery delivery;
    while (!delivery.caught_up()) REQUIRE(Next(&delivery));
  }
  absl::Status End() { return FromGrpc(stream_->Finish()); }
  const std::string& token() const { return token_; }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<hangou::exchange::v1::Exchange::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<hangou::exchange::v1::Delivery>> stream_;
  std::string token_;
};

}  // namespace hangou

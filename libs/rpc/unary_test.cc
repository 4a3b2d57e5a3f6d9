#include "libs/rpc/unary.h"

#include <atomic>
#include <catch2/catch.hpp>

#include "libs/base/event_loop.h"
#include "libs/base/limits.h"
#include "libs/rpc/status.h"
#include "libs/rpc/test_support.h"

namespace hangou {
namespace {

// A server with one consumer.
struct UnaryFixture {
  TestInstallation city;
  TestServer server{city.server()};
  std::shared_ptr<grpc::Channel> channel = server.Channel(city.Identity("psb", roles::kConsumer));
};

TEST_CASE("A reason and a field reach the client as the handler gave them") {
  UnaryFixture fixture;
  fixture.server.library.on_get = [](const Caller&, const auto&, auto*, const CallDone& done) {
    done(MakeError(Reason::kFieldInvalid, "the day does not exist", "birth_date"));
  };
  const absl::Status status = FromGrpc(CallGet(fixture.channel));
  CHECK(ReasonOf(status) == Reason::kFieldInvalid);
  CHECK(FieldOf(status) == "birth_date");
  CHECK(Message(status) == "the day does not exist");
}

TEST_CASE("A call may be ended later, from another thread") {
  UnaryFixture fixture;
  EventLoop loop("test");
  fixture.server.library.on_get = [&](const Caller&, const base_library::v1::GetRequest& request,
                                      base_library::v1::GetResponse* response, CallDone done) {
    loop.Post([&request, response, done = std::move(done)] {
      response->add_records()->set_record_key(request.record_key());
      done(absl::OkStatus());
    });
  };
  const auto stub = base_library::v1::BaseLibrary::NewStub(fixture.channel);
  for (int i = 0; i < 200; ++i) {
    grpc::ClientContext context;
    SetTestDeadline(&context);
    base_library::v1::GetRequest request;
    request.set_record_key(std::to_string(i));
    base_library::v1::GetResponse response;
    REQUIRE(stub->Get(&context, request, &response).ok());
    REQUIRE(response.records_size() == 1);
    REQUIRE(response.records(0).record_key() == std::to_string(i));
  }
}

TEST_CASE("A call whose work was dropped is answered as draining, not left hanging") {
  UnaryFixture fixture;
  auto loop = std::make_unique<EventLoop>("test");
  fixture.server.library.on_get = [&](const Caller&, const auto&, auto*, CallDone done) {
    // A read that is answered so is tried again.
    if (!loop) return done(MakeError(Reason::kDraining, "test"));
    loop->Stop();
    loop->Post([done = std::move(done)] { done(absl::OkStatus()); });
    loop.reset();
  };
  CHECK(ReasonOf(FromGrpc(CallGet(fixture.channel))) == Reason::kDraining);
}

TEST_CASE("A call whose deadline has passed is not worked on") {
  UnaryFixture fixture;
  std::atomic<bool> entered = false;
  std::atomic<bool> worked = false;
  Eventually<bool> left;
  fixture.server.library.before_get = [&](const grpc::CallbackServerContext& context) {
    entered = true;
    Eventually<int> never_set;
    static_cast<void>(
        never_set.Wait([&](int) { return std::chrono::system_clock::now() > context.deadline(); }));
  };
  fixture.server.library.on_get = [&](const Caller&, const auto&, auto*, const CallDone& done) {
    worked = true;
    done(absl::OkStatus());
  };
  fixture.server.library.after_get = [&] { left.Update([](bool& value) { value = true; }); };
  REQUIRE(fixture.channel->WaitForConnected(std::chrono::system_clock::now() +
                                            std::chrono::milliseconds(kTestWaitMs)));
  const auto stub = base_library::v1::BaseLibrary::NewStub(fixture.channel);
  // On a busy machine a call with so short a deadline may not even arrive; then the next one does.
  while (!entered) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
    base_library::v1::GetResponse response;
    CHECK(stub->Get(&context, {}, &response).error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
  }
  CHECK(left.Wait([](bool value) { return value; }));
  CHECK_FALSE(worked);
}

TEST_CASE("A call without a deadline is bounded by the platform's own") {
  UnaryFixture fixture;
  std::atomic<int64_t> remaining = -1;
  fixture.server.library.before_get = [&](const grpc::CallbackServerContext& context) {
    remaining = RemainingMs(context);
  };
  grpc::ClientContext context;
  base_library::v1::GetResponse response;
  REQUIRE(base_library::v1::BaseLibrary::NewStub(fixture.channel)->Get(&context, {}, &response).ok());
  CHECK(remaining == limits::kCallMs);
  REQUIRE(CallGet(fixture.channel).ok());
  CHECK(remaining > 0);
  CHECK(remaining < limits::kCallMs);
}

TEST_CASE("Unary calls per second, 64 outstanding", "[.][benchmark]") {
  UnaryFixture fixture;
  constexpr int kOutstanding = 64;
  constexpr int kCalls = 100'000;
  const auto stub = base_library::v1::BaseLibrary::NewStub(fixture.channel);
  struct Call {
    grpc::ClientContext context;
    base_library::v1::GetRequest request;
    base_library::v1::GetResponse response;
  };
  std::atomic<int> begun = 0;
  Eventually<int> ended;
  std::function<void()> next = [&] {
    if (begun++ >= kCalls) return;
    const auto call = std::make_shared<Call>();
    stub->async()->Get(&call->context, &call->request, &call->response,
                       [&, call](const grpc::Status& status) {
                         HANGOU_CHECK(status.ok(), "a call failed");
                         next();
                         ended.Update([](int& count) { ++count; });
                       });
  };
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kOutstanding; ++i) next();
  REQUIRE(ended.Wait([](int count) { return count == kCalls; }));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  WARN(kCalls / took.count() << " calls per second, client and server in one process");
}

}  // namespace
}  // namespace hangou

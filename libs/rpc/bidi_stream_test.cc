#include "libs/rpc/bidi_stream.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "libs/base/event_loop.h"
#include "libs/base/limits.h"
#include "libs/rpc/status.h"
#include "libs/rpc/test_support.h"

namespace hangou {
namespace {

using base_library::v1::PublishRequest;
using base_library::v1::PublishResponse;
using Stream = ScriptedLibrary::Stream;
using StreamPtr = std::shared_ptr<Stream>;

PublishRequest Batch(int number) {
  PublishRequest request;
  request.set_request_id(std::to_string(number));
  return request;
}

PublishResponse Answer(const std::string& request_id) {
  PublishResponse response;
  response.set_request_id(request_id);
  return response;
}

// The batches that a server has been given and not answered, for a test to answer.
struct Inbox {
  struct Item {
    StreamPtr stream;
    std::string id;
  };
  Stream::OnRequest Handler() {
    return [this](const StreamPtr& stream, PublishRequest request) {
      items.Update([&](auto& all) { all.push_back({stream, request.request_id()}); });
    };
  }
  bool WaitFor(size_t count) {
    return items.Wait([=](const auto& all) { return all.size() >= count; });
  }
  size_t size() { return items.Get().size(); }
  Eventually<std::vector<Item>> items;  // all that ever came
};

// A server with an inbox and one publisher with a stream to it.
struct Fixture {
  Fixture() { server.library.on_publish = inbox.Handler(); }
  void Open() {
    SetTestDeadline(&context);
    call = stub->Publish(&context);
  }
  void Reply(size_t index) {
    const Inbox::Item item = inbox.items.Get().at(index);
    item.stream->Reply(Answer(item.id));
  }
  // A unary call on the same connection: when it returns, the server's side has had what was sent before.
  void Fence() {
    grpc::ClientContext unary;
    SetTestDeadline(&unary);
    base_library::v1::GetResponse response;
    CHECK(stub->Get(&unary, {}, &response).error_code() == grpc::StatusCode::PERMISSION_DENIED);
  }

  TestInstallation city;
  Inbox inbox;
  TestServer server{city.server()};
  std::unique_ptr<base_library::v1::BaseLibrary::Stub> stub =
      base_library::v1::BaseLibrary::NewStub(server.Channel(city.Identity("psb", roles::kPublisher)));
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<PublishRequest, PublishResponse>> call;
};

TEST_CASE("Batches are answered in any order, and the stream ends with OK when all are") {
  Fixture fixture;
  fixture.Open();
  for (int i = 0; i < 3; ++i) REQUIRE(fixture.call->Write(Batch(i)));
  REQUIRE(fixture.call->WritesDone());
  REQUIRE(fixture.inbox.WaitFor(3));
  CHECK(fixture.inbox.items.Get()[0].stream->caller().department == "psb");
  for (const size_t index : {2, 0, 1}) {
    fixture.Reply(index);
    PublishResponse response;
    REQUIRE(fixture.call->Read(&response));
    CHECK(response.request_id() == std::to_string(index));
  }
  PublishResponse none;
  CHECK_FALSE(fixture.call->Read(&none));
  CHECK(fixture.call->Finish().ok());
}

TEST_CASE("Beyond the limit of unanswered batches nothing is read until one is answered") {
  Fixture fixture;
  fixture.Open();
  constexpr size_t kSent = limits::kUnansweredBatches + 4;
  for (size_t i = 0; i < kSent; ++i) REQUIRE(fixture.call->Write(Batch(static_cast<int>(i))));
  for (size_t answered = 0; answered < kSent; ++answered) {
    const size_t expected = std::min(kSent, answered + limits::kUnansweredBatches);
    REQUIRE(fixture.inbox.WaitFor(expected));
    for (int i = 0; i < 3; ++i) fixture.Fence();
    CHECK(fixture.inbox.size() == expected);
    fixture.Reply(answered);
    PublishResponse response;
    REQUIRE(fixture.call->Read(&response));
  }
  REQUIRE(fixture.call->WritesDone());
  CHECK(fixture.call->Finish().ok());
}

TEST_CASE("A stream that is cut in the middle drops the replies that come later") {
  Fixture fixture;
  fixture.Open();
  for (int i = 0; i < 4; ++i) REQUIRE(fixture.call->Write(Batch(i)));
  REQUIRE(fixture.inbox.WaitFor(4));
  fixture.Reply(0);
  fixture.context.TryCancel();
  CHECK(fixture.call->Finish().error_code() == grpc::StatusCode::CANCELLED);
  const std::weak_ptr<Stream> stream = fixture.inbox.items.Get()[1].stream;
  for (size_t i = 1; i < 4; ++i) fixture.Reply(i);
  fixture.inbox.items.Update([](auto& all) { all.clear(); });
  // Once gRPC has let go too, nothing holds the stream.
  CHECK(fixture.inbox.items.Wait([&](const auto&) { return stream.expired(); }));
}

TEST_CASE("A reply after the server has gone is dropped") {
  TestInstallation city;
  Inbox inbox;
  {
    TestServer server(city.server());
    server.library.on_publish = inbox.Handler();
    grpc::ClientContext context;
    SetTestDeadline(&context);
    const auto stub =
        base_library::v1::BaseLibrary::NewStub(server.Channel(city.Identity("psb", roles::kPublisher)));
    const auto call = stub->Publish(&context);
    REQUIRE(call->Write(Batch(1)));
    REQUIRE(inbox.WaitFor(1));
    server.rpc->Shutdown(0);
    CHECK_FALSE(call->Finish().ok());
  }
  const Inbox::Item item = inbox.items.Get().front();
  item.stream->Reply(Answer(item.id));
  item.stream->Finish(absl::OkStatus());
}

TEST_CASE("A stream that the server ends carries the reason, behind the replies given before") {
  Fixture fixture;
  fixture.Open();
  for (int i = 0; i < 3; ++i) REQUIRE(fixture.call->Write(Batch(i)));
  REQUIRE(fixture.inbox.WaitFor(3));
  const StreamPtr stream = fixture.inbox.items.Get()[0].stream;
  fixture.Reply(0);
  fixture.Reply(1);
  stream->Finish(MakeError(Reason::kDraining, "the service is stopping"));
  fixture.Reply(2);
  PublishResponse response;
  CHECK(fixture.call->Read(&response));
  CHECK(fixture.call->Read(&response));
  CHECK_FALSE(fixture.call->Read(&response));
  CHECK(ReasonOf(FromGrpc(fixture.call->Finish())) == Reason::kDraining);
}

TEST_CASE("A stream of the wrong role is refused and its batches are never seen") {
  Fixture fixture;
  const auto stub = base_library::v1::BaseLibrary::NewStub(
      fixture.server.Channel(fixture.city.Identity("psb", roles::kConsumer)));
  SetTestDeadline(&fixture.context);
  const auto call = stub->Publish(&fixture.context);
  call->Write(Batch(1));
  PublishResponse response;
  CHECK_FALSE(call->Read(&response));
  CHECK(ReasonOf(FromGrpc(call->Finish())) == Reason::kRoleRequired);
  CHECK(fixture.inbox.size() == 0);
}

// One client of the test below: sends batches, reads replies beside, sometimes leaves in the middle. Returns how many
// of its replies were missing or doubled although it stayed to the end.
int RunClient(base_library::v1::BaseLibrary::Stub* stub, int batches, int leave_after) {
  grpc::ClientContext context;
  SetTestDeadline(&context);
  const auto call = stub->Publish(&context);
  std::vector<int> answered(static_cast<size_t>(batches));
  std::thread reader([&] {
    PublishResponse response;
    for (int count = 0; call->Read(&response); ++count) {
      ++answered[static_cast<size_t>(std::stoi(response.request_id()))];
      if (count == leave_after) context.TryCancel();
    }
  });
  for (int i = 0; i < batches && call->Write(Batch(i)); ++i) {
  }
  call->WritesDone();
  reader.join();
  if (!call->Finish().ok()) return 0;
  return static_cast<int>(
      std::count_if(answered.begin(), answered.end(), [](int count) { return count != 1; }));
}

TEST_CASE("Replies from many threads, with clients that leave in the middle, are neither lost nor doubled") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  TestInstallation city;
  std::vector<std::unique_ptr<EventLoop>> loops;
  for (int i = 0; i < 3; ++i) loops.push_back(std::make_unique<EventLoop>("test"));
  std::atomic<unsigned> turn = seed;
  TestServer server(city.server());
  server.library.on_publish = [&](const StreamPtr& stream, const PublishRequest& request) {
    const unsigned n = turn++;
    loops[n % loops.size()]->PostAfter(n % 3,
                                       [stream, id = request.request_id()] { stream->Reply(Answer(id)); });
  };
  const auto stub =
      base_library::v1::BaseLibrary::NewStub(server.Channel(city.Identity("psb", roles::kPublisher)));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> clients;
  for (unsigned i = 0; i < 4; ++i) {
    clients.emplace_back([&, i] {
      std::mt19937 random(seed + i);
      for (int round = 0; round < 6; ++round) {
        const int batches = 1 + static_cast<int>(random() % 60);
        wrong += RunClient(stub.get(), batches, static_cast<int>(random() % 120));
      }
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace hangou

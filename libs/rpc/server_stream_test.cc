#include "libs/rpc/server_stream.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "libs/rpc/status.h"
#include "libs/rpc/test_support.h"

namespace hangou {
namespace {

using catalog::v1::PolicyUpdate;
using UpdateStream = ScriptedCatalog::Stream;
using UpdateStreamPtr = std::shared_ptr<UpdateStream>;

// More than the windows and buffers of a connection take while its client does not read.
constexpr size_t kLargeBytes = 12 << 20;

PolicyUpdate Update(uint64_t epoch, size_t bytes = 0) {
  PolicyUpdate update;
  update.set_epoch(epoch);
  if (bytes != 0) update.add_managers(std::string(bytes, 'x'));
  return update;
}

// A server whose streams a test holds, and one client of them.
struct StreamFixture {
  StreamFixture() {
    server.catalog.on_watch = [this](const Caller&, const UpdateStreamPtr& stream) {
      opened.Update([&](UpdateStreamPtr& value) { value = stream; });
    };
  }
  // Opens a call and gives the server's end of it.
  UpdateStreamPtr Open() {
    SetTestDeadline(&context);
    call = stub->WatchPolicy(&context, {});
    REQUIRE(opened.Wait([](const UpdateStreamPtr& value) { return value != nullptr; }));
    return opened.Get();
  }
  std::function<void(bool)> CountWritten() {
    return [this](bool ok) { written.Update([&](auto& all) { all.push_back(ok); }); };
  }
  bool WaitWritten(size_t count) {
    return written.Wait([=](const auto& all) { return all.size() >= count; });
  }
  void Fence() {
    grpc::ClientContext unary;
    SetTestDeadline(&unary);
    catalog::v1::RenewLeaseResponse response;
    CHECK(stub->RenewLease(&unary, {}, &response).ok());
  }

  Eventually<UpdateStreamPtr> opened;
  Eventually<std::vector<bool>> written;
  TestInstallation city;
  TestServer server{city.server()};
  std::unique_ptr<catalog::v1::Catalog::Stub> stub =
      catalog::v1::Catalog::NewStub(server.Channel(city.Identity("platform", roles::kService)));
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReader<PolicyUpdate>> call;
};

TEST_CASE("Messages arrive in order, then the status with its reason") {
  StreamFixture fixture;
  const UpdateStreamPtr stream = fixture.Open();
  for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
    REQUIRE(stream->Write(Update(epoch), fixture.CountWritten()));
    REQUIRE(fixture.WaitWritten(epoch));
    CHECK(fixture.written.Get().back());
  }
  stream->Finish(MakeError(Reason::kNegativeList, "withdrawn"));
  CHECK_FALSE(stream->Write(Update(4), fixture.CountWritten()));
  PolicyUpdate update;
  for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
    REQUIRE(fixture.call->Read(&update));
    CHECK(update.epoch() == epoch);
  }
  CHECK_FALSE(fixture.call->Read(&update));
  CHECK(ReasonOf(FromGrpc(fixture.call->Finish())) == Reason::kNegativeList);
}

TEST_CASE("A stream may be written and ended before the method has returned") {
  StreamFixture fixture;
  fixture.server.catalog.on_watch = [](const Caller&, const UpdateStreamPtr& stream) {
    CHECK(stream->Write(Update(7), [stream](bool) { stream->Finish(absl::OkStatus()); }));
  };
  SetTestDeadline(&fixture.context);
  fixture.call = fixture.stub->WatchPolicy(&fixture.context, {});
  PolicyUpdate update;
  REQUIRE(fixture.call->Read(&update));
  CHECK(update.epoch() == 7);
  CHECK_FALSE(fixture.call->Read(&update));
  CHECK(fixture.call->Finish().ok());
}

TEST_CASE("A reader that does not read holds up one message, and it is not called written") {
  StreamFixture fixture;
  const UpdateStreamPtr stream = fixture.Open();
  REQUIRE(stream->Write(Update(1, kLargeBytes), fixture.CountWritten()));
  for (int i = 0; i < 5; ++i) fixture.Fence();
  CHECK(fixture.written.Get().empty());
  PolicyUpdate update;
  REQUIRE(fixture.call->Read(&update));
  REQUIRE(fixture.WaitWritten(1));
  CHECK(fixture.written.Get()[0]);
  stream->Finish(absl::OkStatus());
  CHECK_FALSE(fixture.call->Read(&update));
  CHECK(fixture.call->Finish().ok());
}

TEST_CASE("A reader that does not read can be dropped") {
  StreamFixture fixture;
  const UpdateStreamPtr stream = fixture.Open();
  REQUIRE(stream->Write(Update(1, kLargeBytes), fixture.CountWritten()));
  stream->FinishNow(MakeError(Reason::kSlowConsumer, "resume from the token"));
  REQUIRE(fixture.WaitWritten(1));
  CHECK_FALSE(fixture.written.Get()[0]);
  PolicyUpdate update;
  CHECK_FALSE(fixture.call->Read(&update));
  CHECK(fixture.call->Finish().error_code() == grpc::StatusCode::CANCELLED);
}

TEST_CASE("FinishNow with nothing in the way carries the reason") {
  StreamFixture fixture;
  const UpdateStreamPtr stream = fixture.Open();
  stream->FinishNow(MakeError(Reason::kSlowConsumer, "resume from the token"));
  CHECK(ReasonOf(FromGrpc(fixture.call->Finish())) == Reason::kSlowConsumer);
}

TEST_CASE("A client that goes away cancels the stream once, and later writes do nothing") {
  StreamFixture fixture;
  UpdateStreamPtr stream = fixture.Open();
  Eventually<int> cancelled;
  const auto count = [&] { cancelled.Update([](int& value) { ++value; }); };
  stream->WhenCancelled(count);
  REQUIRE(stream->Write(Update(1, kLargeBytes), fixture.CountWritten()));
  fixture.context.TryCancel();
  CHECK(fixture.call->Finish().error_code() == grpc::StatusCode::CANCELLED);
  CHECK(cancelled.Wait([](int value) { return value == 1; }));
  REQUIRE(fixture.WaitWritten(1));
  CHECK_FALSE(fixture.written.Get()[0]);
  CHECK_FALSE(stream->Write(Update(2), fixture.CountWritten()));
  stream->Finish(absl::OkStatus());
  CHECK(cancelled.Get() == 1);
  stream->WhenCancelled(count);
  const std::weak_ptr<UpdateStream> weak = stream;
  stream.reset();
  fixture.opened.Update([](UpdateStreamPtr& value) { value.reset(); });
  CHECK(cancelled.Wait([&](int) { return weak.expired(); }));
}

TEST_CASE("Callbacks that hold their own stream are let go at its end") {
  StreamFixture fixture;
  std::weak_ptr<UpdateStream> weak;
  {
    const UpdateStreamPtr stream = fixture.Open();
    weak = stream;
    stream->WhenCancelled([stream] {});
    REQUIRE(stream->Write(Update(1), [stream](bool) {}));
    stream->Finish(absl::OkStatus());
  }
  fixture.opened.Update([](UpdateStreamPtr& value) { value.reset(); });
  PolicyUpdate update;
  while (fixture.call->Read(&update)) {
  }
  CHECK(fixture.call->Finish().ok());
  CHECK(fixture.written.Wait([&](const auto&) { return weak.expired(); }));
}

TEST_CASE("A stream of the wrong role is refused before it opens") {
  StreamFixture fixture;
  const auto stub =
      catalog::v1::Catalog::NewStub(fixture.server.Channel(fixture.city.Identity("psb", roles::kConsumer)));
  SetTestDeadline(&fixture.context);
  CHECK(ReasonOf(FromGrpc(stub->WatchPolicy(&fixture.context, {})->Finish())) == Reason::kRoleRequired);
  CHECK(fixture.opened.Get() == nullptr);
}

TEST_CASE("Shutdown cancels the streams that are open, and a stream outlives its server unharmed") {
  StreamFixture fixture;
  const UpdateStreamPtr stream = fixture.Open();
  Eventually<bool> cancelled;
  stream->WhenCancelled([&] { cancelled.Update([](bool& value) { value = true; }); });
  fixture.server.rpc->Shutdown(10);
  CHECK(cancelled.Get());
  CHECK_FALSE(stream->Write(Update(1), fixture.CountWritten()));
  stream->Finish(absl::OkStatus());
  CHECK_FALSE(fixture.call->Finish().ok());
}

TEST_CASE("Writing, ending and leaving at the same time does no harm") {
  StreamFixture fixture;
  for (int round = 0; round < 40; ++round) {
    grpc::ClientContext context;
    SetTestDeadline(&context);
    fixture.opened.Update([](UpdateStreamPtr& value) { value.reset(); });
    const auto call = fixture.stub->WatchPolicy(&context, {});
    REQUIRE(fixture.opened.Wait([](const UpdateStreamPtr& value) { return value != nullptr; }));
    const UpdateStreamPtr stream = fixture.opened.Get();
    std::thread leaves([&] { context.TryCancel(); });
    std::thread ends([&] { stream->Finish(absl::OkStatus()); });
    std::thread drops([&] { stream->FinishNow(MakeError(Reason::kSlowConsumer, "x")); });
    static_cast<void>(stream->Write(Update(1, 1 << 20), [stream](bool) {}));
    stream->WhenCancelled([stream] {});
    leaves.join();
    ends.join();
    drops.join();
    static_cast<void>(call->Finish());
  }
}

}  // namespace
}  // namespace hangou

#include "libs/rpc/rpc_metrics.h"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "libs/rpc/status.h"
#include "libs/rpc/test_support.h"

namespace hangou {
namespace {

constexpr char kGet[] = "method=\"hangou.base_library.v1.BaseLibrary/Get\"";
constexpr char kPublish[] = "method=\"hangou.base_library.v1.BaseLibrary/Publish\"";
constexpr char kWatch[] = "method=\"hangou.catalog.v1.Catalog/WatchPolicy\"";

// A server whose calls are counted.
struct CountedServer {
  CountedServer() {
    library.on_publish = [](const auto& stream, const auto&) { stream->Reply({}); };
    catalog.on_watch = [this](const Caller&, const auto& stream) {
      watch.Update([&](auto& kept) { kept = stream; });
    };
    auto started = RpcServer::Start(
        {.identity_folder = city.server(), .services = {&library, &catalog}, .metrics = &metrics});
    HANGOU_CHECK(started.ok(), Message(started.status()));
    rpc = std::move(*started);
  }
  std::shared_ptr<grpc::Channel> Channel(std::string_view role) {
    auto channel = MakeChannel(rpc->address(), city.Identity("psb", role));
    HANGOU_CHECK(channel.ok(), Message(channel.status()));
    return *channel;
  }
  std::string Text() const {
    MetricsPage page;
    metrics.Collect(page);
    return page.Text();
  }
  bool Has(const std::string& line) const { return Text().find(line + "\n") != std::string::npos; }

  TestInstallation city;
  RpcMetrics metrics;
  ScriptedLibrary library;
  ScriptedCatalog catalog;
  Eventually<std::shared_ptr<ScriptedCatalog::Stream>> watch;
  std::unique_ptr<RpcServer> rpc;  // last: it goes first
};

std::string Series(const std::string& name, const std::string& labels, int value) {
  return "hangou_rpc_" + name + "{" + labels + "} " + std::to_string(value);
}

}  // namespace

TEST_CASE("Unary calls are counted by method and code, errors by reason, refused callers too") {
  CountedServer server;
  CHECK(server.Text().find(kGet) == std::string::npos);
  const auto consumer = server.Channel(roles::kConsumer);
  for (int i = 0; i < 3; ++i) REQUIRE(CallGet(consumer).ok());
  server.library.on_get = [](const Caller&, const auto&, auto*, const CallDone& done) {
    done(MakeError(Reason::kNoGrant, "no"));
  };
  CHECK_FALSE(CallGet(consumer).ok());
  server.library.on_get = [](const Caller&, const auto&, auto*, const CallDone& done) {
    done(absl::DeadlineExceededError("late"));
  };
  CHECK_FALSE(CallGet(consumer).ok());
  CHECK_FALSE(CallGet(server.Channel(roles::kManager)).ok());
  INFO(server.Text());
  const std::string get = kGet;
  CHECK(server.Has(Series("requests_total", get + ",code=\"OK\"", 3)));
  CHECK(server.Has(Series("requests_total", get + ",code=\"PERMISSION_DENIED\"", 2)));
  CHECK(server.Has(Series("requests_total", get + ",code=\"DEADLINE_EXCEEDED\"", 1)));
  CHECK(server.Has(Series("errors_total", get + ",reason=\"NO_GRANT\"", 1)));
  CHECK(server.Has(Series("errors_total", get + ",reason=\"ROLE_REQUIRED\"", 1)));
  CHECK(server.Has(Series("errors_total", get + ",reason=\"NONE\"", 1)));
  CHECK(server.Has(Series("duration_seconds_count", get, 6)));
  CHECK(server.Text().find("streams") == std::string::npos);
  server.library.on_get = [](const Caller&, const auto&, auto*, const CallDone&) {};  // lets the call go
  CHECK_FALSE(CallGet(consumer).ok());
  // The client's channel has tried it again.
  CHECK(server.Text().find("hangou_rpc_errors_total{" + get + ",reason=\"DRAINING\"} ") != std::string::npos);
}

TEST_CASE("A publication counts one call, and a duration for each batch") {
  CountedServer server;
  const auto stub = base_library::v1::BaseLibrary::NewStub(server.Channel(roles::kPublisher));
  grpc::ClientContext context;
  SetTestDeadline(&context);
  const auto stream = stub->Publish(&context);
  base_library::v1::PublishResponse response;
  for (int i = 0; i < 5; ++i) {
    REQUIRE(stream->Write({}));
    REQUIRE(stream->Read(&response));
  }
  CHECK(server.Has(Series("streams", kPublish, 1)));
  CHECK(server.Has(Series("duration_seconds_count", kPublish, 5)));
  REQUIRE(stream->WritesDone());
  REQUIRE(stream->Finish().ok());
  INFO(server.Text());
  CHECK(server.Has(Series("streams", kPublish, 0)));
  CHECK(server.Has(Series("requests_total", std::string(kPublish) + ",code=\"OK\"", 1)));
}

TEST_CASE("A watch is an open stream until it ends, also when the client goes away") {
  CountedServer server;
  const auto stub = catalog::v1::Catalog::NewStub(server.Channel(roles::kManager));
  {
    grpc::ClientContext refused;
    SetTestDeadline(&refused);
    const auto stream = stub->WatchPolicy(&refused, {});
    CHECK_FALSE(stream->Finish().ok());
  }
  const auto service = catalog::v1::Catalog::NewStub(server.rpc->InProcessChannel());
  grpc::ClientContext context;
  SetTestDeadline(&context);
  const auto stream = service->WatchPolicy(&context, {});
  REQUIRE(server.watch.Wait([](const auto& kept) { return kept != nullptr; }));
  CHECK(server.Has(Series("streams", kWatch, 1)));
  Eventually<bool> gone;
  server.watch.Get()->WhenCancelled([&] { gone.Update([](bool& value) { value = true; }); });
  context.TryCancel();
  REQUIRE(gone.Wait([](bool value) { return value; }));
  INFO(server.Text());
  CHECK(server.Has(Series("streams", kWatch, 0)));
  CHECK(server.Has(Series("requests_total", std::string(kWatch) + ",code=\"CANCELLED\"", 1)));
  CHECK(server.Has(Series("errors_total", std::string(kWatch) + ",reason=\"ROLE_REQUIRED\"", 1)));
}

TEST_CASE("Calls from many threads are all counted, each with its own server") {
  CountedServer first;
  CountedServer second;
  std::vector<std::thread> callers;
  std::atomic<int> failed{0};
  for (int i = 0; i < 4; ++i) {
    CountedServer& server = i < 3 ? first : second;
    callers.emplace_back([&failed, channel = server.rpc->InProcessChannel()] {
      for (int n = 0; n < 200; ++n) failed += CallGet(channel).ok() ? 0 : 1;
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(failed == 0);
  CHECK(first.Has(Series("requests_total", std::string(kGet) + ",code=\"OK\"", 600)));
  CHECK(second.Has(Series("requests_total", std::string(kGet) + ",code=\"OK\"", 200)));
}

}  // namespace hangou

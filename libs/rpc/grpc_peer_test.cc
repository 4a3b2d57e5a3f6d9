#include "libs/rpc/grpc_peer.h"

#include <catch2/catch.hpp>
#include <deque>

#include "libs/peer/peer_contract.h"
#include "libs/rpc/test_support.h"

namespace hangou {
namespace {

using catalog::v1::PolicyUpdate;
using CatalogStreamPtr = std::shared_ptr<ScriptedCatalog::Stream>;

// Longest call of these tests.
constexpr int64_t kCallMs = 10'000;

// A server and a peer that reaches it by mutual TLS or inside the process.
struct PeerFixture {
  explicit PeerFixture(bool in_process)
      : channel(in_process ? server.rpc->InProcessChannel()
                           : server.Channel(city.Identity("platform", roles::kService))) {}

  TestInstallation city;
  TestServer server{city.server()};
  std::shared_ptr<grpc::Channel> channel;
  GrpcPeer peer{channel,
                [this](const std::string& library) { return library != "credit" ? channel : nullptr; }};
};

// What a watcher has been told.
struct Watched {
  std::vector<uint64_t> epochs;
  std::vector<absl::Status> ends;
};

std::unique_ptr<PeerStream> Watch(PeerFixture& fixture, Eventually<Watched>* watched) {
  return fixture.peer.WatchPolicy(
      "test",
      [=](const PolicyUpdate& update) {
        watched->Update([&](Watched& value) { value.epochs.push_back(update.epoch()); });
      },
      [=](const absl::Status& status) {
        watched->Update([&](Watched& value) { value.ends.push_back(status); });
      });
}

// A catalog's side of WatchPolicy: the last full state and what came after it, then every update, to every stream.
// Thread-safe.
class PolicyFeed {
 public:
  void Add(const CatalogStreamPtr& stream) {
    const auto line = std::make_shared<Line>(stream);
    MutexLock lock(mutex_);
    for (const PolicyUpdate& update : state_) line->Push(update);
    lines_.push_back(line);
  }
  void Push(const PolicyUpdate& update) {
    MutexLock lock(mutex_);
    if (update.full()) state_.clear();
    state_.push_back(update);
    for (const auto& line : lines_) line->Push(update);
  }
  void EndAll() {
    MutexLock lock(mutex_);
    for (const auto& line : lines_) line->stream->Finish(MakeError(Reason::kDraining, "stopping"));
    lines_.clear();
  }

 private:
  // What waits for one stream, which takes one message at a time.
  struct Line : std::enable_shared_from_this<Line> {
    explicit Line(CatalogStreamPtr to) : stream(std::move(to)) {}
    void Push(const PolicyUpdate& update) {
      MutexLock lock(mutex);
      waiting.push_back(update);
      if (!writing) WriteNext();
    }
    void WriteNext() HANGOU_REQUIRES(mutex) {
      writing = !waiting.empty();
      if (!writing) return;
      PolicyUpdate update = std::move(waiting.front());
      waiting.pop_front();
      static_cast<void>(stream->Write(std::move(update), [self = this->shared_from_this()](bool ok) {
        MutexLock lock(self->mutex);
        if (ok) self->WriteNext();
      }));
    }
    const CatalogStreamPtr stream;
    Mutex mutex;
    std::deque<PolicyUpdate> waiting HANGOU_GUARDED_BY(mutex);
    bool writing HANGOU_GUARDED_BY(mutex) = false;
  };

  Mutex mutex_;
  std::vector<PolicyUpdate> state_ HANGOU_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Line>> lines_ HANGOU_GUARDED_BY(mutex_);
};

// The far side over mutual TLS; cutting it stops the server.
class NetworkWorld : public PeerWorld {
 public:
  NetworkWorld() : fixture_(false), address_(fixture_.server.rpc->address()) {
    fixture_.server.catalog.on_watch = [this](const Caller&, const CatalogStreamPtr& stream) {
      feed_.Add(stream);
    };
  }
  Peer& peer() override { return fixture_.peer; }
  void OnRenew(MemoryPeer::RenewAnswer answer) override {
    fixture_.server.catalog.on_renew = [answer = std::move(answer)](const auto& request, auto* response) {
      auto answered = answer(request);
      if (answered.ok()) *response = *std::move(answered);
      return answered.status();
    };
  }
  void OnScan(MemoryPeer::ScanAnswer answer) override {
    fixture_.server.library.on_scan = [answer = std::move(answer)](const auto& request, auto* response) {
      auto answered = answer("population", request);
      if (answered.ok()) *response = *std::move(answered);
      return answered.status();
    };
  }
  void PushPolicy(const PolicyUpdate& update) override { feed_.Push(update); }
  void EndWatches() override { feed_.EndAll(); }
  void Cut() override { fixture_.server.rpc.reset(); }
  void Restore() override { fixture_.server.Start(fixture_.city.server(), address_); }

 private:
  PolicyFeed feed_;  // the server's streams use it
  PeerFixture fixture_;
  const std::string address_;
};

TEST_CASE("The peer over gRPC keeps the contract of the seam") {
  CheckPeerContract([] { return std::make_unique<NetworkWorld>(); });
}

TEST_CASE("A lease is renewed over the network and inside the process") {
  PeerFixture fixture(GENERATE(false, true));
  fixture.server.catalog.on_renew = [](const auto& request, auto* response) {
    response->set_nonce(request.nonce());
    response->set_newest_epoch(9);
    return absl::OkStatus();
  };
  catalog::v1::RenewLeaseRequest request;
  request.set_nonce("n");
  const auto response = fixture.peer.RenewLease(request, kCallMs);
  REQUIRE(response.ok());
  CHECK(response->nonce() == "n");
  CHECK(response->newest_epoch() == 9);
}

TEST_CASE("A refusal comes back with its reason") {
  PeerFixture fixture(true);
  fixture.server.catalog.on_renew = [](const auto&, auto*) {
    return MakeError(Reason::kDraining, "stopping");
  };
  CHECK(ReasonOf(fixture.peer.RenewLease({}, kCallMs).status()) == Reason::kDraining);
}

TEST_CASE("A catalog that is gone is UNAVAILABLE") {
  PeerFixture fixture(false);
  fixture.server.rpc.reset();
  CHECK(absl::IsUnavailable(fixture.peer.RenewLease({}, kCallMs).status()));
}

TEST_CASE("The policy's updates come in order, then its end once") {
  PeerFixture fixture(GENERATE(false, true));
  fixture.server.catalog.on_watch = [](const Caller&, const CatalogStreamPtr& stream) {
    PolicyUpdate first;
    first.set_epoch(1);
    CHECK(stream->Write(first, [stream](bool) {
      PolicyUpdate second;
      second.set_epoch(2);
      stream->Write(second, [stream](bool) { stream->Finish(MakeError(Reason::kDraining, "stopping")); });
    }));
  };
  Eventually<Watched> watched;
  const auto stream = Watch(fixture, &watched);
  REQUIRE(watched.Wait([](const Watched& value) { return !value.ends.empty(); }));
  CHECK(watched.Get().epochs == std::vector<uint64_t>{1, 2});
  CHECK(watched.Get().ends.size() == 1);
  CHECK(ReasonOf(watched.Get().ends[0]) == Reason::kDraining);
}

TEST_CASE("A watch that is dropped is cancelled, and nothing is called afterwards") {
  PeerFixture fixture(GENERATE(false, true));
  Eventually<CatalogStreamPtr> opened;
  Eventually<bool> cancelled;
  fixture.server.catalog.on_watch = [&](const Caller&, const CatalogStreamPtr& stream) {
    stream->WhenCancelled([&] { cancelled.Update([](bool& value) { value = true; }); });
    opened.Update([&](CatalogStreamPtr& value) { value = stream; });
  };
  {
    Eventually<Watched> watched;  // gone before the server's end is: a late call would touch it
    const auto stream = Watch(fixture, &watched);
    REQUIRE(opened.Wait([](const CatalogStreamPtr& value) { return value != nullptr; }));
  }
  CHECK(cancelled.Wait([](bool value) { return value; }));
}

TEST_CASE("Raw records are read from the library that is asked for") {
  PeerFixture fixture(GENERATE(false, true));
  base_library::v1::ScanRequest request;
  request.set_partition(7);
  const auto response = fixture.peer.Scan("tax", request, kCallMs);
  REQUIRE(response.ok());
  CHECK(response->applied_end() == 7);
  CHECK(absl::IsUnavailable(fixture.peer.Scan("credit", request, kCallMs).status()));
}

}  // namespace
}  // namespace hangou

// The exchange over the network: identities, streams, acknowledgements.
#include "services/exchange/exchange_service.h"

#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>

#include "libs/feed/feed_for_test.h"
#include "libs/peer/memory_peer.h"
#include "libs/rpc/test_support.h"

namespace hangou {
namespace {

using feed_test::Objects;
using feed_test::TestCity;
using hangou::exchange::v1::AcknowledgeRequest;
using hangou::exchange::v1::AcknowledgeResponse;
using hangou::exchange::v1::Delivery;
using hangou::exchange::v1::Exchange;
using hangou::exchange::v1::SubscribeRequest;

// An exchange behind mutual TLS, with the library of the feed's tests.
struct RunningExchange {
  RunningExchange() {
    peer.OnScan([this](const std::string&, const auto& request) { return library.Scan(request); });
    Install(Objects());
    service = std::make_unique<ExchangeService>(
        ExchangeContext{log, *store, 0, 1, policy, audit, keys, peer, SystemClock(), feed_test::kPartitions});
    auto started = RpcServer::Start({.identity_folder = installation.server(), .services = {service.get()}});
    HANGOU_CHECK(started.ok(), Message(started.status()));
    server = std::move(*started);
  }
  void Install(const PolicyObjects& objects) {
    policy.Install(PolicySnapshot::Compile(objects, ++epoch).value());
    policy.Renew(SystemClock().BootUs(), epoch, 1'000'000'000);
  }
  std::unique_ptr<Exchange::Stub> Stub(const std::string& department, std::string_view role) {
    auto channel = MakeChannel(server->address(), installation.Identity(department, role));
    HANGOU_CHECK(channel.ok(), Message(channel.status()));
    return Exchange::NewStub(*channel);
  }

  TestInstallation installation;
  MemoryLog log;
  feed_test::TestLibrary library{log};
  std::unique_ptr<Store> store = MakeMemoryStore(2);
  PolicyHolder policy{SystemClock()};
  feed_test::TestAudit audit;
  KeyRing keys = KeyRing::ForTest();
  MemoryPeer peer;
  uint64_t epoch = 0;
  std::unique_ptr<ExchangeService> service;
  std::unique_ptr<RpcServer> server;  // last: it goes first
};

// A stream of one client.
struct ClientStream {
  ClientStream(Exchange::Stub& stub, const SubscribeRequest& request) {
    SetTestDeadline(&context);
    reader = stub.Subscribe(&context, request);
  }
  // Reads until so many changes have come; false where the stream ends before.
  bool Read(size_t wanted) {
    while (changes < wanted) {
      if (!reader->Read(&last)) return false;
      changes += static_cast<size_t>(last.changes_size());
    }
    return true;
  }
  // The reason with which the stream ends.
  std::optional<Reason> End() {
    while (reader->Read(&last)) {
    }
    return ReasonOf(FromGrpc(reader->Finish()));
  }

  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReader<Delivery>> reader;
  Delivery last;
  size_t changes = 0;
};

TEST_CASE("A consumer subscribes, acknowledges, is cut, and goes on from its cursor") {
  RunningExchange running;
  const auto stub = running.Stub("tax", roles::kConsumer);
  running.library.Put(0, "a");
  {
    ClientStream stream(*stub, TestCity::Snapshot());
    REQUIRE(stream.Read(1));
    CHECK(stream.last.changes(0).record().owner().id().substr(0, 1) == "~");
    AcknowledgeRequest acknowledge;
    acknowledge.set_subscription("s1");
    acknowledge.set_token(stream.last.token());
    AcknowledgeResponse acknowledged;
    grpc::ClientContext context;
    SetTestDeadline(&context);
    REQUIRE(stub->Acknowledge(&context, acknowledge, &acknowledged).ok());
    CHECK(acknowledged.acknowledge_time().seconds() > 0);
    stream.context.TryCancel();
  }
  running.library.Put(1, "b");
  ClientStream stream(*stub, TestCity::Request());
  REQUIRE(stream.Read(1));
  CHECK(stream.changes == 1);
}

TEST_CASE("Only consumers subscribe and acknowledge, and a token is worth nothing to another department") {
  RunningExchange running;
  const auto publisher = running.Stub("tax", roles::kPublisher);
  CHECK(ClientStream(*publisher, TestCity::Now()).End() == Reason::kRoleRequired);
  const auto consumer = running.Stub("tax", roles::kConsumer);
  ClientStream stream(*consumer, TestCity::Now());
  REQUIRE(stream.reader->Read(&stream.last));
  AcknowledgeRequest acknowledge;
  acknowledge.set_subscription("s1");
  acknowledge.set_token(stream.last.token());
  AcknowledgeResponse acknowledged;
  grpc::ClientContext context;
  SetTestDeadline(&context);
  const auto other = running.Stub("labour", roles::kConsumer);
  CHECK(ReasonOf(FromGrpc(other->Acknowledge(&context, acknowledge, &acknowledged))) ==
        Reason::kTokenInvalid);
}

TEST_CASE("A live subscription loses a field when the negative list changes, and ends when nothing is left") {
  RunningExchange running;
  const auto stub = running.Stub("tax", roles::kConsumer);
  ClientStream stream(*stub, TestCity::Now());
  REQUIRE(stream.reader->Read(&stream.last));
  auto objects = Objects();
  feed_test::Withhold(&objects, "name");
  running.Install(objects);
  running.library.Put(0, "a");
  REQUIRE(stream.Read(1));
  CHECK(stream.last.decision().epoch() == 2);
  CHECK(stream.last.decision().withheld_size() == 2);
  feed_test::Withhold(&objects, "");
  running.Install(objects);
  CHECK(stream.End() == Reason::kNegativeList);
}

TEST_CASE("Draining ends open streams with DRAINING") {
  RunningExchange running;
  const auto stub = running.Stub("tax", roles::kConsumer);
  ClientStream stream(*stub, TestCity::Now());
  REQUIRE(stream.reader->Read(&stream.last));
  running.service->Drain();
  CHECK(stream.End() == Reason::kDraining);
}

}  // namespace
}  // namespace hangou

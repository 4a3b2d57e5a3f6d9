// Topic subscriptions over the network: their life from creation to deletion, and what withdraws them.
#include <grpcpp/grpcpp.h>
#include <poll.h>

#include <catch2/catch.hpp>

#include "libs/feed/feed_for_test.h"
#include "libs/log/memory_delivery.h"
#include "libs/peer/memory_peer.h"
#include "libs/rpc/test_support.h"
#include "services/exchange/exchange_service.h"

namespace hangou {
namespace {

using namespace hangou::exchange::v1;  // NOLINT: the contract
using feed_test::kResource;
using feed_test::Objects;

constexpr char kName[] = "subscriptions/tax.desk";
constexpr char kTopic[] = "hangou.delivery.tax.desk";
constexpr char kPrincipal[] = "User:tax.consumer.test-app";

bool Becomes(const std::function<bool()>& condition) {
  const int64_t deadline_us = SystemClock().BootUs() + 20 * kUsPerSecond;
  while (!condition()) {
    if (SystemClock().BootUs() > deadline_us) return false;
    ::poll(nullptr, 0, 5);  // waits: the state of another thread
  }
  return true;
}

// An exchange with topics in memory, that can be started again on its store.
struct TopicExchange {
  explicit TopicExchange(bool with_topics = true) : has_topics(with_topics) {
    peer.OnScan([this](const std::string&, const auto& request) { return library.Scan(request); });
    Install(Objects());
    Start();
  }
  ~TopicExchange() { Stop(); }
  void Start() {
    std::optional<ExchangeTopics> with;
    if (has_topics) with.emplace(topics, 1, 2);
    service = std::make_unique<ExchangeService>(
        ExchangeContext{log, *store, 0, 3, policy, audit, keys, peer, SystemClock(), feed_test::kPartitions},
        with);
    auto started = RpcServer::Start({.identity_folder = installation.server(), .services = {service.get()}});
    HANGOU_CHECK(started.ok(), Message(started.status()));
    server = std::move(*started);
  }
  void Stop() {
    if (service) service->Drain();
    server.reset();
    service.reset();
  }
  void Install(const PolicyObjects& objects) {
    policy.Install(PolicySnapshot::Compile(objects, ++epoch).value());
    policy.Renew(SystemClock().BootUs(), epoch, 1'000'000'000);
  }
  // Calls a method as a consumer of a department.
  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Exchange::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                       Response*),
                                const Request& request, const std::string& department = "tax",
                                std::string_view role = roles::kConsumer) {
    const auto stub =
        Exchange::NewStub(MakeChannel(server->address(), installation.Identity(department, role)).value());
    grpc::ClientContext context;
    SetTestDeadline(&context);
    Response response;
    const absl::Status status = FromGrpc((stub.get()->*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }
  absl::StatusOr<Subscription> Create(Subscription::Start start = Subscription::START_SNAPSHOT,
                                      const std::string& id = "desk", const std::string& department = "tax") {
    CreateSubscriptionRequest request;
    request.set_subscription_id(id);
    request.mutable_subscription()->set_resource(kResource);
    request.mutable_subscription()->set_purpose("check");
    request.mutable_subscription()->set_start(start);
    return Call(&Exchange::Stub::CreateSubscription, request, department);
  }
  absl::StatusOr<Subscription> Get(const std::string& department = "tax") {
    GetSubscriptionRequest request;
    request.set_name(kName);
    return Call(&Exchange::Stub::GetSubscription, request, department);
  }
  absl::StatusOr<Subscription> Pause() {
    PauseSubscriptionRequest request;
    request.set_name(kName);
    return Call(&Exchange::Stub::PauseSubscription, request);
  }
  absl::StatusOr<Subscription> Resume() {
    ResumeSubscriptionRequest request;
    request.set_name(kName);
    return Call(&Exchange::Stub::ResumeSubscription, request);
  }
  absl::Status Delete() {
    DeleteSubscriptionRequest request;
    request.set_name(kName);
    return Call(&Exchange::Stub::DeleteSubscription, request).status();
  }
  // Waits until the topic has so many messages.
  bool Delivered(size_t messages) {
    return Becomes([&] { return topics.All(kTopic).size() == messages; });
  }
  bool MayRead() const { return topics.Read(kTopic, kPrincipal).ok(); }
  bool Is(Subscription::State state) {
    return Becomes([&] { return Get()->state() == state; });
  }

  const bool has_topics;
  TestInstallation installation;
  MemoryLog log;
  feed_test::TestLibrary library{log};
  std::unique_ptr<Store> store = MakeMemoryStore(4);
  PolicyHolder policy{SystemClock()};
  feed_test::TestAudit audit;
  KeyRing keys = KeyRing::ForTest();
  MemoryPeer peer;
  uint64_t epoch = 0;
  MemoryDeliveryTopics topics;
  std::unique_ptr<ExchangeService> service;
  std::unique_ptr<RpcServer> server;  // last: it goes first
};

PolicyObjects Without(const std::string& what) {
  PolicyObjects objects = Objects();
  if (what == "the grant") objects.grants.clear();
  if (what == "the resource") feed_test::Withhold(&objects, "");
  if (what == "the purpose") objects.purposes["check"].clear_departments();
  if (what == "time") objects.grants["g1"].set_valid_until("2020-01-01");
  return objects;
}

TEST_CASE("A topic subscription is created, delivers, pauses, goes on, and is deleted with its topic") {
  TopicExchange exchange;
  exchange.library.Put(0, "a");
  const auto created = exchange.Create();
  INFO(created.status());
  REQUIRE(created.ok());
  CHECK(created->name() == kName);
  CHECK(created->state() == Subscription::STATE_RUNNING);
  CHECK(created->principal() == kPrincipal);
  CHECK(created->retention_days() == 7);
  CHECK(exchange.topics.RetentionMs(kTopic) == 7 * 86'400'000LL);
  REQUIRE(exchange.Delivered(1));
  CHECK(exchange.MayRead());
  REQUIRE(Becomes([&] { return exchange.Get()->delivered_messages() == 1; }));
  REQUIRE(Becomes([&] { return exchange.Get()->lag() == 0; }));
  CHECK(exchange.Get()->epoch() == 1);
  CHECK(exchange.Get()->delivery_time().seconds() > 0);

  REQUIRE(exchange.Pause().ok());
  CHECK(exchange.Get()->state() == Subscription::STATE_PAUSED);
  exchange.library.Put(1, "b");
  CHECK(exchange.Get()->lag() > 0);
  CHECK(exchange.MayRead());
  REQUIRE(exchange.Resume().ok());
  REQUIRE(exchange.Delivered(2));
  CHECK(exchange.Resume()->state() == Subscription::STATE_RUNNING);

  REQUIRE(exchange.Delete().ok());
  CHECK(exchange.topics.RetentionMs(kTopic) == 0);
  CHECK(ReasonOf(exchange.Get().status()) == Reason::kObjectNotFound);
  CHECK(ReasonOf(exchange.Delete()) == Reason::kObjectNotFound);
  // The name is free again, and begins anew.
  REQUIRE(exchange.Create().ok());
  CHECK(exchange.Delivered(2));
}

TEST_CASE(
    "A subscription from now on hears what comes behind its creation, also when the exchange starts again") {
  TopicExchange exchange;
  exchange.library.Put(0, "a");
  exchange.topics.Fail(MakeError(Reason::kLogUnavailable, "test"));
  CHECK(ReasonOf(exchange.Create(Subscription::START_NOW).status()) == Reason::kLogUnavailable);
  CHECK(ReasonOf(exchange.Get().status()) == Reason::kObjectNotFound);
  exchange.topics.Fail(absl::OkStatus());
  REQUIRE(exchange.Create(Subscription::START_NOW).ok());
  exchange.Stop();
  exchange.library.Put(1, "b");
  exchange.Start();
  REQUIRE(exchange.Delivered(1));
  exchange.library.Put(2, "c");
  REQUIRE(exchange.Delivered(2));
}

TEST_CASE("A creation is repeated without harm, and nobody else's subscriptions are seen") {
  TopicExchange exchange;
  REQUIRE(exchange.Create().ok());
  CHECK(exchange.Create()->create_time().seconds() == exchange.Get()->create_time().seconds());
  CHECK(ReasonOf(exchange.Create(Subscription::START_NOW).status()) == Reason::kDuplicate);
  CHECK(ReasonOf(exchange.Create(Subscription::START_NOW, "Desk").status()) == Reason::kInvalidRequest);
  CHECK(ReasonOf(exchange.Create(Subscription::START_UNSPECIFIED, "x").status()) == Reason::kInvalidRequest);
  CHECK(ReasonOf(exchange.Create(Subscription::START_NOW, "desk", "labour").status()) == Reason::kNoGrant);
  CHECK(ReasonOf(exchange.Get("labour").status()) == Reason::kObjectNotFound);
  REQUIRE(exchange.Create(Subscription::START_NOW, "hall").ok());
  ListSubscriptionsRequest list;
  list.set_page_size(1);
  const auto first = exchange.Call(&Exchange::Stub::ListSubscriptions, list);
  REQUIRE(first.ok());
  REQUIRE(first->subscriptions_size() == 1);
  CHECK(first->subscriptions(0).name() == kName);
  list.set_page_token(first->next_page_token());
  CHECK(ReasonOf(exchange.Call(&Exchange::Stub::ListSubscriptions, list, "labour").status()) ==
        Reason::kTokenInvalid);
  const auto second = exchange.Call(&Exchange::Stub::ListSubscriptions, list);
  REQUIRE(second->subscriptions_size() == 1);
  CHECK(second->subscriptions(0).name() == "subscriptions/tax.hall");
  CHECK(second->next_page_token().empty());
  list.clear_page_token();
  CHECK(
      ReasonOf(exchange.Call(&Exchange::Stub::ListSubscriptions, list, "tax", roles::kPublisher).status()) ==
      Reason::kRoleRequired);
}

TEST_CASE("What the policy withdraws stops with the reason, and its consumer may read no more") {
  const auto [what, reason] =
      GENERATE(table<std::string, Reason>({{"the grant", Reason::kNoGrant},
                                           {"the resource", Reason::kNegativeList},
                                           {"the purpose", Reason::kPurposeNotRegistered},
                                           {"time", Reason::kGrantExpired}}));
  const bool paused = GENERATE(false, true);
  CAPTURE(what, paused);
  TopicExchange exchange;
  exchange.library.Put(0, "a");
  REQUIRE(exchange.Create().ok());
  REQUIRE(exchange.Delivered(1));
  if (paused) REQUIRE(exchange.Pause().ok());
  exchange.Install(Without(what));
  exchange.library.Put(1, "b");
  REQUIRE(exchange.Is(Subscription::STATE_FAILED));
  CHECK(exchange.Get()->reason() == ReasonName(reason));
  CHECK(exchange.Get()->principal().empty());
  REQUIRE(Becomes([&] { return !exchange.MayRead(); }));
  CHECK(exchange.topics.All(kTopic).size() == 1);
  CHECK(ReasonOf(exchange.Resume().status()) == reason);
  // It stays so over a restart, until the policy allows it and somebody resumes it.
  exchange.Stop();
  exchange.Start();
  CHECK(exchange.Get()->state() == Subscription::STATE_FAILED);
  exchange.Install(Objects());
  REQUIRE(exchange.Resume().ok());
  CHECK(exchange.MayRead());
  CHECK(exchange.Delivered(2));
}

TEST_CASE(
    "A broker that is away is waited for, with the reason in sight; access is taken away when it is back") {
  TopicExchange exchange;
  REQUIRE(exchange.Create().ok());
  REQUIRE(exchange.Is(Subscription::STATE_RUNNING));
  exchange.topics.Fail(MakeError(Reason::kLogUnavailable, "test"));
  exchange.library.Put(0, "a");
  REQUIRE(exchange.Is(Subscription::STATE_RETRYING));
  CHECK(exchange.Get()->reason() == "LOG_UNAVAILABLE");
  CHECK(exchange.Get()->lag() > 0);
  exchange.topics.Fail(absl::OkStatus());
  REQUIRE(exchange.Delivered(1));
  REQUIRE(exchange.Is(Subscription::STATE_RUNNING));
  exchange.topics.Fail(MakeError(Reason::kLogUnavailable, "test"));
  exchange.Install(Without("the grant"));
  REQUIRE(exchange.Is(Subscription::STATE_FAILED));
  CHECK(exchange.MayRead());
  exchange.Stop();
  exchange.topics.Fail(absl::OkStatus());
  exchange.Start();
  CHECK(Becomes([&] { return !exchange.MayRead(); }));
}

TEST_CASE("A topic that is gone is no passing failure, and resuming makes it again") {
  TopicExchange exchange;
  REQUIRE(exchange.Create().ok());
  REQUIRE(exchange.topics.Remove(kTopic).ok());
  exchange.library.Put(0, "a");
  REQUIRE(exchange.Is(Subscription::STATE_FAILED));
  CHECK(exchange.Get()->reason() == "OBJECT_NOT_FOUND");
  REQUIRE(exchange.Resume().ok());
  CHECK(exchange.Delivered(1));
}

TEST_CASE("A deletion that the broker did not take is done later, also over a restart") {
  TopicExchange exchange;
  REQUIRE(exchange.Create().ok());
  exchange.topics.Fail(MakeError(Reason::kLogUnavailable, "test"));
  CHECK(ReasonOf(exchange.Delete()) == Reason::kLogUnavailable);
  CHECK(ReasonOf(exchange.Get().status()) == Reason::kObjectNotFound);
  exchange.Stop();
  exchange.topics.Fail(absl::OkStatus());
  exchange.Start();
  CHECK(Becomes([&] { return exchange.topics.RetentionMs(kTopic) == 0; }));
}

TEST_CASE("The retention follows the grant") {
  TopicExchange exchange;
  PolicyObjects objects = Objects();
  objects.grants["g1"].set_retention_days(3);
  exchange.Install(objects);
  CHECK(exchange.Create()->retention_days() == 3);
  CHECK(exchange.topics.RetentionMs(kTopic) == 3 * 86'400'000LL);
  objects.grants["g1"].set_retention_days(1);
  exchange.Install(objects);
  CHECK(Becomes([&] { return exchange.topics.RetentionMs(kTopic) == 86'400'000LL; }));
}

TEST_CASE("Creations, refusals and what follows are in the audit") {
  TopicExchange exchange;
  REQUIRE(exchange.Create().ok());
  CHECK_FALSE(exchange.Create(Subscription::START_NOW, "desk", "labour").ok());
  REQUIRE(exchange.Delete().ok());
  exchange.Stop();
  std::vector<std::string> notes;
  for (const auto& entry : exchange.audit.entries) {
    if (entry.action() == hangou::audit::v1::ACTION_SUBSCRIBE) {
      notes.push_back(entry.note() + " " + entry.caller() + (entry.allowed() ? "" : " " + entry.reason()));
    }
  }
  CHECK(notes == std::vector<std::string>{"create subscriptions/tax.desk tax",
                                          "create subscriptions/labour.desk labour NO_GRANT",
                                          "delete subscriptions/tax.desk tax"});
}

TEST_CASE("A consumer learns how to read its topic") {
  TopicExchange exchange;
  REQUIRE(exchange.Create().ok());
  GetDeliveryTopicRequest request;
  request.set_name(kName);
  const auto topic = exchange.Call(&Exchange::Stub::GetDeliveryTopic, request);
  REQUIRE(topic.ok());
  CHECK(topic->topic() == kTopic);
  CHECK(topic->bootstrap_servers() == "memory:9092");
  CHECK(topic->message_name() == "hangou.resource.psb.Resident");
  REQUIRE(topic->files().file_size() == 1);
  CHECK(topic->headers_size() > 10);
  CHECK(topic->principal() == kPrincipal);
}

TEST_CASE("Without Kafka a topic subscription is refused, and says so") {
  TopicExchange exchange(/*with_topics=*/false);
  const auto created = exchange.Create();
  CHECK(ReasonOf(created.status()) == Reason::kInvalidRequest);
  CHECK_THAT(std::string(Message(created.status())), Catch::Contains("no Kafka"));
}

}  // namespace
}  // namespace hangou

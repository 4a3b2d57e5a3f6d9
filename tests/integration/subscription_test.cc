// Subscriptions: what a consumer gets, where it goes on, and what a change of the policy does to an open stream.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <stop_token>
#include <thread>

#include "hangou/base_library/v1/base_library.grpc.pb.h"
#include "hangou/exchange/v1/exchange.grpc.pb.h"
#include "libs/base/status.h"
#include "libs/schema/text_codec.h"
#include "tests/integration/city.h"
#include "tests/integration/open_subscription.h"

namespace hangou {
namespace {

namespace exchange = hangou::exchange::v1;
namespace v1 = hangou::base_library::v1;

exchange::SubscribeRequest Request(const std::string& name) {
  exchange::SubscribeRequest request;
  request.set_subscription(name);
  request.set_resource("resources/psb.resident");
  request.mutable_context()->set_purpose("household_check");
  return request;
}

void PublishOne(City& city, int person, int version) {
  const auto answer = city.Publish(
      "psb", "psb.resident", {city.Payload("psb.resident", Resident(CitizenId(person), "张三", version))},
      "p" + std::to_string(person) + "-" + std::to_string(version));
  REQUIRE(answer.outcomes(0).outcome() == v1::OUTCOME_ACCEPTED);
}

TEST_CASE(
    "A subscription from the snapshot gets what is there, then every change, and goes on from its cursor") {
  City city;
  for (int person = 0; person < 20; ++person) PublishOne(city, person, 1);
  std::string token;
  {
    auto request = Request("feed");
    request.mutable_snapshot();
    OpenSubscription subscription(city, "civil", request);
    REQUIRE(subscription.Take(20).size() == 20);
    PublishOne(city, 3, 2);
    const auto changes = subscription.Take(1);
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].record().owner().id() == CitizenId(3));
    token = subscription.token();
  }
  exchange::AcknowledgeRequest acknowledge;
  acknowledge.set_subscription("feed");
  acknowledge.set_token(token);
  grpc::ClientContext context;
  exchange::AcknowledgeResponse response;
  const auto stub = exchange::Exchange::NewStub(*city.As("civil", "consumer").ChannelTo("exchange"));
  REQUIRE(stub->Acknowledge(&context, acknowledge, &response).ok());
  PublishOne(city, 4, 2);
  city.Restart();
  auto request = Request("feed");
  request.mutable_cursor();
  OpenSubscription again(city, "civil", request);
  const auto changes = again.Take(1);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].record().owner().id() == CitizenId(4));
}

TEST_CASE("A token of another subscription or department is refused") {
  City city;
  PublishOne(city, 1, 1);
  auto request = Request("feed");
  request.mutable_snapshot();
  OpenSubscription subscription(city, "civil", request);
  subscription.Take(1);
  auto other = Request("another");
  other.set_token(subscription.token());
  exchange::Delivery delivery;
  OpenSubscription with_other_name(city, "civil", other);
  CHECK_FALSE(with_other_name.Next(&delivery));
  CHECK(ReasonOf(with_other_name.End()) == Reason::kTokenInvalid);
  auto stolen = Request("feed");
  stolen.set_token(subscription.token());
  OpenSubscription of_another(city, "tax", stolen);
  CHECK_FALSE(of_another.Next(&delivery));
  CHECK(ReasonOf(of_another.End()) == Reason::kTokenInvalid);
}

TEST_CASE("An open stream loses a field when the list changes, and ends when everything is withheld") {
  City city;
  PublishOne(city, 1, 1);
  auto request = Request("feed");
  request.mutable_snapshot();
  OpenSubscription subscription(city, "civil", request);
  auto changes = subscription.Take(1);
  REQUIRE(changes.size() == 1);
  CHECK(city.Fields("psb.resident", changes[0].record()).contains("phone"));
  const auto withheld = city.Apply(kWithholdPhone);
  REQUIRE(withheld.effective());
  PublishOne(city, 1, 2);
  exchange::Delivery delivery;
  do {
    REQUIRE(subscription.Next(&delivery));
  } while (delivery.changes_size() == 0);
  CHECK(delivery.decision().epoch() >= withheld.epoch());
  CHECK_FALSE(city.Fields("psb.resident", delivery.changes(0).record()).contains("phone"));
  CHECK(std::any_of(delivery.decision().basis().begin(), delivery.decision().basis().end(),
                    [](const auto& basis) { return basis.entry() == "neg-phone"; }));
  city.Apply(R"(
kind: NegativeListEntry
name: neg-all
title: 整体不予共享
resource: resources/psb.resident
legal_basis: 个人信息保护法第二十八条
review_date: "2027-12-31"
)");
  while (subscription.Next(&delivery)) CHECK(delivery.changes_size() == 0);
  CHECK(ReasonOf(subscription.End()) == Reason::kNegativeList);
}

// Publishes versions of one person until it is stopped, the name telling whether `effective` was set before the row
// was sent. No assertions: they belong to the thread of the test.
void PublishVersions(const std::stop_token& stop, v1::BaseLibrary::Stub& stub, const ResourceSchema& schema,
                     const std::atomic<bool>& effective, std::atomic<int>& accepted) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  const auto stream = stub.Publish(&context);
  v1::PublishRequest request;
  request.set_resource("resources/psb.resident");
  v1::PublishResponse response;
  for (int version = 1; !stop.stop_requested(); ++version) {
    request.set_request_id("p" + std::to_string(version));
    std::string& payload = *request.mutable_records()->Add()->mutable_payload();
    for (const auto& [name, text] : Resident(CitizenId(1), effective ? "后来" : "先前", version)) {
      if (!EncodeField(schema.fields()[schema.IndexOfName(name)], text, &payload).ok()) return;
    }
    if (!stream->Write(request) || !stream->Read(&response)) return;
    if (response.outcomes_size() == 1 && response.outcomes(0).outcome() == v1::OUTCOME_ACCEPTED) ++accepted;
    request.clear_records();
  }
}

TEST_CASE("No batch handed over after EFFECTIVE contains a withheld field, while rows keep coming") {
  City city;
  PublishOne(city, 2, 1);
  auto request = Request("feed");
  request.mutable_snapshot();
  OpenSubscription subscription(city, "civil", request);
  // From here on every change comes by itself: what is published before is one record of the snapshot.
  subscription.CatchUp();
  const auto schema = city.Manager().Schema("resources/psb.resident");
  REQUIRE(schema.ok());
  const auto stub = v1::BaseLibrary::NewStub(*city.As("psb", "publisher").ChannelTo("population"));
  std::atomic<bool> effective{false};
  std::atomic<int> accepted{0};
  std::jthread publisher(
      [&](const std::stop_token& stop) { PublishVersions(stop, *stub, **schema, effective, accepted); });
  // Rows with the field have come before the list changes.
  int given = static_cast<int>(subscription.Take(1).size());
  CHECK(given > 0);
  const auto applied = city.Apply(kWithholdPhone);
  CHECK(applied.effective());
  effective = true;
  const int accepted_before = accepted;
  REQUIRE(Eventually([&] { return accepted > accepted_before + 20; }));
  publisher.request_stop();
  publisher.join();
  int after = 0;
  exchange::Delivery delivery;
  while (given < accepted && subscription.Next(&delivery)) {
    for (const auto& change : delivery.changes()) {
      const std::string& payload = change.record().payload();
      const bool has = payload.find("13800005678") != std::string::npos;
      // A batch says under which epoch it was decided, and keeps to it.
      CHECK(has == (delivery.decision().epoch() < applied.epoch()));
      if (payload.find("后来") != std::string::npos) {
        CHECK_FALSE(has);
        ++after;
      }
      ++given;
    }
  }
  CHECK(given == accepted);
  CHECK(after > 0);
}

TEST_CASE("A subscription without purpose, or to what nobody granted, ends with the reason and is audited") {
  City city;
  auto request = Request("feed");
  request.mutable_context()->clear_purpose();
  exchange::Delivery delivery;
  OpenSubscription without_purpose(city, "civil", request);
  CHECK_FALSE(without_purpose.Next(&delivery));
  CHECK(ReasonOf(without_purpose.End()) == Reason::kPurposeRequired);
  auto records = Request("feed");
  records.set_resource("resources/psb.record");
  OpenSubscription not_granted(city, "tax", records);
  CHECK_FALSE(not_granted.Next(&delivery));
  CHECK(ReasonOf(not_granted.End()) == Reason::kNoGrant);
  bool audited = false;
  for (const auto& item : city.AuditEntries())
    audited |= item.reason() == "NO_GRANT" && item.caller() == "tax";
  CHECK(audited);
}

}  // namespace
}  // namespace hangou

// From one machine to brokers.
#include <catch2/catch.hpp>

#include "hangou/exchange/v1/exchange.pb.h"
#include "libs/base/status.h"
#include "libs/client/subscription.h"
#include "libs/log/embedded_log.h"
#include "services/standalone/installation.h"
#include "tests/integration/city.h"

namespace hangou {
namespace {

// Reads the subscription "desk" of civil until it has caught up; how many changes came.
int ReadDesk(City& city, const std::string& from_token, std::string* token) {
  SubscriptionOptions options;
  options.request.set_subscription("desk");
  options.request.set_resource("resources/psb.resident");
  options.request.mutable_context()->set_purpose("household_check");
  if (from_token.empty()) {
    options.request.mutable_snapshot();
  } else {
    options.request.set_token(from_token);
  }
  Subscription subscription(city.As("civil", "consumer"), options);
  int changes = 0;
  const absl::Status status = subscription.Run([&](const hangou::exchange::v1::Delivery& delivery) {
    changes += delivery.changes_size();
    return !delivery.caught_up();
  });
  INFO(Message(status));
  REQUIRE(status.ok());
  *token = subscription.token();
  return changes;
}

}  // namespace

TEST_CASE("An installation that moves to a broker keeps records, positions, tokens, policy and audit") {
  City city;
  for (int i = 0; i < 30; ++i) {
    city.Publish("psb", "psb.resident", {city.Payload("psb.resident", Resident(CitizenId(i), "张三", 1))},
                 "before-" + std::to_string(i));
  }
  std::string token;
  CHECK(ReadDesk(city, "", &token) == 30);
  city.Apply(kWithholdPhone);
  const size_t audited = city.AuditEntries().size();

  city.MoveToKafka();
  const auto read = city.Get("civil", "psb.resident", CitizenId(7), "household_check");
  REQUIRE(read.ok());
  REQUIRE(read->records_size() == 1);
  CHECK(city.Fields("psb.resident", read->records(0))["phone"].empty());
  // The same batch again is a repeat; a new version goes in.
  const auto repeated = city.Publish(
      "psb", "psb.resident", {city.Payload("psb.resident", Resident(CitizenId(7), "张三", 1))}, "again");
  CHECK(repeated.outcomes(0).outcome() == hangou::base_library::v1::OUTCOME_DUPLICATE);
  const auto newer = city.Publish("psb", "psb.resident",
                                  {city.Payload("psb.resident", Resident(CitizenId(7), "李四", 2))}, "newer");
  CHECK(newer.outcomes(0).outcome() == hangou::base_library::v1::OUTCOME_ACCEPTED);
  // A subscriber goes on from its token, and misses nothing.
  std::string later;
  CHECK(ReadDesk(city, token, &later) == 1);
  CHECK(city.AuditEntries().size() > audited);
  // What was left behind cannot be started by mistake.
  city.Stop();
  const auto left = EmbeddedLog::Open(InstallationPaths{city.data()}.log(), SystemClock());
  CHECK(ReasonOf(left.status()) == Reason::kInvalidRequest);
}

}  // namespace hangou

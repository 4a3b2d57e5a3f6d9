#include "libs/feed/subscription_stream.h"

#include <catch2/catch.hpp>

#include "libs/base/limits.h"
#include "libs/base/text.h"
#include "libs/feed/feed_for_test.h"

namespace hangou::feed_test {
namespace {

using hangou::exchange::v1::Change;
using hangou::exchange::v1::Delivery;

// The payload of a change, decoded by field number; empty where the field is absent.
std::string FieldOfPayload(const Change& change, uint32_t number) {
  static const auto kSchema = schema_test::MustCompile(Objects().resources.at(kResource));
  std::vector<FieldSlice> slices;
  REQUIRE(WalkPayload(*kSchema, change.record().payload(), &slices).ok());
  for (const FieldSlice& slice : slices) {
    if (kSchema->fields()[static_cast<size_t>(slice.index)].number == number) return std::string(slice.text);
  }
  return "";
}

TEST_CASE(
    "A stream from now says that it has caught up, without an audit entry, and then brings every change") {
  TestCity city;
  city.library.Put(0, "before");
  const auto stream = city.Open(TestCity::Now());
  REQUIRE(city.sink->deliveries.size() == 1);
  CHECK(city.sink->deliveries[0].caught_up());
  CHECK(city.sink->deliveries[0].changes().empty());
  CHECK(city.sink->deliveries[0].decision().epoch() == 1);
  CHECK_FALSE(city.sink->deliveries[0].token().empty());
  CHECK(city.audit.entries.empty());

  city.library.Put(1, "after");
  city.host->Pass(limits::kDeliveryWaitMs);
  REQUIRE(city.sink->deliveries.size() == 2);
  const Delivery& delivery = city.sink->deliveries[1];
  REQUIRE(delivery.changes_size() == 1);
  CHECK(delivery.changes(0).kind() == Change::KIND_UPSERT);
  CHECK(FieldOfPayload(delivery.changes(0), kName) == "after");
  CHECK(delivery.changes(0).record().provenance().position().log_id() == "memory");
  CHECK(delivery.changes(0).record().provenance().position().topic() == "hangou.population.records");
  CHECK(delivery.caught_up());
}

TEST_CASE("A delivered batch has one audit entry, with fields, positions and hashes, and no identifier") {
  TestCity city;
  const auto stream = city.Open(TestCity::Now());
  city.library.Put(0, "a");
  city.library.Put(0, "b");
  city.host->Pass(limits::kDeliveryWaitMs);
  REQUIRE(city.audit.entries.size() == 1);
  const auto& entry = city.audit.entries[0];
  CHECK(entry.allowed());
  CHECK(entry.action() == hangou::audit::v1::ACTION_DELIVER);
  CHECK(entry.caller() == "tax");
  CHECK(entry.purpose() == "check");
  CHECK(entry.subject() == kResource);
  CHECK(entry.epoch() == 1);
  CHECK(entry.records() == 2);
  CHECK(entry.entity_hashes_size() == 1);
  REQUIRE(entry.positions_size() == 1);
  CHECK(entry.positions(0).find("@1-2") != std::string::npos);
  REQUIRE(entry.withheld_size() == 1);
  CHECK(entry.withheld(0) == kId);
  CHECK(entry.DebugString().find(city.library.OwnerKey(0)) == std::string::npos);
}

TEST_CASE("Nothing is handed over before its audit entry is durable") {
  TestCity city;
  const auto stream = city.Open(TestCity::Now());
  city.audit.hold = true;
  city.library.Put(0, "a");
  city.host->Pass(limits::kDeliveryWaitMs);
  CHECK(city.sink->deliveries.size() == 1);
  city.audit.Release();
  city.host->RunAll();
  CHECK(city.sink->deliveries.size() == 2);
}

TEST_CASE("Where the audit fails, nothing is handed over and the stream ends") {
  TestCity city;
  const auto stream = city.Open(TestCity::Now());
  city.audit.failure = MakeError(Reason::kAuditUnavailable, "test");
  city.library.Put(0, "a");
  city.host->Pass(limits::kDeliveryWaitMs);
  CHECK(city.sink->deliveries.size() == 1);
  REQUIRE(city.sink->finished);
  CHECK(ReasonOf(*city.sink->finished) == Reason::kAuditUnavailable);
  CHECK(stream->done());
}

TEST_CASE(
    "Owner and token name no person where the owner field is withheld, and do where it is given in full") {
  TestCity city;
  city.library.Put(0, "a");
  const std::string owner_key = city.library.OwnerKey(0);
  auto objects = Objects();
  SECTION("withheld") {
    const auto stream = city.Open(TestCity::Snapshot());
    city.host->Pass(limits::kDeliveryWaitMs);
    const auto& delivery = city.sink->deliveries.at(0);
    CHECK(delivery.changes(0).record().owner().id().substr(0, 1) == "~");
    CHECK(delivery.DebugString().find(owner_key) == std::string::npos);
    const std::string token = delivery.token();
    CHECK(FromBase64Url(token.substr(token.find('.') + 1))->find(owner_key) == std::string::npos);
    CHECK(FieldOfPayload(delivery.changes(0), kId).empty());
  }
  SECTION("in full") {
    auto* line = objects.grants["g1"].add_fields();
    line->set_field("id");
    line->set_permission(hangou::record::v1::PERMISSION_FULL);
    city.Install(objects);
    const auto stream = city.Open(TestCity::Snapshot());
    city.host->Pass(limits::kDeliveryWaitMs);
    CHECK(city.sink->deliveries.at(0).changes(0).record().owner().id() == city.library.Person(0));
  }
}

TEST_CASE("A deletion comes without payload and with its day") {
  TestCity city;
  const auto stream = city.Open(TestCity::Now());
  city.library.Put(0, "a");
  city.library.Delete(0);
  city.host->Pass(limits::kDeliveryWaitMs);
  const auto& delivery = city.sink->deliveries.at(1);
  REQUIRE(delivery.changes_size() == 2);
  CHECK(delivery.changes(1).kind() == Change::KIND_DELETION);
  CHECK(delivery.changes(1).record().payload().empty());
  CHECK(delivery.changes(1).valid_until_day() == 20000);
  CHECK(delivery.changes(1).record().owner().id() == delivery.changes(0).record().owner().id());
}

TEST_CASE("Sporadic changes go at once, frequent ones in company, and no batch has more than 256") {
  TestCity city;
  const auto stream = city.Open(TestCity::Now());
  city.host->Pass(limits::kDeliveryWaitMs);
  city.library.Put(0, "alone");
  city.host->RunAll();
  REQUIRE(city.sink->deliveries.size() == 2);
  city.library.Put(1, "one");
  city.library.Put(2, "two");
  city.host->RunAll();
  CHECK(city.sink->deliveries.size() == 2);
  city.host->Pass(limits::kDeliveryWaitMs - 1);
  CHECK(city.sink->deliveries.size() == 2);
  city.host->Pass(1);
  REQUIRE(city.sink->deliveries.size() == 3);
  CHECK(city.sink->deliveries[2].changes_size() == 2);
  for (size_t i = 0; i < 300; ++i) city.library.Put(i % 40, "many");
  city.host->RunAll();
  REQUIRE(city.sink->deliveries.size() == 4);
  CHECK(city.sink->deliveries[3].changes_size() == 256);
  CHECK_FALSE(city.sink->deliveries[3].caught_up());
  city.host->Pass(limits::kDeliveryWaitMs);
  CHECK(city.sink->deliveries.at(4).changes_size() == 44);
}

TEST_CASE("A refused subscription is audited before it is told: purpose, resource, grant, name") {
  TestCity city;
  auto request = TestCity::Now();
  Reason reason = Reason::kInternal;
  std::string department = "tax";
  SECTION("no purpose") {
    request.mutable_context()->clear_purpose();
    reason = Reason::kPurposeRequired;
  }
  SECTION("unknown purpose") {
    request.mutable_context()->set_purpose("other");
    reason = Reason::kUnknownPurpose;
  }
  SECTION("unknown resource") {
    request.set_resource("resources/psb.other");
    reason = Reason::kUnknownResource;
  }
  SECTION("no grant") {
    department = "labour";
    reason = Reason::kNoGrant;
  }
  SECTION("a name that is none") {
    request.set_subscription("S/1");
    reason = Reason::kInvalidRequest;
  }
  SECTION("a position of another log") {
    request.mutable_context()->add_after()->set_log_id("other");
    reason = Reason::kPositionUnknown;
  }
  SECTION("an epoch that is not there yet") {
    request.mutable_context()->set_min_epoch(99);
    reason = Reason::kEpochNotReached;
  }
  city.audit.hold = true;
  const auto stream = city.Open(request, department);
  city.host->RunAll();
  CHECK_FALSE(city.sink->finished);
  CHECK_FALSE(stream->done());
  city.audit.Release();
  city.host->RunAll();
  REQUIRE(city.sink->finished);
  CHECK(ReasonOf(*city.sink->finished) == reason);
  CHECK(stream->done());
  REQUIRE(city.audit.entries.size() == 1);
  CHECK_FALSE(city.audit.entries[0].allowed());
  CHECK(city.audit.entries[0].reason() == ReasonName(reason));
  CHECK(city.sink->deliveries.empty());
}

TEST_CASE(
    "An idle stream ends when its resource is withdrawn, with the reason, and its token resumes later") {
  TestCity city;
  auto stream = city.Open(TestCity::Now());
  auto objects = Objects();
  Withhold(&objects, "");
  city.Install(objects);
  stream->Check();
  city.host->RunAll();
  REQUIRE(city.sink->finished);
  CHECK(ReasonOf(*city.sink->finished) == Reason::kNegativeList);
  CHECK(Message(*city.sink->finished).find("last token") != std::string::npos);
  CHECK_FALSE(city.audit.entries.back().allowed());
  const std::string token = city.sink->deliveries.back().token();
  city.library.Put(0, "meanwhile");
  city.Install(Objects());
  stream = city.Open(TestCity::From(token));
  city.host->Pass(limits::kDeliveryWaitMs);
  REQUIRE(city.sink->deliveries.size() == 1);
  CHECK(FieldOfPayload(city.sink->deliveries[0].changes(0), kName) == "meanwhile");
}

TEST_CASE("A stream ends when the lease has run out, and nothing more is handed over") {
  TestCity city;
  const auto stream = city.Open(TestCity::Now());
  city.library.Put(0, "a");
  city.clock.AdvanceUs(2'000'000'000 * kUsPerMs);
  city.host->RunAll();
  REQUIRE(city.sink->finished);
  CHECK(ReasonOf(*city.sink->finished) == Reason::kLeaseExpired);
  CHECK(city.sink->deliveries.size() == 1);
}

TEST_CASE("A batch that was decided under an older epoch is dropped and decided again") {
  TestCity city;
  const auto stream = city.Open(TestCity::Now());
  city.audit.hold = true;
  city.library.Put(0, "secret");
  city.host->Pass(limits::kDeliveryWaitMs);
  auto objects = Objects();
  Withhold(&objects, "name");
  city.Install(objects);
  CHECK(city.policy.ConfirmedEpoch() == 1);
  city.audit.Release();
  city.host->RunAll();
  CHECK(city.sink->deliveries.size() == 1);
  CHECK(city.policy.ConfirmedEpoch() == 2);
  city.audit.Release();
  city.host->RunAll();
  REQUIRE(city.sink->deliveries.size() == 2);
  const Delivery& delivery = city.sink->deliveries[1];
  CHECK(delivery.decision().epoch() == 2);
  CHECK(FieldOfPayload(delivery.changes(0), kName).empty());
  CHECK(FieldOfPayload(delivery.changes(0), kPhone) == "13812345678");
  CHECK(delivery.decision().withheld_size() == 2);
}

TEST_CASE("A consumer that does not read is told SLOW_CONSUMER after 30 s, and cut off after 60 s") {
  TestCity city;
  const auto stream = city.Open(TestCity::Now());
  city.sink->reads = false;
  for (size_t i = 0; i < 600; ++i) city.library.Put(i % 40, "a");
  city.host->RunAll();
  CHECK(city.sink->deliveries.size() == 2);
  city.clock.AdvanceUs((limits::kSlowConsumerMs - 1) * kUsPerMs);
  stream->Check();
  CHECK_FALSE(city.sink->finished);
  city.clock.AdvanceUs(kUsPerMs);
  stream->Check();
  REQUIRE(city.sink->finished);
  CHECK(ReasonOf(*city.sink->finished) == Reason::kSlowConsumer);
  CHECK_FALSE(stream->done());
  city.clock.AdvanceUs(limits::kSlowConsumerMs * kUsPerMs);
  stream->Check();
  CHECK(city.sink->cut);
  city.sink->Take(false);
  city.host->RunAll();
  CHECK(stream->done());
  CHECK(city.sink->deliveries.size() == 2);
}

TEST_CASE("A token of another department, subscription, resource or log is refused") {
  TestCity city;
  auto stream = city.Open(TestCity::Now());
  const std::string token = city.sink->deliveries.at(0).token();
  auto request = TestCity::From(token);
  Reason reason = Reason::kTokenInvalid;
  std::string department = "tax";
  auto objects = Objects();
  SECTION("another department") {
    objects.grants["g1"].set_department("labour");
    city.Install(objects);
    department = "labour";
  }
  SECTION("another subscription") { request.set_subscription("s2"); }
  SECTION("another resource") {
    auto other = objects.resources.at(kResource);
    other.set_name("resources/psb.other");
    other.set_number(8);
    objects.resources[other.name()] = other;
    auto grant = objects.grants.at("g1");
    grant.set_name("g2");
    grant.set_resource(other.name());
    objects.grants["g2"] = grant;
    city.Install(objects);
    request.set_resource(other.name());
  }
  SECTION("changed") { request.set_token(token.substr(0, token.size() - 2)); }
  SECTION("another log") {
    auto position = OpenPosition(city.keys, "tax", "s1", token).value();
    position.log_id = "other";
    request.set_token(SealPosition(city.keys, "tax", "s1", position));
    reason = Reason::kPositionUnknown;
  }
  SECTION("beyond the end") {
    auto position = OpenPosition(city.keys, "tax", "s1", token).value();
    position.partitions[1].next = 1000;
    request.set_token(SealPosition(city.keys, "tax", "s1", position));
    reason = Reason::kPositionUnknown;
  }
  stream = city.Open(request, department);
  city.host->RunAll();
  REQUIRE(city.sink->finished);
  CHECK(ReasonOf(*city.sink->finished) == reason);
}

TEST_CASE(
    "Who was away while an erasure was told starts again; who was there, and who begins later, goes on") {
  TestCity city;
  auto stream = city.Open(TestCity::Now());
  const std::string token = city.sink->deliveries.at(0).token();
  auto position = OpenPosition(city.keys, "tax", "s1", token).value();
  const int64_t here = position.partitions[0].next;
  // The one who is there has passed the erasure, whatever is told of it later.
  city.library.EndErasures(0, kResourceNumber, here);
  city.library.EndErasures(1, kResourceNumber + 1, position.partitions[1].next);
  city.host->Pass(limits::kDeliveryWaitMs);
  CHECK_FALSE(city.sink->finished);

  bool missed = false;
  SECTION("away while it was told") { missed = true; }
  SECTION("begins behind it, and before one of another resource") { position.partitions[0].next = here + 1; }
  stream = city.Open(TestCity::From(SealPosition(city.keys, "tax", "s1", position)));
  city.host->RunAll();
  CHECK(city.sink->finished.has_value() == missed);
  if (missed) CHECK(ReasonOf(*city.sink->finished) == Reason::kPositionUnknown);
}

TEST_CASE("A snapshot waits for a library that is starting, and gives up after a while") {
  TestCity city;
  city.library.Put(0, "a");
  city.host->scan_failures = 3;
  bool gives_up = false;
  SECTION("it comes") {}
  SECTION("it does not come") {
    city.host->scan_failures = 1000;
    gives_up = true;
  }
  const auto stream = city.Open(TestCity::Snapshot());
  for (int i = 0; i < 80; ++i) city.host->Pass(500);
  CHECK(city.sink->finished.has_value() == gives_up);
  CHECK(city.sink->deliveries.empty() == gives_up);
}

TEST_CASE("A damaged partition of the log ends the stream with DATA_LOSS") {
  TestCity city;
  city.log.DamagePartition("hangou.population.records", 2);
  const auto stream = city.Open(TestCity::Now());
  city.host->RunAll();
  REQUIRE(city.sink->finished);
  CHECK(ReasonOf(*city.sink->finished) == Reason::kDataLoss);
}

}  // namespace
}  // namespace hangou::feed_test

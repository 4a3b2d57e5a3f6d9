// A stream that delivers to a topic: what the messages carry, and what holds until the broker has acknowledged them.
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "libs/feed/cursors.h"
#include "libs/feed/feed_for_test.h"
#include "libs/feed/topic_message.h"
#include "libs/feed/topic_sink.h"
#include "libs/log/memory_delivery.h"
#include "libs/store/store.h"

namespace hangou {
namespace {

using feed_test::kPartitions;
using feed_test::kResource;
using feed_test::Objects;
using feed_test::TestCity;
using feed_test::Withhold;

constexpr char kTopic[] = "hangou.delivery.tax.s1";

std::string HeaderOf(const DeliveryMessage& message, const std::string& name) {
  for (const auto& [header, value] : message.headers) {
    if (header == name) return value;
  }
  return "";
}

// A city whose streams deliver to a topic, and what their owner hears.
struct TopicCity : TestCity {
  TopicCity() { HANGOU_CHECK(topics.Ensure(kTopic, 1).ok(), "no topic"); }

  // Begins where the cursor is; at the current records where there is none.
  void Begin() {
    ended.reset();
    const auto keep = [this](CursorUpdate update, const CursorKeeper::Done& done) {
      done(store_failure.ok() ? cursors.Keep({std::move(update)}) : store_failure);
    };
    TopicSink::Events events;
    events.taken = [this](size_t messages, uint64_t) { taken += messages; };
    events.ended = [this](const absl::Status& why) { ended = why; };
    const auto topic_sink = std::make_shared<TopicSink>(TopicSinkContext{topics, policy, keep, guard}, kTopic,
                                                        "tax", "s1", std::move(events));
    auto cursor = cursors.Read("tax", "s1").value();
    const StreamContext context{log, policy, audit, keys, clock, kPartitions, RecallLedger(*store, 1)};
    stream = std::make_shared<SubscriptionStream>(context, host, Caller{"tax", "consumer", "app", "", ""},
                                                  cursor ? Request() : Snapshot(), cursor, topic_sink);
    stream->Start();
    host->Pass(200);
  }
  std::vector<DeliveryMessage> Messages() const { return topics.All(kTopic); }

  MemoryDeliveryTopics topics;
  std::shared_ptr<DeliveryGuard> guard = std::make_shared<DeliveryGuard>(
      topics, policy, clock,
      [this](int64_t delay_ms, std::function<void()> task) { host->Post(delay_ms, std::move(task)); });
  std::unique_ptr<Store> store = MakeMemoryStore(2);
  Cursors cursors{*store, 0};
  absl::Status store_failure;
  std::shared_ptr<SubscriptionStream> stream;
  std::optional<absl::Status> ended;
  size_t taken = 0;
};

TEST_CASE("A message is a CloudEvent whose value has the fields that may leave") {
  TopicCity city;
  auto objects = Objects();
  Withhold(&objects, "phone");
  auto* name = objects.grants["g1"].mutable_fields(0);
  name->set_permission(hangou::record::v1::PERMISSION_MASKED);
  name->set_mask(hangou::record::v1::MASK_NAME);
  city.Install(objects);
  city.library.Put(0, "张晓明");
  city.Begin();
  city.library.Put(0, "李四");
  city.library.Delete(0);
  city.host->Pass(200);
  const auto messages = city.Messages();
  REQUIRE(messages.size() == 3);
  const auto schema = schema_test::MustCompile(Objects().resources.at(kResource));
  CHECK(messages[0].value == schema_test::Encode(*schema, {{"name", "张**"}}));
  CHECK(messages[1].value == schema_test::Encode(*schema, {{"name", "李*"}}));
  CHECK_FALSE(messages[2].value.has_value());
  CHECK(messages[0].key.starts_with("~"));
  CHECK(messages[0].key == messages[1].key);
  CHECK(messages[0].key == messages[2].key);

  CHECK(HeaderOf(messages[0], "ce_specversion") == "1.0");
  CHECK(HeaderOf(messages[0], "ce_type") == "hangou.record.upsert");
  CHECK(HeaderOf(messages[2], "ce_type") == "hangou.record.deletion");
  CHECK(HeaderOf(messages[0], "ce_source") == kResource);
  CHECK(HeaderOf(messages[0], "ce_subject").starts_with("~"));
  CHECK(HeaderOf(messages[0], "ce_subject") != messages[0].key);
  CHECK(HeaderOf(messages[0], "content-type") == "application/protobuf");
  CHECK(HeaderOf(messages[2], "content-type").empty());
  CHECK(HeaderOf(messages[1], "ce_hangourevision") == "2");
  CHECK(HeaderOf(messages[0], "ce_hangoumasked") == "2");
  CHECK(HeaderOf(messages[0], "ce_hangouwithheld") == "1,3");
  CHECK(HeaderOf(messages[0], "ce_hangouepoch") == "2");
  const auto& change = city.library.changes()[0];
  CHECK(HeaderOf(messages[0], "ce_id") == "memory/hangou.population.records/" +
                                              std::to_string(change.partition) + "@" +
                                              std::to_string(change.offset));
  std::set<std::string> listed;
  for (const DeliveryHeader& header : DeliveryHeaders()) listed.insert(std::string(header.name));
  for (const DeliveryMessage& message : messages) {
    for (const auto& [header, value] : message.headers) CHECK(listed.contains(header));
  }
}

TEST_CASE("Keys of one record differ between consumers, and stay when its owner is given in full") {
  TopicCity city;
  city.library.Put(0, "a");
  city.library.Put(1, "b");
  city.Begin();
  auto objects = Objects();
  auto* id = objects.grants["g1"].add_fields();
  id->set_field("id");
  id->set_permission(hangou::record::v1::PERMISSION_FULL);
  city.Install(objects);
  city.library.Put(0, "c");
  city.host->Pass(200);
  const auto messages = city.Messages();
  REQUIRE(messages.size() == 3);
  CHECK(messages[0].key != messages[1].key);
  const auto first =
      HeaderOf(messages[0], "ce_id").ends_with("@" + std::to_string(city.library.changes()[0].offset));
  CHECK(messages[2].key == messages[first ? 0 : 1].key);
  CHECK(HeaderOf(messages[2], "ce_subject") == city.library.Person(0));
}

TEST_CASE("The cursor moves when the broker has acknowledged, and not before") {
  TopicCity city;
  city.library.Put(0, "a");
  city.topics.Hold();
  city.Begin();
  REQUIRE(city.topics.held() == 1);
  CHECK(city.stream->progress()->on_their_way == 1);
  CHECK_FALSE(city.cursors.Read("tax", "s1")->has_value());
  city.topics.Release();
  city.host->RunAll();
  CHECK(city.cursors.Read("tax", "s1")->has_value());
  CHECK(city.taken == 1);
  CHECK(city.guard->waiting() == 0);

  // What fails is repeated from there, with the same identity.
  city.topics.Fail(MakeError(Reason::kLogUnavailable, "test"));
  city.library.Put(0, "b");
  city.host->Pass(200);
  REQUIRE(city.ended.has_value());
  CHECK(ReasonOf(*city.ended) == Reason::kLogUnavailable);
  city.topics.Fail(absl::OkStatus());
  city.Begin();
  CHECK(city.Messages().size() == 2);

  // As is what the broker has, but the store has not.
  city.store_failure = MakeError(Reason::kStoreFull, "test");
  city.library.Put(0, "c");
  city.host->Pass(200);
  CHECK(ReasonOf(city.ended.value()) == Reason::kStoreFull);
  city.store_failure = absl::OkStatus();
  city.Begin();
  const auto messages = city.Messages();
  REQUIRE(messages.size() == 4);
  CHECK(HeaderOf(messages[2], "ce_id") == HeaderOf(messages[3], "ce_id"));
}

TEST_CASE("An epoch is not confirmed while the producer may send what was decided under an older one") {
  TopicCity city;
  city.Begin();
  city.topics.Hold();
  city.library.Put(0, "a");
  city.host->Pass(100);
  REQUIRE(city.topics.held() == 1);
  auto objects = Objects();
  Withhold(&objects, "name");
  city.Install(objects);
  CHECK(city.policy.ConfirmedEpoch() == city.epoch - 1);
  SECTION("until the broker acknowledges") {
    city.topics.Release();
    CHECK(city.policy.ConfirmedEpoch() == city.epoch);
    CHECK(HeaderOf(city.Messages()[0], "ce_hangouwithheld") == "1");
  }
  SECTION("or until it is recalled, and decided again") {
    city.host->Pass(DeliveryGuard::kLookMs);
    CHECK(city.topics.recalls() == 0);
    city.host->Pass(DeliveryGuard::kRecallMs);
    city.host->Pass(DeliveryGuard::kLookMs);
    CHECK(city.topics.recalls() == 1);
    CHECK(city.policy.ConfirmedEpoch() == city.epoch);
    CHECK(ReasonOf(city.ended.value()) == Reason::kEpochNotReached);
    city.topics.Release();
    CHECK(city.Messages().empty());
    city.Begin();
    REQUIRE(city.Messages().size() == 1);
    CHECK(HeaderOf(city.Messages()[0], "ce_hangouwithheld") == "1,2");
  }
}

TEST_CASE("What is not acknowledged is recalled before the lease runs out") {
  TopicCity city;
  city.Begin();
  city.topics.Hold();
  city.library.Put(0, "a");
  city.host->Pass(100);
  const int64_t left_ms = city.policy.LeaseLeftMs();
  for (int64_t passed_ms = 0; passed_ms < left_ms - 2 * DeliveryGuard::kLeaseMarginMs;) {
    // The consumer's side of the stream is not what is tested: a look a second is enough.
    const int64_t step_ms =
        std::min<int64_t>(left_ms / 2, left_ms - 2 * DeliveryGuard::kLeaseMarginMs - passed_ms);
    city.clock.AdvanceUs(step_ms * kUsPerMs);
    passed_ms += step_ms;
  }
  city.host->RunAll();
  CHECK(city.topics.recalls() == 0);
  city.host->Pass(DeliveryGuard::kLeaseMarginMs);
  city.host->Pass(DeliveryGuard::kLookMs);
  CHECK(city.topics.recalls() == 1);
  CHECK(city.policy.LeaseLeftMs() > 0);
  CHECK(city.guard->waiting() == 0);
  city.topics.Release();
  CHECK(city.Messages().empty());
}

TEST_CASE("A stream that the policy ends tells why, behind what is at the producer") {
  TopicCity city;
  city.Begin();
  city.topics.Hold();
  city.library.Put(0, "a");
  city.host->Pass(100);
  auto objects = Objects();
  Withhold(&objects, "");
  city.Install(objects);
  city.stream->Check();
  city.host->RunAll();
  CHECK_FALSE(city.ended.has_value());
  city.topics.Release();
  city.host->RunAll();
  CHECK(ReasonOf(city.ended.value()) == Reason::kNegativeList);
  CHECK(city.Messages().size() == 1);
  CHECK(city.cursors.Read("tax", "s1")->has_value());
}

// Takes one random step of a world in which everything fails now and then.
void Step(TopicCity& city, std::mt19937_64& random, PolicyObjects& objects) {
  const size_t person = random() % 6;
  switch (random() % 10) {
    case 0:
      return city.library.Delete(person);
    case 1:
      return city.topics.Hold();
    case 2:
      return city.topics.Release();
    case 3:
      return city.topics.Recall();
    case 4:
      return city.topics.Fail(random() % 2 == 0 ? absl::OkStatus()
                                                : MakeError(Reason::kLogUnavailable, "test"));
    case 5:
      return city.Install(objects);
    case 6:
      city.store_failure = random() % 2 == 0 ? absl::OkStatus() : MakeError(Reason::kStoreFull, "test");
      return;
    case 7:
      return city.host->Pass(static_cast<int64_t>(random() % 200));
    default:
      return city.library.Put(person, std::to_string(random() % 1000));
  }
}

TEST_CASE("Whatever fails, nothing is lost, and repeats are recognised") {
  const auto seed = static_cast<uint64_t>(Catch::rngSeed());
  for (uint64_t round = 0; round < 40; ++round) {
    CAPTURE(seed, round);
    std::mt19937_64 random(seed + round);
    TopicCity city;
    PolicyObjects objects = Objects();
    city.Begin();
    for (int i = 0; i < 60; ++i) {
      Step(city, random, objects);
      if (city.ended) city.Begin();
    }
    city.topics.Fail(absl::OkStatus());
    city.store_failure = absl::OkStatus();
    city.topics.Release();
    for (int i = 0; i < 5; ++i) {
      city.host->Pass(200);
      if (city.ended) city.Begin();
    }
    REQUIRE_FALSE(city.ended.has_value());
    // Without the repeats: every change, those of a record in their order.
    std::set<std::string> seen;
    std::map<std::string, int> revisions;
    for (const DeliveryMessage& message : city.Messages()) {
      if (!seen.insert(HeaderOf(message, "ce_id")).second) continue;
      const int revision = std::stoi(HeaderOf(message, "ce_hangourevision"));
      REQUIRE(revision > revisions[message.key]);
      revisions[message.key] = revision;
    }
    for (const auto& change : city.library.changes()) {
      REQUIRE(seen.contains("memory/hangou.population.records/" + std::to_string(change.partition) + "@" +
                            std::to_string(change.offset)));
    }
  }
}

}  // namespace
}  // namespace hangou

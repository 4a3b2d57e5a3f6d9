// Properties of the feed against a model, under random histories, cuts and policies.
#include <catch2/catch.hpp>
#include <random>

#include "libs/base/limits.h"
#include "libs/feed/feed_for_test.h"

namespace hangou::feed_test {
namespace {

using hangou::exchange::v1::Change;
using hangou::exchange::v1::Delivery;

constexpr int kRounds = 40;
constexpr int kSteps = 400;

std::string NameOfPayload(const Change& change) {
  static const auto kSchema = schema_test::MustCompile(Objects().resources.at(kResource));
  std::vector<FieldSlice> slices;
  REQUIRE(WalkPayload(*kSchema, change.record().payload(), &slices).ok());
  for (const FieldSlice& slice : slices) {
    if (kSchema->fields()[static_cast<size_t>(slice.index)].name == "name") return std::string(slice.text);
  }
  return "";
}

// One random change of the library, of all kinds that a log can hold.
void ChangeSomething(std::mt19937& random, TestLibrary* library, int step) {
  const size_t person = random() % library->people();
  switch (random() % 12) {
    case 0:
      return library->NewOwner();
    case 1:
      return library->PutAsFormerOwner(person, "void");
    case 2:
      return library->PutOther(person);
    case 3:
      return library->PutTombstone();
    case 4:
    case 5:
      return library->Delete(person);
    default:
      return library->Put(person, "n" + std::to_string(step));
  }
}

// A subscriber that is cut at random places and goes on from the last token that it has.
class Subscriber {
 public:
  Subscriber(TestCity& city, hangou::exchange::v1::SubscribeRequest first)
      : city_(city), first_(std::move(first)) {
    Open();
  }
  void Open() {
    stream_ = city_.Open(token_.empty() ? first_ : TestCity::From(token_));
    // What was written while it opened, and what comes later.
    for (const Delivery& delivery : city_.sink->deliveries) Receive(delivery);
    city_.sink->on_write = [this](const Delivery& delivery) { Receive(delivery); };
  }
  void Cut() {
    stream_.reset();
    city_.host->RunAll();
    ++cuts_;
    Open();
  }
  void Finish() {
    for (int i = 0; i < 4; ++i) city_.host->Pass(limits::kDeliveryWaitMs);
  }
  const std::vector<Change>& received() const { return received_; }
  int cuts() const { return cuts_; }

 private:
  void Receive(const Delivery& delivery) {
    token_ = delivery.token();
    for (const Change& change : delivery.changes()) received_.push_back(change);
  }

  TestCity& city_;
  const hangou::exchange::v1::SubscribeRequest first_;
  std::shared_ptr<SubscriptionStream> stream_;
  std::string token_;
  std::vector<Change> received_;
  int cuts_ = 0;
};

// Lets the history, the stream and the cuts go on at random.
void Run(std::mt19937& random, TestCity* city, Subscriber* subscriber) {
  for (int step = 0; step < kSteps; ++step) {
    switch (random() % 8) {
      case 0:
      case 1:
      case 2:
        ChangeSomething(random, &city->library, step);
        break;
      case 3:
        city->clock.AdvanceUs(static_cast<int64_t>(random() % 200) * kUsPerMs);
        break;
      case 4:
        if (random() % 6 == 0) subscriber->Cut();
        break;
      default:
        city->host->RunOne();
    }
  }
  subscriber->Finish();
}

TEST_CASE(
    "A subscriber cut at random and resumed by tokens sees, repeats set aside, exactly the model's "
    "sequence") {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < kRounds; ++round) {
    TestCity city;
    Subscriber subscriber(city, TestCity::Now());
    city.host->RunAll();
    Run(random, &city, &subscriber);
    std::map<int32_t, std::vector<TestLibrary::Change>> expected;
    for (const auto& change : city.library.changes()) expected[change.partition].push_back(change);
    std::map<int32_t, size_t> seen;
    std::map<int32_t, int64_t> last;
    for (const Change& change : subscriber.received()) {
      const auto& position = change.record().provenance().position();
      const auto known = last.find(position.partition());
      if (known != last.end() && position.offset() <= known->second) continue;
      last[position.partition()] = position.offset();
      const size_t place = seen[position.partition()]++;
      REQUIRE(place < expected[position.partition()].size());
      const auto& wanted = expected[position.partition()][place];
      REQUIRE(position.offset() == wanted.offset);
      REQUIRE((change.kind() == Change::KIND_DELETION) == wanted.deletion);
      if (!wanted.deletion) REQUIRE(NameOfPayload(change) == wanted.name);
    }
    for (const auto& [partition, changes] : expected) REQUIRE(seen[partition] == changes.size());
  }
}

TEST_CASE("A subscriber that begins with a snapshot, cut at random, ends with the model's records") {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  int cuts = 0;
  for (int round = 0; round < kRounds; ++round) {
    TestCity city;
    city.library.page_records = 1 + random() % 5;
    for (int i = 0; i < 100; ++i) ChangeSomething(random, &city.library, -i);
    Subscriber subscriber(city, TestCity::Snapshot());
    Run(random, &city, &subscriber);
    cuts += subscriber.cuts();
    // By pseudonym: the newest revision of each record that was received.
    std::map<std::string, const Change*> newest;
    for (const Change& change : subscriber.received()) {
      const Change*& known = newest[change.record().owner().id()];
      const auto revision = change.record().provenance().revision();
      if (known == nullptr || known->record().provenance().revision() <= revision) known = &change;
    }
    std::vector<std::string> names;
    for (const auto& [owner, change] : newest) {
      if (change->kind() == Change::KIND_UPSERT) names.push_back(NameOfPayload(*change));
    }
    std::vector<std::string> expected;
    for (const auto& [owner, name] : city.library.Current()) expected.push_back(name);
    std::sort(names.begin(), names.end());
    std::sort(expected.begin(), expected.end());
    REQUIRE(names == expected);
  }
  CHECK(cuts > 0);
}

TEST_CASE(
    "A field on the negative list is in no batch that names the new epoch, and every batch names the "
    "newest") {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  size_t without_name = 0;
  for (int round = 0; round < kRounds; ++round) {
    TestCity city;
    std::map<uint64_t, bool> name_allowed = {{1, true}};
    const auto stream = city.Open(TestCity::Now());
    city.sink->on_write = [&](const Delivery& delivery) {
      REQUIRE(delivery.decision().epoch() == city.epoch);
      const bool allowed = name_allowed.at(delivery.decision().epoch());
      const auto& withheld = delivery.decision().withheld();
      REQUIRE((std::find(withheld.begin(), withheld.end(), kName) == withheld.end()) == allowed);
      for (const Change& change : delivery.changes()) {
        if (change.kind() == Change::KIND_UPSERT) REQUIRE(NameOfPayload(change).empty() != allowed);
      }
      without_name += allowed ? 0 : static_cast<size_t>(delivery.changes_size());
    };
    for (int step = 0; step < kSteps; ++step) {
      const auto action = random() % 10;
      if (action < 4) {
        city.library.Put(random() % city.library.people(), "n" + std::to_string(step));
      } else if (action == 4) {
        city.audit.hold = random() % 2 == 0;
        if (!city.audit.hold) city.audit.Release();
      } else if (action == 5 && random() % 4 == 0) {
        auto objects = Objects();
        const bool allowed = random() % 2 == 0;
        if (!allowed) Withhold(&objects, "name");
        name_allowed[city.epoch + 1] = allowed;
        city.Install(objects);
        stream->Check();
      } else if (action == 6) {
        city.clock.AdvanceUs(static_cast<int64_t>(random() % 200) * kUsPerMs);
      } else {
        city.host->RunOne();
      }
    }
    REQUIRE_FALSE(city.sink->finished);
  }
  CHECK(without_name > 0);
}

}  // namespace
}  // namespace hangou::feed_test

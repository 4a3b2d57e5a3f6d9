// What is followed is what a run would find: random rules over random records, with restarts.
#include "services/comparison/following.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <thread>

#include "libs/base/temp_folder.h"
#include "libs/base/text.h"
#include "libs/comparison/rules_for_test.h"
#include "libs/feed/feed_for_test.h"
#include "services/comparison/comparison.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;
using rule_test::AddModelFields;
using rule_test::Any;
using rule_test::Below;
using rule_test::kModelDay;
using rule_test::LimitOfDays;
using rule_test::OneIn;
using rule_test::Random;
using rule_test::RandomRule;

constexpr int kFollowedSeeds = 4;  // some seconds
constexpr int kBursts = 6;
constexpr size_t kPersons = 5;
constexpr int kRecordsOfResource = 25;
constexpr int64_t kKeepMs = 30'000;
// A turn takes a tenth of a second; a machine that does other things as well has longer.
constexpr int64_t kCatchUpMs = 60'000;
constexpr char kBureau[] = "tax";
const std::vector<std::string> kSideResources = {"tax.a0", "tax.a1", "tax.b0", "tax.b1", "tax.c0", "tax.c1"};

PolicyObjects ObjectsOfModel() {
  PolicyObjects objects;
  objects.departments[kBureau].set_name(kBureau);
  auto& purpose = objects.purposes["tax_risk"];
  purpose.set_name("tax_risk");
  purpose.add_departments(kBureau);
  uint32_t number = 0;
  for (const std::string& name : kSideResources) {
    auto resource = schema_test::BareResource();
    resource.set_name("resources/" + name);
    resource.set_number(++number);
    resource.set_library("tax");
    resource.set_responsible(kBureau);
    resource.clear_providers();
    resource.add_providers(kBureau);
    resource.set_versioning(hangou::catalog::v1::VERSIONING_ARRIVAL);
    AddModelFields(&resource);
    objects.resources[resource.name()] = resource;
  }
  return objects;
}

// Open clues: what they are about, and their figures.
using OpenClues = std::map<std::string, std::string>;

OpenClues OpenCluesOf(ComparisonBook& book) {
  OpenClues open;
  for (const StoredClue& clue :
       book.Clues(kBureau, [](const v1::Clue& one) { return one.state() == v1::CLUE_STATE_NEW; })) {
    std::string key;
    for (const auto& part : clue->key()) key += part.value() + "|";
    std::string figures = clue->has_amount_fen() ? std::to_string(clue->amount_fen()) : "-";
    for (const auto& figure : clue->figures()) figures += " " + figure.name() + "=" + figure.value();
    open[key] = clue->subject() + " " + figures;
  }
  return open;
}

// A comparison that follows one rule, on a log in memory.
class FollowedCity {
 public:
  FollowedCity(Random& random, v1::ComparisonRule rule) : random_(random), rule_(std::move(rule)) {
    policy_.Install(PolicySnapshot::Compile(ObjectsOfModel(), 1).value());
    policy_.Renew(clock_.BootUs(), 1, 1'000'000'000'000);
    REQUIRE(log_.EnsureTopic(RecordTopic("tax"), feed_test::kPartitions).ok());
    std::mt19937_64 persons(11);
    for (size_t i = 0; i < kPersons; ++i) persons_.push_back(identifier_test::RandomCitizenId(persons));
    Open();
    Declare(*book_);
    desk_->following.Start();
    const auto followed = OnLoop([this] {
      v1::FollowRuleRequest request;
      request.set_rule(rule_.name());
      return desk_->following.Follow({kBureau, "consumer", "app", "", ""}, request).status();
    });
    INFO(followed);
    REQUIRE(followed.ok());
  }
  ~FollowedCity() { Close(); }

  void Restart() {
    Close();
    Open();
    desk_->following.Start();
  }
  void PassDay() { clock_.AdvanceUs(kUsPerDay); }
  void ChangeLimit() {
    limit_ = 1 + static_cast<int>(Below(random_, 9));
    v1::ComparisonEvent event;
    *event.mutable_parameter() = LimitOfDays(limit_);
    event.set_department(kBureau);
    REQUIRE(book_->Write({event}, kKeepMs).ok());
    desk_->following.CompareAll(kBureau);
  }
  // Some records come, change their keys, and go.
  void Burst() {
    for (size_t i = 0, count = 1 + Below(random_, 40); i < count; ++i) AppendRandom();
  }

  OpenClues Followed() { return OpenCluesOf(*book_); }
  // What a run finds for somebody who knows of nothing that was found before.
  OpenClues Truth() {
    MemoryLog log;
    ComparisonBook book(log);
    REQUIRE(book.Open().ok());
    Declare(book);
    const ComparisonContext context = {policy_, audit_, keys_, clock_, *projections_, book};
    v1::RunRuleRequest request;
    request.set_rule(rule_.name());
    RunMeter meter;
    const auto run = RunStoredRule(context, {kBureau, "consumer", "app", "", ""}, request, &meter);
    INFO(run.status());
    REQUIRE(run.ok());
    return OpenCluesOf(book);
  }

 private:
  // What stands behind the projections; it goes before them.
  struct Desk {
    Desk(const ComparisonContext& of) : context(of), following(context, loop) {}
    const ComparisonContext context;
    EventLoop loop{"followed"};
    Following following;
  };

  void Open() {
    book_ = std::make_unique<ComparisonBook>(log_);
    REQUIRE(book_->Open().ok());
    auto projections = Projections::Open({log_,
                                          policy_,
                                          clock_,
                                          MakeStoreBudget(32 << 20),
                                          folder_.path() + "/view",
                                          feed_test::kPartitions,
                                          {},
                                          [this](const ProjectionName& name, std::vector<std::string> keys) {
                                            MutexLock lock(mutex_);
                                            if (desk_ != nullptr) desk_->following.TakeChanged(name, keys);
                                          }});
    INFO(projections.status());
    REQUIRE(projections.ok());
    projections_ = *std::move(projections);
    MutexLock lock(mutex_);
    desk_ = std::make_unique<Desk>(ComparisonContext{policy_, audit_, keys_, clock_, *projections_, *book_});
  }
  void Close() {
    desk_->following.Stop();
    projections_->Stop();
    desk_->loop.Stop();
    {
      MutexLock lock(mutex_);
      desk_.reset();
    }
    projections_.reset();
    book_.reset();
  }
  void Declare(ComparisonBook& book) {
    std::vector<v1::ComparisonEvent> events(2);
    events[0].mutable_rule()->set_version(1);
    *events[0].mutable_rule()->mutable_rule() = rule_;
    *events[1].mutable_parameter() = LimitOfDays(limit_);
    for (auto& event : events) event.set_department(kBureau);
    REQUIRE(book.Write(events, kKeepMs).ok());
  }
  template <typename Work>
  absl::Status OnLoop(Work work) {
    absl::Status status;
    std::atomic<bool> done = false;
    desk_->loop.Post([&] {
      status = work();
      done = true;
      done.notify_all();
    });
    done.wait(false);
    return status;
  }

  void AppendRandom() {
    const uint32_t resource = static_cast<uint32_t>(1 + Below(random_, kSideResources.size()));
    const size_t record = Below(random_, kRecordsOfResource);
    const size_t person = record % kPersons;
    hangou::record::v1::Envelope event;
    event.set_owner_epoch(1);
    const bool goes = OneIn(random_, 4);
    auto* const head =
        goes ? event.mutable_deletion()->mutable_head() : event.mutable_upsert()->mutable_head();
    head->set_owner_kind(hangou::record::v1::ENTITY_KIND_PERSON);
    head->set_owner_key(persons_[person].substr(0, 17));
    head->set_resource_number(resource);
    head->set_provider(kBureau);
    head->set_record_key(std::to_string(record));
    if (goes) {
      using hangou::record::v1::Deletion;
      event.mutable_deletion()->set_kind(
          Any<Deletion::Kind>(random_, {Deletion::KIND_DELETE, Deletion::KIND_RECALL, Deletion::KIND_ERASE}));
      event.mutable_deletion()->set_valid_until_day(
          DayInChina(clock_.UtcUs()) + (OneIn(random_, 3) ? static_cast<int32_t>(Below(random_, 3)) : 0));
    } else {
      *event.mutable_upsert()->mutable_payload() = RandomPayload(persons_[person]);
    }
    log_.Append(RecordTopic("tax"), static_cast<int32_t>(person % feed_test::kPartitions),
                {{std::to_string(resource) + "/" + std::to_string(record), event.SerializeAsString()}},
                [](const absl::StatusOr<int64_t>& offset) { REQUIRE(offset.ok()); });
  }
  std::string RandomPayload(const std::string& person) {
    const auto schema = policy_.Newest()->FindResource("resources/tax.a0");
    std::string payload;
    const auto set = [&](const char* name, const std::string& text) {
      const auto& field = schema->fields()[static_cast<size_t>(schema->IndexOfName(name))];
      REQUIRE(EncodeField(field, text, &payload).ok());
    };
    set("citizen_id", person);
    if (!OneIn(random_, 10)) set("document", std::to_string(Below(random_, 4)));
    for (const char* const money : {"amount", "other"}) {
      if (!OneIn(random_, 6)) set(money, std::to_string(Below(random_, 800)) + ".00");
    }
    if (!OneIn(random_, 6)) set("day", FormatDay(kModelDay - static_cast<int32_t>(Below(random_, 120))));
    if (!OneIn(random_, 6)) set("kind", Any<std::string>(random_, {"x", "y", "xyz"}));
    if (!OneIn(random_, 6)) set("month", Any<std::string>(random_, {"2024-09", "2024-10"}));
    return payload;
  }

  Random& random_;
  const v1::ComparisonRule rule_;
  int limit_ = 5;
  ManualClock clock_{(kModelDay * kUsPerDay) + kUsPerDay / 4};
  TempFolder folder_;
  MemoryLog log_;
  feed_test::TestAudit audit_;
  PolicyHolder policy_{clock_};
  KeyRing keys_ = KeyRing::ForTest();
  std::vector<std::string> persons_;
  std::unique_ptr<ComparisonBook> book_;
  std::unique_ptr<Projections> projections_;
  Mutex mutex_;
  std::unique_ptr<Desk> desk_;
};

// The same, once what has changed was compared.
bool IsFollowed(FollowedCity& city) {
  const int64_t deadline_us = SystemClock().BootUs() + kCatchUpMs * kUsPerMs;
  const OpenClues truth = city.Truth();
  while (city.Followed() != truth) {
    if (SystemClock().BootUs() > deadline_us) {
      for (const auto& [key, figures] : truth) UNSCOPED_INFO("a run finds " << key << " " << figures);
      for (const auto& [key, figures] : city.Followed()) UNSCOPED_INFO("followed: " << key << " " << figures);
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // waits: another thread keeps the clues
  }
  return true;
}

}  // namespace

TEST_CASE("A random rule that is followed has the clues that a run finds, after changes, days and restarts") {
  const char* const wanted = std::getenv("HANGOU_FOLLOWED_SEEDS");
  const int seeds = wanted != nullptr ? std::atoi(wanted) : kFollowedSeeds;
  size_t found = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    Random random(static_cast<uint64_t>(seed));
    const v1::ComparisonRule rule = RandomRule(random);
    INFO("seed " << seed << ": " << rule.DebugString());
    FollowedCity city(random, rule);
    for (int burst = 0; burst < kBursts; ++burst) {
      INFO("burst " << burst);
      city.Burst();
      // What follows has everything compared: so the keys that have changed are looked at before.
      REQUIRE(IsFollowed(city));
      if (OneIn(random, 6)) city.Restart();
      if (OneIn(random, 6)) city.PassDay();
      if (OneIn(random, 6)) city.ChangeLimit();
      REQUIRE(IsFollowed(city));
      found += city.Followed().size();
    }
  }
  CHECK(found > static_cast<size_t>(seeds));
}

}  // namespace hangou

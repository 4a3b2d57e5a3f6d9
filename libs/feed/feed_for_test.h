// What the tests of the feed share: a policy, a library with its log, and a driver that stands still when told.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "hangou/record/v1/envelope.pb.h"
#include "libs/audit/chain.h"
#include "libs/base/mutex.h"
#include "libs/feed/subscription_stream.h"
#include "libs/identifiers/generate_for_test.h"
#include "libs/log/log_for_test.h"
#include "libs/log/memory_log.h"
#include "libs/log/record_topic.h"
#include "libs/policy/policy_holder.h"
#include "libs/schema/schema_for_test.h"

namespace hangou::feed_test {

constexpr char kResource[] = "resources/psb.resident";
constexpr uint32_t kResourceNumber = 7;
constexpr int32_t kPartitions = 4;
// Numbers of the fields.
constexpr uint32_t kId = 1, kName = 2, kPhone = 3;

// An audit chain in memory that a test can hold or make fail. Appends come from any thread; everything else is for the
// test's own while nothing else runs.
class TestAudit final : public AuditChain {
 public:
  void Append(hangou::audit::v1::Entry entry, Done done) override {
    if (!failure.ok()) return done(failure);
    if (hold) return held_.emplace_back(std::move(entry), std::move(done)), void();
    Keep(std::move(entry));
    done(absl::OkStatus());
  }
  absl::Status AppendAndWait(hangou::audit::v1::Entry entry) override {
    Keep(std::move(entry));
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<StoredAuditEntry>> Read(uint64_t, size_t) const override {
    return std::vector<StoredAuditEntry>();
  }
  uint64_t newest_sequence() const override { return entries.size(); }

  void Release() {
    for (auto& [entry, done] : std::exchange(held_, {})) {
      entries.push_back(std::move(entry));
      done(absl::OkStatus());
    }
  }

  std::vector<hangou::audit::v1::Entry> entries;
  absl::Status failure;
  bool hold = false;

 private:
  void Keep(hangou::audit::v1::Entry entry) {
    MutexLock lock(mutex_);
    entries.push_back(std::move(entry));
  }

  Mutex mutex_;
  std::vector<std::pair<hangou::audit::v1::Entry, Done>> held_;
};

// A catalog with one resource of psb that tax may read: id, name and phone, as the grant says.
inline PolicyObjects Objects() {
  using namespace hangou::catalog::v1;  // NOLINT: the names of the catalog's types
  PolicyObjects objects;
  for (const char* name : {"psb", "tax", "labour"}) objects.departments[name].set_name(name);
  Purpose& purpose = objects.purposes["check"];
  purpose.set_name("check");
  purpose.add_departments("tax");
  purpose.add_departments("labour");
  Resource resource = schema_test::BareResource();
  resource.set_versioning(VERSIONING_ARRIVAL);
  resource.set_number(kResourceNumber);
  resource.set_owner_field("id");
  schema_test::AddField(&resource, "id", FIELD_TYPE_CITIZEN_ID)->set_required(true);
  schema_test::AddField(&resource, "name", FIELD_TYPE_TEXT);
  schema_test::AddField(&resource, "phone", FIELD_TYPE_TEXT);
  objects.resources[kResource] = resource;
  Grant& grant = objects.grants["g1"];
  grant.set_name("g1");
  grant.set_resource(kResource);
  grant.set_department("tax");
  grant.add_purposes("check");
  for (const char* field : {"name", "phone"}) {
    auto* line = grant.add_fields();
    line->set_field(field);
    line->set_permission(hangou::record::v1::PERMISSION_FULL);
  }
  return objects;
}

// Puts a field on the negative list; an empty name stands for the whole resource.
inline void Withhold(PolicyObjects* objects, const std::string& field) {
  auto& entry = objects->negative_list["n" + field];
  entry.set_name("n" + field);
  entry.set_resource(kResource);
  entry.set_field(field);
  entry.set_legal_basis("Law 9");
}

// A library in memory: its log, and its records as a scan shows them.
class TestLibrary {
 public:
  explicit TestLibrary(Log& log) : log_(log) {
    HANGOU_CHECK(log_.EnsureTopic(RecordTopic("population"), kPartitions).ok(), "no topic");
    std::mt19937_64 random(7);
    for (int i = 0; i < 40; ++i) people_.push_back(identifier_test::RandomCitizenId(random));
    NewOwner();
  }

  // A change of the model: where it stands, and what it made of the record.
  struct Change {
    int32_t partition;
    int64_t offset;
    bool deletion;
    std::string name;
  };

  // Publishes a record about a person, or deletes it.
  void Put(size_t person, const std::string& name) { Write(person, name, false, owner_epoch); }
  void Delete(size_t person) { Write(person, "", true, owner_epoch); }
  // A new owner in every partition.
  void NewOwner() {
    ++owner_epoch;
    hangou::record::v1::Envelope envelope;
    envelope.mutable_owner_start();
    for (int32_t p = 0; p < kPartitions; ++p) Append(p, "owner", envelope, owner_epoch);
  }
  // What a former owner writes that does not know it yet: void.
  void PutAsFormerOwner(size_t person, const std::string& name) {
    Write(person, name, false, owner_epoch - 1);
  }
  // A record of another resource about the same person.
  void PutOther(size_t person) {
    auto envelope = Event(person, "other", false);
    envelope.mutable_upsert()->mutable_head()->set_resource_number(kResourceNumber + 1);
    Append(PartitionOfPerson(person), "other", envelope, owner_epoch);
  }
  // Tells that erasures up to an offset of a partition are gone from it.
  void EndErasures(int32_t partition, uint32_t resource_number, int64_t last_offset) {
    hangou::record::v1::Envelope envelope;
    envelope.mutable_erasures_ended()->set_resource_number(resource_number);
    envelope.mutable_erasures_ended()->set_last_offset(last_offset);
    Append(partition, "ended", envelope, owner_epoch);
  }
  void PutTombstone() {
    HANGOU_CHECK(AppendAndWait(log_, RecordTopic("population"), 0, {{"erased", std::nullopt}}).ok(),
                 "append");
  }

  absl::StatusOr<hangou::base_library::v1::ScanResponse> Scan(
      const hangou::base_library::v1::ScanRequest& request) const {
    hangou::base_library::v1::ScanResponse page;
    page.set_applied_end(EndOffsetOf(log_, RecordTopic("population"), request.partition()).value());
    if (request.resource_number() != kResourceNumber) return page;
    const size_t most = std::min<size_t>(page_records, static_cast<size_t>(request.max_records()));
    for (const auto& [key, stored] : view_) {
      if (std::get<0>(key) != request.partition() || std::get<1>(key) <= request.after_key()) continue;
      auto* item = page.add_items();
      *item->mutable_upsert() = stored.first;
      item->set_offset(stored.second);
      page.set_next_key(std::get<1>(key));
      if (static_cast<size_t>(page.items_size()) == most) return page;
    }
    page.clear_next_key();
    return page;
  }

  const std::string& Person(size_t person) const { return people_[person]; }
  size_t people() const { return people_.size(); }
  const std::vector<Change>& changes() const { return changes_; }
  // Names of the current records, by owner key.
  std::map<std::string, std::string> Current() const {
    std::map<std::string, std::string> current;
    for (const auto& [key, stored] : view_) current[std::get<1>(key)] = names_.at(std::get<1>(key));
    return current;
  }
  std::string OwnerKey(size_t person) const { return CanonicalKey(EntityKind::kPerson, people_[person]); }

  uint64_t owner_epoch = 0;
  size_t page_records = 256;

 private:
  int32_t PartitionOfPerson(size_t person) const {
    return PartitionOf(EntityKind::kPerson, OwnerKey(person), kPartitions);
  }

  hangou::record::v1::Envelope Event(size_t person, const std::string& name, bool deletion) {
    hangou::record::v1::Envelope envelope;
    auto* head =
        deletion ? envelope.mutable_deletion()->mutable_head() : envelope.mutable_upsert()->mutable_head();
    head->set_owner_kind(hangou::record::v1::ENTITY_KIND_PERSON);
    head->set_owner_key(OwnerKey(person));
    head->set_resource_number(kResourceNumber);
    head->set_provider("psb");
    head->set_revision(++revisions_[person]);
    if (deletion) {
      envelope.mutable_deletion()->set_valid_until_day(20000);
      envelope.mutable_deletion()->set_owner_id(people_[person]);
      return envelope;
    }
    static const auto kSchema = schema_test::MustCompile(Objects().resources.at(kResource));
    envelope.mutable_upsert()->set_payload(
        schema_test::Encode(*kSchema, {{"id", people_[person]}, {"name", name}, {"phone", "13812345678"}}));
    return envelope;
  }

  int64_t Append(int32_t partition, const std::string& key, hangou::record::v1::Envelope envelope,
                 uint64_t epoch) {
    envelope.set_owner_epoch(epoch);
    return AppendAndWait(log_, RecordTopic("population"), partition, {{key, envelope.SerializeAsString()}})
        .value();
  }

  void Write(size_t person, const std::string& name, bool deletion, uint64_t epoch) {
    const auto envelope = Event(person, name, deletion);
    const int32_t partition = PartitionOfPerson(person);
    const int64_t offset = Append(partition, OwnerKey(person), envelope, epoch);
    if (epoch < owner_epoch) return;
    changes_.push_back({partition, offset, deletion, name});
    const auto key = std::make_pair(partition, OwnerKey(person));
    names_[key.second] = name;
    if (deletion) {
      view_.erase(key);
    } else {
      view_[key] = {envelope.upsert(), offset};
    }
  }

  Log& log_;
  std::vector<std::string> people_;
  std::map<size_t, uint64_t> revisions_;
  std::map<std::pair<int32_t, std::string>, std::pair<hangou::record::v1::Upsert, int64_t>> view_;
  std::map<std::string, std::string> names_;
  std::vector<Change> changes_;
};

// Drives streams one task at a time, at the time of a clock that stands still.
class TestHost final : public StreamHost {
 public:
  TestHost(ManualClock& clock, TestLibrary& library) : clock_(clock), library_(library) {}

  void Post(int64_t delay_ms, std::function<void()> task) override {
    tasks_.emplace(std::make_pair(clock_.BootUs() + delay_ms * kUsPerMs, next_++), std::move(task));
  }
  void Scan(const std::string&, hangou::base_library::v1::ScanRequest request, OnPage done) override {
    Post(0, [this, request, done] {
      if (scan_failures > 0) {
        --scan_failures;
        return done(MakeError(Reason::kDraining, "test"));
      }
      done(library_.Scan(request));
    });
  }
  // Runs the next task that is due; false where there is none.
  bool RunOne() {
    if (tasks_.empty() || tasks_.begin()->first.first > clock_.BootUs()) return false;
    const auto task = std::move(tasks_.begin()->second);
    tasks_.erase(tasks_.begin());
    task();
    return true;
  }
  // Runs all that is due.
  void RunAll() {
    while (RunOne()) {
    }
  }
  // Lets time pass, and runs what becomes due.
  void Pass(int64_t ms) {
    RunAll();
    clock_.AdvanceUs(ms * kUsPerMs);
    RunAll();
  }

  int scan_failures = 0;

 private:
  ManualClock& clock_;
  TestLibrary& library_;
  std::map<std::pair<int64_t, int>, std::function<void()>> tasks_;
  int next_ = 0;
};

// A consumer that takes deliveries at once, or when told.
class TestSink final : public DeliverySink {
 public:
  bool Write(OutgoingDelivery outgoing, std::function<void(bool)> written) override {
    HANGOU_CHECK(!pending, "two deliveries are outstanding");
    if (finished) return false;
    if (on_write) on_write(outgoing.delivery);
    deliveries.push_back(std::move(outgoing.delivery));
    pending = std::move(written);
    if (reads) Take();
    return true;
  }
  void Finish(const absl::Status& status) override {
    if (!finished) finished = status;
  }
  void FinishNow(const absl::Status& status) override {
    Finish(status);
    cut = true;
  }
  void Take(bool ok = true) {
    if (auto written = std::exchange(pending, nullptr)) written(ok);
  }

  std::vector<hangou::exchange::v1::Delivery> deliveries;
  std::optional<absl::Status> finished;
  bool cut = false;
  bool reads = true;
  std::function<void(bool)> pending;
  std::function<void(const hangou::exchange::v1::Delivery&)> on_write;
};

// All of it, with streams of the department tax.
class TestCity {
 public:
  TestCity() { Install(Objects()); }

  // Makes a policy the newest, and the lease long.
  void Install(const PolicyObjects& objects) {
    auto snapshot = PolicySnapshot::Compile(objects, ++epoch);
    HANGOU_CHECK(snapshot.ok(), Message(snapshot.status()));
    policy.Install(*snapshot);
    policy.Renew(clock.BootUs(), epoch, 1'000'000'000);
  }
  static hangou::exchange::v1::SubscribeRequest Request() {
    hangou::exchange::v1::SubscribeRequest request;
    request.mutable_context()->set_purpose("check");
    request.set_subscription("s1");
    request.set_resource(kResource);
    return request;
  }
  static hangou::exchange::v1::SubscribeRequest Now() {
    auto request = Request();
    request.mutable_now();
    return request;
  }
  static hangou::exchange::v1::SubscribeRequest Snapshot() {
    auto request = Request();
    request.mutable_snapshot();
    return request;
  }
  static hangou::exchange::v1::SubscribeRequest From(const std::string& token) {
    auto request = Request();
    request.set_token(token);
    return request;
  }
  // Opens a stream; a new sink every time.
  std::shared_ptr<SubscriptionStream> Open(const hangou::exchange::v1::SubscribeRequest& request,
                                           const std::string& department = "tax",
                                           std::optional<FeedPosition> cursor = std::nullopt) {
    sink = std::make_shared<TestSink>();
    const StreamContext context{log, policy, audit, keys, clock, kPartitions, RecallLedger(*recall_store, 0)};
    auto stream = std::make_shared<SubscriptionStream>(
        context, host, Caller{department, "consumer", "app", "", ""}, request, std::move(cursor), sink);
    stream->Start();
    return stream;
  }

  ManualClock clock;
  MemoryLog log;
  TestLibrary library{log};
  PolicyHolder policy{clock};
  TestAudit audit;
  KeyRing keys = KeyRing::ForTest();
  std::shared_ptr<TestHost> host = std::make_shared<TestHost>(clock, library);
  std::unique_ptr<Store> recall_store = MakeMemoryStore(1);
  std::shared_ptr<TestSink> sink;
  uint64_t epoch = 0;
};

}  // namespace hangou::feed_test

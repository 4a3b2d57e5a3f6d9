// Several copies of a group on one log, while its ownership moves and former owners do not know it yet.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "libs/base/status.h"
#include "libs/base_library/group_machine.h"

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;

constexpr int64_t kNow = 1'700'000'000'000'000;
constexpr int kNodes = 3;

// The newest version of each owner that was acknowledged.
class Acknowledgements {
 public:
  void Take(const std::string& owner, uint64_t version) {
    newest_[owner] = std::max(newest_[owner], version);
    ++count_;
  }
  const std::map<std::string, uint64_t>& newest() const { return newest_; }
  int count() const { return count_; }

 private:
  std::map<std::string, uint64_t> newest_;
  int count_ = 0;
};

class AcknowledgeSink : public OutcomeSink {
 public:
  AcknowledgeSink(Acknowledgements& acknowledgements, std::string owner, uint64_t version)
      : acknowledgements_(acknowledgements), owner_(std::move(owner)), version_(version) {}
  void OnOutcome(uint32_t, v1::RecordOutcome outcome) override {
    if (outcome.outcome() == v1::OUTCOME_ACCEPTED) acknowledgements_.Take(owner_, version_);
  }

 private:
  Acknowledgements& acknowledgements_;
  const std::string owner_;
  const uint64_t version_;
};

Submission Version(const std::string& owner, uint64_t version, const std::shared_ptr<OutcomeSink>& sink) {
  Submission submission;
  submission.by_source = true;
  submission.sink = sink;
  auto* head = submission.envelope.mutable_upsert()->mutable_head();
  head->set_owner_kind(hangou::record::v1::ENTITY_KIND_PERSON);
  head->set_owner_key(owner);
  head->set_resource_number(1);
  head->set_provider("psb");
  head->set_source_version(version);
  head->set_content_hash_low(version);
  return submission;
}

Submission Erasure(const std::string& owner, const std::shared_ptr<OutcomeSink>& sink) {
  Submission submission = Version(owner, 0, sink);
  hangou::record::v1::Deletion deletion;
  *deletion.mutable_head() = submission.envelope.upsert().head();
  deletion.set_kind(hangou::record::v1::Deletion::KIND_ERASE);
  *submission.envelope.mutable_deletion() = std::move(deletion);
  return submission;
}

using SharedLog = std::vector<LogEntry>;

// What compaction leaves: of each key the newest entry, without tombstones.
SharedLog Compacted(const SharedLog& log) {
  std::map<std::string, size_t> newest;
  for (size_t i = 0; i < log.size(); ++i) newest[log[i].key] = i;
  SharedLog kept;
  for (size_t i = 0; i < log.size(); ++i) {
    if (newest[log[i].key] == i && log[i].value) kept.push_back(log[i]);
  }
  return kept;
}

// A replica: its view, its machine, and what its producer has not handed to the log yet.
class Node {
 public:
  explicit Node(SharedLog& log) : log_(log), store_(MakeMemoryStore(kViewTables)) { Start(); }

  // A new process on the same view; what the old one had not sent is gone.
  void Start() {
    outbox_.clear();
    acknowledged_.clear();
    machine_ = std::make_unique<GroupMachine>(*store_, std::vector<int32_t>{0}, nullptr);
    REQUIRE(machine_->Load("log").ok());
  }
  void Own(uint64_t placement_epoch) {
    ApplySome(log_.size());
    auto effects = machine_->BeginOwnership(placement_epoch, kNow);
    if (effects.ok()) Perform(std::move(*effects));
  }
  void Disown() { Perform(machine_->EndOwnership()); }
  void Submit(Submission submission) {
    if (!machine_->Owns()) return;
    std::vector<Submission> one;
    one.push_back(std::move(submission));
    auto effects = machine_->Decide(std::move(one), kNow);
    REQUIRE(effects.ok());
    Perform(std::move(*effects));
  }
  void SendSome(size_t count) {
    for (; count > 0 && !outbox_.empty(); --count) {
      auto entries = std::make_shared<std::vector<LogEntry>>(1, outbox_.front());
      acknowledged_.push_back({0, static_cast<int64_t>(log_.size()), std::move(entries)});
      log_.push_back(std::move(outbox_.front()));
      outbox_.pop_front();
    }
  }
  // The next one is not acknowledged, whether or not it is in the log.
  void SendWithoutAnswer(bool kept) {
    if (outbox_.empty()) return;
    const std::vector<LogEntry> entries(1, outbox_.front());
    if (kept) log_.push_back(std::move(outbox_.front()));
    outbox_.pop_front();
    Perform(machine_->AppendFailed(entries, MakeError(Reason::kLogUnavailable, "no answer")));
  }
  // Hears of some of what was sent.
  void HearSome(size_t count) {
    const auto end =
        acknowledged_.begin() + static_cast<std::ptrdiff_t>(std::min(count, acknowledged_.size()));
    auto effects = machine_->ApplyAcknowledged({acknowledged_.begin(), end});
    acknowledged_.erase(acknowledged_.begin(), end);
    REQUIRE(effects.ok());
    Perform(std::move(*effects));
  }
  void ApplySome(size_t count) {
    std::vector<LogRecord> records;
    for (auto at = static_cast<size_t>(machine_->NextOffset(0)); count > 0 && at < log_.size();
         ++at, --count) {
      records.push_back({0, static_cast<int64_t>(at), log_[at].key, log_[at].value});
    }
    auto effects = machine_->Apply(records);
    REQUIRE(effects.ok());
    Perform(std::move(*effects));
  }
  void SendAll() { SendSome(outbox_.size()); }
  void HearAll() { HearSome(acknowledged_.size()); }
  bool Owns() const { return machine_->Owns(); }
  // Versions by owner, as stored.
  std::map<std::string, uint64_t> Stored() const {
    std::map<std::string, uint64_t> stored;
    REQUIRE(store_
                ->Scan(kViewRecords, "", "",
                       [&](std::string_view, std::string_view value) {
                         hangou::record::v1::StoredRecord record;
                         REQUIRE(record.ParseFromArray(value.data(), static_cast<int>(value.size())));
                         stored[record.upsert().head().owner_key()] = record.upsert().head().source_version();
                         return true;
                       })
                .ok());
    return stored;
  }

 private:
  void Perform(GroupMachine::Effects effects) {
    for (auto& [partition, entries] : effects.appends) {
      for (LogEntry& entry : entries) outbox_.push_back(std::move(entry));
    }
    for (auto& answer : effects.answers) answer.sink->OnOutcome(answer.place, std::move(answer.outcome));
  }

  SharedLog& log_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<GroupMachine> machine_;
  std::deque<LogEntry> outbox_;
  std::vector<GroupMachine::AcknowledgedAppend> acknowledged_;  // and not heard of
};

}  // namespace

TEST_CASE("An owner that reads of its successor decides nothing more, and what it had in flight is told so") {
  SharedLog log;
  Node first(log);
  Node second(log);
  Acknowledgements acknowledged;
  first.Own(1);
  first.SendAll();
  first.ApplySome(10);
  REQUIRE(first.Owns());
  first.Submit(Version("a", 1, std::make_shared<AcknowledgeSink>(acknowledged, "a", 1)));
  second.Own(2);  // before the change was sent
  second.SendAll();
  first.SendAll();
  first.ApplySome(10);
  CHECK_FALSE(first.Owns());
  CHECK(acknowledged.count() == 0);
  second.ApplySome(10);
  CHECK(second.Owns());
  CHECK(second.Stored().empty());
  // It cannot begin again under the epoch that is over.
  first.Own(1);
  first.SendAll();
  first.ApplySome(10);
  CHECK_FALSE(first.Owns());
}

TEST_CASE(
    "What is acknowledged right behind what is applied is applied; behind anything else it is read first") {
  SharedLog log;
  Node first(log);
  Node second(log);
  Acknowledgements acknowledged;
  const auto submit = [&](uint64_t version) {
    first.Submit(Version("a", version, std::make_shared<AcknowledgeSink>(acknowledged, "a", version)));
  };
  first.Own(1);
  first.SendAll();
  first.ApplySome(10);
  submit(1);
  first.SendAll();
  first.HearAll();
  CHECK(acknowledged.newest() == std::map<std::string, uint64_t>{{"a", 1}});
  // Read back after it was heard of: nothing happens twice.
  first.ApplySome(10);
  CHECK(acknowledged.count() == 1);
  // Unanswered, and in the log: what comes behind it is not acknowledged before both are read.
  submit(2);
  first.SendWithoutAnswer(/*kept=*/true);
  submit(3);
  first.SendAll();
  first.HearAll();
  CHECK(acknowledged.newest().at("a") == 1);
  first.ApplySome(10);
  CHECK(acknowledged.newest().at("a") == 3);
  // Another one has begun: what comes behind its start is never acknowledged.
  submit(4);
  second.Own(2);
  second.SendAll();
  first.SendAll();
  first.HearAll();
  first.ApplySome(10);
  CHECK_FALSE(first.Owns());
  CHECK(acknowledged.newest().at("a") == 3);
  CHECK(first.Stored().at("a") == 3);
}

TEST_CASE("An append without an answer keeps its revision, whatever comes behind it") {
  SharedLog log;
  Node node(log);
  Acknowledgements acknowledged;
  node.Own(1);
  node.SendAll();
  node.ApplySome(10);
  const auto sink = std::make_shared<AcknowledgeSink>(acknowledged, "a", 1);
  node.Submit(Version("a", 1, sink));
  const bool kept = GENERATE(false, true);
  node.SendWithoutAnswer(kept);
  const bool erases = GENERATE(false, true);
  node.Submit(erases && kept ? Erasure("a", sink) : Version("a", 2, sink));
  node.SendAll();
  node.ApplySome(10);
  node.SendAll();
  node.ApplySome(10);
  std::set<std::string> keys;
  for (const LogEntry& entry : log) {
    if (entry.value) CHECK(keys.insert(entry.key).second);
  }
  SharedLog compacted = Compacted(log);
  Node late(compacted);
  late.ApplySome(compacted.size());
  CHECK(late.Stored() == node.Stored());
}

TEST_CASE("What a former owner wrote too late takes nobody's place when the log is compacted") {
  SharedLog log;
  Node first(log);
  Node second(log);
  Acknowledgements acknowledged;
  const auto submit = [&](Node& node, uint64_t version) {
    node.Submit(Version("a", version, std::make_shared<AcknowledgeSink>(acknowledged, "a", version)));
  };
  first.Own(1);
  first.SendAll();
  first.ApplySome(10);
  submit(first, 1);  // and is cut off before it is sent
  second.Own(2);
  second.SendAll();
  second.ApplySome(10);
  submit(second, 2);
  second.SendAll();
  second.ApplySome(10);
  REQUIRE(acknowledged.newest().at("a") == 2);
  first.SendAll();
  second.ApplySome(10);
  second.SendAll();
  SharedLog compacted = Compacted(log);
  Node late(compacted);
  late.ApplySome(compacted.size());
  CHECK(late.Stored() == std::map<std::string, uint64_t>{{"a", 2}});
  // Its bytes are gone.
  CHECK(std::none_of(compacted.begin(), compacted.end(), [](const LogEntry& entry) {
    hangou::record::v1::Envelope envelope;
    return envelope.ParseFromString(*entry.value) && envelope.upsert().head().source_version() == 1;
  }));
}

TEST_CASE("A replica that is started again goes on under the same placement, above its former self") {
  SharedLog log;
  Node node(log);
  Acknowledgements acknowledged;
  node.Own(3);
  node.SendAll();
  node.ApplySome(10);
  node.Submit(Version("a", 1, std::make_shared<AcknowledgeSink>(acknowledged, "a", 1)));
  node.SendAll();
  node.Start();
  node.Own(3);
  node.SendAll();
  node.ApplySome(10);
  CHECK(node.Owns());
  CHECK(node.Stored() == std::map<std::string, uint64_t>{{"a", 1}});
}

TEST_CASE("Whatever the moves, delays and restarts, nothing acknowledged is lost and all copies agree") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random); };
  SharedLog log;
  Acknowledgements acknowledged;
  std::vector<Node> nodes;
  for (int i = 0; i < kNodes; ++i) nodes.emplace_back(log);
  uint64_t placement_epoch = 1;
  size_t owner = 0;
  nodes[owner].Own(placement_epoch);
  uint64_t version = 0;
  for (int step = 0; step < 20'000; ++step) {
    Node& node = nodes[pick(kNodes)];
    switch (pick(12)) {
      case 0:
        if (pick(20) == 0) {
          // A move; the former owner may be told at once, or may find out by reading.
          if (pick(2) == 0) nodes[owner].Disown();
          owner = pick(kNodes);
          nodes[owner].Own(++placement_epoch);
        }
        break;
      case 1:
        if (pick(40) == 0) {
          node.Start();
          if (&node == &nodes[owner]) node.Own(placement_epoch);
        }
        break;
      case 2:
        if (pick(30) == 0) node.SendWithoutAnswer(pick(2) == 0);
        break;
      case 3:
        node.SendSome(pick(6));
        break;
      case 4:
      case 5:
        node.ApplySome(pick(8));
        break;
      case 6:
        node.HearSome(pick(8));
        break;
      default: {
        const std::string name = std::to_string(pick(10));
        if (pick(20) == 0)
          node.Submit(Erasure("erased", std::make_shared<AcknowledgeSink>(acknowledged, "", 0)));
        if (pick(5) == 0) {
          node.Submit(Version("erased", ++version, std::make_shared<AcknowledgeSink>(acknowledged, "", 0)));
        }
        // Whoever believes to be the owner decides.
        node.Submit(Version(name, ++version, std::make_shared<AcknowledgeSink>(acknowledged, name, version)));
      }
    }
  }
  // What a former owner has kept back comes last of all; former owners learn in the end that they are.
  for (Node& node : nodes) node.SendAll();
  for (Node& node : nodes) {
    if (&node != &nodes[owner]) node.Disown();
  }
  for (int round = 0; round < 2; ++round) {
    for (Node& node : nodes) {
      node.ApplySome(log.size());
      node.SendAll();
      node.HearAll();
    }
  }
  for (Node& node : nodes) node.ApplySome(log.size());
  Node rebuilt(log);
  rebuilt.ApplySome(log.size());
  // A view that is built after compaction is no other.
  SharedLog compacted = Compacted(log);
  Node late(compacted);
  late.ApplySome(compacted.size());
  CHECK(late.Stored() == rebuilt.Stored());
  CHECK(acknowledged.count() > 100);
  const auto stored = rebuilt.Stored();
  for (const Node& node : nodes) CHECK(node.Stored() == stored);
  for (const auto& [name, newest] : acknowledged.newest()) {
    if (!name.empty()) CHECK(stored.at(name) >= newest);
  }
}

}  // namespace hangou

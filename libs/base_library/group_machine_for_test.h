// A group machine on a log of vectors, for tests.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/base_library/group_machine.h"
#include "libs/base_library/view_tables.h"

namespace hangou::group_machine_test {

inline constexpr int64_t kNowUs = 1'780'000'000'000'000;

// Keeps the first outcome of every place.
class Outcomes : public OutcomeSink {
 public:
  void OnOutcome(uint32_t place, hangou::base_library::v1::RecordOutcome outcome) override {
    by_place_.emplace(place, std::move(outcome));
  }
  bool Has(uint32_t place) const { return by_place_.contains(place); }
  hangou::base_library::v1::Outcome Of(uint32_t place) const { return by_place_.at(place).outcome(); }
  std::string ReasonOf(uint32_t place) const { return by_place_.at(place).violations(0).reason(); }
  const std::map<uint32_t, hangou::base_library::v1::RecordOutcome>& all() const { return by_place_; }

 private:
  std::map<uint32_t, hangou::base_library::v1::RecordOutcome> by_place_;
};

// A machine on a log of vectors: what is appended is applied when the test says so.
class Harness {
 public:
  explicit Harness(std::vector<int32_t> partitions) : partitions_(std::move(partitions)) {
    Restart(/*fresh=*/true);
  }

  // A process restart: the view as it is, or a fresh one that is built from the log.
  void Restart(bool fresh) {
    if (fresh) store_ = MakeMemoryStore(kViewTables);
    unapplied_.clear();
    machine_ = std::make_unique<GroupMachine>(*store_, partitions_, nullptr);
    REQUIRE(machine_->Load("log-1").ok());
    for (const auto& [partition, from] : machine_->ReadFrom()) {
      for (size_t i = static_cast<size_t>(from); i < log_[partition].size(); ++i)
        unapplied_.push_back({partition, i});
    }
    ApplyAll();
    Append(machine_->BeginOwnership(0, kNowUs).value());
    ApplyAll();
    REQUIRE(machine_->Owns());
  }

  void Submit(Submission submission, int64_t now_us = kNowUs) {
    std::vector<Submission> one;
    one.push_back(std::move(submission));
    auto effects = machine_->Decide(std::move(one), now_us);
    REQUIRE(effects.ok());
    Append(std::move(*effects));
  }

  void ApplyAll() { ApplySome(unapplied_.size()); }
  void ApplySome(size_t count) {
    std::vector<LogRecord> records;
    for (; count > 0 && !unapplied_.empty(); --count) {
      const auto [partition, at] = unapplied_.front();
      unapplied_.pop_front();
      const LogEntry& entry = log_[partition][at];
      records.push_back({partition, static_cast<int64_t>(at), entry.key, entry.value});
    }
    auto effects = machine_->Apply(records);
    REQUIRE(effects.ok());
    Append(std::move(*effects));
  }

  // What the owner does by the clock.
  void EndErasures(int64_t before_us) {
    auto effects = machine_->EndErasures(before_us, 100);
    REQUIRE(effects.ok());
    Append(std::move(*effects));
    ApplyAll();
  }

  // What compaction leaves of the log: of each key the newest entry, without tombstones. Offsets close up, so that only
  // a fresh view can be built from it.
  void CompactAndRebuild() {
    for (auto& [partition, entries] : log_) {
      std::map<std::string, size_t> newest;
      for (size_t i = 0; i < entries.size(); ++i) newest[entries[i].key] = i;
      std::vector<LogEntry> kept;
      for (size_t i = 0; i < entries.size(); ++i) {
        if (newest[entries[i].key] == i && entries[i].value) kept.push_back(entries[i]);
      }
      entries = std::move(kept);
    }
    Restart(/*fresh=*/true);
  }

  // The next append fails.
  void FailNextAppend() { fail_next_ = true; }

  GroupMachine& machine() { return *machine_; }
  Store& store() { return *store_; }
  std::map<int32_t, std::vector<LogEntry>>& log() { return log_; }

 private:
  void Append(GroupMachine::Effects effects) {
    for (auto& [partition, entries] : effects.appends) {
      if (fail_next_) {
        fail_next_ = false;
        Append(machine_->AppendFailed(entries, MakeError(Reason::kStoreFull, "no room")));
        continue;
      }
      for (LogEntry& entry : entries) {
        unapplied_.push_back({partition, log_[partition].size()});
        log_[partition].push_back(std::move(entry));
      }
    }
    for (auto& answer : effects.answers) answer.sink->OnOutcome(answer.place, std::move(answer.outcome));
  }

  const std::vector<int32_t> partitions_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<GroupMachine> machine_;
  std::map<int32_t, std::vector<LogEntry>> log_;
  std::deque<std::pair<int32_t, size_t>> unapplied_;
  bool fail_next_ = false;
};

struct Change {
  std::string owner = "32100219850714001";
  uint64_t version = 0;  // 0: by arrival
  uint64_t content = 0;
  bool deletion = false;
  std::string request_id = "r1";
  uint32_t place = 0;
};

inline Submission Make(const Change& change, const std::shared_ptr<OutcomeSink>& sink,
                       int32_t partition = 0) {
  Submission submission;
  submission.partition = partition;
  submission.by_source = change.version != 0;
  submission.sink = sink;
  auto* head = change.deletion ? submission.envelope.mutable_deletion()->mutable_head()
                               : submission.envelope.mutable_upsert()->mutable_head();
  head->set_owner_kind(hangou::record::v1::ENTITY_KIND_PERSON);
  head->set_owner_key(change.owner);
  head->set_resource_number(1);
  head->set_provider("psb");
  head->set_source_version(change.version);
  head->set_content_hash_low(change.content);
  head->set_content_hash_high(change.content);
  head->set_request_place(change.place);
  if (!submission.by_source) head->set_request_id(change.request_id);
  if (!change.deletion) submission.envelope.mutable_upsert()->set_payload(std::to_string(change.content));
  return submission;
}

}  // namespace hangou::group_machine_test

// What the tests of the audit service share: a process with a chain, and the service's parts without transport.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/audit_topic/audit_topic_for_test.h"
#include "libs/base/temp_folder.h"
#include "libs/base/text.h"
#include "libs/rpc/test_support.h"
#include "services/audit/audit_indexer.h"
#include "services/audit/audited_reads.h"
#include "services/audit/heads.h"
#include "services/audit/list_entries.h"
#include "services/audit/who_accessed.h"

namespace hangou::audit_test {

inline Caller CallerWithRole(std::string_view role, const std::string& department = "audit_office") {
  return {department, std::string(role), "app",
          "spiffe://hangou/department/" + department + "/" + std::string(role) + "/app", ""};
}

// Runs a read and waits for its answer.
inline absl::Status RunRead(AuditReads& reads, const Caller& caller, google::protobuf::Message* response,
                            const AuditReads::Work& work) {
  Eventually<std::optional<absl::Status>> answer;
  reads.Run(caller, true, response, work,
            [&](const absl::Status& status) { answer.Update([&](auto& value) { value = status; }); });
  HANGOU_CHECK(answer.Wait([](const auto& value) { return value.has_value(); }), "no answer");
  return *answer.Get();
}

// An auditor's office: a log, a process with its chain, and the service on top of them.
class Office {
 public:
  explicit Office(std::unique_ptr<Log> to = std::make_unique<MemoryLog>()) : log(std::move(to)) { Open(); }
  ~Office() { Close(); }

  // Begins, and waits until the service answers.
  void Open(int64_t anchor_ms = 5) {
    HANGOU_CHECK(EnsureAuditTopics(*log).ok(), "no topics");
    auto opened = AuditChain::Open(folder.path() + "/chain", "test", SystemClock());
    HANGOU_CHECK(opened.ok(), Message(opened.status()));
    chain = std::move(opened).value();
    auto started = AuditShipper::Start(*chain, *log, {folder.path() + "/shipped", 5, 20});
    HANGOU_CHECK(started.ok(), Message(started.status()));
    shipper = std::move(started).value();
    indexer = std::make_unique<AuditIndexer>(
        AuditIndexerOptions{folder.path() + "/view", MakeStoreBudget(32 << 20), anchor_ms}, *log, keys,
        SystemClock());
    indexer->Start();
    reads = std::make_unique<AuditReads>(*chain, *shipper, *indexer, keys);
    Eventually<int> never;
    for (int64_t begin_us = SystemClock().BootUs(); !indexer->index();) {
      HANGOU_CHECK(SystemClock().BootUs() - begin_us < kTestWaitMs * kUsPerMs, "the service does not begin");
      indexer->Await("", 1, 5, [&] { never.Update([](int& told) { ++told; }); });
      never.Wait([](const int& told) { return told > 0; });
      never.Update([](int& told) { told = 0; });
    }
  }
  void Close() {
    if (indexer) indexer->Stop();
    reads.reset();
    indexer.reset();
    shipper.reset();
    chain.reset();
  }
  // Appends entries to the chain, until it has `count`.
  void Fill(uint64_t count, audit::v1::Entry entry = ReadEntry("")) const {
    while (chain->newest_sequence() < count) HANGOU_CHECK(chain->AppendAndWait(entry).ok(), "no entry");
  }
  void Put(const audit::v1::Entry& entry) const {
    HANGOU_CHECK(chain->AppendAndWait(entry).ok(), "no entry");
  }
  static audit::v1::Entry ReadEntry(const std::string& entity_hash) {
    audit::v1::Entry entry;
    entry.set_action(audit::v1::ACTION_READ);
    entry.set_allowed(true);
    entry.set_records(1);
    entry.set_caller("tax");
    entry.set_subject("resources/psb.resident");
    if (!entity_hash.empty()) entry.add_entity_hashes(entity_hash);
    return entry;
  }

  absl::Status List(const audit::v1::ListEntriesRequest& request, audit::v1::ListEntriesResponse* response,
                    const Caller& caller = CallerWithRole(roles::kAuditor)) {
    response->Clear();
    return RunRead(*reads, caller, response,
                   [&](const AuditScope& scope) { return ListEntries(scope, request, response); });
  }
  absl::Status Who(const audit::v1::WhoAccessedRequest& request, audit::v1::WhoAccessedResponse* response) {
    response->Clear();
    return RunRead(*reads, CallerWithRole(roles::kAuditor), response, [&](const AuditScope& scope) {
      return WhoAccessed(scope, request, DayInChina(SystemClock().UtcUs()), response);
    });
  }
  audit::v1::ListHeadsResponse Heads() {
    audit::v1::ListHeadsResponse response;
    const absl::Status status =
        RunRead(*reads, CallerWithRole(roles::kAuditor), &response,
                [&](const AuditScope& scope) { return ListHeads(scope, {}, &response); });
    HANGOU_CHECK(status.ok(), Message(status));
    return response;
  }
  // The head of this process's chain, once `condition` holds for it.
  audit::v1::Head HeadWhen(const std::function<bool(const audit::v1::Head&)>& condition) {
    const int64_t until_us = SystemClock().BootUs() + kTestWaitMs * kUsPerMs;
    audit::v1::Head head;
    while (SystemClock().BootUs() < until_us) {
      const auto response = Heads();
      for (const auto& candidate : response.heads())
        if (candidate.chain_id() == shipper->chain_id()) head = candidate;
      if (condition(head)) return head;
    }
    HANGOU_CHECK(false, "the head does not become what it should be");
  }
  // The newest entry of the chain.
  audit::v1::Entry Newest() const {
    audit::v1::Entry entry;
    const auto stored = chain->Read(chain->newest_sequence(), 1);
    HANGOU_CHECK(stored.ok() && stored->size() == 1 && entry.ParseFromString((*stored)[0].entry),
                 "no newest entry");
    return entry;
  }
  MemoryLog& memory() { return static_cast<MemoryLog&>(*log); }

  TempFolder folder;
  const KeyRing keys = KeyRing::ForTest();
  std::unique_ptr<Log> log;
  std::unique_ptr<AuditChain> chain;
  std::unique_ptr<AuditShipper> shipper;
  std::unique_ptr<AuditIndexer> indexer;
  std::unique_ptr<AuditReads> reads;
};

inline std::vector<uint64_t> Sequences(
    const google::protobuf::RepeatedPtrField<audit::v1::ChainedEntry>& entries) {
  std::vector<uint64_t> sequences;
  for (const audit::v1::ChainedEntry& chained : entries) {
    audit::v1::Entry entry;
    HANGOU_CHECK(entry.ParseFromString(chained.entry()), "an entry cannot be read");
    sequences.push_back(entry.sequence());
  }
  return sequences;
}

}  // namespace hangou::audit_test

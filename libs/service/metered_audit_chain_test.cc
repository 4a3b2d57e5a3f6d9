#include "libs/service/metered_audit_chain.h"

#include <catch2/catch.hpp>

#include "libs/base/status.h"

namespace hangou {
namespace {

namespace v1 = hangou::audit::v1;

// A chain that keeps the number of entries alone.
class CountingChain final : public AuditChain {
 public:
  void Append(v1::Entry, Done done) override {
    ++newest_;
    done(absl::OkStatus());
  }
  absl::Status AppendAndWait(v1::Entry) override {
    ++newest_;
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<StoredAuditEntry>> Read(uint64_t from_sequence, size_t) const override {
    return std::vector<StoredAuditEntry>{{from_sequence, "entry", "hash"}};
  }
  uint64_t newest_sequence() const override { return newest_; }

 private:
  uint64_t newest_ = 0;
};

v1::Entry EntryOf(v1::Action action, bool allowed, uint64_t records, const std::string& reason = "") {
  v1::Entry entry;
  entry.set_action(action);
  entry.set_allowed(allowed);
  entry.set_records(records);
  entry.set_reason(reason);
  return entry;
}

}  // namespace

TEST_CASE("Entries are counted on their way into the chain, by action, outcome and reason") {
  MeteredAuditChain chain(std::make_unique<CountingChain>());
  int answered = 0;
  const auto append = [&](const v1::Entry& entry) {
    chain.Append(entry, [&answered](const absl::Status& status) { answered += status.ok() ? 1 : 0; });
  };
  append(EntryOf(v1::ACTION_READ, true, 3));
  append(EntryOf(v1::ACTION_READ, false, 0, "NO_GRANT"));
  append(EntryOf(v1::ACTION_DELIVER, true, 256));
  append(EntryOf(v1::ACTION_DELIVER, false, 0, "what nobody knows"));
  REQUIRE(chain.AppendAndWait(EntryOf(v1::ACTION_APPLY, true, 1)).ok());
  v1::Entry of_tomorrow = EntryOf(v1::ACTION_READ, true, 1);
  of_tomorrow.set_action(static_cast<v1::Action>(1000));
  append(of_tomorrow);
  CHECK(answered == 5);
  CHECK(chain.newest_sequence() == 6);
  CHECK(chain.delivered() == 256);
  CHECK(chain.Read(7, 1)->front().sequence == 7);

  MetricsPage page;
  chain.Collect(page);
  const std::string text = page.Text();
  INFO(text);
  for (const std::string line :
       {"hangou_audit_entries_total{action=\"read\"} 2", "hangou_audit_entries_total{action=\"deliver\"} 2",
        "hangou_audit_entries_total{action=\"apply\"} 1", "hangou_audit_records_total{action=\"read\"} 3",
        "hangou_audit_records_total{action=\"deliver\"} 256",
        "hangou_policy_decisions_total{outcome=\"allowed\"} 4",
        "hangou_policy_decisions_total{outcome=\"denied\"} 2",
        "hangou_policy_denials_total{reason=\"NO_GRANT\"} 1",
        "hangou_policy_denials_total{reason=\"NONE\"} 1", "hangou_audit_chain_sequence 6"}) {
    CHECK(text.find(line + "\n") != std::string::npos);
  }
  CHECK(text.find("what nobody knows") == std::string::npos);
}

}  // namespace hangou

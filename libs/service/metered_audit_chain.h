// Counts decisions where they all pass: on their way into the audit chain.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "libs/audit/chain.h"
#include "libs/base/reason.h"
#include "libs/metrics/counter.h"
#include "libs/metrics/metrics_page.h"

namespace hangou {

// An audit chain that counts what is appended to it, and leaves everything else to the chain below. Since no decision
// goes without an entry, this counts the decisions of the process, and what decides knows nothing of metrics.
// Thread-safe. Owns the chain.
class MeteredAuditChain final : public AuditChain {
 public:
  explicit MeteredAuditChain(std::unique_ptr<AuditChain> chain) : chain_(std::move(chain)) {}

  void Append(hangou::audit::v1::Entry entry, Done done) override;
  absl::Status AppendAndWait(hangou::audit::v1::Entry entry) override;
  absl::StatusOr<std::vector<StoredAuditEntry>> Read(uint64_t from_sequence,
                                                     size_t max_entries) const override {
    return chain_->Read(from_sequence, max_entries);
  }
  uint64_t newest_sequence() const override { return chain_->newest_sequence(); }

  // Entries and records by action, decisions by outcome and reason, the sequence of the chain.
  void Collect(MetricsPage& page) const;
  // Changes that deliveries gave, counted when they were decided: one that is decided anew counts again.
  uint64_t delivered() const { return actions_[hangou::audit::v1::ACTION_DELIVER].records.value(); }

 private:
  static constexpr size_t kReasonCount = 0
#define X(enumerator, name, code, advice) +1
      HANGOU_REASONS(X)
#undef X
      ;
  // The counts of one action.
  struct ActionCounts {
    MetricCounter entries;
    MetricCounter records;
  };

  void Count(const hangou::audit::v1::Entry& entry);

  const std::unique_ptr<AuditChain> chain_;
  std::array<ActionCounts, hangou::audit::v1::Action_ARRAYSIZE> actions_;
  MetricCounter allowed_;
  std::array<std::atomic<uint64_t>, kReasonCount + 1> denied_{};  // the last: without a reason that is known
};

}  // namespace hangou

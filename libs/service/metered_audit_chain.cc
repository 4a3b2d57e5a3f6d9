#include "libs/service/metered_audit_chain.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace hangou {
namespace {

namespace v1 = hangou::audit::v1;

// "ACTION_READ" is written as "read".
std::string ActionName(size_t action) {
  constexpr std::string_view kPrefix = "ACTION_";
  const std::string name = v1::Action_Name(static_cast<v1::Action>(action));
  return absl::AsciiStrToLower(name.substr(std::min(kPrefix.size(), name.size())));
}

}  // namespace

void MeteredAuditChain::Append(v1::Entry entry, Done done) {
  Count(entry);
  chain_->Append(std::move(entry), std::move(done));
}

absl::Status MeteredAuditChain::AppendAndWait(v1::Entry entry) {
  Count(entry);
  return chain_->AppendAndWait(std::move(entry));
}

void MeteredAuditChain::Count(const v1::Entry& entry) {
  const auto action = static_cast<size_t>(entry.action());
  if (action < actions_.size()) {
    actions_[action].entries.Add();
    if (entry.records() > 0) actions_[action].records.Add(entry.records());
  }
  if (entry.allowed()) return allowed_.Add();
  const auto reason = ReasonFromName(entry.reason());
  denied_[reason ? static_cast<size_t>(*reason) : kReasonCount].fetch_add(1, std::memory_order_relaxed);
}

void MeteredAuditChain::Collect(MetricsPage& page) const {
  for (size_t action = 0; action < actions_.size(); ++action) {
    const uint64_t entries = actions_[action].entries.value();
    if (entries == 0) continue;
    page.Counter("hangou_audit_entries_total", "Entries handed to the audit chain, by what was done.",
                 {{MetricLabel::kAction, ActionName(action)}}, static_cast<double>(entries));
    page.Counter("hangou_audit_records_total", "Records given or taken under these entries.",
                 {{MetricLabel::kAction, ActionName(action)}},
                 static_cast<double>(actions_[action].records.value()));
  }
  uint64_t denied = 0;
  for (size_t reason = 0; reason < denied_.size(); ++reason) {
    const uint64_t count = denied_[reason].load(std::memory_order_relaxed);
    denied += count;
    if (count == 0) continue;
    page.Counter(
        "hangou_policy_denials_total", "Decisions that refused a request, by reason.",
        {{MetricLabel::kReason, reason < kReasonCount ? ReasonName(static_cast<Reason>(reason)) : "NONE"}},
        static_cast<double>(count));
  }
  const auto decisions = [&page](std::string_view outcome, uint64_t count) {
    page.Counter("hangou_policy_decisions_total",
                 "Decisions, by outcome; each has an entry in the audit chain.",
                 {{MetricLabel::kOutcome, outcome}}, static_cast<double>(count));
  };
  decisions("allowed", allowed_.value());
  decisions("denied", denied);
  page.Gauge("hangou_audit_chain_sequence", "Sequence of the newest durable entry of the chain.", {},
             static_cast<double>(newest_sequence()));
}

}  // namespace hangou

#include "services/audit/list_entries.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "libs/base/limits.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

using audit::v1::ListEntriesRequest;
using audit::v1::ListEntriesResponse;

// Reads that wait for the disk: auditors are few; more is a program that does not wait for its answers.
constexpr int kWaitingReads = 32;
// Entries read at a time: the reply is cut by bytes, so that little is read in vain.
constexpr size_t kReadEntries = 64;

// What a page token is bound to.
std::string TokenContext(const Caller& caller) { return "audit.ListEntries " + caller.spiffe_id; }

}  // namespace

void ListEntries::Run(const Caller& caller, const ListEntriesRequest& request, ListEntriesResponse* response,
                      Done done) {
  if (caller.role != roles::kAuditor) {
    const absl::Status refused =
        MakeError(Reason::kRoleRequired, "only certificates of the role auditor read the audit");
    return Record(caller, refused, response, std::move(done));
  }
  if (!TakeTurn()) {
    const absl::Status refused = MakeError(Reason::kOverloaded, "many reads of the audit wait; retry later");
    return Record(caller, refused, response, std::move(done));
  }
  reader_.Post([this, caller, request, response, done = std::move(done)]() mutable {
    const absl::Status outcome = Fill(caller, request, response);
    EndTurn();
    Record(caller, outcome, response, std::move(done));
  });
}

absl::Status ListEntries::Fill(const Caller& caller, const ListEntriesRequest& request,
                               ListEntriesResponse* response) const {
  if (request.page_size() < 0) {
    return MakeError(Reason::kInvalidRequest, "page_size is negative; leave it out or give 1 to 1000",
                     "page_size");
  }
  const int wanted = request.page_size() == 0 ? limits::kPageDefault : request.page_size();
  const auto page_size = static_cast<uint64_t>(std::min(wanted, limits::kPageMax));
  ASSIGN_OR_RETURN(uint64_t next, FirstSequence(caller, request, page_size));
  // The end is where it is now: the entry of this call must not make another page.
  const uint64_t newest = chain_.newest_sequence();
  const uint64_t last = std::min(newest, next + page_size - 1);
  size_t bytes = 0;
  while (next <= last && bytes < limits::kReplyBytes) {
    ASSIGN_OR_RETURN(const auto entries,
                     chain_.Read(next, std::min<uint64_t>(kReadEntries, last + 1 - next)));
    if (entries.empty()) return MakeError(Reason::kInternal, "the audit chain ends before its newest entry");
    for (const StoredAuditEntry& entry : entries) {
      bytes += entry.entry.size() + entry.hash.size();
      if (bytes >= limits::kReplyBytes && response->entries_size() > 0) break;
      auto* out = response->add_entries();
      out->set_entry(entry.entry);
      out->set_hash(entry.hash);
      next = entry.sequence + 1;
    }
  }
  if (next <= newest)
    response->set_next_page_token(keys_.SealToken(std::to_string(next), TokenContext(caller)));
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> ListEntries::FirstSequence(const Caller& caller, const ListEntriesRequest& request,
                                                    uint64_t page_size) const {
  if (!request.page_token().empty()) {
    ASSIGN_OR_RETURN(const std::string text, keys_.OpenToken(request.page_token(), TokenContext(caller)));
    uint64_t sequence = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), sequence).ec != std::errc() ||
        sequence == 0) {
      return MakeError(Reason::kTokenInvalid, "the page token is not of this list", "page_token");
    }
    return sequence;
  }
  if (!request.newest()) return std::max<uint64_t>(1, request.from_sequence());
  if (request.from_sequence() != 0) {
    return MakeError(Reason::kInvalidRequest, "give from_sequence or newest, not both", "newest");
  }
  const uint64_t newest = chain_.newest_sequence();
  return newest < page_size ? 1 : newest + 1 - page_size;
}

void ListEntries::Record(const Caller& caller, const absl::Status& outcome, ListEntriesResponse* response,
                         Done done) const {
  audit::v1::Entry entry;
  entry.set_action(audit::v1::ACTION_AUDIT);
  entry.set_allowed(outcome.ok());
  if (!outcome.ok()) entry.set_reason(std::string(ReasonName(ReasonOf(outcome).value_or(Reason::kInternal))));
  entry.set_caller(caller.department);
  entry.set_role(caller.role);
  entry.set_workload(caller.workload);
  entry.set_subject("audit");
  entry.set_records(outcome.ok() ? static_cast<uint64_t>(response->entries_size()) : 0);
  if (outcome.ok() && response->entries_size() > 0) {
    audit::v1::Entry first;
    if (first.ParseFromString(response->entries(0).entry())) {
      const uint64_t last = first.sequence() + static_cast<uint64_t>(response->entries_size()) - 1;
      entry.set_note("entries " + std::to_string(first.sequence()) + " to " + std::to_string(last));
    }
  }
  chain_.Append(std::move(entry), [outcome, response, done = std::move(done)](const absl::Status& recorded) {
    const absl::Status& answer = recorded.ok() ? outcome : recorded;
    if (!answer.ok()) response->Clear();
    done(answer);
  });
}

bool ListEntries::TakeTurn() {
  MutexLock lock(mutex_);
  if (waiting_ == kWaitingReads) return false;
  ++waiting_;
  return true;
}

void ListEntries::EndTurn() {
  MutexLock lock(mutex_);
  --waiting_;
}

}  // namespace hangou

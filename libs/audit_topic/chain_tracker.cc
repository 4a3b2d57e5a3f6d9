#include "libs/audit_topic/chain_tracker.h"

#include <algorithm>

#include "libs/audit/audit_format.h"
#include "libs/audit_topic/audit_topic.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

namespace v1 = hangou::audit::v1;

bool FollowsFrom(uint64_t sequence, const std::string& hash, const StoredAuditEntry& entry) {
  return entry.sequence == sequence + 1 && entry.hash == ChainHash(hash, entry.entry);
}

bool IsWithin(const v1::ChainBranch& branch, uint64_t sequence) {
  return sequence >= branch.first_sequence() && sequence <= branch.sequence();
}

// Why an entry that follows nowhere stands apart.
v1::FindingKind KindOf(const v1::Head& head, uint64_t sequence) {
  bool fork = sequence <= head.sequence();
  bool next = sequence == head.sequence() + 1;
  for (const v1::ChainBranch& branch : head.branches()) {
    fork = fork || IsWithin(branch, sequence);
    next = next || sequence == branch.sequence() + 1;
  }
  if (fork) return v1::FINDING_KIND_FORK;
  return next ? v1::FINDING_KIND_BREAK : v1::FINDING_KIND_GAP;
}

std::string_view MessageOf(v1::FindingKind kind) {
  switch (kind) {
    case v1::FINDING_KIND_GAP:
      return "entries before this one are missing";
    case v1::FINDING_KIND_FORK:
      return "there is another entry of this sequence; was the chain restored from an older copy?";
    default:
      return "the entry does not follow from the one before";
  }
}

}  // namespace

void KeepFinding(const v1::Finding& finding, google::protobuf::RepeatedPtrField<v1::Finding>* findings,
                 uint64_t* count) {
  const auto known = std::find_if(findings->begin(), findings->end(), [&](const v1::Finding& other) {
    return other.kind() == finding.kind() && other.sequence() == finding.sequence() &&
           (finding.sequence() != 0 || other.place() == finding.place());
  });
  if (known != findings->end()) return;
  ++*count;
  if (findings->size() < kFindings) *findings->Add() = finding;
}

absl::StatusOr<EntryPlace> ChainTracker::Add(const StoredAuditEntry& entry, v1::Entry* content) {
  if (!content->ParseFromString(entry.entry) || content->sequence() != entry.sequence) {
    Found(v1::FINDING_KIND_MALFORMED, entry.sequence, "the bytes are no entry of this sequence");
    return EntryPlace();
  }
  static const std::string zeros(kHashBytes, '\0');
  const bool first = head_.sequence() == 0;
  const bool follows = FollowsFrom(head_.sequence(), first ? zeros : head_.hash(), entry);
  // A chain is named by its first entry: another first entry is not of this chain.
  if (follows && (!first || ChainIdOf(entry.hash) == head_.chain_id())) return TakeIntoChain(entry, *content);
  for (v1::ChainBranch& branch : *head_.mutable_branches()) {
    if (!FollowsFrom(branch.sequence(), branch.hash(), entry)) continue;
    branch.set_sequence(entry.sequence);
    branch.set_hash(entry.hash);
    NoteEntry(*content);
    return EntryPlace{true, branch.number()};
  }
  ASSIGN_OR_RETURN(const bool repeat, IsRepeat(entry));
  if (repeat) return EntryPlace();
  return OpenBranch(entry, *content);
}

EntryPlace ChainTracker::TakeIntoChain(const StoredAuditEntry& entry, const v1::Entry& content) {
  head_.set_sequence(entry.sequence);
  head_.set_hash(entry.hash);
  NoteEntry(content);
  const v1::SignedHead& anchor = head_.signed_head();
  if (anchor.sequence() == entry.sequence && anchor.hash() != entry.hash) {
    Found(v1::FINDING_KIND_HEAD_MISMATCH, entry.sequence, "a signed head names another hash");
  }
  return {true, 0};
}

// An entry that was taken before, with the same bytes: whoever copies a hash to other bytes is found by the hash of the
// entry before.
absl::StatusOr<bool> ChainTracker::IsRepeat(const StoredAuditEntry& entry) const {
  const auto repeats_in = [&](uint32_t branch, uint64_t first, uint64_t last) -> absl::StatusOr<bool> {
    if (entry.sequence < first || entry.sequence > last) return false;
    ASSIGN_OR_RETURN(const std::string taken, hashes_.HashAt(head_.chain_id(), branch, entry.sequence));
    if (taken != entry.hash) return false;
    std::string before(kHashBytes, '\0');
    if (entry.sequence > first) {
      ASSIGN_OR_RETURN(before, hashes_.HashAt(head_.chain_id(), branch, entry.sequence - 1));
    } else if (first > 1) {
      return true;  // what it follows from is what is missing
    }
    return ChainHash(before, entry.entry) == entry.hash;
  };
  ASSIGN_OR_RETURN(const bool in_chain, repeats_in(0, 1, head_.sequence()));
  if (in_chain) return true;
  for (const v1::ChainBranch& branch : head_.branches()) {
    ASSIGN_OR_RETURN(const bool in_branch,
                     repeats_in(branch.number(), branch.first_sequence(), branch.sequence()));
    if (in_branch) return true;
  }
  return false;
}

EntryPlace ChainTracker::OpenBranch(const StoredAuditEntry& entry, const v1::Entry& content) {
  const v1::FindingKind kind = KindOf(head_, entry.sequence);
  Found(kind, entry.sequence, MessageOf(kind));
  if (head_.branches_size() == kChainBranches) return {};
  v1::ChainBranch& branch = *head_.add_branches();
  branch.set_number(static_cast<uint32_t>(head_.branches_size()));
  branch.set_first_sequence(entry.sequence);
  branch.set_sequence(entry.sequence);
  branch.set_hash(entry.hash);
  NoteEntry(content);
  return {true, branch.number()};
}

void ChainTracker::NoteEntry(const v1::Entry& content) {
  head_.set_time_us(content.time_us());
  if (head_.process() != content.process()) head_.set_process(content.process());
}

absl::Status ChainTracker::Add(const v1::SignedHead& head) {
  if (head.sequence() <= head_.sequence()) {
    ASSIGN_OR_RETURN(const std::string taken, hashes_.HashAt(head_.chain_id(), 0, head.sequence()));
    if (taken != head.hash()) {
      Found(v1::FINDING_KIND_HEAD_MISMATCH, head.sequence(), "a signed head names another hash");
    }
  }
  if (head.sequence() > head_.signed_head().sequence()) *head_.mutable_signed_head() = head;
  return absl::OkStatus();
}

void ChainTracker::Found(v1::FindingKind kind, uint64_t sequence, std::string_view message) {
  v1::Finding finding;
  finding.set_kind(kind);
  finding.set_sequence(sequence);
  finding.set_place(place_);
  finding.set_found_us(now_us_);
  finding.set_message(std::string(message));
  uint64_t count = head_.finding_count();
  KeepFinding(finding, head_.mutable_findings(), &count);
  head_.set_finding_count(count);
}

v1::Head WithMissingEntries(v1::Head head) {
  const uint64_t signed_to = head.signed_head().sequence();
  if (signed_to <= head.sequence()) return head;
  v1::Finding finding;
  finding.set_kind(v1::FINDING_KIND_HEAD_MISSING);
  finding.set_sequence(signed_to);
  finding.set_message("entries " + std::to_string(head.sequence() + 1) + " to " + std::to_string(signed_to) +
                      " were signed for, and are not in the topic");
  uint64_t count = head.finding_count();
  KeepFinding(finding, head.mutable_findings(), &count);
  head.set_finding_count(count);
  return head;
}

}  // namespace hangou

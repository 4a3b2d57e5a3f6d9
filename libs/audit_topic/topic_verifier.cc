#include "libs/audit_topic/topic_verifier.h"

#include <algorithm>
#include <utility>

#include "libs/audit/audit_format.h"
#include "libs/audit_topic/audit_topic.h"
#include "libs/audit_topic/chain_tracker.h"
#include "libs/audit_topic/signed_head.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

namespace v1 = hangou::audit::v1;

// The hashes of all entries, one behind the other per branch.
class HashesInMemory final : public TakenHashes {
 public:
  void Add(const std::string& chain_id, uint32_t branch, uint64_t sequence, const std::string& hash) {
    Run& run = runs_[{chain_id, branch}];
    if (run.hashes.empty()) run.first = sequence;
    run.hashes += hash;
  }
  absl::StatusOr<std::string> HashAt(const std::string& chain_id, uint32_t branch,
                                     uint64_t sequence) const override {
    const auto found = runs_.find({chain_id, branch});
    if (found != runs_.end() && sequence >= found->second.first) {
      const size_t at = (sequence - found->second.first) * kHashBytes;
      if (at < found->second.hashes.size()) return found->second.hashes.substr(at, kHashBytes);
    }
    return MakeError(Reason::kInternal, "a hash that was taken is not there");
  }

 private:
  struct Run {
    uint64_t first = 0;
    std::string hashes;
  };
  std::map<std::pair<std::string, uint32_t>, Run> runs_;
};

// One verification.
class TopicVerification {
 public:
  TopicVerification(const std::vector<std::string>& public_keys, int64_t now_us)
      : public_keys_(public_keys), now_us_(now_us) {}

  absl::Status AddBatch(const LogRecord& record) {
    const std::string place = PlaceInLog(kAuditTopic, record);
    auto batch = DecodeChainBatch(record);
    if (!batch.ok()) return Unreadable(place, batch.status());
    v1::Head& head = HeadOf(batch->chain_id());
    ChainTracker tracker(hashes_, &head, place, now_us_);
    uint64_t sequence = batch->first_sequence();
    v1::Entry content;
    for (auto& chained : *batch->mutable_entries()) {
      const StoredAuditEntry entry{sequence++, std::move(*chained.mutable_entry()),
                                   std::move(*chained.mutable_hash())};
      ASSIGN_OR_RETURN(const EntryPlace taken, tracker.Add(entry, &content));
      if (!taken.taken) continue;
      if (++result_.entries > kVerifiedEntries) {
        return MakeError(Reason::kInvalidRequest, "the topic has more entries than can be verified at once");
      }
      hashes_.Add(batch->chain_id(), taken.branch, entry.sequence, entry.hash);
    }
    return absl::OkStatus();
  }

  absl::Status AddSignedHead(const LogRecord& record) {
    const std::string place = PlaceInLog(kAuditHeadsTopic, record);
    const auto signed_head = DecodeSignedHead(record);
    if (!signed_head.ok()) return Unreadable(place, signed_head.status());
    v1::Head& head = HeadOf(signed_head->chain_id());
    ChainTracker tracker(hashes_, &head, place, now_us_);
    if (!IsSignedByOneOf(public_keys_, *signed_head)) {
      tracker.Found(v1::FINDING_KIND_HEAD_SIGNATURE, signed_head->sequence(),
                    "the head is not signed by any of the keys given");
      return absl::OkStatus();
    }
    const uint64_t findings = head.finding_count();
    RETURN_IF_ERROR(tracker.Add(*signed_head));
    if (head.finding_count() == findings && signed_head->sequence() <= head.sequence())
      ++result_.signed_heads;
    return absl::OkStatus();
  }

  absl::Status Unreadable(const std::string& place, const absl::Status& status) {
    v1::Finding finding;
    finding.set_kind(v1::FINDING_KIND_UNREADABLE);
    finding.set_place(place);
    finding.set_found_us(now_us_);
    finding.set_message(std::string(Message(status)));
    KeepFinding(finding, &result_.findings, &result_.finding_count);
    return absl::OkStatus();
  }

  VerifiedTopics Finish() {
    for (auto& [chain_id, head] : result_.heads) head = WithMissingEntries(std::move(head));
    return std::move(result_);
  }

 private:
  v1::Head& HeadOf(const std::string& chain_id) {
    v1::Head& head = result_.heads[chain_id];
    head.set_chain_id(chain_id);
    return head;
  }

  const std::vector<std::string>& public_keys_;
  const int64_t now_us_;
  HashesInMemory hashes_;
  VerifiedTopics result_;
};

}  // namespace

bool VerifiedTopics::whole() const {
  return finding_count == 0 && std::all_of(heads.begin(), heads.end(),
                                           [](const auto& item) { return item.second.finding_count() == 0; });
}

absl::StatusOr<VerifiedTopics> VerifyAuditTopics(Log& log, const std::vector<std::string>& public_keys,
                                                 int64_t now_us) {
  TopicVerification verification(public_keys, now_us);
  for (int32_t partition = 0; partition < kAuditPartitions; ++partition) {
    const absl::Status read = ReadToEnd(log, kAuditTopic, partition, 0, [&](const LogRecord& record) {
      return verification.AddBatch(record);
    });
    // What is damaged there is a finding; the other partitions have their own chains.
    if (ReasonOf(read) == Reason::kDataLoss) {
      const std::string place = std::string(kAuditTopic) + "/" + std::to_string(partition);
      RETURN_IF_ERROR(verification.Unreadable(place, read));
    } else {
      RETURN_IF_ERROR(read);
    }
  }
  const absl::Status read = ReadToEnd(log, kAuditHeadsTopic, 0, 0, [&](const LogRecord& record) {
    return verification.AddSignedHead(record);
  });
  if (ReasonOf(read) == Reason::kDataLoss) {
    RETURN_IF_ERROR(verification.Unreadable(kAuditHeadsTopic, read));
  } else {
    RETURN_IF_ERROR(read);
  }
  return verification.Finish();
}

}  // namespace hangou

// Places the entries of one chain, as a topic brings them: what follows, what repeats, what breaks. Without I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "hangou/audit/v1/chain.pb.h"
#include "hangou/audit/v1/entry.pb.h"
#include "libs/audit/chain.h"

namespace hangou {

// Findings that are kept of a chain, and branches: whoever can write so many is known by the first.
constexpr int kFindings = 32;
constexpr int kChainBranches = 16;

// The hashes of entries that were taken before.
class TakenHashes {
 public:
  virtual ~TakenHashes() = default;
  // Hash of an entry that was taken into a branch of a chain (0: the chain itself). DATA_LOSS where it is not there.
  virtual absl::StatusOr<std::string> HashAt(const std::string& chain_id, uint32_t branch,
                                             uint64_t sequence) const = 0;
};

// Where an entry went.
struct EntryPlace {
  bool taken = false;   // false: a repeat, or a finding without a place
  uint32_t branch = 0;  // 0: it stands in the chain, whole from its start
};

// Adds a finding to a list and counts it, unless there is one of its kind at the same sequence (or, without a sequence,
// place). Of more than kFindings the first are kept.
void KeepFinding(const hangou::audit::v1::Finding& finding,
                 google::protobuf::RepeatedPtrField<hangou::audit::v1::Finding>* findings, uint64_t* count);

// Follows one chain during one message. What does not follow opens a branch, with a finding that says why, and the
// entries behind it follow there: nothing that was written is left out, and the chain itself goes on where its next
// entry comes. Not thread-safe; `hashes` and `head` must outlive it.
class ChainTracker {
 public:
  // `head` is changed as entries come; `place` of the message and `now_us` go into findings.
  ChainTracker(const TakenHashes& hashes, hangou::audit::v1::Head* head, std::string place, int64_t now_us)
      : hashes_(hashes), head_(*head), place_(std::move(place)), now_us_(now_us) {}

  // Places the next entry, and gives its content. Errors are those of `hashes`.
  absl::StatusOr<EntryPlace> Add(const StoredAuditEntry& entry, hangou::audit::v1::Entry* content);
  // Takes note of a head that was signed by a key of the installation.
  absl::Status Add(const hangou::audit::v1::SignedHead& head);
  // Takes note of something else that is wrong.
  void Found(hangou::audit::v1::FindingKind kind, uint64_t sequence, std::string_view message);

 private:
  absl::StatusOr<bool> IsRepeat(const StoredAuditEntry& entry) const;
  EntryPlace TakeIntoChain(const StoredAuditEntry& entry, const hangou::audit::v1::Entry& content);
  EntryPlace OpenBranch(const StoredAuditEntry& entry, const hangou::audit::v1::Entry& content);
  void NoteEntry(const hangou::audit::v1::Entry& content);

  const TakenHashes& hashes_;
  hangou::audit::v1::Head& head_;
  const std::string place_;
  const int64_t now_us_;
};

// The head with HEAD_MISSING among its findings where entries that were signed for are not in the topic. To be asked
// once the topics are read to their ends.
hangou::audit::v1::Head WithMissingEntries(hangou::audit::v1::Head head);

}  // namespace hangou

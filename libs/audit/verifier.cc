#include "libs/audit/chain.h"
#include "libs/base/keys.h"
#include "libs/base/status.h"

namespace hangou {

std::string ChainHash(const std::string& previous_hash, const std::string& entry) {
  return Sha256(previous_hash, entry);
}

absl::Status ChainVerifier::Add(const StoredAuditEntry& entry) {
  const std::string place = "entry " + std::to_string(sequence_ + 1) + " of the audit chain ";
  if (entry.hash != ChainHash(head_, entry.entry)) {
    return MakeError(Reason::kDataLoss, place + "does not follow from the one before");
  }
  hangou::audit::v1::Entry content;
  if (!content.ParseFromString(entry.entry) || content.sequence() != entry.sequence ||
      entry.sequence != sequence_ + 1) {
    return MakeError(Reason::kDataLoss, place + "has another sequence");
  }
  head_ = entry.hash;
  sequence_ = entry.sequence;
  ++verified_;
  return absl::OkStatus();
}

}  // namespace hangou

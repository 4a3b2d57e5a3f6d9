#include "libs/audit_topic/signed_head.h"

#include <algorithm>

#include "libs/audit/audit_format.h"
#include "libs/base/signature.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {

std::string SignedHeadText(const hangou::audit::v1::SignedHead& head) {
  return "hangou audit head 1\nchain " + head.chain_id() + "\nsequence " + std::to_string(head.sequence()) +
         "\nhash " + Hex(head.hash()) + "\nsigned_us " + std::to_string(head.signed_us()) + "\n";
}

hangou::audit::v1::SignedHead SignHead(const KeyRing& keys, hangou::audit::v1::SignedHead head) {
  KeySignature signature = keys.Sign(KeyPurpose::kAuditHead, SignedHeadText(head));
  head.set_key_id(std::move(signature.key_id));
  head.set_signature(std::move(signature.bytes));
  return head;
}

bool IsSignedByOneOf(const std::vector<std::string>& public_keys, const hangou::audit::v1::SignedHead& head) {
  const std::string text = SignedHeadText(head);
  return std::any_of(public_keys.begin(), public_keys.end(),
                     [&](const std::string& key) { return Ed25519Verify(key, text, head.signature()); });
}

std::vector<std::string> HeadKeysOf(const KeyRing& keys) {
  std::vector<std::string> public_keys;
  for (KeyRingPublicKey& key : keys.PublicKeys(KeyPurpose::kAuditHead)) {
    public_keys.push_back(std::move(key.bytes));
  }
  return public_keys;
}

absl::StatusOr<hangou::audit::v1::SignedHead> DecodeSignedHead(const LogRecord& record) {
  hangou::audit::v1::SignedHead head;
  const bool sound = record.value && head.ParseFromString(*record.value) && head.sequence() > 0 &&
                     head.hash().size() == kHashBytes;
  if (sound) return head;
  return MakeError(Reason::kDataLoss, "not a signed head of an audit chain");
}

}  // namespace hangou

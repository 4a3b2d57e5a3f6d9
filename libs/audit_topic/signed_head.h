// Signed heads: anchors of the chains, which anyone can check with the public key.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/audit/v1/chain.pb.h"
#include "libs/base/keys.h"
#include "libs/log/log.h"

namespace hangou {

// The text that a signature of a head is about; audit.v1.SignedHead shows it.
std::string SignedHeadText(const hangou::audit::v1::SignedHead& head);
// The head {chain, sequence, hash, signed_us}, signed by the newest key of the ring.
hangou::audit::v1::SignedHead SignHead(const KeyRing& keys, hangou::audit::v1::SignedHead head);
// True where one of these public keys (32 bytes each) signed it.
bool IsSignedByOneOf(const std::vector<std::string>& public_keys, const hangou::audit::v1::SignedHead& head);
// The public keys of a ring that sign heads, or did.
std::vector<std::string> HeadKeysOf(const KeyRing& keys);
// The head in a message of the topic of heads, its signature unchecked. DATA_LOSS where it is none.
absl::StatusOr<hangou::audit::v1::SignedHead> DecodeSignedHead(const LogRecord& record);

}  // namespace hangou

// hangou audit verify: the chains through the service, in a folder, or in a log.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "tools/hangou/command.h"

namespace hangou {

// What is verified, and by which keys.
struct AuditVerifyFlags {
  std::string chain_folder;  // offline: a chain on disk
  std::string heads_file;    // with it: heads that were noted before
  bool topic = false;        // offline: the topics of a log
  std::string log_folder;
  std::string public_key_file;  // empty: online, the keys that the service names
  std::string settings_file =
      {};  // with `topic`, in place of a folder: of a service, whose brokers have the log
};

// Verifies, prints what was found, and returns kExitPartly where a chain breaks.
absl::StatusOr<int> VerifyAudit(const AuditVerifyFlags& flags, const Globals& globals);

}  // namespace hangou

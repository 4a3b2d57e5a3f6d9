// The audit service: lets auditors read the audit chain of this process.
#pragma once

#include "hangou/audit/v1/audit.grpc.pb.h"
#include "libs/audit/chain.h"
#include "libs/base/keys.h"
#include "services/audit/list_entries.h"

namespace hangou {

// Serves hangou.audit.v1.Audit. Thread-safe. `chain` and `keys` must outlive it; shut the server down before it goes.
class AuditService final : public hangou::audit::v1::Audit::CallbackService {
 public:
  AuditService(AuditChain& chain, const KeyRing& keys) : list_entries_(chain, keys) {}

  grpc::ServerUnaryReactor* ListEntries(grpc::CallbackServerContext* context,
                                        const hangou::audit::v1::ListEntriesRequest* request,
                                        hangou::audit::v1::ListEntriesResponse* response) override;

 private:
  hangou::ListEntries list_entries_;
};

}  // namespace hangou

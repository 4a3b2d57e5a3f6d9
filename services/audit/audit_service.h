// The audit service: verifies, indexes and anchors the chains of all processes, and lets auditors read them.
#pragma once

#include <memory>
#include <string>

#include "hangou/audit/v1/audit.grpc.pb.h"
#include "libs/audit/chain.h"
#include "libs/audit_topic/shipper.h"
#include "libs/base/clock.h"
#include "libs/base/keys.h"
#include "libs/log/log.h"
#include "libs/store/store.h"
#include "services/audit/audit_indexer.h"
#include "services/audit/audited_reads.h"

namespace hangou {

// What the service is given; all of it must outlive the service.
struct AuditServiceContext {
  Log& log;
  AuditChain& chain;  // of this process: every read of the audit is an entry
  AuditShipper& shipper;
  const KeyRing& keys;
  const Clock& clock;
};

// Serves hangou.audit.v1.Audit. Thread-safe. Shut the server down before it stops.
class AuditService final : public hangou::audit::v1::Audit::CallbackService {
 public:
  AuditService(const AuditServiceContext& context, AuditIndexerOptions options);
  // Stops: reads that wait are told while what they need is there.
  ~AuditService() override { Stop(); }

  // Begins to read the topics; calls are answered DRAINING until it has caught up.
  void Start() { indexer_.Start(); }
  // Stops reading them. Idempotent.
  void Stop() { indexer_.Stop(); }
  // OK once it has caught up.
  absl::Status status() const { return indexer_.status(); }

  grpc::ServerUnaryReactor* ListEntries(grpc::CallbackServerContext* context,
                                        const hangou::audit::v1::ListEntriesRequest* request,
                                        hangou::audit::v1::ListEntriesResponse* response) override;
  grpc::ServerUnaryReactor* WhoAccessed(grpc::CallbackServerContext* context,
                                        const hangou::audit::v1::WhoAccessedRequest* request,
                                        hangou::audit::v1::WhoAccessedResponse* response) override;
  grpc::ServerUnaryReactor* GetHead(grpc::CallbackServerContext* context,
                                    const hangou::audit::v1::GetHeadRequest* request,
                                    hangou::audit::v1::Head* response) override;
  grpc::ServerUnaryReactor* ListHeads(grpc::CallbackServerContext* context,
                                      const hangou::audit::v1::ListHeadsRequest* request,
                                      hangou::audit::v1::ListHeadsResponse* response) override;

 private:
  const Clock& clock_;
  AuditIndexer indexer_;
  AuditReads reads_;
};

}  // namespace hangou

// The catalog: the only writer of policy, never on the path of a read.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "hangou/catalog/v1/catalog.grpc.pb.h"
#include "libs/audit/chain.h"
#include "libs/base/clock.h"
#include "libs/base/limits.h"
#include "libs/base/mutex.h"
#include "libs/log/log.h"
#include "services/catalog/change_writer.h"
#include "services/catalog/lease_book.h"
#include "services/catalog/policy_feed.h"
#include "services/catalog/policy_topic.h"
#include "services/catalog/published_policy.h"

namespace hangou {

// Where a service is.
struct CatalogEndpoint {
  std::string service;  // population, legal_entity, geographic, tax, credit, exchange, audit
  std::string address;  // host:port
};

// How a catalog runs.
struct CatalogSettings {
  std::vector<CatalogEndpoint> endpoints;  // what GetEndpoints answers; may also be set later
  int64_t lease_ms = limits::kLeaseMs;     // length of the leases it gives
};

// What a catalog works with. Everything referred to must outlive it.
struct CatalogContext {
  Log& log;
  AuditChain& audit;
  const Clock& clock;
  CatalogSettings settings;
};

// Serves catalog.v1.Catalog. Life: constructed, Start, served, Drain, server shut down, destroyed. Thread-safe after
// Start. Every call answers DRAINING before Start, while draining, and while SetServing(false) holds.
class CatalogService final : public hangou::catalog::v1::Catalog::CallbackService {
 public:
  explicit CatalogService(CatalogContext context);
  ~CatalogService() override;

  // Reads the policy topic to its end and begins to serve. The errors of PolicyTopic::Open, and INVALID_OBJECT where
  // what the topic holds does not compile.
  absl::Status Start();
  // Ends the watches, answers what waits to become effective (effective = false), and takes no more calls.
  void Drain();
  // For tests: stops the catalog alone, and lets it go on.
  void SetServing(bool serving);
  // Where the services are, once their listeners are known.
  void SetEndpoints(std::vector<CatalogEndpoint> endpoints);

  grpc::ServerUnaryReactor* GetObject(grpc::CallbackServerContext* context,
                                      const hangou::catalog::v1::GetObjectRequest* request,
                                      hangou::catalog::v1::CatalogObject* response) override;
  grpc::ServerUnaryReactor* ListObjects(grpc::CallbackServerContext* context,
                                        const hangou::catalog::v1::ListObjectsRequest* request,
                                        hangou::catalog::v1::ListObjectsResponse* response) override;
  grpc::ServerUnaryReactor* Apply(grpc::CallbackServerContext* context,
                                  const hangou::catalog::v1::ApplyRequest* request,
                                  hangou::catalog::v1::ApplyResponse* response) override;
  grpc::ServerUnaryReactor* ApproveChange(grpc::CallbackServerContext* context,
                                          const hangou::catalog::v1::ApproveChangeRequest* request,
                                          hangou::catalog::v1::ApplyResponse* response) override;
  grpc::ServerUnaryReactor* ListChanges(grpc::CallbackServerContext* context,
                                        const hangou::catalog::v1::ListChangesRequest* request,
                                        hangou::catalog::v1::ListChangesResponse* response) override;
  grpc::ServerUnaryReactor* GetSchema(grpc::CallbackServerContext* context,
                                      const hangou::catalog::v1::GetSchemaRequest* request,
                                      hangou::catalog::v1::GetSchemaResponse* response) override;
  grpc::ServerUnaryReactor* GetEndpoints(grpc::CallbackServerContext* context,
                                         const hangou::catalog::v1::GetEndpointsRequest* request,
                                         hangou::catalog::v1::GetEndpointsResponse* response) override;
  grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* context,
                                    const hangou::catalog::v1::ExplainRequest* request,
                                    hangou::catalog::v1::ExplainResponse* response) override;
  grpc::ServerUnaryReactor* RenewLease(grpc::CallbackServerContext* context,
                                       const hangou::catalog::v1::RenewLeaseRequest* request,
                                       hangou::catalog::v1::RenewLeaseResponse* response) override;
  grpc::ServerWriteReactor<hangou::catalog::v1::PolicyUpdate>* WatchPolicy(
      grpc::CallbackServerContext* context, const hangou::catalog::v1::WatchPolicyRequest* request) override;

 private:
  absl::Status CheckServing() const;
  absl::Status Publish(const CatalogState& state, const hangou::catalog::v1::PolicyUpdate& update);
  template <class Request, class Response>
  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* context, const Request* request,
                                 Response* response,
                                 absl::Status (*read)(const PublishedPolicy&, const Request&, Response*));

  const CatalogContext context_;
  Mutex mutex_;
  std::vector<CatalogEndpoint> endpoints_ HANGOU_GUARDED_BY(mutex_);
  std::atomic<bool> serving_{false};
  NewestPolicy newest_;
  PolicyFeed feed_;
  PolicyTopic topic_;
  std::unique_ptr<LeaseBook> leases_;     // from Start on
  std::unique_ptr<ChangeWriter> writer_;  // likewise
};

}  // namespace hangou

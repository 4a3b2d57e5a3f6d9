// The catalog: the only writer of policy, never on the path of a read.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "hangou/catalog/v1/catalog.grpc.pb.h"
#include "libs/audit/chain.h"
#include "libs/base/clock.h"
#include "libs/base/event_loop.h"
#include "libs/base/limits.h"
#include "libs/base/mutex.h"
#include "libs/log/log.h"
#include "libs/rpc/hops.h"
#include "services/catalog/catalog_replicas.h"
#include "services/catalog/change_writer.h"
#include "services/catalog/lease_book.h"
#include "services/catalog/placement_keeper.h"
#include "services/catalog/policy_feed.h"
#include "services/catalog/policy_topic.h"
#include "services/catalog/published_policy.h"

namespace hangou {

// How a replica of the catalog runs.
struct CatalogSettings {
  int64_t lease_ms = limits::kLeaseMs;       // length of the leases it gives
  std::string replica = "catalog";           // its name among the replicas
  std::string address;                       // host:port at which the other replicas reach it
  std::vector<std::string> others;           // theirs
  int32_t partitions = limits::kPartitions;  // of a new installation
  int32_t groups = limits::kGroups;          // likewise
};

// What a catalog works with. Everything referred to must outlive it.
struct CatalogContext {
  Log& log;
  AuditChain& audit;
  const Clock& clock;
  CatalogSettings settings;
  const Hops* hops = nullptr;  // to pass changes on to the writer; null where there is one replica only
};

// What a replica of the catalog is doing, for operators.
struct CatalogFigures {
  bool is_writer = false;
  uint64_t writer_epoch = 0;  // of whoever writes
  uint64_t epoch = 0;         // the newest that was read
  size_t lease_holders = 0;   // as this replica knows them
  DurationCounts effective;   // of the changes that this replica has written
};

// Serves catalog.v1.Catalog. Life: constructed, Start, served, Drain, server shut down, destroyed. Thread-safe after
// Start. Every call answers DRAINING before Start, while draining, and while SetServing(false) holds.
//
// Every replica reads the policy topic, answers reads and watches, and renews leases: a renewal is answered once the
// topic has been read to the end that it had when the renewal came, so that no replica names an epoch that is not the
// newest. One replica is elected to write (PolicyTopic fences it); the others pass changes on to it.
class CatalogService final : public hangou::catalog::v1::Catalog::CallbackService {
 public:
  explicit CatalogService(CatalogContext context);
  ~CatalogService() override;

  // Reads the policy topic to its end and begins to serve. The errors of PolicyTopic::Open, and INVALID_OBJECT where
  // what the topic holds does not compile.
  absl::Status Start();
  // The layout of the installation, once a writer has written it; DRAINING where none does within `timeout_ms`.
  absl::StatusOr<hangou::catalog::v1::Layout> AwaitLayout(int64_t timeout_ms);
  // Whether calls can be answered: the topic is read, and the last look at it went well.
  absl::Status status() const;
  // Zeros before Start and while draining.
  CatalogFigures figures() const;
  // Waits until the placement names so many replicas; false where it does not within `timeout_ms`.
  bool AwaitReplicas(int count, int64_t timeout_ms);
  // Ends the watches, answers what waits to become effective (effective = false), and takes no more calls.
  void Drain();
  // For tests: stops the catalog alone, and lets it go on.
  void SetServing(bool serving);

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
  grpc::ServerUnaryReactor* GetPlacement(grpc::CallbackServerContext* context,
                                         const hangou::catalog::v1::GetPlacementRequest* request,
                                         hangou::catalog::v1::GetPlacementResponse* response) override;
  grpc::ServerUnaryReactor* MoveGroup(grpc::CallbackServerContext* context,
                                      const hangou::catalog::v1::MoveGroupRequest* request,
                                      hangou::catalog::v1::MoveGroupResponse* response) override;
  grpc::ServerUnaryReactor* ListLeases(grpc::CallbackServerContext* context,
                                       const hangou::catalog::v1::ListLeasesRequest* request,
                                       hangou::catalog::v1::ListLeasesResponse* response) override;

 private:
  // A renewal that waits until it is known what the newest epoch is.
  using Renewal = std::function<void(absl::StatusOr<uint64_t> newest_epoch)>;

  absl::Status CheckServing() const;
  absl::Status Publish(const CatalogState& state, const hangou::catalog::v1::PolicyUpdate& update);
  template <class Request, class Response>
  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* context, const Request* request,
                                 Response* response,
                                 absl::Status (*read)(const PublishedPolicy&, const Request&, Response*));
  template <class Request, class Response>
  grpc::ServerUnaryReactor* Write(
      grpc::CallbackServerContext* context, const Request* request, Response* response,
      void (ChangeWriter::*change)(const Caller&, const Request&, Response*, ChangeWriter::Done),
      void (hangou::catalog::v1::Catalog::StubInterface::async_interface::*forward)(
          grpc::ClientContext*, const Request*, Response*, std::function<void(grpc::Status)>));
  absl::Status StartOnLoop();
  void RenewWhenFresh(Renewal renewal);
  void AnswerRenewals();
  void ReadOnLoop();
  void LeadOnLoop();
  void KeepPlacementOnLoop();
  void NoteWriter();

  const CatalogContext context_;
  Mutex mutex_;
  std::vector<Renewal> renewals_ HANGOU_GUARDED_BY(mutex_);
  std::string writer_address_ HANGOU_GUARDED_BY(mutex_);  // of another replica; empty where none is known
  std::atomic<bool> serving_{false};
  std::atomic<bool> is_writer_{false};
  std::atomic<bool> leads_{false};
  std::atomic<bool> read_posted_{false};
  std::atomic<bool> topic_readable_{true};
  NewestPolicy newest_;
  PolicyFeed feed_;
  PolicyTopic topic_;
  // From Start on.
  std::unique_ptr<LeaseBook> leases_;
  std::unique_ptr<ChangeWriter> writer_;
  std::unique_ptr<PlacementKeeper> placement_;
  EventLoop loop_;  // everything that touches the topic runs on it
  std::unique_ptr<CatalogReplicas> replicas_;
  std::unique_ptr<Candidacy> candidacy_;
};

}  // namespace hangou

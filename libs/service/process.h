// What a service process stands on: keys, log, audit chain, stores, policy, listener.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/audit/chain.h"
#include "libs/audit_topic/shipper.h"
#include "libs/base/clock.h"
#include "libs/base/keys.h"
#include "libs/log/kafka_log.h"
#include "libs/metrics/metrics_registry.h"
#include "libs/policy/lease_keeper.h"
#include "libs/policy/policy_holder.h"
#include "libs/rpc/grpc_peer.h"
#include "libs/rpc/hops.h"
#include "libs/rpc/rpc_metrics.h"
#include "libs/service/metered_audit_chain.h"
#include "libs/service/metrics_listener.h"
#include "libs/service/settings.h"
#include "libs/store/store.h"

namespace hangou {

// What distinguishes one kind of service from another, as far as the process is concerned.
struct ServiceKind {
  std::string_view name;       // "population": in the placement, and as the workload of its certificates
  std::string_view audience;   // of the caller tokens that it accepts (Hops)
  bool holds_groups = false;   // takes part in the ownership of partition groups
  bool follows_policy = true;  // holds a policy lease; the catalog itself does not
  int local_tables = 0;        // of the `local` store; 0: it has none
};

// The parts, opened. Owned by the process; outlives what is served. Thread-safe after Open.
class ServiceProcess {
 public:
  // Opens everything, waits for the brokers, and for the catalog's first word where the kind follows the policy.
  // What it answers says which part could not be opened.
  static absl::StatusOr<std::unique_ptr<ServiceProcess>> Open(const ServiceKind& kind,
                                                              const ServiceSettings& settings);
  ~ServiceProcess();

  const ServiceSettings& settings() const { return settings_; }
  const ServiceKind& kind() const { return kind_; }
  const Clock& clock() const { return SystemClock(); }
  const KeyRing& keys() const { return *keys_; }
  Log& log() { return *log_; }
  MeteredAuditChain& audit() { return *audit_; }
  AuditShipper& shipper() { return *shipper_; }
  const std::shared_ptr<StoreBudget>& budget() { return budget_; }
  Store& local() { return *local_; }
  PolicyHolder& policy() { return policy_; }
  Peer& peer() { return *peer_; }
  const Hops& hops() const { return *hops_; }
  // What the process is scraped for; roles add theirs.
  MetricsRegistry& metrics() { return metrics_; }
  RpcMetrics& rpc_metrics() { return rpc_metrics_; }
  // HOST:PORT where it is scraped; empty where the settings name none.
  std::string metrics_address() const { return metrics_listener_ ? metrics_listener_->address() : ""; }
  // Partitions and groups of the installation. Only where the kind follows the policy.
  const hangou::catalog::v1::Layout& layout() const { return layout_; }
  // Tells the catalog what this process serves at `address`. Only where the kind follows the policy.
  void TellServed(const std::string& address, bool ready);
  // True where the placement names this process.
  bool IsPlaced() const;
  // True where the placement names another replica of the same service.
  bool HasOthers() const;
  // Why it may not share; OK while it holds a lease, or needs none.
  absl::Status lease_status() const;
  // Ends the lease's renewals. Idempotent.
  void StopLease();
  // Ships what is left of the audit chain. After the last call has ended. Idempotent.
  void StopShipping();

 private:
  ServiceProcess(const ServiceKind& kind, const ServiceSettings& settings);
  absl::Status OpenMetrics();
  absl::Status OpenParts();
  void CollectParts(MetricsPage& page);
  absl::Status FollowPolicy();

  const ServiceKind kind_;
  const ServiceSettings settings_;
  // In the order of construction: what stands below is destroyed first.
  MetricsRegistry metrics_;
  RpcMetrics rpc_metrics_;
  std::unique_ptr<MetricsListener> metrics_listener_;
  std::unique_ptr<const KeyRing> keys_;
  std::unique_ptr<KafkaLog> log_;
  std::unique_ptr<MeteredAuditChain> audit_;
  std::unique_ptr<AuditShipper> shipper_;
  std::shared_ptr<StoreBudget> budget_;
  std::unique_ptr<Store> local_;
  PolicyHolder policy_;
  std::unique_ptr<Hops> hops_;
  std::unique_ptr<GrpcPeer> peer_;
  std::unique_ptr<LeaseKeeper> lease_;
  hangou::catalog::v1::Layout layout_;
  std::vector<MetricsRegistry::Source> sources_;  // look at all of the above
};

}  // namespace hangou

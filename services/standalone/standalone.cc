#include "services/standalone/standalone.h"

#include <unistd.h>

#include "libs/audit/chain.h"
#include "libs/audit_topic/shipper.h"
#include "libs/base/keys.h"
#include "libs/base/status.h"
#include "libs/base_library/library.h"
#include "libs/log/embedded_log.h"
#include "libs/metrics/metrics_registry.h"
#include "libs/policy/lease_keeper.h"
#include "libs/rpc/certificates.h"
#include "libs/rpc/grpc_peer.h"
#include "libs/rpc/rpc_metrics.h"
#include "libs/rpc/server.h"
#include "libs/service/metered_audit_chain.h"
#include "libs/service/metrics_listener.h"
#include "libs/service/service_metrics.h"
#include "libs/store/store.h"
#include "services/audit/audit_service.h"
#include "services/base_library/base_library_service.h"
#include "services/base_library/library_metrics.h"
#include "services/catalog/catalog_metrics.h"
#include "services/catalog/catalog_service.h"
#include "services/comparison/comparison_service.h"
#include "services/credit/credit.h"
#include "services/exchange/exchange_metrics.h"
#include "services/exchange/exchange_service.h"
#include "services/geographic/geographic.h"
#include "services/legal_entity/legal_entity.h"
#include "services/population/population.h"
#include "services/standalone/installation.h"
#include "services/tax/tax.h"

namespace hangou {
namespace {

// Tables of the `local` store.
enum LocalTable : int {
  kLocalVerify = 0,
  kLocalCursors = 1,
  // 2 and 3 are those of an exchange that delivers to topics, which can take the folder over.
  kLocalQuality = 4,
  kLocalQuarantine = 5,
  kLocalRecalls = 6,
  kLocalTables = 7
};
constexpr LocalTables kLibraryTables = {kLocalVerify, kLocalQuality, kLocalQuarantine};

constexpr LibraryDeclaration kLibraries[] = {kPopulationLibrary, kLegalEntityLibrary, kGeographicLibrary,
                                             kTaxLibrary, kCreditLibrary};

// The one replica of everything.
constexpr char kReplica[] = "standalone";

// A quarter of the process's memory goes to the stores; the rest is the log's, gRPC's and the snapshots'.
constexpr size_t kStoreShare = 4;
// What is left of the audit chain is shipped before the end; a log that does not take it gets it after the next start.
constexpr int64_t kShipAtEndMs = 1000;

std::string ProcessName() {
  char host[256] = "host";
  ::gethostname(host, sizeof host - 1);
  return std::string("standalone@") + host;
}

// The peer of services that are made before the server whose in-process channel they call each other over.
class LatePeer final : public Peer {
 public:
  // Before anything calls it.
  void Set(std::unique_ptr<Peer> peer) { peer_ = std::move(peer); }

  absl::StatusOr<hangou::catalog::v1::RenewLeaseResponse> RenewLease(
      const hangou::catalog::v1::RenewLeaseRequest& request, int64_t timeout_ms) override {
    return peer_->RenewLease(request, timeout_ms);
  }
  std::unique_ptr<PeerStream> WatchPolicy(
      const std::string& holder, std::function<void(const hangou::catalog::v1::PolicyUpdate&)> on_update,
      std::function<void(absl::Status)> on_end) override {
    return peer_->WatchPolicy(holder, std::move(on_update), std::move(on_end));
  }
  absl::StatusOr<hangou::base_library::v1::ScanResponse> Scan(
      const std::string& library, const hangou::base_library::v1::ScanRequest& request,
      int64_t timeout_ms) override {
    if (!peer_) return MakeError(Reason::kDraining, "the process is starting; retry");
    return peer_->Scan(library, request, timeout_ms);
  }
  void Submit(const std::string&, const Caller&, hangou::base_library::v1::SubmitRequest, int64_t,
              std::function<void(absl::StatusOr<hangou::base_library::v1::SubmitResponse>)> done) override {
    done(MakeError(Reason::kInternal, "a standalone process has no other replicas"));
  }

 private:
  std::unique_ptr<Peer> peer_;
};

// One listener serves them all.
std::vector<hangou::catalog::v1::ServedService> ServedAt(const std::string& address) {
  std::vector<hangou::catalog::v1::ServedService> served;
  const auto add = [&](std::string_view name, bool holds_groups) {
    auto& service = served.emplace_back();
    service.set_service(std::string(name));
    service.set_address(address);
    service.set_ready(true);
    service.set_holds_groups(holds_groups);
  };
  for (const LibraryDeclaration& library : kLibraries) add(library.name, true);
  add("exchange", false);
  add("audit", false);
  add("comparison", false);
  return served;
}

}  // namespace

// In the order of construction: what stands below is destroyed first.
struct Standalone::Parts {
  StandaloneOptions options;
  InstallationPaths paths;
  MetricsRegistry metrics;
  RpcMetrics rpc_metrics;
  std::unique_ptr<MetricsListener> metrics_listener;
  std::unique_ptr<const KeyRing> keys;
  std::unique_ptr<Log> log;
  std::unique_ptr<MeteredAuditChain> audit;
  std::unique_ptr<AuditShipper> shipper;
  std::shared_ptr<StoreBudget> budget;
  std::unique_ptr<Store> local;
  std::unique_ptr<PolicyHolder> policy;
  std::unique_ptr<CatalogService> catalog;
  std::vector<std::unique_ptr<Library>> libraries;
  std::unique_ptr<BaseLibraryService> library_service;
  std::unique_ptr<AuditService> audit_service;
  LatePeer peer;
  std::unique_ptr<ExchangeService> exchange;
  std::unique_ptr<ComparisonService> comparison;
  std::unique_ptr<RpcServer> server;
  std::unique_ptr<LeaseKeeper> lease;
  std::vector<std::string> degraded;
  bool stopped = false;
  std::vector<MetricsRegistry::Source> sources;  // look at all of the above
};

// First, so that a process can be looked at while it catches up.
absl::Status Standalone::OpenMetrics(Parts& parts) {
  const std::string identity = parts.paths.identity("service");
  ASSIGN_OR_RETURN(const IdentityInfo info, ReadIdentityInfo(identity));
  const auto memory_bytes = static_cast<int64_t>(parts.options.memory_bytes);
  parts.sources.push_back(
      parts.metrics.Add([memory_bytes, not_after_us = info.not_after_us](MetricsPage& page) {
        CollectPlatform(page, memory_bytes, not_after_us);
      }));
  if (parts.options.metrics_address.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(parts.metrics_listener,
                   MetricsListener::Start(parts.options.metrics_address, identity, parts.metrics));
  return absl::OkStatus();
}

void Standalone::CollectServices(const Parts& parts, MetricsPage& page) {
  parts.rpc_metrics.Collect(page);
  parts.audit->Collect(page);
  CollectShipping(page, *parts.shipper);
  CollectPolicy(page, *parts.policy);
  CollectCatalog(page, *parts.catalog);
  CollectExchange(page, *parts.exchange, parts.audit->delivered());
  for (const auto& library : parts.libraries) CollectLibrary(page, *library);
}

Standalone::Standalone(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Standalone::~Standalone() { Stop(); }

absl::StatusOr<std::unique_ptr<Standalone>> Standalone::Start(const StandaloneOptions& options) {
  const Clock& clock = SystemClock();
  auto parts = std::make_unique<Parts>();
  parts->options = options;
  parts->paths = {options.data};
  RETURN_IF_ERROR(PrepareInstallation(parts->paths));
  RETURN_IF_ERROR(OpenMetrics(*parts));
  ASSIGN_OR_RETURN(KeyRing keys, KeyRing::LoadOrCreate(parts->paths.key_ring(), clock.UtcUs()));
  parts->keys = std::make_unique<const KeyRing>(std::move(keys));
  if (options.open_log) {
    ASSIGN_OR_RETURN(parts->log, options.open_log());
  } else {
    ASSIGN_OR_RETURN(parts->log, EmbeddedLog::Open(parts->paths.log(), clock));
  }
  ASSIGN_OR_RETURN(auto chain, AuditChain::Open(parts->paths.audit(), ProcessName(), clock));
  parts->audit = std::make_unique<MeteredAuditChain>(std::move(chain));
  ASSIGN_OR_RETURN(parts->shipper,
                   AuditShipper::Start(*parts->audit, *parts->log, {parts->paths.audit_shipped()}));
  parts->budget = MakeStoreBudget(options.memory_bytes / kStoreShare);
  ASSIGN_OR_RETURN(parts->local,
                   OpenRocksStore(parts->paths.local(), kLocalTables, StoreKind::kLocal, parts->budget));
  parts->policy = std::make_unique<PolicyHolder>(clock);
  std::unique_ptr<Standalone> standalone(new Standalone(std::move(parts)));
  RETURN_IF_ERROR(standalone->StartServices());
  return standalone;
}

absl::Status Standalone::StartServices() {
  const Clock& clock = SystemClock();
  Parts& parts = *parts_;
  CatalogSettings catalog_settings;
  catalog_settings.partitions = parts.options.partitions;
  catalog_settings.groups = parts.options.groups;
  parts.catalog =
      std::make_unique<CatalogService>(CatalogContext{*parts.log, *parts.audit, clock, catalog_settings});
  RETURN_IF_ERROR(parts.catalog->Start());
  ASSIGN_OR_RETURN(const auto layout, parts.catalog->AwaitLayout(parts.options.start_timeout_ms));
  std::vector<Library*> libraries;
  for (const LibraryDeclaration& declaration : kLibraries) {
    LibraryOptions library{std::string(declaration.name),
                           parts.paths.view(declaration.name),
                           parts.paths.erasures(declaration.name),
                           kReplica,
                           layout.partitions(),
                           layout.groups()};
    const LibraryContext context{*parts.log,  *parts.local, kLibraryTables, *parts.policy, *parts.audit,
                                 *parts.keys, clock,        parts.budget,   parts.peer};
    parts.libraries.push_back(std::make_unique<Library>(std::move(library), context));
    libraries.push_back(parts.libraries.back().get());
  }
  parts.library_service = std::make_unique<BaseLibraryService>(libraries, *parts.policy);
  parts.audit_service = std::make_unique<AuditService>(
      AuditServiceContext{*parts.log, *parts.audit, *parts.shipper, *parts.keys, clock},
      AuditIndexerOptions{parts.paths.view("audit"), parts.budget});
  parts.audit_service->Start();
  parts.exchange = std::make_unique<ExchangeService>(
      ExchangeContext{*parts.log, *parts.local, kLocalCursors, kLocalRecalls, *parts.policy, *parts.audit,
                      *parts.keys, parts.peer, clock, layout.partitions()});
  ASSIGN_OR_RETURN(
      parts.comparison,
      ComparisonService::Open({*parts.log, *parts.policy, *parts.audit, *parts.keys, clock, parts.budget,
                               parts.paths.view("comparison"), layout.partitions()}));

  RpcServerOptions server_options;
  server_options.address = parts.options.address;
  server_options.identity_folder = parts.paths.identity("service");
  server_options.services = {parts.catalog.get(), parts.library_service.get(), parts.exchange.get(),
                             parts.audit_service.get(), parts.comparison.get()};
  server_options.serving = false;
  server_options.metrics = &parts.rpc_metrics;
  ASSIGN_OR_RETURN(parts.server, RpcServer::Start(server_options));
  parts.sources.push_back(parts.metrics.Add([&parts](MetricsPage& page) { CollectServices(parts, page); }));
  const auto channel = parts.server->InProcessChannel();
  parts.peer.Set(std::make_unique<GrpcPeer>(channel, [channel](const std::string&) { return channel; }));
  parts.lease = std::make_unique<LeaseKeeper>(*parts.policy, parts.peer, clock, kReplica);
  parts.lease->Start();

  for (auto& library : parts.libraries) RETURN_IF_ERROR(library->Start());
  for (auto& library : parts.libraries) {
    // What goes wrong here is told below.
    library->AwaitCopies(parts.options.start_timeout_ms).IgnoreError();
  }
  parts.lease->SetServed(ServedAt(parts.server->address()));
  for (auto& library : parts.libraries) {
    const absl::Status serves = library->AwaitServing(parts.options.start_timeout_ms);
    if (!serves.ok()) parts.degraded.push_back(library->name() + ": " + std::string(Message(serves)));
  }
  RETURN_IF_ERROR(WriteContexts(parts.paths, parts.server->address()));
  parts.server->SetServing("", true);
  return absl::OkStatus();
}

void Standalone::Stop() {
  if (!parts_ || parts_->stopped) return;
  Parts& parts = *parts_;
  parts.stopped = true;
  if (parts.library_service) parts.library_service->Drain();
  if (parts.exchange) parts.exchange->Drain();
  if (parts.comparison) parts.comparison->Drain();
  if (parts.lease) parts.lease->Stop();
  if (parts.catalog) parts.catalog->Drain();
  if (parts.server) parts.server->Shutdown(parts.options.drain_ms);
  for (auto& library : parts.libraries) library->Stop();
  if (parts.shipper) parts.shipper->Stop(kShipAtEndMs);
  if (parts.audit_service) parts.audit_service->Stop();
}

const std::string& Standalone::address() const { return parts_->server->address(); }
std::string Standalone::metrics_address() const {
  return parts_->metrics_listener ? parts_->metrics_listener->address() : "";
}
std::vector<std::string> Standalone::degraded() const { return parts_->degraded; }
CatalogService& Standalone::catalog() { return *parts_->catalog; }
PolicyHolder& Standalone::policy() { return *parts_->policy; }
AuditChain& Standalone::audit() { return *parts_->audit; }
Log& Standalone::log() { return *parts_->log; }

int64_t Standalone::applied_count() const {
  int64_t count = 0;
  for (const auto& library : parts_->libraries) count += library->applied_count();
  return count;
}

}  // namespace hangou

#include "libs/service/process.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "absl/strings/str_join.h"
#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/rpc/certificates.h"
#include "libs/rpc/channel.h"
#include "libs/service/await.h"
#include "libs/service/service_metrics.h"

namespace hangou {
namespace {

// A quarter of the process's memory goes to the stores; the rest is the log's, gRPC's and the snapshots'.
constexpr size_t kStoresPart = 4;
// What is left of the audit chain is shipped before the end; a log that does not take it gets it after the next start.
constexpr int64_t kShipLastMs = 1000;

}  // namespace

ServiceProcess::ServiceProcess(const ServiceKind& kind, const ServiceSettings& settings)
    : kind_(kind), settings_(settings), policy_(SystemClock()) {}

ServiceProcess::~ServiceProcess() {
  StopLease();
  StopShipping();
}

absl::StatusOr<std::unique_ptr<ServiceProcess>> ServiceProcess::Open(const ServiceKind& kind,
                                                                     const ServiceSettings& settings) {
  std::unique_ptr<ServiceProcess> process(new ServiceProcess(kind, settings));
  RETURN_IF_ERROR(process->OpenParts());
  if (kind.follows_policy) RETURN_IF_ERROR(process->FollowPolicy());
  return process;
}

absl::Status ServiceProcess::OpenParts() {
  RETURN_IF_ERROR(OpenMetrics());
  RETURN_IF_ERROR(MakeFolders(settings_.data));
  // All processes share one ring: nobody makes one of its own.
  if (!ReadFile(settings_.key_ring).ok()) {
    return MakeError(Reason::kInvalidRequest,
                     "the key ring " + settings_.key_ring + " cannot be read; `hangou certs init` makes one");
  }
  ASSIGN_OR_RETURN(KeyRing keys, KeyRing::LoadOrCreate(settings_.key_ring, clock().UtcUs()));
  keys_ = std::make_unique<const KeyRing>(std::move(keys));
  ASSIGN_OR_RETURN(auto chain, AuditChain::Open(settings_.data + "/audit", settings_.replica, clock()));
  audit_ = std::make_unique<MeteredAuditChain>(std::move(chain));
  ASSIGN_OR_RETURN(log_, KafkaLog::Open(settings_.kafka, settings_.start_timeout_s * 1000LL));
  ASSIGN_OR_RETURN(shipper_, AuditShipper::Start(*audit_, *log_, {settings_.data + "/audit-shipped"}));
  budget_ = MakeStoreBudget((static_cast<size_t>(settings_.memory_mib) << 20) / kStoresPart);
  if (kind_.local_tables > 0) {
    ASSIGN_OR_RETURN(
        local_, OpenRocksStore(settings_.data + "/local", kind_.local_tables, StoreKind::kLocal, budget_));
  }
  HopSettings hops;
  hops.identity_folder = settings_.identity;
  hops.audience = std::string(kind_.audience);
  hops.workloads = {std::string(kind_.name)};
  hops_ = std::make_unique<Hops>(std::move(hops), *keys_, clock());
  sources_.push_back(metrics_.Add([this](MetricsPage& page) { CollectParts(page); }));
  return absl::OkStatus();
}

// First, so that a process can be looked at while it waits for the others.
absl::Status ServiceProcess::OpenMetrics() {
  ASSIGN_OR_RETURN(const IdentityInfo identity, ReadIdentityInfo(settings_.identity));
  const int64_t memory_bytes = static_cast<int64_t>(settings_.memory_mib) << 20;
  sources_.push_back(metrics_.Add([memory_bytes, not_after_us = identity.not_after_us](MetricsPage& page) {
    CollectPlatform(page, memory_bytes, not_after_us);
  }));
  if (settings_.metrics_listen.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(metrics_listener_,
                   MetricsListener::Start(settings_.metrics_listen, settings_.identity, metrics_));
  spdlog::info("metrics at https://{}/metrics", metrics_listener_->address());
  return absl::OkStatus();
}

void ServiceProcess::CollectParts(MetricsPage& page) {
  rpc_metrics_.Collect(page);
  audit_->Collect(page);
  CollectShipping(page, *shipper_);
  if (kind_.follows_policy) CollectPolicy(page, policy_);
  page.Gauge("hangou_log_queued_bytes", "Bytes of appends that the brokers have not acknowledged.", {},
             static_cast<double>(log_->queued_bytes()));
}

absl::Status ServiceProcess::FollowPolicy() {
  ASSIGN_OR_RETURN(const auto catalog,
                   MakeChannel(absl::StrJoin(settings_.catalog, ","), settings_.identity));
  peer_ = std::make_unique<GrpcPeer>(
      catalog,
      [this](const std::string& library) -> std::shared_ptr<grpc::Channel> {
        const auto snapshot = policy_.Newest();
        if (!snapshot) return nullptr;
        const auto addresses = snapshot->placement().AddressesOf(library);
        if (addresses.empty()) return nullptr;
        return hops_->ChannelTo(absl::StrJoin(addresses, ",")).value_or(nullptr);
      },
      hops_.get());
  lease_ = std::make_unique<LeaseKeeper>(policy_, *peer_, clock(), settings_.replica);
  lease_->Start();
  spdlog::info("waiting for the catalog at {}", absl::StrJoin(settings_.catalog, ","));
  AwaitCondition(
      [this] {
        if (const auto snapshot = policy_.Newest()) layout_ = snapshot->placement().proto().layout();
        return layout_.partitions() > 0;
      },
      settings_.start_timeout_s * 1000LL);
  if (layout_.partitions()) return absl::OkStatus();
  return MakeError(Reason::kDraining, "the catalog did not answer within start_timeout_s; see its log");
}

void ServiceProcess::TellServed(const std::string& address, bool ready) {
  hangou::catalog::v1::ServedService service;
  service.set_service(std::string(kind_.name));
  service.set_address(address);
  service.set_ready(ready);
  service.set_holds_groups(kind_.holds_groups);
  lease_->SetServed({service});
}

bool ServiceProcess::IsPlaced() const {
  const auto snapshot = policy_.Newest();
  return snapshot && !snapshot->placement().AddressOf(kind_.name, settings_.replica).empty();
}

bool ServiceProcess::HasOthers() const {
  const auto snapshot = policy_.Newest();
  if (!snapshot) return false;
  const auto& replicas = snapshot->placement().proto().replicas();
  return std::any_of(replicas.begin(), replicas.end(), [this](const auto& replica) {
    return replica.service() == kind_.name && replica.name() != settings_.replica;
  });
}

absl::Status ServiceProcess::lease_status() const {
  if (!kind_.follows_policy || policy_.LeaseLeftMs() > 0) return absl::OkStatus();
  return MakeError(Reason::kLeaseExpired, "the policy lease has run out: the catalog cannot be reached");
}

void ServiceProcess::StopLease() {
  if (lease_) lease_->Stop();
}

void ServiceProcess::StopShipping() {
  if (shipper_) shipper_->Stop(kShipLastMs);
}

}  // namespace hangou

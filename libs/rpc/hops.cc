#include "libs/rpc/hops.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <chrono>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/identity.h"

namespace hangou {
namespace {

constexpr char kTokenKey[] = "hangou-caller";
// A hop is made at once: a token that is older was kept for something else. Clocks of replicas may differ by so much.
constexpr int64_t kTokenUs = 10 * kUsPerSecond;
// Replicas of an installation: some dozens; addresses of former ones gather over the years.
constexpr size_t kChannels = 256;

std::string TokenContext(const std::string& audience) { return "caller|" + audience; }

// The service of a workload: "population" of "population-2".
std::string ServiceOf(const std::string& workload) {
  const size_t dash = workload.rfind('-');
  if (dash == std::string::npos || dash + 1 == workload.size()) return workload;
  const bool number = std::all_of(workload.begin() + static_cast<std::ptrdiff_t>(dash) + 1, workload.end(),
                                  [](char c) { return c >= '0' && c <= '9'; });
  return number ? workload.substr(0, dash) : workload;
}

absl::Status BadToken() {
  return MakeError(Reason::kCertificateInvalid, "the call was passed on without a valid caller token");
}

}  // namespace

Hops::Hops(HopSettings settings, const KeyRing& keys, const Clock& clock)
    : settings_(std::move(settings)), keys_(keys), clock_(clock) {}

Hops::~Hops() = default;

void Hops::Sign(const Caller& caller, int64_t timeout_ms, grpc::ClientContext* context) const {
  std::string payload;
  AppendBigEndian(&payload, static_cast<uint64_t>(clock_.UtcUs() + kTokenUs), 8);
  payload += caller.spiffe_id;
  context->AddMetadata(kTokenKey, keys_.SealToken(payload, TokenContext(settings_.audience)));
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(timeout_ms));
}

absl::StatusOr<Caller> Hops::Accept(const grpc::ServerContextBase& context, const Caller& service) const {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(kTokenKey);
  if (found == metadata.end()) return service;
  const auto& workloads = settings_.workloads;
  if (service.role != roles::kService ||
      std::find(workloads.begin(), workloads.end(), ServiceOf(service.workload)) == workloads.end()) {
    return MakeError(Reason::kCertificateInvalid, "this certificate may not pass calls on to this service");
  }
  const auto payload =
      keys_.OpenToken({found->second.data(), found->second.size()}, TokenContext(settings_.audience));
  if (!payload.ok() || payload->size() < 8) return BadToken();
  const auto expires_us = static_cast<int64_t>(ReadBigEndian(std::string_view(*payload).substr(0, 8)));
  const int64_t now_us = clock_.UtcUs();
  if (now_us > expires_us || expires_us > now_us + 2 * kTokenUs) return BadToken();
  ASSIGN_OR_RETURN(Caller caller, ParseSpiffeId(std::string_view(*payload).substr(8)));
  caller.via = service.spiffe_id;
  return caller;
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Hops::ChannelTo(const std::string& address) const {
  MutexLock lock(mutex_);
  if (channels_.size() >= kChannels) channels_.clear();
  std::shared_ptr<grpc::Channel>& channel = channels_[address];
  if (channel == nullptr) {
    ASSIGN_OR_RETURN(channel, MakeChannel(address, settings_.identity_folder));
  }
  return channel;
}

}  // namespace hangou

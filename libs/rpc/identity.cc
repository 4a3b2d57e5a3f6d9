#include "libs/rpc/identity.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/rpc/certificates.h"
#include "libs/rpc/hops.h"

namespace hangou {
namespace {

// Parts of a SPIFFE id: the length of a department code or a workload's name, as the catalog allows them.
constexpr size_t kNamePart = 64;
// What gRPC calls the peer of its in-process transport: "unknown" up to 1.51, names that begin with "inproc" later.
// A network peer has an address ("ipv4:...").
constexpr std::string_view kInProcessPeers[] = {"unknown", "inproc"};
constexpr std::string_view kPlatform = "platform";
constexpr std::array kRoles = {roles::kPublisher, roles::kConsumer, roles::kManager,
                               roles::kAuditor,   roles::kOperator, roles::kService};

absl::Status NotOurs(std::string_view what) {
  return MakeError(Reason::kCertificateInvalid,
                   std::string(what) + "; use a certificate of this installation");
}

std::vector<std::string> Split(std::string_view path) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    parts.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool IsWorkload(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return IsName(name, kNamePart);
}

Caller PlatformItself() {
  Caller caller;
  caller.department = std::string(kPlatform);
  caller.role = std::string(roles::kService);
  caller.workload = "inprocess";
  caller.spiffe_id = std::string("spiffe://") + kTrustDomain + "/department/platform/service/inprocess";
  return caller;
}

// True for a call over the server's own in-process transport: without any transport security, and without an address.
bool IsInProcess(const grpc::ServerContextBase& context, const grpc::AuthContext* auth) {
  if (auth != nullptr && !auth->FindPropertyValues(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME).empty())
    return false;
  const std::string peer = context.peer();
  return std::any_of(std::begin(kInProcessPeers), std::end(kInProcessPeers),
                     [&](std::string_view prefix) { return peer.rfind(prefix, 0) == 0; });
}

int64_t UntilDeadlineMs(const grpc::ServerContextBase& context) {
  const auto deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return limits::kCallMs;
  const auto left = deadline - std::chrono::system_clock::now();
  return std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
}

}  // namespace

absl::StatusOr<Caller> ParseSpiffeId(std::string_view spiffe_id) {
  constexpr std::string_view kScheme = "spiffe://";
  if (spiffe_id.substr(0, kScheme.size()) != kScheme) return NotOurs("the certificate's URI is no SPIFFE id");
  const std::vector<std::string> parts = Split(spiffe_id.substr(kScheme.size()));
  if (parts[0] != kTrustDomain) return NotOurs("the certificate is of another trust domain");
  if (parts.size() != 5 || parts[1] != "department" || !IsName(parts[2], kNamePart) ||
      !IsWorkload(parts[4])) {
    return NotOurs("the certificate's SPIFFE id is not of the form department/CODE/ROLE/WORKLOAD");
  }
  if (std::find(kRoles.begin(), kRoles.end(), parts[3]) == kRoles.end()) {
    return NotOurs("the certificate's role is not one of the platform's");
  }
  if (parts[3] == roles::kService && parts[2] != kPlatform) {
    return NotOurs("the role service belongs to the platform's own department");
  }
  return Caller{parts[2], parts[3], parts[4], std::string(spiffe_id), ""};
}

absl::StatusOr<Caller> CallerOf(const grpc::ServerContextBase& context) {
  const std::shared_ptr<const grpc::AuthContext> auth = context.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) {
    if (IsInProcess(context, auth.get())) return PlatformItself();
    return NotOurs("the call came without a certificate");
  }
  const std::vector<grpc::string_ref> uris = auth->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME);
  if (uris.size() != 1) return NotOurs("the certificate does not carry exactly one URI");
  return ParseSpiffeId({uris[0].data(), uris[0].size()});
}

absl::StatusOr<Caller> AdmitCall(const grpc::ServerContextBase& context,
                                 std::initializer_list<std::string_view> roles, const Hops* hops) {
  ASSIGN_OR_RETURN(Caller caller, CallerOf(context));
  if (hops != nullptr) {
    ASSIGN_OR_RETURN(caller, hops->Accept(context, caller));
  }
  if (roles.size() != 0 && std::find(roles.begin(), roles.end(), caller.role) == roles.end()) {
    std::string wanted;
    for (const std::string_view role : roles) wanted += (wanted.empty() ? "" : " or ") + std::string(role);
    return MakeError(Reason::kRoleRequired,
                     "the call needs the role " + wanted + ", the certificate has " + caller.role);
  }
  if (UntilDeadlineMs(context) <= 0) {
    return absl::DeadlineExceededError("the deadline had passed before the call began; nothing was done");
  }
  return caller;
}

int64_t RemainingMs(const grpc::ServerContextBase& context) {
  return std::clamp<int64_t>(UntilDeadlineMs(context), 0, limits::kCallMs);
}

}  // namespace hangou

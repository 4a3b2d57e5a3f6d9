#include "libs/rpc/channel.h"

#include <arpa/inet.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <string_view>
#include <vector>

#include "absl/strings/str_split.h"
#include "libs/base/status.h"
#include "libs/rpc/certificates.h"
#include "libs/rpc/status.h"
#include "libs/rpc/transport_limits.h"

namespace hangou {
namespace {

// What may be repeated without harm: reads, and the changes of a subscription that say what it shall be. Other changes
// are repeated by those who know how to recognise a repeat. A server may ask for a longer pause than these (CallDone).
constexpr char kServiceConfig[] = R"({
  "methodConfig": [{
    "name": [
      {"service": "hangou.base_library.v1.BaseLibrary", "method": "Get"},
      {"service": "hangou.base_library.v1.BaseLibrary", "method": "BatchGet"},
      {"service": "hangou.base_library.v1.BaseLibrary", "method": "List"},
      {"service": "hangou.base_library.v1.BaseLibrary", "method": "Verify"},
      {"service": "hangou.base_library.v1.BaseLibrary", "method": "GetHistory"},
      {"service": "hangou.base_library.v1.BaseLibrary", "method": "Reconcile"},
      {"service": "hangou.base_library.v1.BaseLibrary", "method": "GetQuality"},
      {"service": "hangou.base_library.v1.BaseLibrary", "method": "ListQuarantine"},
      {"service": "hangou.catalog.v1.Catalog", "method": "GetObject"},
      {"service": "hangou.catalog.v1.Catalog", "method": "ListObjects"},
      {"service": "hangou.catalog.v1.Catalog", "method": "ListChanges"},
      {"service": "hangou.catalog.v1.Catalog", "method": "GetSchema"},
      {"service": "hangou.catalog.v1.Catalog", "method": "GetEndpoints"},
      {"service": "hangou.catalog.v1.Catalog", "method": "Explain"},
      {"service": "hangou.catalog.v1.Catalog", "method": "GetPlacement"},
      {"service": "hangou.exchange.v1.Exchange", "method": "ListRecalls"},
      {"service": "hangou.exchange.v1.Exchange", "method": "GetSubscription"},
      {"service": "hangou.exchange.v1.Exchange", "method": "ListSubscriptions"},
      {"service": "hangou.exchange.v1.Exchange", "method": "GetDeliveryTopic"},
      {"service": "hangou.exchange.v1.Exchange", "method": "CreateSubscription"},
      {"service": "hangou.exchange.v1.Exchange", "method": "PauseSubscription"},
      {"service": "hangou.exchange.v1.Exchange", "method": "ResumeSubscription"},
      {"service": "hangou.audit.v1.Audit", "method": "ListEntries"},
      {"service": "hangou.audit.v1.Audit", "method": "WhoAccessed"},
      {"service": "hangou.audit.v1.Audit", "method": "ListHeads"}
    ],
    "retryPolicy": {
      "maxAttempts": 5, "initialBackoff": "0.05s", "maxBackoff": "1s", "backoffMultiplier": 3,
      "retryableStatusCodes": ["UNAVAILABLE"]
    }
  }]
})";

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfig);
  arguments.SetLoadBalancingPolicyName("round_robin");
  arguments.SetSslTargetNameOverride(kServiceHostName);
  arguments.SetMaxReceiveMessageSize(limits::kMessageBytes);
  arguments.SetMaxSendMessageSize(limits::kMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, limits::kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, limits::kKeepaliveAnswerMs);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, limits::kReconnectFirstMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, limits::kReconnectMostMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
                   limits::kConnectMs);  // gRPC's name for one attempt's time
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, limits::kLookUpMs);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Two identities of one process never share a connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return arguments;
}

bool IsAddressWithPort(const std::string& text, int family) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon + 1 == text.size()) return false;
  std::string host = text.substr(0, colon);
  if (family == AF_INET6) {
    if (host.size() < 2 || host.front() != '[' || host.back() != ']') return false;
    host = host.substr(1, host.size() - 2);
  }
  in6_addr parsed;
  return ::inet_pton(family, host.c_str(), &parsed) == 1;
}

// What gRPC calls the target: a name is looked up, and again when a connection is lost; IP addresses are taken as they
// are, and connected to again without a detour.
absl::StatusOr<std::string> TargetOf(const std::string& addresses) {
  const std::vector<std::string> parts = absl::StrSplit(addresses, ',');
  const auto all = [&](int family) {
    return std::all_of(parts.begin(), parts.end(),
                       [&](const std::string& part) { return IsAddressWithPort(part, family); });
  };
  if (all(AF_INET)) return "ipv4:" + addresses;
  if (all(AF_INET6)) return "ipv6:" + addresses;
  if (parts.size() == 1) return addresses;
  return MakeError(
      Reason::kInvalidRequest,
      "several addresses are IP addresses of one kind with their ports, separated by commas: " + addresses);
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& addresses,
                                                           const std::string& identity_folder) {
  ASSIGN_OR_RETURN(const std::string target, TargetOf(addresses));
  ASSIGN_OR_RETURN(IdentityFiles files, ReadIdentityFiles(identity_folder));
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = std::move(files.ca);
  options.pem_cert_chain = std::move(files.certificate);
  options.pem_private_key = std::move(files.key);
  return grpc::CreateCustomChannel(target, grpc::SslCredentials(options), Arguments());
}

absl::StatusOr<bool> CheckHealth(const std::shared_ptr<grpc::Channel>& channel, int64_t timeout_ms) {
  // HealthCheckRequest{} is no bytes; HealthCheckResponse{status: SERVING} is field 1 with the value 1.
  constexpr std::string_view kServing("\x08\x01", 2);
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(timeout_ms));
  context.set_wait_for_ready(true);
  const grpc::Slice nothing;
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> ended;
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", grpc::StubOptions(), &request, &response,
                 [&ended](grpc::Status status) { ended.set_value(std::move(status)); });
  RETURN_IF_ERROR(FromGrpc(ended.get_future().get()));
  grpc::Slice bytes;
  if (!response.DumpToSingleSlice(&bytes).ok())
    return MakeError(Reason::kInternal, "the answer cannot be read");
  return std::string_view(reinterpret_cast<const char*>(bytes.begin()), bytes.size()) == kServing;
}

}  // namespace hangou

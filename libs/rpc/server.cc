#include "libs/rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/server_interceptor.h>

#include <chrono>

#include "libs/base/caller.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/rpc/certificates.h"
#include "libs/rpc/rpc_metrics.h"
#include "libs/rpc/transport_limits.h"
#include "libs/rpc/transport_log.h"

namespace hangou {
namespace {

// Health and reflection are plugins that gRPC keeps per process, to be named before the first server is
// built.
void InstallPlugins() {
  static const bool installed = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  static_cast<void>(installed);
}

absl::Status CheckIdentity(const std::string& folder) {
  ASSIGN_OR_RETURN(const IdentityInfo info, ReadIdentityInfo(folder));
  if (info.caller.role != roles::kService) {
    return MakeError(Reason::kCertificateInvalid, "a server needs an identity of the role service");
  }
  if (info.not_after_us <= SystemClock().UtcUs()) {
    return MakeError(Reason::kCertificateInvalid, "the server's certificate has expired; issue a new one");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> Credentials(const std::string& identity_folder) {
  ASSIGN_OR_RETURN(IdentityFiles files, ReadIdentityFiles(identity_folder));
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = std::move(files.ca);
  options.pem_key_cert_pairs.push_back({std::move(files.key), std::move(files.certificate)});
  return grpc::SslServerCredentials(options);
}

void SetLimits(grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(limits::kMessageBytes);
  builder->SetMaxSendMessageSize(limits::kMessageBytes);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, limits::kMetadataBytes);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits::kStreamsPerConnection);
  builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, limits::kHandshakeMs);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, limits::kConnectionIdleMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, limits::kKeepaliveMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, limits::kKeepaliveAnswerMs);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, limits::kPingIntervalMs);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, limits::kPingStrikes);
  // Else two processes could listen on one address, and each get half of the calls.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  grpc::ResourceQuota quota("rpc_server");
  quota.SetMaxThreads(limits::kReflectionThreads);
  builder->SetResourceQuota(quota);
  // The only synchronous service is reflection: one thread waits for its calls.
  builder->SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder->SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder->SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(const RpcServerOptions& options) {
  InstallTransportLog();
  InstallPlugins();
  RETURN_IF_ERROR(CheckIdentity(options.identity_folder));
  ASSIGN_OR_RETURN(const auto credentials, Credentials(options.identity_folder));
  grpc::ServerBuilder builder;
  SetLimits(&builder);
  int port = 0;
  builder.AddListeningPort(options.address, credentials, &port);
  for (grpc::Service* service : options.services) builder.RegisterService(service);
  // Every server has one: what is noted of a call on its thread is never taken for another server's.
  std::unique_ptr<RpcMetrics> own_metrics;
  if (options.metrics == nullptr) own_metrics = std::make_unique<RpcMetrics>();
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> observers;
  observers.push_back((own_metrics ? own_metrics.get() : options.metrics)->NewObserver());
  builder.experimental().SetInterceptorCreators(std::move(observers));
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return absl::UnavailableError("cannot listen on " + options.address +
                                  "; another process may, or the address is not this machine's");
  }
  server->GetHealthCheckService()->SetServingStatus(options.serving);
  const std::string host = options.address.substr(0, options.address.rfind(':'));
  return std::unique_ptr<RpcServer>(
      new RpcServer(std::move(own_metrics), std::move(server), host + ":" + std::to_string(port)));
}

RpcServer::RpcServer(std::unique_ptr<RpcMetrics> own_metrics, std::unique_ptr<grpc::Server> server,
                     std::string address)
    : own_metrics_(std::move(own_metrics)), server_(std::move(server)), address_(std::move(address)) {}

RpcServer::~RpcServer() { Shutdown(0); }

std::shared_ptr<grpc::Channel> RpcServer::InProcessChannel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(limits::kMessageBytes);
  arguments.SetMaxSendMessageSize(limits::kMessageBytes);
  return server_->InProcessChannel(arguments);
}

void RpcServer::SetServing(const std::string& service, bool serving) {
  server_->GetHealthCheckService()->SetServingStatus(service, serving);
}

void RpcServer::Shutdown(int64_t grace_ms) {
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(grace_ms));
}

}  // namespace hangou

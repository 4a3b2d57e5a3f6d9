#include "libs/rpc/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "libs/base/status.h"
#include "libs/rpc/certificates.h"
#include "libs/rpc/transport_limits.h"

namespace hangou {
namespace {

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(limits::kMessageBytes);
  arguments.SetMaxSendMessageSize(limits::kMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, limits::kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, limits::kKeepaliveAnswerMs);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, limits::kReconnectFirstMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, limits::kReconnectMostMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
                   limits::kConnectMs);  // gRPC's name for one attempt's time
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Two identities of one process never share a connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return arguments;
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& address,
                                                           const std::string& identity_folder) {
  ASSIGN_OR_RETURN(IdentityFiles files, ReadIdentityFiles(identity_folder));
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = std::move(files.ca);
  options.pem_cert_chain = std::move(files.certificate);
  options.pem_private_key = std::move(files.key);
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(options), Arguments());
}

}  // namespace hangou

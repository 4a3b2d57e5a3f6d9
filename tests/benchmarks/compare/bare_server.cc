#include "tests/benchmarks/compare/bare_server.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>

#include "libs/base/status.h"
#include "libs/rpc/certificates.h"

namespace hangou {
namespace {

// One call: deletes itself behind its end.
class BareCall {
 public:
  BareCall(grpc::AsyncGenericService* service, grpc::ServerCompletionQueue* queue,
           const grpc::ByteBuffer* reply)
      : service_(service), queue_(queue), reply_(reply), stream_(&context_) {
    service_->RequestCall(&context_, &stream_, queue_, queue_, this);
  }

  // Goes on behind what has just ended.
  void Proceed(bool ok) {
    if (state_ == State::kAwaited && ok) new BareCall(service_, queue_, reply_);
    if (!ok || state_ == State::kEnding) {
      delete this;
      return;
    }
    switch (state_) {
      case State::kAwaited:
        state_ = State::kReading;
        stream_.Read(&request_, this);
        break;
      case State::kReading:
        left_ = context_.method() == kBareStream ? Count() : 1;
        state_ = State::kWriting;
        [[fallthrough]];
      case State::kWriting:
        if (--left_ > 0) {
          stream_.Write(*reply_, this);
        } else {
          state_ = State::kEnding;
          stream_.WriteAndFinish(*reply_, grpc::WriteOptions(), grpc::Status::OK, this);
        }
        break;
      case State::kEnding:
        break;
    }
  }

 private:
  enum class State { kAwaited, kReading, kWriting, kEnding };

  int64_t Count() const {
    grpc::Slice digits;
    HANGOU_CHECK(request_.DumpToSingleSlice(&digits).ok(), "a request cannot be read");
    return std::atoll(std::string(reinterpret_cast<const char*>(digits.begin()), digits.size()).c_str());
  }

  grpc::AsyncGenericService* const service_;
  grpc::ServerCompletionQueue* const queue_;
  const grpc::ByteBuffer* const reply_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  grpc::ByteBuffer request_;
  State state_ = State::kAwaited;
  int64_t left_ = 0;
};

}  // namespace

absl::Status RunBareServer(const std::string& identity_folder, const std::string& reply) {
  ASSIGN_OR_RETURN(IdentityFiles files, ReadIdentityFiles(identity_folder));
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = std::move(files.ca);
  options.pem_key_cert_pairs.push_back({std::move(files.key), std::move(files.certificate)});
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(options), &port);
  grpc::AsyncGenericService service;
  builder.RegisterAsyncGenericService(&service);
  const std::unique_ptr<grpc::ServerCompletionQueue> queue = builder.AddCompletionQueue();
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) return absl::UnavailableError("cannot listen on 127.0.0.1");
  const grpc::Slice slice(reply);
  const grpc::ByteBuffer bytes(&slice, 1);
  // As many calls can be taken at once as are ever under way.
  constexpr int kAwaitedCalls = 128;
  for (int i = 0; i < kAwaitedCalls; ++i) new BareCall(&service, queue.get(), &bytes);
  std::thread serving([&queue] {
    void* tag = nullptr;
    for (bool ok = false; queue->Next(&tag, &ok);) static_cast<BareCall*>(tag)->Proceed(ok);
  });
  std::printf("serving on 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) continue;
  server->Shutdown(std::chrono::system_clock::now());
  queue->Shutdown();
  serving.join();
  return absl::OkStatus();
}

}  // namespace hangou

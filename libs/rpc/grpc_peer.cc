#include "libs/rpc/grpc_peer.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <chrono>

#include "hangou/base_library/v1/base_library.grpc.pb.h"
#include "hangou/catalog/v1/catalog.grpc.pb.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/rpc/forward.h"
#include "libs/rpc/status.h"

namespace hangou {
namespace {

// How long one look at the end of a cancelled stream waits before the next: only a bound, the end wakes it.
constexpr int64_t kEndWaitMs = 1000;

void SetDeadline(grpc::ClientContext* context, int64_t timeout_ms) {
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(timeout_ms));
}

// One WatchPolicy call. Its reactor callbacks come one at a time from gRPC.
class PolicyWatch : public PeerStream, private grpc::ClientReadReactor<catalog::v1::PolicyUpdate> {
 public:
  PolicyWatch(std::shared_ptr<grpc::Channel> channel, const std::string& holder,
              std::function<void(const catalog::v1::PolicyUpdate&)> on_update,
              std::function<void(absl::Status)> on_end)
      : stub_(catalog::v1::Catalog::NewStub(channel)),
        on_update_(std::move(on_update)),
        on_end_(std::move(on_end)) {
    request_.set_holder(holder);
    stub_->async()->WatchPolicy(&context_, &request_, this);
    StartRead(&update_);
    StartCall();
  }

  ~PolicyWatch() override {
    context_.TryCancel();
    MutexLock lock(mutex_);
    while (!ended_) end_.WaitFor(mutex_, kEndWaitMs);
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return;
    on_update_(update_);
    StartRead(&update_);
  }

  void OnDone(const grpc::Status& status) override {
    on_end_(status.ok() ? MakeError(Reason::kDraining, "the catalog has ended the watch") : FromGrpc(status));
    MutexLock lock(mutex_);
    ended_ = true;
    end_.NotifyAll();
  }

  const std::unique_ptr<catalog::v1::Catalog::Stub> stub_;
  const std::function<void(const catalog::v1::PolicyUpdate&)> on_update_;
  const std::function<void(absl::Status)> on_end_;
  grpc::ClientContext context_;
  catalog::v1::WatchPolicyRequest request_;
  catalog::v1::PolicyUpdate update_;
  Mutex mutex_;
  CondVar end_;
  bool ended_ HANGOU_GUARDED_BY(mutex_) = false;
};

}  // namespace

GrpcPeer::GrpcPeer(std::shared_ptr<grpc::Channel> catalog, LibraryChannel library_channel, const Hops* hops)
    : catalog_(std::move(catalog)), library_channel_(std::move(library_channel)), hops_(hops) {}

GrpcPeer::~GrpcPeer() = default;

absl::StatusOr<catalog::v1::RenewLeaseResponse> GrpcPeer::RenewLease(
    const catalog::v1::RenewLeaseRequest& request, int64_t timeout_ms) {
  grpc::ClientContext context;
  SetDeadline(&context, timeout_ms);
  catalog::v1::RenewLeaseResponse response;
  const grpc::Status status =
      catalog::v1::Catalog::NewStub(catalog_)->RenewLease(&context, request, &response);
  if (!status.ok()) return FromGrpc(status);
  return response;
}

std::unique_ptr<PeerStream> GrpcPeer::WatchPolicy(
    const std::string& holder, std::function<void(const catalog::v1::PolicyUpdate&)> on_update,
    std::function<void(absl::Status)> on_end) {
  return std::make_unique<PolicyWatch>(catalog_, holder, std::move(on_update), std::move(on_end));
}

absl::StatusOr<base_library::v1::ScanResponse> GrpcPeer::Scan(const std::string& library,
                                                              const base_library::v1::ScanRequest& request,
                                                              int64_t timeout_ms) {
  const std::shared_ptr<grpc::Channel> channel = library_channel_(library);
  if (channel == nullptr) return absl::UnavailableError("the address of " + library + " is not known yet");
  grpc::ClientContext context;
  SetDeadline(&context, timeout_ms);
  base_library::v1::ScanResponse response;
  const grpc::Status status =
      base_library::v1::BaseLibrary::NewStub(channel)->Scan(&context, request, &response);
  if (!status.ok()) return FromGrpc(status);
  return response;
}

void GrpcPeer::Submit(const std::string& address, const Caller& caller,
                      base_library::v1::SubmitRequest request, int64_t timeout_ms,
                      std::function<void(absl::StatusOr<base_library::v1::SubmitResponse>)> done) {
  using base_library::v1::BaseLibrary;
  if (hops_ == nullptr) return done(absl::UnavailableError("this process has no other replicas"));
  // Both live until the call has ended.
  auto sent = std::make_shared<base_library::v1::SubmitRequest>(std::move(request));
  auto response = std::make_shared<base_library::v1::SubmitResponse>();
  ForwardUnary<BaseLibrary>(*hops_, address, caller, timeout_ms,
                            &BaseLibrary::StubInterface::async_interface::Submit, sent.get(), response.get(),
                            [sent, response, done = std::move(done)](const absl::Status& status) {
                              if (!status.ok()) return done(status);
                              done(std::move(*response));
                            });
}

}  // namespace hangou

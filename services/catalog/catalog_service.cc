#include "services/catalog/catalog_service.h"

#include <spdlog/spdlog.h>

#include "libs/base/status.h"
#include "libs/rpc/server_stream.h"
#include "libs/rpc/unary.h"
#include "services/catalog/catalog_reads.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

// Name of a lease holder, and a nonce: a process name with its host; a random number.
constexpr size_t kHolderBytes = 128;
constexpr size_t kNonceBytes = 64;

absl::Status CheckRenewal(const v1::RenewLeaseRequest& request) {
  if (request.holder().empty() || request.holder().size() > kHolderBytes) {
    return MakeError(Reason::kInvalidRequest, "a holder's name has 1 to 128 bytes", "holder");
  }
  if (request.nonce().empty() || request.nonce().size() > kNonceBytes) {
    return MakeError(Reason::kInvalidRequest, "a nonce has 1 to 64 bytes", "nonce");
  }
  return absl::OkStatus();
}

}  // namespace

CatalogService::CatalogService(CatalogContext context)
    : context_(std::move(context)), endpoints_(context_.settings.endpoints), topic_(context_.log) {}

CatalogService::~CatalogService() { Drain(); }

absl::Status CatalogService::Start() {
  RETURN_IF_ERROR(topic_.Open());
  v1::PolicyUpdate full = topic_.state().Full();
  RETURN_IF_ERROR(Publish(topic_.state(), full));
  leases_ = std::make_unique<LeaseBook>(context_.clock, context_.settings.lease_ms, topic_.state().epoch());
  topic_.SetAbsorbed([this](const CatalogState& state, const v1::PolicyUpdate& update) {
    if (absl::Status status = Publish(state, update); !status.ok()) {
      // Plans are checked before they are written, so this is a bug; services keep what they have until their lease
      // runs out, for the newest epoch never reaches them.
      spdlog::error("epoch {} does not compile: {}", state.epoch(), Message(status));
    }
    leases_->SetNewest(state.epoch());
  });
  writer_ = std::make_unique<ChangeWriter>(topic_, context_.audit, context_.clock, *leases_);
  serving_ = true;
  return absl::OkStatus();
}

absl::Status CatalogService::Publish(const CatalogState& state, const v1::PolicyUpdate& update) {
  auto published = std::make_shared<PublishedPolicy>();
  published->state = state;
  published->update = ForWatchers(update);
  const auto previous = newest_.Get();
  ASSIGN_OR_RETURN(published->snapshot,
                   PolicySnapshot::Compile(state.objects(), state.epoch(),
                                           previous == nullptr ? nullptr : previous->snapshot.get()));
  newest_.Set(published);
  feed_.Publish(std::move(published));
  return absl::OkStatus();
}

void CatalogService::Drain() {
  SetServing(false);
  if (leases_ != nullptr) leases_->Close();
  if (writer_ != nullptr) writer_->Stop();
}

void CatalogService::SetServing(bool serving) {
  serving_ = serving;
  if (serving) {
    feed_.Reopen();
  } else {
    feed_.Close();
  }
}

void CatalogService::SetEndpoints(std::vector<CatalogEndpoint> endpoints) {
  MutexLock lock(mutex_);
  endpoints_ = std::move(endpoints);
}

absl::Status CatalogService::CheckServing() const {
  if (serving_) return absl::OkStatus();
  return MakeError(Reason::kDraining, "the catalog is stopping or starting; retry");
}

template <class Request, class Response>
grpc::ServerUnaryReactor* CatalogService::Read(grpc::CallbackServerContext* context, const Request* request,
                                               Response* response,
                                               absl::Status (*read)(const PublishedPolicy&, const Request&,
                                                                    Response*)) {
  return HandleUnary(context, {}, [this, request, response, read](const Caller&, CallDone done) {
    const absl::Status serving = CheckServing();
    done(serving.ok() ? read(*newest_.Get(), *request, response) : serving);
  });
}

grpc::ServerUnaryReactor* CatalogService::GetObject(grpc::CallbackServerContext* context,
                                                    const v1::GetObjectRequest* request,
                                                    v1::CatalogObject* response) {
  return Read(context, request, response, &ReadObject);
}

grpc::ServerUnaryReactor* CatalogService::ListObjects(grpc::CallbackServerContext* context,
                                                      const v1::ListObjectsRequest* request,
                                                      v1::ListObjectsResponse* response) {
  return Read(context, request, response, &ReadObjects);
}

grpc::ServerUnaryReactor* CatalogService::ListChanges(grpc::CallbackServerContext* context,
                                                      const v1::ListChangesRequest* request,
                                                      v1::ListChangesResponse* response) {
  return Read(context, request, response, &ReadChanges);
}

grpc::ServerUnaryReactor* CatalogService::GetSchema(grpc::CallbackServerContext* context,
                                                    const v1::GetSchemaRequest* request,
                                                    v1::GetSchemaResponse* response) {
  return Read(context, request, response, &ReadSchema);
}

// The role of a manager is checked by the writer, which audits the refusal.
grpc::ServerUnaryReactor* CatalogService::Apply(grpc::CallbackServerContext* context,
                                                const v1::ApplyRequest* request,
                                                v1::ApplyResponse* response) {
  return HandleUnary(context, {}, [this, request, response](const Caller& caller, CallDone done) {
    if (absl::Status status = CheckServing(); !status.ok()) return done(status);
    writer_->Apply(caller, *request, response, std::move(done));
  });
}

grpc::ServerUnaryReactor* CatalogService::ApproveChange(grpc::CallbackServerContext* context,
                                                        const v1::ApproveChangeRequest* request,
                                                        v1::ApplyResponse* response) {
  return HandleUnary(context, {}, [this, request, response](const Caller& caller, CallDone done) {
    if (absl::Status status = CheckServing(); !status.ok()) return done(status);
    writer_->Approve(caller, *request, response, std::move(done));
  });
}

grpc::ServerUnaryReactor* CatalogService::GetEndpoints(grpc::CallbackServerContext* context,
                                                       const v1::GetEndpointsRequest*,
                                                       v1::GetEndpointsResponse* response) {
  return HandleUnary(context, {}, [this, response](const Caller&, CallDone done) {
    if (absl::Status status = CheckServing(); !status.ok()) return done(status);
    {
      MutexLock lock(mutex_);
      for (const CatalogEndpoint& endpoint : endpoints_) {
        auto* item = response->add_endpoints();
        item->set_service(endpoint.service);
        item->set_address(endpoint.address);
      }
    }
    done(absl::OkStatus());
  });
}

grpc::ServerUnaryReactor* CatalogService::Explain(grpc::CallbackServerContext* context,
                                                  const v1::ExplainRequest* request,
                                                  v1::ExplainResponse* response) {
  return HandleUnary(context, {}, [this, request, response](const Caller& caller, CallDone done) {
    if (absl::Status status = CheckServing(); !status.ok()) return done(status);
    done(ExplainDecision(*newest_.Get(), *request, caller, context_.clock.UtcUs(), response));
  });
}

grpc::ServerUnaryReactor* CatalogService::RenewLease(grpc::CallbackServerContext* context,
                                                     const v1::RenewLeaseRequest* request,
                                                     v1::RenewLeaseResponse* response) {
  return HandleUnary(
      context, {roles::kService}, [this, request, response](const Caller& caller, CallDone done) {
        absl::Status status = CheckServing();
        if (status.ok()) status = CheckRenewal(*request);
        if (!status.ok()) return done(status);
        const auto newest =
            leases_->Renew(caller.spiffe_id + "/" + request->holder(), request->confirmed_epoch());
        if (!newest.ok()) return done(newest.status());
        response->set_nonce(request->nonce());
        response->set_newest_epoch(*newest);
        response->set_lease_ms(context_.settings.lease_ms);
        done(absl::OkStatus());
      });
}

grpc::ServerWriteReactor<v1::PolicyUpdate>* CatalogService::WatchPolicy(grpc::CallbackServerContext* context,
                                                                        const v1::WatchPolicyRequest*) {
  return PolicyFeed::Stream::Open(
      context, {roles::kService},
      [this](const Caller&, const std::shared_ptr<PolicyFeed::Stream>& stream) { feed_.Open(stream); });
}

}  // namespace hangou

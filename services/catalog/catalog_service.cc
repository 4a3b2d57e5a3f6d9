#include "services/catalog/catalog_service.h"

#include <spdlog/spdlog.h>

#include "libs/base/status.h"
#include "libs/rpc/forward.h"
#include "libs/rpc/server_stream.h"
#include "libs/rpc/unary.h"
#include "services/catalog/catalog_reads.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

// Name of a lease holder, and a nonce: a process name with its host; a random number.
constexpr size_t kHolderBytes = 128;
constexpr size_t kNonceBytes = 64;
// How often the placement is compared with who lives, beside every renewal; much shorter than a lease.
constexpr int64_t kPlacementMs = 250;
// Before another attempt to become the writer: the log was away, or another was faster.
constexpr int64_t kLeadAgainMs = 200;

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
    : context_(std::move(context)), topic_(context_.log), loop_("catalog") {}

CatalogService::~CatalogService() { Drain(); }

absl::Status CatalogService::Start() {
  absl::Status status;
  // What arrives meanwhile waits for its turn on the loop.
  loop_.Run([&] { status = StartOnLoop(); });
  return status;
}

absl::Status CatalogService::StartOnLoop() {
  const CatalogSettings& settings = context_.settings;
  topic_.SetArrived([this] {
    if (!read_posted_.exchange(true)) loop_.Post([this] { ReadOnLoop(); });
  });
  RETURN_IF_ERROR(topic_.Open());
  v1::PolicyUpdate full = topic_.state().Full();
  RETURN_IF_ERROR(Publish(topic_.state(), full));
  leases_ =
      std::make_unique<LeaseBook>(context_.clock, settings.lease_ms, topic_.state().epoch(), settings.others);
  topic_.SetAbsorbed([this](const CatalogState& state, const v1::PolicyUpdate& update) {
    if (absl::Status status = Publish(state, update); !status.ok()) {
      // Plans are checked before they are written, so this is a bug; services keep what they have until their lease
      // runs out, for the newest epoch never reaches them.
      spdlog::error("epoch {} does not compile: {}", state.epoch(), Message(status));
    }
    leases_->SetNewest(state.epoch());
  });
  v1::Layout layout;
  layout.set_partitions(settings.partitions);
  layout.set_groups(settings.groups);
  writer_ = std::make_unique<ChangeWriter>(loop_, topic_, context_.audit, context_.clock, *leases_);
  placement_ = std::make_unique<PlacementKeeper>(topic_, *leases_, context_.clock, settings.lease_ms,
                                                 std::move(layout));
  replicas_ = std::make_unique<CatalogReplicas>(settings.others, context_.hops, *leases_, context_.clock,
                                                [this] { loop_.Post([this] { placement_->Keep(); }); });
  candidacy_ = context_.log.Campaign("catalog-writer", [this](bool leads) {
    leads_ = leads;
    loop_.Post([this] { LeadOnLoop(); });
  });
  loop_.PostAfter(kPlacementMs, [this] { KeepPlacementOnLoop(); });
  serving_ = true;
  return absl::OkStatus();
}

absl::StatusOr<v1::Layout> CatalogService::AwaitLayout(int64_t timeout_ms) {
  const auto newest = newest_.Await(
      [](const PublishedPolicy& policy) { return policy.state.placement().has_layout(); }, timeout_ms);
  if (newest == nullptr)
    return MakeError(Reason::kDraining, "no replica of the catalog has become its writer");
  return newest->state.placement().layout();
}

bool CatalogService::AwaitReplicas(int count, int64_t timeout_ms) {
  return newest_.Await(
             [count](const PublishedPolicy& policy) {
               return policy.state.placement().replicas_size() >= count;
             },
             timeout_ms) != nullptr;
}

void CatalogService::ReadOnLoop() {
  read_posted_ = false;
  if (const absl::Status status = topic_.Read(); !status.ok()) {
    spdlog::warn("the policy topic could not be read: {}", Message(status));
  }
  NoteWriter();
}

void CatalogService::LeadOnLoop() {
  if (leads_ && !topic_.IsWriter()) {
    const absl::Status status = topic_.BecomeWriter(context_.settings.replica, context_.settings.address);
    if (status.ok()) {
      spdlog::info("this replica writes the catalog now, writer epoch {}", topic_.state().writer_epoch());
      placement_->Begin();
    } else {
      spdlog::warn("could not become the writer of the catalog: {}", Message(status));
      loop_.PostAfter(kLeadAgainMs, [this] { LeadOnLoop(); });
    }
  }
  NoteWriter();
}

// As if somebody had renewed a lease: whether the topic can be read must be known also where nobody asks, because a
// replica that is not ready is not asked.
void CatalogService::KeepPlacementOnLoop() {
  AnswerRenewals();
  loop_.PostAfter(kPlacementMs, [this] { KeepPlacementOnLoop(); });
}

void CatalogService::NoteWriter() {
  is_writer_ = leads_ && topic_.IsWriter();
  replicas_->SetWriter(is_writer_);
  MutexLock lock(mutex_);
  writer_address_ = topic_.IsWriter() ? "" : topic_.state().writer().address();
}

absl::Status CatalogService::Publish(const CatalogState& state, const v1::PolicyUpdate& update) {
  auto published = std::make_shared<PublishedPolicy>();
  published->state = state;
  published->update = ForWatchers(update);
  const auto previous = newest_.Get();
  if (previous != nullptr && !update.full() && update.objects().empty()) {
    published->snapshot =
        PolicySnapshot::WithPlacement(*previous->snapshot, state.placement(), state.epoch());
  } else {
    ASSIGN_OR_RETURN(
        published->snapshot,
        PolicySnapshot::Compile(state.objects(), state.epoch(),
                                previous == nullptr ? nullptr : previous->snapshot.get(), state.placement()));
  }
  newest_.Set(published);
  feed_.Publish(std::move(published));
  return absl::OkStatus();
}

void CatalogService::Drain() {
  SetServing(false);
  if (leases_ == nullptr) return;
  leases_->Close();
  candidacy_.reset();
  replicas_->Stop();
  loop_.Stop();
  std::vector<Renewal> renewals;
  {
    MutexLock lock(mutex_);
    renewals.swap(renewals_);
  }
  for (const Renewal& renewal : renewals)
    renewal(MakeError(Reason::kDraining, "the catalog is stopping; retry"));
}

void CatalogService::SetServing(bool serving) {
  serving_ = serving;
  if (serving) {
    feed_.Reopen();
  } else {
    feed_.Close();
  }
}

absl::Status CatalogService::status() const {
  RETURN_IF_ERROR(CheckServing());
  if (topic_readable_) return absl::OkStatus();
  return MakeError(Reason::kLogUnavailable, "the policy topic cannot be read");
}

CatalogFigures CatalogService::figures() const {
  // Set when the parts below are there.
  if (!serving_) return {};
  const auto newest = newest_.Get();
  return {is_writer_, newest->state.writer_epoch(), newest->state.epoch(), leases_->holder_count(),
          writer_->effective_durations()};
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

// Roles are checked by the writer, which audits the refusal.
template <class Request, class Response>
grpc::ServerUnaryReactor* CatalogService::Write(
    grpc::CallbackServerContext* context, const Request* request, Response* response,
    void (ChangeWriter::*change)(const Caller&, const Request&, Response*, ChangeWriter::Done),
    void (v1::Catalog::StubInterface::async_interface::*forward)(grpc::ClientContext*, const Request*,
                                                                 Response*,
                                                                 std::function<void(grpc::Status)>)) {
  return HandleUnary(context, {}, context_.hops, [=, this](const Caller& caller, CallDone done) {
    if (absl::Status status = CheckServing(); !status.ok()) return done(status);
    if (is_writer_) return (writer_.get()->*change)(caller, *request, response, std::move(done));
    std::string writer_address;
    {
      MutexLock lock(mutex_);
      writer_address = writer_address_;
    }
    // A call that was passed on once is not passed on again: who sent it here will know the writer soon.
    if (writer_address.empty() || context_.hops == nullptr || !caller.via.empty()) {
      return done(MakeError(Reason::kNotOwner, "the catalog is about to get a new writer; retry"));
    }
    ForwardUnary<v1::Catalog>(*context_.hops, writer_address, caller, RemainingMs(*context), forward, request,
                              response, done);
  });
}

grpc::ServerUnaryReactor* CatalogService::Apply(grpc::CallbackServerContext* context,
                                                const v1::ApplyRequest* request,
                                                v1::ApplyResponse* response) {
  return Write(context, request, response, &ChangeWriter::Apply,
               &v1::Catalog::StubInterface::async_interface::Apply);
}

grpc::ServerUnaryReactor* CatalogService::ApproveChange(grpc::CallbackServerContext* context,
                                                        const v1::ApproveChangeRequest* request,
                                                        v1::ApplyResponse* response) {
  return Write(context, request, response, &ChangeWriter::Approve,
               &v1::Catalog::StubInterface::async_interface::ApproveChange);
}

grpc::ServerUnaryReactor* CatalogService::MoveGroup(grpc::CallbackServerContext* context,
                                                    const v1::MoveGroupRequest* request,
                                                    v1::MoveGroupResponse* response) {
  return Write(context, request, response, &ChangeWriter::Move,
               &v1::Catalog::StubInterface::async_interface::MoveGroup);
}

grpc::ServerUnaryReactor* CatalogService::GetPlacement(grpc::CallbackServerContext* context,
                                                       const v1::GetPlacementRequest*,
                                                       v1::GetPlacementResponse* response) {
  return HandleUnary(context, {roles::kOperator}, [this, response](const Caller&, CallDone done) {
    if (absl::Status status = CheckServing(); !status.ok()) return done(status);
    const auto newest = newest_.Get();
    *response->mutable_placement() = newest->state.placement();
    *response->mutable_writer() = newest->state.writer();
    response->set_epoch(newest->state.epoch());
    done(absl::OkStatus());
  });
}

grpc::ServerUnaryReactor* CatalogService::ListLeases(grpc::CallbackServerContext* context,
                                                     const v1::ListLeasesRequest*,
                                                     v1::ListLeasesResponse* response) {
  return HandleUnary(context, {roles::kService}, [this, response](const Caller&, CallDone done) {
    if (absl::Status status = CheckServing(); !status.ok()) return done(status);
    leases_->List(response);
    done(absl::OkStatus());
  });
}

grpc::ServerUnaryReactor* CatalogService::GetEndpoints(grpc::CallbackServerContext* context,
                                                       const v1::GetEndpointsRequest*,
                                                       v1::GetEndpointsResponse* response) {
  return HandleUnary(context, {}, [this, response](const Caller&, CallDone done) {
    if (absl::Status status = CheckServing(); !status.ok()) return done(status);
    const auto newest = newest_.Get();
    response->set_partitions(newest->state.placement().layout().partitions());
    for (const v1::Replica& replica : newest->state.placement().replicas()) {
      auto* item = response->add_endpoints();
      item->set_service(replica.service());
      item->set_address(replica.address());
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
  return HandleUnary(context, {roles::kService},
                     [this, request, response](const Caller& caller, CallDone done) {
                       absl::Status status = CheckServing();
                       if (status.ok()) status = CheckRenewal(*request);
                       // Noted before it is known what the newest epoch is: whoever waits for an epoch waits for
                       // this holder too.
                       if (status.ok())
                         status = leases_->Renew(caller.spiffe_id + "/" + request->holder(), *request);
                       if (!status.ok()) return done(status);
                       RenewWhenFresh([this, request, response, done](absl::StatusOr<uint64_t> newest_epoch) {
                         if (!newest_epoch.ok()) return done(newest_epoch.status());
                         response->set_nonce(request->nonce());
                         response->set_newest_epoch(*newest_epoch);
                         response->set_lease_ms(context_.settings.lease_ms);
                         done(absl::OkStatus());
                       });
                     });
}

void CatalogService::RenewWhenFresh(Renewal renewal) {
  MutexLock lock(mutex_);
  renewals_.push_back(std::move(renewal));
  // Those that come while the topic is being read wait for the next read: all of them for one.
  if (renewals_.size() == 1) loop_.Post([this] { AnswerRenewals(); });
}

void CatalogService::AnswerRenewals() {
  std::vector<Renewal> renewals;
  {
    MutexLock lock(mutex_);
    renewals.swap(renewals_);
  }
  const absl::Status read = topic_.Read();
  topic_readable_ = read.ok();
  NoteWriter();
  for (const Renewal& renewal : renewals) {
    if (read.ok()) {
      renewal(leases_->newest_epoch());
    } else {
      renewal(read);
    }
  }
  placement_->Keep();
}

grpc::ServerWriteReactor<v1::PolicyUpdate>* CatalogService::WatchPolicy(grpc::CallbackServerContext* context,
                                                                        const v1::WatchPolicyRequest*) {
  return PolicyFeed::Stream::Open(
      context, {roles::kService},
      [this](const Caller&, const std::shared_ptr<PolicyFeed::Stream>& stream) { feed_.Open(stream); });
}

}  // namespace hangou

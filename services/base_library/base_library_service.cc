#include "services/base_library/base_library_service.h"

#include "libs/base/status.h"
#include "libs/rpc/bidi_stream.h"
#include "libs/rpc/forward.h"
#include "libs/rpc/unary.h"
#include "services/base_library/batch_get_by_owner.h"
#include "services/base_library/of_every_replica.h"
#include "services/base_library/pass_on.h"

namespace hangou {

namespace v1 = hangou::base_library::v1;

namespace {

std::map<std::string, Library*> ByName(const std::vector<Library*>& libraries) {
  HANGOU_CHECK(!libraries.empty(), "a service without libraries");
  std::map<std::string, Library*> by_name;
  for (Library* library : libraries) by_name[library->name()] = library;
  return by_name;
}

// A reply that sees the policy change so often on its way is told to come back.
constexpr int kPassOnAttempts = 4;

// Calls about one entity go to the owner of its partition.
template <class Request>
absl::StatusOr<int32_t> PartitionOfEntityCall(const Library& library, const Caller&, const Request& request) {
  return library.PartitionOfOwner(request.resource(), request.owner());
}

absl::StatusOr<int32_t> PartitionOfGetCall(const Library& library, const Caller&,
                                           const v1::GetRequest& request) {
  return library.PartitionOfOwner(request.resource(), request.owner(), request.role());
}

absl::StatusOr<int32_t> PartitionOfListCall(const Library& library, const Caller& caller,
                                            const v1::ListRequest& request) {
  return library.PartitionOfPage(caller, request);
}

}  // namespace

BaseLibraryService::BaseLibraryService(std::vector<Library*> libraries, const PolicyHolder& policy,
                                       const Hops* hops)
    : libraries_(ByName(libraries)), policy_(policy), hops_(hops) {
  SetMessageAllocatorFor_Get(&get_messages_);
  SetMessageAllocatorFor_BatchGet(&batch_get_messages_);
  SetMessageAllocatorFor_List(&list_messages_);
}

absl::StatusOr<Library*> BaseLibraryService::Route(const std::string& resource) const {
  if (draining_) return MakeError(Reason::kDraining, "the service is stopping; retry");
  const auto snapshot = policy_.Newest();
  const auto schema = snapshot ? snapshot->FindResource(resource) : nullptr;
  if (!schema) return libraries_.begin()->second;
  const auto found = libraries_.find(schema->declaration().library());
  if (found != libraries_.end()) return found->second;
  return MakeError(Reason::kUnknownResource,
                   "the resource is held by the library " + schema->declaration().library());
}

absl::StatusOr<Library*> BaseLibraryService::Route(uint32_t resource_number) const {
  const auto snapshot = policy_.Newest();
  const auto schema = snapshot ? snapshot->FindResource(resource_number) : nullptr;
  if (!schema) return MakeError(Reason::kUnknownResource, "there is no resource of this number");
  return Route(schema->name());
}

grpc::ServerBidiReactor<v1::PublishRequest, v1::PublishResponse>* BaseLibraryService::Publish(
    grpc::CallbackServerContext* context) {
  using Stream = BidiStream<v1::PublishRequest, v1::PublishResponse>;
  return Stream::Open(context, {roles::kPublisher},
                      [this](const std::shared_ptr<Stream>& stream, v1::PublishRequest received) {
                        // Both live until the batch is answered.
                        auto request = std::make_shared<v1::PublishRequest>(std::move(received));
                        auto response = std::make_shared<v1::PublishResponse>();
                        const auto done = [stream, request, response](const absl::Status& status) {
                          if (!status.ok()) {
                            response->Clear();
                            response->set_request_id(request->request_id());
                            auto* refused = response->mutable_refused();
                            const Reason reason = ReasonOf(status).value_or(Reason::kInternal);
                            refused->set_reason(std::string(ReasonName(reason)));
                            refused->set_field(FieldOf(status));
                            refused->set_message(std::string(Message(status)));
                          }
                          stream->Reply(std::move(*response));
                        };
                        const auto library = Route(request->resource());
                        if (!library.ok()) return done(library.status());
                        (*library)->Publish(stream->caller(), *request, response.get(), done);
                      });
}

template <class Request, class Response>
void BaseLibraryService::PassOn(const std::string& owner, const Caller& caller, int64_t timeout_ms,
                                StubMethod<Request, Response> forward, const Request* request,
                                Response* response, int attempts, CallDone done) {
  response->Clear();
  ForwardUnary<v1::BaseLibrary>(
      *hops_, owner, caller, timeout_ms, forward, request, response, [=, this](const absl::Status& status) {
        if (!status.ok()) return done(status);
        HandOverUnderPin(policy_, response->decision().epoch(), [=, this](const absl::Status& handed) {
          if (ReasonOf(handed) == Reason::kEpochNotReached && attempts > 1) {
            return PassOn(owner, caller, timeout_ms, forward, request, response, attempts - 1, done);
          }
          done(handed);
        });
      });
}

template <class Request, class Response>
grpc::ServerUnaryReactor* BaseLibraryService::Serve(grpc::CallbackServerContext* context,
                                                    std::initializer_list<std::string_view> roles,
                                                    const Request* request, Response* response,
                                                    LibraryMethod<Request, Response> method,
                                                    StubMethod<Request, Response> forward,
                                                    PartitionOfCall<Request> partition_of) {
  return HandleUnary(context, roles, hops_, [=, this](const Caller& caller, CallDone done) {
    const auto library = Route(request->resource());
    if (!library.ok()) return done(library.status());
    // What was passed on once is answered here, be it with NOT_OWNER; what is wrong with the request is told here too.
    if (hops_ != nullptr && caller.via.empty()) {
      const auto partition = partition_of(**library, caller, *request);
      const std::string owner = partition.ok() ? (*library)->OwnerElsewhere(*partition) : "";
      if (!owner.empty()) {
        return PassOn(owner, caller, RemainingMs(*context), forward, request, response, kPassOnAttempts,
                      std::move(done));
      }
    }
    ((*library)->*method)(caller, *request, response, std::move(done));
  });
}

grpc::ServerUnaryReactor* BaseLibraryService::Get(grpc::CallbackServerContext* context,
                                                  const v1::GetRequest* request, v1::GetResponse* response) {
  return Serve(context, {roles::kConsumer, roles::kPublisher}, request, response, &Library::Get,
               &v1::BaseLibrary::StubInterface::async_interface::Get, &PartitionOfGetCall);
}

grpc::ServerUnaryReactor* BaseLibraryService::BatchGet(grpc::CallbackServerContext* context,
                                                       const v1::BatchGetRequest* request,
                                                       v1::BatchGetResponse* response) {
  return HandleUnary(context, {roles::kConsumer, roles::kPublisher}, hops_,
                     [=, this](const Caller& caller, CallDone done) {
                       const auto library = Route(request->resource());
                       if (!library.ok()) return done(library.status());
                       if (hops_ == nullptr || !caller.via.empty()) {
                         return (*library)->BatchGet(caller, *request, response, std::move(done));
                       }
                       BatchGetByOwner(**library, policy_, *hops_, caller, *request, RemainingMs(*context),
                                       response, std::move(done));
                     });
}

grpc::ServerUnaryReactor* BaseLibraryService::List(grpc::CallbackServerContext* context,
                                                   const v1::ListRequest* request,
                                                   v1::ListResponse* response) {
  return Serve(context, {roles::kConsumer, roles::kPublisher}, request, response, &Library::List,
               &v1::BaseLibrary::StubInterface::async_interface::List, &PartitionOfListCall);
}

grpc::ServerUnaryReactor* BaseLibraryService::Verify(grpc::CallbackServerContext* context,
                                                     const v1::VerifyRequest* request,
                                                     v1::VerifyResponse* response) {
  return Serve(context, {roles::kConsumer}, request, response, &Library::Verify,
               &v1::BaseLibrary::StubInterface::async_interface::Verify,
               &PartitionOfEntityCall<v1::VerifyRequest>);
}

template <class Request, class Response>
grpc::ServerUnaryReactor* BaseLibraryService::ServeHere(grpc::CallbackServerContext* context,
                                                        const Request* request, Response* response,
                                                        LibraryMethod<Request, Response> method) {
  return HandleUnary(context, {roles::kPublisher}, [=, this](const Caller& caller, CallDone done) {
    const auto library = Route(request->resource());
    if (!library.ok()) return done(library.status());
    ((*library)->*method)(caller, *request, response, std::move(done));
  });
}

grpc::ServerUnaryReactor* BaseLibraryService::Delete(grpc::CallbackServerContext* context,
                                                     const v1::DeleteRequest* request,
                                                     v1::PublishResponse* response) {
  return ServeHere(context, request, response, &Library::Delete);
}

grpc::ServerUnaryReactor* BaseLibraryService::GetHistory(grpc::CallbackServerContext* context,
                                                         const v1::GetHistoryRequest* request,
                                                         v1::GetHistoryResponse* response) {
  return Serve(context, {roles::kConsumer, roles::kPublisher}, request, response, &Library::GetHistory,
               &v1::BaseLibrary::StubInterface::async_interface::GetHistory,
               &PartitionOfEntityCall<v1::GetHistoryRequest>);
}

grpc::ServerUnaryReactor* BaseLibraryService::Recall(grpc::CallbackServerContext* context,
                                                     const v1::RecallRequest* request,
                                                     v1::PublishResponse* response) {
  return ServeHere(context, request, response, &Library::Recall);
}

grpc::ServerUnaryReactor* BaseLibraryService::Erase(grpc::CallbackServerContext* context,
                                                    const v1::EraseRequest* request,
                                                    v1::PublishResponse* response) {
  return ServeHere(context, request, response, &Library::Erase);
}

grpc::ServerUnaryReactor* BaseLibraryService::Withdraw(grpc::CallbackServerContext* context,
                                                       const v1::PublishRequest* request,
                                                       v1::PublishResponse* response) {
  return ServeHere(context, request, response, &Library::Withdraw);
}

grpc::ServerUnaryReactor* BaseLibraryService::CompleteReplace(grpc::CallbackServerContext* context,
                                                              const v1::CompleteReplaceRequest* request,
                                                              v1::CompleteReplaceResponse* response) {
  return ServeHere(context, request, response, &Library::CompleteReplace);
}

grpc::ServerUnaryReactor* BaseLibraryService::Reconcile(grpc::CallbackServerContext* context,
                                                        const v1::ReconcileRequest* request,
                                                        v1::ReconcileResponse* response) {
  return ServeHere(context, request, response, &Library::Reconcile);
}

grpc::ServerUnaryReactor* BaseLibraryService::ListQuarantine(grpc::CallbackServerContext* context,
                                                             const v1::ListQuarantineRequest* request,
                                                             v1::ListQuarantineResponse* response) {
  return HandleUnary(context, {roles::kPublisher}, hops_, [=, this](const Caller& caller, CallDone done) {
    const auto library = Route(request->resource());
    if (!library.ok()) return done(library.status());
    if (hops_ == nullptr || !caller.via.empty())
      return (*library)->ListQuarantine(caller, *request, response, std::move(done));
    QuarantineOfEveryReplica(**library, *hops_, caller, *request, RemainingMs(*context), response,
                             std::move(done));
  });
}

// Without a resource: of every library of this process. Where replicas pass calls on, it is the one that is here.
grpc::ServerUnaryReactor* BaseLibraryService::GetQuality(grpc::CallbackServerContext* context,
                                                         const v1::GetQualityRequest* request,
                                                         v1::GetQualityResponse* response) {
  return HandleUnary(context, {roles::kPublisher}, hops_, [=, this](const Caller& caller, CallDone done) {
    if (hops_ != nullptr || !request->resource().empty()) {
      const auto library = Route(request->resource());
      if (!library.ok()) return done(library.status());
      if (hops_ == nullptr || !caller.via.empty())
        return (*library)->GetQuality(caller, *request, response, std::move(done));
      return QualityOfEveryReplica(**library, *hops_, caller, *request, RemainingMs(*context), response,
                                   std::move(done));
    }
    std::vector<Library*> libraries;
    for (const auto& [name, library] : libraries_) libraries.push_back(library);
    QualityOfLibraries(libraries, caller, *request, response, std::move(done));
  });
}

grpc::ServerUnaryReactor* BaseLibraryService::Submit(grpc::CallbackServerContext* context,
                                                     const v1::SubmitRequest* request,
                                                     v1::SubmitResponse* response) {
  return HandleUnary(context, {roles::kPublisher}, hops_, [=, this](const Caller& caller, CallDone done) {
    if (caller.via.empty()) {
      return done(MakeError(Reason::kRoleRequired, "only another replica hands records over; use Publish"));
    }
    const auto library = Route(request->resource());
    if (!library.ok()) return done(library.status());
    (*library)->Submit(caller, *request, response, std::move(done));
  });
}

grpc::ServerUnaryReactor* BaseLibraryService::Scan(grpc::CallbackServerContext* context,
                                                   const v1::ScanRequest* request,
                                                   v1::ScanResponse* response) {
  return HandleUnary(context, {roles::kService}, [this, request, response](const Caller&, CallDone done) {
    const auto library = Route(request->resource_number());
    done(library.ok() ? (*library)->Scan(*request, response) : library.status());
  });
}

}  // namespace hangou

#include "services/base_library/base_library_service.h"

#include "libs/base/status.h"
#include "libs/rpc/bidi_stream.h"
#include "libs/rpc/unary.h"

namespace hangou {

namespace v1 = hangou::base_library::v1;

namespace {

std::map<std::string, Library*> ByName(const std::vector<Library*>& libraries) {
  HANGOU_CHECK(!libraries.empty(), "a service without libraries");
  std::map<std::string, Library*> by_name;
  for (Library* library : libraries) by_name[library->name()] = library;
  return by_name;
}

}  // namespace

BaseLibraryService::BaseLibraryService(std::vector<Library*> libraries, const PolicyHolder& policy)
    : libraries_(ByName(libraries)), policy_(policy) {}

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
grpc::ServerUnaryReactor* BaseLibraryService::Forward(grpc::CallbackServerContext* context,
                                                      std::initializer_list<std::string_view> roles,
                                                      const Request* request, Response* response,
                                                      void (Library::*method)(const Caller&, const Request&,
                                                                              Response*, Library::Done)) {
  return HandleUnary(context, roles, [this, request, response, method](const Caller& caller, CallDone done) {
    const auto library = Route(request->resource());
    if (!library.ok()) return done(library.status());
    ((*library)->*method)(caller, *request, response, std::move(done));
  });
}

grpc::ServerUnaryReactor* BaseLibraryService::Get(grpc::CallbackServerContext* context,
                                                  const v1::GetRequest* request, v1::GetResponse* response) {
  return Forward(context, {roles::kConsumer, roles::kPublisher}, request, response, &Library::Get);
}

grpc::ServerUnaryReactor* BaseLibraryService::BatchGet(grpc::CallbackServerContext* context,
                                                       const v1::BatchGetRequest* request,
                                                       v1::BatchGetResponse* response) {
  return Forward(context, {roles::kConsumer, roles::kPublisher}, request, response, &Library::BatchGet);
}

grpc::ServerUnaryReactor* BaseLibraryService::List(grpc::CallbackServerContext* context,
                                                   const v1::ListRequest* request,
                                                   v1::ListResponse* response) {
  return Forward(context, {roles::kConsumer, roles::kPublisher}, request, response, &Library::List);
}

grpc::ServerUnaryReactor* BaseLibraryService::Verify(grpc::CallbackServerContext* context,
                                                     const v1::VerifyRequest* request,
                                                     v1::VerifyResponse* response) {
  return Forward(context, {roles::kConsumer}, request, response, &Library::Verify);
}

grpc::ServerUnaryReactor* BaseLibraryService::Delete(grpc::CallbackServerContext* context,
                                                     const v1::DeleteRequest* request,
                                                     v1::PublishResponse* response) {
  return Forward(context, {roles::kPublisher}, request, response, &Library::Delete);
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

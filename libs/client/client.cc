#include "libs/client/client.h"

#include <grpcpp/grpcpp.h>

#include <set>
#include <utility>

#include "hangou/audit/v1/audit.grpc.pb.h"
#include "hangou/base_library/v1/base_library.grpc.pb.h"
#include "hangou/catalog/v1/catalog.grpc.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/status.h"

namespace hangou {

namespace catalog_v1 = hangou::catalog::v1;
namespace base_library_v1 = hangou::base_library::v1;
namespace audit_v1 = hangou::audit::v1;

namespace {

constexpr char kCatalog[] = "catalog";
constexpr char kAudit[] = "audit";

// Calls a unary method with a deadline.
template <typename Response, typename Stub, typename Request>
absl::StatusOr<Response> Call(Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                              const Request& request, int64_t timeout_ms) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(timeout_ms));
  Response response;
  RETURN_IF_ERROR(FromGrpc((stub.*method)(&context, request, &response)));
  return response;
}

// The same of the base library at a channel.
template <class Request, class Response>
absl::StatusOr<Response> CallLibrary(const absl::StatusOr<std::shared_ptr<grpc::Channel>>& channel,
                                     grpc::Status (base_library_v1::BaseLibrary::Stub::*method)(
                                         grpc::ClientContext*, const Request&, Response*),
                                     const Request& request, int64_t timeout_ms) {
  RETURN_IF_ERROR(channel.status());
  base_library_v1::BaseLibrary::Stub stub(*channel);
  return Call(stub, method, request, timeout_ms);
}

}  // namespace

std::string FullResourceName(std::string_view name) {
  constexpr std::string_view kPrefix = "resources/";
  return name.starts_with(kPrefix) ? std::string(name) : std::string(kPrefix) + std::string(name);
}

// The channels made so far, by address.
struct Client::Channels {
  Mutex mutex;
  std::map<std::string, std::shared_ptr<grpc::Channel>> by_address HANGOU_GUARDED_BY(mutex);

  absl::StatusOr<std::shared_ptr<grpc::Channel>> At(const std::string& address, const std::string& identity) {
    MutexLock lock(mutex);
    std::shared_ptr<grpc::Channel>& channel = by_address[address];
    if (channel == nullptr) {
      ASSIGN_OR_RETURN(channel, MakeChannel(address, identity));
    }
    return channel;
  }
};

Client::Client(const ClientOptions& options) : options_(options), channels_(std::make_unique<Channels>()) {}

Client::~Client() = default;

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const ClientOptions& options) {
  std::unique_ptr<Client> client(new Client(options));
  RETURN_IF_ERROR(client->ChannelTo(kCatalog).status());
  return client;
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Client::ChannelTo(const std::string& service) {
  if (service == kCatalog) return channels_->At(options_.address, options_.identity_folder);
  ASSIGN_OR_RETURN(const std::string address, AddressOf(service));
  return channels_->At(address, options_.identity_folder);
}

absl::StatusOr<std::string> Client::AddressOf(const std::string& service) {
  {
    MutexLock lock(mutex_);
    const auto known = endpoints_.find(service);
    if (known != endpoints_.end()) return known->second;
  }
  RETURN_IF_ERROR(LookUp());
  MutexLock lock(mutex_);
  const auto known = endpoints_.find(service);
  if (known != endpoints_.end()) return known->second;
  return MakeError(Reason::kDraining, "no replica of the service " + service + " is ready; retry");
}

absl::StatusOr<int32_t> Client::Partitions() {
  {
    MutexLock lock(mutex_);
    if (partitions_ != 0) return partitions_;
  }
  RETURN_IF_ERROR(LookUp());
  MutexLock lock(mutex_);
  return partitions_;
}

absl::Status Client::LookUp() {
  ASSIGN_OR_RETURN(const auto channel, ChannelTo(kCatalog));
  catalog_v1::Catalog::Stub stub(channel);
  ASSIGN_OR_RETURN(const auto reply, Call(stub, &catalog_v1::Catalog::Stub::GetEndpoints,
                                          catalog_v1::GetEndpointsRequest(), options_.timeout_ms));
  MutexLock lock(mutex_);
  partitions_ = reply.partitions();
  endpoints_.clear();
  for (const auto& endpoint : reply.endpoints()) {
    std::string& addresses = endpoints_[endpoint.service()];
    // Processes that serve several replicas' worth on one listener are named once.
    if (addresses != endpoint.address()) addresses += (addresses.empty() ? "" : ",") + endpoint.address();
  }
  return absl::OkStatus();
}

void Client::ForgetEndpoints() {
  MutexLock lock(mutex_);
  endpoints_.clear();
}

absl::StatusOr<catalog_v1::CatalogObject> Client::GetObject(catalog_v1::ObjectKind kind,
                                                            const std::string& name) {
  ASSIGN_OR_RETURN(const auto channel, ChannelTo(kCatalog));
  catalog_v1::Catalog::Stub stub(channel);
  catalog_v1::GetObjectRequest request;
  request.set_kind(kind);
  request.set_name(name);
  return Call(stub, &catalog_v1::Catalog::Stub::GetObject, request, options_.timeout_ms);
}

absl::StatusOr<std::vector<catalog_v1::CatalogObject>> Client::ListObjects(catalog_v1::ObjectKind kind) {
  ASSIGN_OR_RETURN(const auto channel, ChannelTo(kCatalog));
  catalog_v1::Catalog::Stub stub(channel);
  catalog_v1::ListObjectsRequest request;
  request.set_kind(kind);
  std::vector<catalog_v1::CatalogObject> objects;
  do {
    ASSIGN_OR_RETURN(auto page,
                     Call(stub, &catalog_v1::Catalog::Stub::ListObjects, request, options_.timeout_ms));
    for (auto& object : *page.mutable_objects()) objects.push_back(std::move(object));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return objects;
}

absl::StatusOr<catalog_v1::ApplyResponse> Client::Apply(const catalog_v1::ApplyRequest& request) {
  ASSIGN_OR_RETURN(const auto channel, ChannelTo(kCatalog));
  catalog_v1::Catalog::Stub stub(channel);
  return Call(stub, &catalog_v1::Catalog::Stub::Apply, request, options_.timeout_ms);
}

absl::StatusOr<catalog_v1::ApplyResponse> Client::Approve(const std::string& change) {
  ASSIGN_OR_RETURN(const auto channel, ChannelTo(kCatalog));
  catalog_v1::Catalog::Stub stub(channel);
  catalog_v1::ApproveChangeRequest request;
  request.set_change(change);
  return Call(stub, &catalog_v1::Catalog::Stub::ApproveChange, request, options_.timeout_ms);
}

absl::StatusOr<std::vector<catalog_v1::Change>> Client::ListChanges() {
  ASSIGN_OR_RETURN(const auto channel, ChannelTo(kCatalog));
  catalog_v1::Catalog::Stub stub(channel);
  catalog_v1::ListChangesRequest request;
  std::vector<catalog_v1::Change> changes;
  do {
    ASSIGN_OR_RETURN(auto page,
                     Call(stub, &catalog_v1::Catalog::Stub::ListChanges, request, options_.timeout_ms));
    for (auto& change : *page.mutable_changes()) changes.push_back(std::move(change));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return changes;
}

absl::StatusOr<catalog_v1::GetPlacementResponse> Client::GetPlacement() {
  ASSIGN_OR_RETURN(const auto channel, ChannelTo(kCatalog));
  catalog_v1::Catalog::Stub stub(channel);
  return Call(stub, &catalog_v1::Catalog::Stub::GetPlacement, catalog_v1::GetPlacementRequest(),
              options_.timeout_ms);
}

absl::StatusOr<catalog_v1::MoveGroupResponse> Client::MoveGroup(const catalog_v1::MoveGroupRequest& request) {
  ASSIGN_OR_RETURN(const auto channel, ChannelTo(kCatalog));
  catalog_v1::Catalog::Stub stub(channel);
  return Call(stub, &catalog_v1::Catalog::Stub::MoveGroup, request, options_.timeout_ms);
}

absl::StatusOr<catalog_v1::GetSchemaResponse> Client::GetSchema(const std::string& resource) {
  ASSIGN_OR_RETURN(const auto channel, ChannelTo(kCatalog));
  catalog_v1::Catalog::Stub stub(channel);
  catalog_v1::GetSchemaRequest request;
  request.set_resource(resource);
  return Call(stub, &catalog_v1::Catalog::Stub::GetSchema, request, options_.timeout_ms);
}

absl::StatusOr<catalog_v1::ExplainResponse> Client::Explain(const catalog_v1::ExplainRequest& request) {
  ASSIGN_OR_RETURN(const auto channel, ChannelTo(kCatalog));
  catalog_v1::Catalog::Stub stub(channel);
  return Call(stub, &catalog_v1::Catalog::Stub::Explain, request, options_.timeout_ms);
}

absl::StatusOr<std::shared_ptr<const ResourceSchema>> Client::Schema(const std::string& resource) {
  {
    MutexLock lock(mutex_);
    const auto known = schemas_.find(resource);
    if (known != schemas_.end()) return known->second;
  }
  return NewestSchema(resource);
}

absl::StatusOr<std::shared_ptr<const ResourceSchema>> Client::NewestSchema(const std::string& resource) {
  absl::StatusOr<catalog_v1::CatalogObject> object = GetObject(catalog_v1::OBJECT_KIND_RESOURCE, resource);
  if (!object.ok() && ReasonOf(object.status()) == Reason::kObjectNotFound) {
    return MakeError(Reason::kUnknownResource, "the catalog has no resource " + resource);
  }
  RETURN_IF_ERROR(object.status());
  const auto no_codes = std::make_shared<const std::unordered_set<std::string>>();
  ASSIGN_OR_RETURN(auto schema,
                   ResourceSchema::Compile(object->resource(), [&](const std::string&) { return no_codes; }));
  MutexLock lock(mutex_);
  return schemas_[resource] = std::move(schema);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Client::LibraryOf(const std::string& resource) {
  ASSIGN_OR_RETURN(const auto schema, Schema(resource));
  return ChannelTo(schema->declaration().library());
}

absl::StatusOr<base_library_v1::GetResponse> Client::Get(const base_library_v1::GetRequest& request) {
  return CallLibrary(LibraryOf(request.resource()), &base_library_v1::BaseLibrary::Stub::Get, request,
                     options_.timeout_ms);
}

absl::StatusOr<base_library_v1::BatchGetResponse> Client::BatchGet(
    const base_library_v1::BatchGetRequest& request) {
  return CallLibrary(LibraryOf(request.resource()), &base_library_v1::BaseLibrary::Stub::BatchGet, request,
                     options_.timeout_ms);
}

absl::StatusOr<base_library_v1::ListResponse> Client::List(const base_library_v1::ListRequest& request) {
  return CallLibrary(LibraryOf(request.resource()), &base_library_v1::BaseLibrary::Stub::List, request,
                     options_.timeout_ms);
}

absl::StatusOr<base_library_v1::GetHistoryResponse> Client::GetHistory(
    const base_library_v1::GetHistoryRequest& request) {
  return CallLibrary(LibraryOf(request.resource()), &base_library_v1::BaseLibrary::Stub::GetHistory, request,
                     options_.timeout_ms);
}

absl::StatusOr<base_library_v1::VerifyResponse> Client::Verify(
    const base_library_v1::VerifyRequest& request) {
  return CallLibrary(LibraryOf(request.resource()), &base_library_v1::BaseLibrary::Stub::Verify, request,
                     options_.timeout_ms);
}

absl::StatusOr<base_library_v1::PublishResponse> Client::Delete(
    const base_library_v1::DeleteRequest& request) {
  return CallLibrary(LibraryOf(request.resource()), &base_library_v1::BaseLibrary::Stub::Delete, request,
                     options_.timeout_ms);
}

absl::StatusOr<base_library_v1::PublishResponse> Client::Recall(
    const base_library_v1::RecallRequest& request) {
  return CallLibrary(LibraryOf(request.resource()), &base_library_v1::BaseLibrary::Stub::Recall, request,
                     options_.timeout_ms);
}

absl::StatusOr<base_library_v1::PublishResponse> Client::Erase(const base_library_v1::EraseRequest& request) {
  return CallLibrary(LibraryOf(request.resource()), &base_library_v1::BaseLibrary::Stub::Erase, request,
                     options_.timeout_ms);
}

absl::StatusOr<base_library_v1::PublishResponse> Client::Withdraw(
    const base_library_v1::PublishRequest& request) {
  return CallLibrary(LibraryOf(request.resource()), &base_library_v1::BaseLibrary::Stub::Withdraw, request,
                     options_.timeout_ms);
}

absl::StatusOr<base_library_v1::CompleteReplaceResponse> Client::CompleteReplace(
    const base_library_v1::CompleteReplaceRequest& request) {
  return CallLibrary(LibraryOf(request.resource()), &base_library_v1::BaseLibrary::Stub::CompleteReplace,
                     request, options_.timeout_ms);
}

absl::StatusOr<base_library_v1::ReconcileResponse> Client::Reconcile(
    const base_library_v1::ReconcileRequest& request) {
  return CallLibrary(LibraryOf(request.resource()), &base_library_v1::BaseLibrary::Stub::Reconcile, request,
                     options_.timeout_ms);
}

absl::StatusOr<base_library_v1::ListQuarantineResponse> Client::ListQuarantine(
    const base_library_v1::ListQuarantineRequest& request) {
  return CallLibrary(LibraryOf(request.resource()), &base_library_v1::BaseLibrary::Stub::ListQuarantine,
                     request, options_.timeout_ms);
}

absl::StatusOr<base_library_v1::GetQualityResponse> Client::GetQuality(
    const base_library_v1::GetQualityRequest& request) {
  if (!request.resource().empty())
    return CallLibrary(LibraryOf(request.resource()), &base_library_v1::BaseLibrary::Stub::GetQuality,
                       request, options_.timeout_ms);
  base_library_v1::GetQualityResponse all;
  std::set<std::string> asked;
  for (const char* library : {"population", "legal_entity", "geographic", "tax", "credit"}) {
    // Where one process serves several, it answers for all of them.
    ASSIGN_OR_RETURN(const std::string address, AddressOf(library));
    if (!asked.insert(address).second) continue;
    ASSIGN_OR_RETURN(const auto part,
                     CallLibrary(ChannelTo(library), &base_library_v1::BaseLibrary::Stub::GetQuality, request,
                                 options_.timeout_ms));
    all.MergeFrom(part);
  }
  return all;
}

absl::StatusOr<audit_v1::ListEntriesResponse> Client::ListEntries(
    const audit_v1::ListEntriesRequest& request) {
  ASSIGN_OR_RETURN(const auto channel, ChannelTo(kAudit));
  audit_v1::Audit::Stub stub(channel);
  return Call(stub, &audit_v1::Audit::Stub::ListEntries, request, options_.timeout_ms);
}

absl::StatusOr<audit_v1::WhoAccessedResponse> Client::WhoAccessed(
    const audit_v1::WhoAccessedRequest& request) {
  ASSIGN_OR_RETURN(const auto channel, ChannelTo(kAudit));
  audit_v1::Audit::Stub stub(channel);
  return Call(stub, &audit_v1::Audit::Stub::WhoAccessed, request, options_.timeout_ms);
}

absl::StatusOr<audit_v1::ListHeadsResponse> Client::ListHeads() {
  ASSIGN_OR_RETURN(const auto channel, ChannelTo(kAudit));
  audit_v1::Audit::Stub stub(channel);
  audit_v1::ListHeadsRequest request;
  request.set_page_size(limits::kPageMax);
  audit_v1::ListHeadsResponse all;
  do {
    ASSIGN_OR_RETURN(audit_v1::ListHeadsResponse page,
                     Call(stub, &audit_v1::Audit::Stub::ListHeads, request, options_.timeout_ms));
    page.mutable_heads()->Swap(all.mutable_heads());
    page.mutable_heads()->MergeFrom(all.heads());
    all = std::move(page);
    request.set_page_token(all.next_page_token());
  } while (!request.page_token().empty());
  return all;
}

}  // namespace hangou

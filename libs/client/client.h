// The client of the platform: knows the catalog's address and an identity, finds everything else by itself.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/audit/v1/audit.pb.h"
#include "hangou/base_library/v1/base_library.pb.h"
#include "hangou/catalog/v1/catalog.pb.h"
#include "libs/base/limits.h"
#include "libs/base/mutex.h"
#include "libs/schema/resource_schema.h"

namespace grpc {
class Channel;
}

namespace hangou {

// How to reach an installation.
struct ClientOptions {
  std::string address;                   // of the catalog, as for MakeChannel
  std::string identity_folder;           // certificate, key and CA (libs/rpc/certificates.h)
  int64_t timeout_ms = limits::kCallMs;  // deadline of each call
};

// "psb.resident" as "resources/psb.resident"; a full name stays.
std::string FullResourceName(std::string_view name);

// Calls the services of an installation. Thread-safe; it outlives the publishers and subscriptions made from
// it. Errors are those of the services, with their reasons; UNAVAILABLE where a service cannot be reached and
// DEADLINE_EXCEEDED where it does not answer in time. Calls that only read are tried again, as MakeChannel says;
// others are not.
class Client {
 public:
  // Reads the identity. The catalog is asked when it is first needed. CERTIFICATE_INVALID where the folder
  // holds no identity.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const ClientOptions& options);
  ~Client();

  // An object of the catalog.
  absl::StatusOr<hangou::catalog::v1::CatalogObject> GetObject(hangou::catalog::v1::ObjectKind kind,
                                                               const std::string& name);
  // All objects of a kind, in the order of their names.
  absl::StatusOr<std::vector<hangou::catalog::v1::CatalogObject>> ListObjects(
      hangou::catalog::v1::ObjectKind kind);
  // Applies objects; see Catalog.Apply.
  absl::StatusOr<hangou::catalog::v1::ApplyResponse> Apply(const hangou::catalog::v1::ApplyRequest& request);
  // Approves a waiting change.
  absl::StatusOr<hangou::catalog::v1::ApplyResponse> Approve(const std::string& change);
  // All waiting changes, oldest first.
  absl::StatusOr<std::vector<hangou::catalog::v1::Change>> ListChanges();
  // Where everything is; role operator.
  absl::StatusOr<hangou::catalog::v1::GetPlacementResponse> GetPlacement();
  // Gives a partition group to another replica; role operator.
  absl::StatusOr<hangou::catalog::v1::MoveGroupResponse> MoveGroup(
      const hangou::catalog::v1::MoveGroupRequest& request);
  // The protobuf schema of a resource.
  absl::StatusOr<hangou::catalog::v1::GetSchemaResponse> GetSchema(const std::string& resource);
  // Why a department may or may not read the fields of a resource.
  absl::StatusOr<hangou::catalog::v1::ExplainResponse> Explain(
      const hangou::catalog::v1::ExplainRequest& request);
  // The compiled schema of a resource, read once and kept. Code lists are not loaded: the service checks
  // codes.
  absl::StatusOr<std::shared_ptr<const ResourceSchema>> Schema(const std::string& resource);

  // The same as it is now, where the one kept has grown old.
  absl::StatusOr<std::shared_ptr<const ResourceSchema>> NewestSchema(const std::string& resource);

  // Calls of the base library that holds the resource of the request.
  absl::StatusOr<hangou::base_library::v1::GetResponse> Get(
      const hangou::base_library::v1::GetRequest& request);
  absl::StatusOr<hangou::base_library::v1::BatchGetResponse> BatchGet(
      const hangou::base_library::v1::BatchGetRequest& request);
  absl::StatusOr<hangou::base_library::v1::ListResponse> List(
      const hangou::base_library::v1::ListRequest& request);
  absl::StatusOr<hangou::base_library::v1::GetHistoryResponse> GetHistory(
      const hangou::base_library::v1::GetHistoryRequest& request);
  absl::StatusOr<hangou::base_library::v1::VerifyResponse> Verify(
      const hangou::base_library::v1::VerifyRequest& request);
  absl::StatusOr<hangou::base_library::v1::PublishResponse> Delete(
      const hangou::base_library::v1::DeleteRequest& request);
  absl::StatusOr<hangou::base_library::v1::PublishResponse> Recall(
      const hangou::base_library::v1::RecallRequest& request);
  absl::StatusOr<hangou::base_library::v1::PublishResponse> Erase(
      const hangou::base_library::v1::EraseRequest& request);
  absl::StatusOr<hangou::base_library::v1::PublishResponse> Withdraw(
      const hangou::base_library::v1::PublishRequest& request);
  absl::StatusOr<hangou::base_library::v1::CompleteReplaceResponse> CompleteReplace(
      const hangou::base_library::v1::CompleteReplaceRequest& request);
  absl::StatusOr<hangou::base_library::v1::ReconcileResponse> Reconcile(
      const hangou::base_library::v1::ReconcileRequest& request);
  absl::StatusOr<hangou::base_library::v1::ListQuarantineResponse> ListQuarantine(
      const hangou::base_library::v1::ListQuarantineRequest& request);
  // Counts of a resource; without one, of all that the department provides.
  absl::StatusOr<hangou::base_library::v1::GetQualityResponse> GetQuality(
      const hangou::base_library::v1::GetQualityRequest& request);

  // A page of audit entries.
  absl::StatusOr<hangou::audit::v1::ListEntriesResponse> ListEntries(
      const hangou::audit::v1::ListEntriesRequest& request);

  // Who accessed the data of an entity.
  absl::StatusOr<hangou::audit::v1::WhoAccessedResponse> WhoAccessed(
      const hangou::audit::v1::WhoAccessedRequest& request);
  // The heads of all audit chains; the pages of their list in one.
  absl::StatusOr<hangou::audit::v1::ListHeadsResponse> ListHeads();

  // The channel to a service of GetEndpoints, or to the "catalog" itself. Kept and shared.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> ChannelTo(const std::string& service);
  // Partitions of every record topic of the installation.
  absl::StatusOr<int32_t> Partitions();
  // Forgets where the services are, so that they are looked up again: call it when a service cannot be
  // reached.
  void ForgetEndpoints();

  int64_t timeout_ms() const { return options_.timeout_ms; }

 private:
  struct Channels;

  explicit Client(const ClientOptions& options);
  absl::StatusOr<std::shared_ptr<grpc::Channel>> LibraryOf(const std::string& resource);
  absl::StatusOr<std::string> AddressOf(const std::string& service);
  // Asks the catalog where everything is.
  absl::Status LookUp();

  const ClientOptions options_;
  const std::unique_ptr<Channels> channels_;
  Mutex mutex_;
  std::map<std::string, std::string> endpoints_ HANGOU_GUARDED_BY(mutex_);  // service to addresses
  int32_t partitions_ HANGOU_GUARDED_BY(mutex_) = 0;                        // 0: not asked yet
  std::map<std::string, std::shared_ptr<const ResourceSchema>> schemas_ HANGOU_GUARDED_BY(mutex_);
};

}  // namespace hangou

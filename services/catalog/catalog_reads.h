// What can be read of the catalog, without transport. Pure functions of a published epoch.
#pragma once

#include "absl/status/status.h"
#include "hangou/catalog/v1/catalog.pb.h"
#include "libs/base/caller.h"
#include "services/catalog/published_policy.h"

namespace hangou {

// OBJECT_NOT_FOUND; INVALID_REQUEST where the kind is missing.
absl::Status ReadObject(const PublishedPolicy& policy, const hangou::catalog::v1::GetObjectRequest& request,
                        hangou::catalog::v1::CatalogObject* response);
// TOKEN_INVALID; INVALID_REQUEST where the page size is out of range.
absl::Status ReadObjects(const PublishedPolicy& policy,
                         const hangou::catalog::v1::ListObjectsRequest& request,
                         hangou::catalog::v1::ListObjectsResponse* response);
// The same errors.
absl::Status ReadChanges(const PublishedPolicy& policy,
                         const hangou::catalog::v1::ListChangesRequest& request,
                         hangou::catalog::v1::ListChangesResponse* response);
// UNKNOWN_RESOURCE.
absl::Status ReadSchema(const PublishedPolicy& policy, const hangou::catalog::v1::GetSchemaRequest& request,
                        hangou::catalog::v1::GetSchemaResponse* response);
// The decision for a department at an instant. ROLE_REQUIRED where it is another than the caller's and the caller is
// neither manager nor auditor.
absl::Status ExplainDecision(const PublishedPolicy& policy,
                             const hangou::catalog::v1::ExplainRequest& request, const Caller& caller,
                             int64_t now_us, hangou::catalog::v1::ExplainResponse* response);

}  // namespace hangou

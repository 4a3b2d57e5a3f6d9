// Audit.GetHead and Audit.ListHeads, without transport.
#pragma once

#include "absl/status/status.h"
#include "hangou/audit/v1/audit.pb.h"
#include "services/audit/audited_reads.h"

namespace hangou {

// Fills the head of a chain. OBJECT_NOT_FOUND where there is no such chain.
absl::Status GetHead(const AuditScope& scope, const hangou::audit::v1::GetHeadRequest& request,
                     hangou::audit::v1::Head* response);
// Fills a page of heads. INVALID_REQUEST, TOKEN_INVALID.
absl::Status ListHeads(const AuditScope& scope, const hangou::audit::v1::ListHeadsRequest& request,
                       hangou::audit::v1::ListHeadsResponse* response);

}  // namespace hangou

// Audit.ListEntries, without transport.
#pragma once

#include "absl/status/status.h"
#include "hangou/audit/v1/audit.pb.h"
#include "services/audit/audited_reads.h"

namespace hangou {

// Fills the response. INVALID_REQUEST, TOKEN_INVALID, OBJECT_NOT_FOUND where there is no such chain, DATA_LOSS where
// the view is damaged.
absl::Status ListEntries(const AuditScope& scope, const hangou::audit::v1::ListEntriesRequest& request,
                         hangou::audit::v1::ListEntriesResponse* response);

}  // namespace hangou

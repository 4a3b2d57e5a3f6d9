// Audit.WhoAccessed, without transport.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "hangou/audit/v1/audit.pb.h"
#include "services/audit/audited_reads.h"

namespace hangou {

// The key under which entries name an entity, from any accepted spelling of its identifier: what looks like a citizen
// id, a credit code or a division code must be a valid one (CHECK_DIGIT, FIELD_INVALID), anything else is a text of its
// own. INVALID_REQUEST where kind or identifier is missing. `today` is the day number in UTC+8.
absl::StatusOr<std::string> AuditedKeyOf(const hangou::record::v1::Entity& entity, int32_t today);

// Fills the response. Errors as those of AuditedKeyOf, TOKEN_INVALID, DATA_LOSS where the view is damaged.
absl::Status WhoAccessed(const AuditScope& scope, const hangou::audit::v1::WhoAccessedRequest& request,
                         int32_t today, hangou::audit::v1::WhoAccessedResponse* response);

}  // namespace hangou

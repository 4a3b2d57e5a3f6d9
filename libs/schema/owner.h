// The owner of a record, as callers name it.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "hangou/record/v1/record.pb.h"
#include "libs/schema/resource_schema.h"

namespace hangou {

// The identifier of an entity in normal form, by the type of the resource's owner field. CHECK_DIGIT or
// FIELD_INVALID with the rule that failed, INVALID_REQUEST where the kind is not the resource's.
absl::StatusOr<std::string> NormalizeOwner(const ResourceSchema& schema,
                                           const hangou::record::v1::Entity& owner, int64_t now_us);

}  // namespace hangou

// The owner of a record, as callers name it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "hangou/record/v1/record.pb.h"
#include "libs/schema/resource_schema.h"

namespace hangou {

// The identifier of an entity in normal form, by the type of the resource's owner field. CHECK_DIGIT or
// FIELD_INVALID with the rule that failed, INVALID_REQUEST where the kind is not the resource's.
absl::StatusOr<std::string> NormalizeOwner(const ResourceSchema& schema,
                                           const hangou::record::v1::Entity& owner, int64_t now_us);

// The text of the owner field of a payload, as it stands there; none where the payload is malformed or lacks it.
std::optional<std::string_view> OwnerText(const ResourceSchema& schema, std::string_view payload);
// The partition that a record of this payload will live in, of `partitions`. A hint for who gathers records: 0 where
// the payload is malformed, or its owner field missing or invalid.
int32_t PartitionOfPayload(const ResourceSchema& schema, std::string_view payload, int32_t partitions,
                           int64_t now_us);

}  // namespace hangou

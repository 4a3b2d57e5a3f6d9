// What a subscription is asked before it begins and before each batch: its name, and whether it may hear anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "hangou/record/v1/record.pb.h"
#include "libs/policy/policy_holder.h"

namespace hangou {

// A name for people and for the topic of a delivery.
constexpr size_t kSubscriptionNameBytes = 64;

// True where `name` is [a-z][a-z0-9_-]*, not too long.
bool IsSubscriptionName(std::string_view name);

// A decision, and the pin that it holds under.
struct DeliveryDecision {
  PolicyHolder::Pin pin;
  std::shared_ptr<const ResourceSchema> schema;
  const FieldRights* rights = nullptr;  // lives as long as the pin's snapshot
};

// Decides under the newest policy what a department hears of a resource. A reason of the policy where that is nothing,
// also where fields may only be verified; LEASE_EXPIRED, EPOCH_NOT_REACHED.
absl::StatusOr<DeliveryDecision> DecideDelivery(const PolicyHolder& policy, const std::string& department,
                                                const hangou::record::v1::AccessContext& access,
                                                const std::string& resource, int64_t now_us);
// True where an error is the policy's refusal, and not a failure to decide.
bool IsWithdrawal(const absl::Status& status);

}  // namespace hangou

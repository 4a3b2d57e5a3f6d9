// How long a delivery topic keeps what was delivered under a grant.
#pragma once

#include <cstdint>
#include <string_view>

#include "libs/policy/snapshot.h"

namespace hangou {

// Days where the grant names none: a consumer that was away over a holiday finds everything.
constexpr uint32_t kDeliveryRetentionDays = 7;
// The most a grant may name: a topic is a way of delivery, not a second place where records are kept.
constexpr uint32_t kDeliveryRetentionDaysMax = 90;

// Days in milliseconds.
constexpr int64_t RetentionMs(uint32_t days) { return int64_t{days} * 86'400'000; }
// The days of one grant.
uint32_t RetentionDaysOf(const hangou::catalog::v1::Grant& grant);
// The days for which what `rights` give a department may be kept: the fewest of the grants behind them.
uint32_t DeliveryRetentionDays(const PolicyObjects& objects, std::string_view department,
                               const FieldRights& rights);

}  // namespace hangou

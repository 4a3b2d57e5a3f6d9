// What every process of the platform tells of itself, sampled from the parts that it has anyway.
#pragma once

#include <cstdint>

#include "libs/audit_topic/shipper.h"
#include "libs/metrics/metrics_page.h"
#include "libs/policy/policy_holder.h"

namespace hangou {

// process_*, the version, the memory that the process was given, and when the certificate expires that it has begun
// with (microseconds since 1970-01-01 UTC).
void CollectPlatform(MetricsPage& page, int64_t memory_bytes, int64_t identity_not_after_us);
// Epoch and lease.
void CollectPolicy(MetricsPage& page, const PolicyHolder& policy);
// How far the audit topic is behind the chain.
void CollectShipping(MetricsPage& page, const AuditShipper& shipper);

}  // namespace hangou

#include "libs/service/service_metrics.h"

#include "libs/base/clock.h"
#include "libs/metrics/process_metrics.h"

namespace hangou {

void CollectPlatform(MetricsPage& page, int64_t memory_bytes, int64_t identity_not_after_us) {
  CollectProcess(page);
  page.Gauge("hangou_build_info", "Always 1; the label tells the version.",
             {{MetricLabel::kVersion, HANGOU_VERSION}}, 1);
  page.Gauge("hangou_memory_budget_bytes", "Memory that the process was given by its settings.", {},
             static_cast<double>(memory_bytes));
  page.Gauge("hangou_identity_not_after_timestamp_seconds",
             "When the certificate of the process expires, in seconds since 1970-01-01 UTC.", {},
             static_cast<double>(identity_not_after_us / kUsPerSecond));
}

void CollectPolicy(MetricsPage& page, const PolicyHolder& policy) {
  const auto newest = policy.Newest();
  page.Gauge("hangou_policy_epoch", "Policy epoch that is installed, 0 before the first.", {},
             newest ? static_cast<double>(newest->epoch()) : 0);
  page.Gauge("hangou_policy_lease_left_seconds",
             "Until the policy lease runs out; 0 where it has, and nothing is shared.", {},
             static_cast<double>(policy.LeaseLeftMs()) / 1000);
}

void CollectShipping(MetricsPage& page, const AuditShipper& shipper) {
  const ShipLag lag = shipper.lag();
  page.Gauge("hangou_audit_shipping_lag_entries", "Durable entries that are not yet in the audit topic.", {},
             static_cast<double>(lag.entries));
  page.Gauge("hangou_audit_shipping_lag_seconds", "Since when there are any; 0 where there are none.", {},
             lag.entries == 0 ? 0 : static_cast<double>(lag.age_us) / kUsPerSecond);
}

}  // namespace hangou

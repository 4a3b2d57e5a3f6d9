#include "libs/policy/delivery_retention.h"

#include <algorithm>
#include <optional>

namespace hangou {

uint32_t RetentionDaysOf(const hangou::catalog::v1::Grant& grant) {
  return grant.retention_days() == 0 ? kDeliveryRetentionDays : grant.retention_days();
}

uint32_t DeliveryRetentionDays(const PolicyObjects& objects, std::string_view department,
                               const FieldRights& rights) {
  std::optional<uint32_t> days;
  for (const std::string& name : rights.decided_by) {
    // Entries of the negative list stand among them, and may have the name of another's grant.
    const auto grant = objects.grants.find(name);
    if (grant == objects.grants.end() || grant->second.department() != department) continue;
    days = std::min(days.value_or(kDeliveryRetentionDaysMax), RetentionDaysOf(grant->second));
  }
  return days.value_or(kDeliveryRetentionDays);
}

}  // namespace hangou

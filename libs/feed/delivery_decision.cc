#include "libs/feed/delivery_decision.h"

#include <algorithm>

#include "libs/base/status.h"

namespace hangou {
namespace {

bool GivesAnything(const FieldRights& rights) {
  return std::any_of(rights.permissions.begin(), rights.permissions.end(),
                     [](const FieldPermission& p) { return p.level >= FieldLevel::kMasked; });
}

}  // namespace

bool IsSubscriptionName(std::string_view name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= kSubscriptionNameBytes && lower(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
}

absl::StatusOr<DeliveryDecision> DecideDelivery(const PolicyHolder& policy, const std::string& department,
                                                const hangou::record::v1::AccessContext& access,
                                                const std::string& resource, int64_t now_us) {
  DeliveryDecision decided;
  ASSIGN_OR_RETURN(decided.pin, policy.Acquire(access.min_epoch()));
  PolicyDecision decision =
      decided.pin.snapshot().Decide({department, resource, access.purpose(), access.case_number(), now_us});
  if (!decision.allowed) return MakeError(decision.reason, decision.message);
  if (!GivesAnything(*decision.rights)) {
    return MakeError(Reason::kNoGrant, "no field may be read, only verified");
  }
  decided.schema = std::move(decision.schema);
  decided.rights = decision.rights;
  return decided;
}

bool IsWithdrawal(const absl::Status& status) {
  switch (ReasonOf(status).value_or(Reason::kInternal)) {
    case Reason::kUnknownConsumer:
    case Reason::kPurposeRequired:
    case Reason::kUnknownPurpose:
    case Reason::kPurposeNotRegistered:
    case Reason::kUnknownResource:
    case Reason::kCaseNumberRequired:
    case Reason::kNegativeList:
    case Reason::kNoGrant:
    case Reason::kGrantExpired:
      return true;
    default:
      return false;
  }
}

}  // namespace hangou

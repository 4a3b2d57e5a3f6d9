#include "libs/policy/index.h"

#include "libs/base/clock.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

// Days of the catalog are days in UTC+8.
constexpr int64_t kChinaOffsetUs = 8 * 3600 * kUsPerSecond;

int64_t StartOfDayUs(int32_t day) { return int64_t{day} * kUsPerDay - kChinaOffsetUs; }

}  // namespace

GrantInterval IntervalOf(const v1::Grant& grant) {
  GrantInterval interval;
  if (const auto day = ParseDay(grant.valid_from())) interval.from_us = StartOfDayUs(*day);
  if (const auto day = ParseDay(grant.valid_until())) interval.until_us = StartOfDayUs(*day + 1);
  return interval;
}

v1::SharingType SharingOf(const v1::Resource& resource, const v1::Field& field) {
  return field.sharing() == v1::SHARING_TYPE_UNSPECIFIED ? resource.sharing() : field.sharing();
}

bool Concerns(const v1::NegativeListEntry& entry, std::string_view department) {
  return entry.departments().empty() || Contains(entry.departments(), department);
}

int MaskRank(MaskKind mask) {
  switch (mask) {
    case MaskKind::kNone:
      return 0;
    case MaskKind::kName:
      return 1;
    case MaskKind::kKeepFirstAndLast:
      return 2;
    case MaskKind::kCitizenId:
      return 3;
  }
  return 0;
}

bool GivesMore(const FieldPermission& a, const FieldPermission& b) {
  if (a.level != b.level) return a.level > b.level;
  return a.level == FieldLevel::kMasked && MaskRank(a.mask) > MaskRank(b.mask);
}

FieldPermission PermissionOf(const v1::Grant::FieldGrant& line) {
  FieldPermission permission;
  permission.level = static_cast<FieldLevel>(line.permission());
  if (permission.level == FieldLevel::kMasked) permission.mask = static_cast<MaskKind>(line.mask());
  return permission;
}

PolicyIndex::PolicyIndex(const PolicyObjects& objects) {
  for (const auto& [name, grant] : objects.grants) Add(grant);
  for (const auto& [name, entry] : objects.negative_list) Add(entry);
}

const ResourceConcerns& PolicyIndex::Of(std::string_view resource) const {
  static const ResourceConcerns kNothing;
  const auto found = by_resource_.find(std::string(resource));
  return found == by_resource_.end() ? kNothing : found->second;
}

void PolicyIndex::Add(const v1::Grant& grant) {
  by_resource_[grant.resource()].grants[grant.name()] = &grant;
}

void PolicyIndex::Add(const v1::NegativeListEntry& entry) {
  by_resource_[entry.resource()].entries[entry.name()] = &entry;
}

void PolicyIndex::Remove(const v1::Grant& grant) {
  by_resource_[grant.resource()].grants.erase(grant.name());
}

void PolicyIndex::Remove(const v1::NegativeListEntry& entry) {
  by_resource_[entry.resource()].entries.erase(entry.name());
}

}  // namespace hangou

#include "libs/identifiers/entity_key.h"

#include <xxhash.h>

#include "libs/identifiers/identifiers.h"
#include "libs/identifiers/lengths.h"

namespace hangou {
namespace {

std::string PersonKey(std::string_view id) {
  if (id.size() == kCitizenIdLength) return std::string(id.substr(0, kCitizenIdLength - 1));
  if (id.size() != kLegacyCitizenIdLength) return std::string(id);
  return std::string(id.substr(0, kRegionLength)) + "19" + std::string(id.substr(kRegionLength));
}

// The organisation code ends a legacy tax id (region and organisation code), and stands before the check
// character of a credit code.
std::string OrganisationKey(std::string_view id) {
  if (id.size() == kUsccLength)
    return std::string(id.substr(kUsccLength - 1 - kOrgCodeLength, kOrgCodeLength));
  if (id.size() == kLegacyTaxIdLength) return std::string(id.substr(kRegionLength));
  return std::string(id);
}

}  // namespace

std::string_view EntityKindName(EntityKind kind) {
  switch (kind) {
    case EntityKind::kPerson:
      return "person";
    case EntityKind::kOrganisation:
      return "organisation";
    case EntityKind::kPlace:
      return "place";
    case EntityKind::kVehicle:
      return "vehicle";
  }
  return "";
}

std::string CanonicalKey(EntityKind kind, std::string_view normalized) {
  switch (kind) {
    case EntityKind::kPerson:
      return PersonKey(normalized);
    case EntityKind::kOrganisation:
      return OrganisationKey(normalized);
    case EntityKind::kPlace:
    case EntityKind::kVehicle:
      break;
  }
  return std::string(normalized);
}

int32_t PartitionOf(EntityKind kind, std::string_view canonical_key, int32_t partitions) {
  const std::string_view name = EntityKindName(kind);
  std::string text;
  text.reserve(name.size() + 1 + canonical_key.size());
  text.append(name).append(1, ':').append(canonical_key);
  return static_cast<int32_t>(XXH3_64bits(text.data(), text.size()) % static_cast<uint64_t>(partitions));
}

}  // namespace hangou

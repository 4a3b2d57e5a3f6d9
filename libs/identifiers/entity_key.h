// Where a record lives: the canonical key of its owner entity, and the partition that follows from it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hangou {

// The kinds of entities, with the numbers of record.v1.EntityKind.
enum class EntityKind : uint8_t { kPerson = 1, kOrganisation = 2, kPlace = 3, kVehicle = 4 };

// "person", "organisation", "place", "vehicle".
std::string_view EntityKindName(EntityKind kind);

// The key under which all spellings of an entity meet. Person: the 18-digit id without its check digit.
// Organisation: the 9-character organisation code inside the credit code. Place: the division code, or the text that
// names it. Vehicle: the VIN or the plate, as the resource has it.
// `normalized` is a valid identifier in normal form.
std::string CanonicalKey(EntityKind kind, std::string_view normalized);

// Partition of an entity: XXH3_64 (seed 0) of kind name, ':' and canonical key in UTF-8, modulo `partitions`.
// Fixed for the life of an installation.
int32_t PartitionOf(EntityKind kind, std::string_view canonical_key, int32_t partitions);

}  // namespace hangou

// References: how a record is found by the entities that it names in roles beside its owner.
//
// A reference is written to the partition of the entity named, through the log, before the record itself. So whatever
// record is there is found; a reference whose record was refused, or has another entity in the role now, leads to a
// record that does not name the entity, and is passed over.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "hangou/record/v1/envelope.pb.h"
#include "libs/identifiers/entity_key.h"
#include "libs/schema/resource_schema.h"
#include "libs/schema/walker.h"

namespace hangou {

// An entity that a record names in a role.
struct RoleEntity {
  uint32_t field = 0;  // number of the role's field
  EntityKind kind = EntityKind::kPerson;
  std::string key;  // canonical

  auto operator<=>(const RoleEntity&) const = default;
};

// The entities that a normalised payload names, none for a role whose field is absent. `slices` are of the payload.
std::vector<RoleEntity> RoleEntitiesOf(const ResourceSchema& schema, const std::vector<FieldSlice>& slices);

// The reference from an entity to the record of `head`.
hangou::record::v1::Reference ReferenceTo(const hangou::record::v1::RecordHead& head,
                                          const RoleEntity& entity);

// The record that a key of kViewReferences leads to.
struct ReferredRecord {
  EntityKind kind = EntityKind::kPerson;
  std::string_view owner_key;
  std::string_view provider;
  std::string_view record_key;
};
// `rest` is the key behind the prefix of entity and field. DATA_LOSS where it is none.
absl::StatusOr<ReferredRecord> ParseReferenceKey(std::string_view rest);

// A row of kViewReferences by its whole key.
struct ReferenceRow {
  hangou::record::v1::Reference reference;
  int32_t partition = 0;   // of the row
  std::string record_key;  // RecordKey of the record that it leads to
};
// `partitions` is the count of the library's. DATA_LOSS where the key is none.
absl::StatusOr<ReferenceRow> ReferenceOfKey(std::string_view key, int32_t partitions);

}  // namespace hangou

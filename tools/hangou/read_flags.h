// Flags that every governed read takes.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "hangou/record/v1/record.pb.h"
#include "libs/flags/flags.h"
#include "libs/schema/resource_schema.h"

namespace hangou {

// What a read is about, and why.
struct ReadFlags {
  std::string resource;
  std::string purpose;
  std::string case_number;
  std::string as_of;
};

// Adds RESOURCE, --purpose, --case and --as-of. `flags` lives until the command line is parsed.
void AddReadFlags(Flags command, ReadFlags* flags);
// The access context of a read. INVALID_REQUEST where --as-of is no instant.
absl::StatusOr<hangou::record::v1::AccessContext> ContextOf(const ReadFlags& flags);
// The entity of this identifier, of the kind that the resource is about.
hangou::record::v1::Entity OwnerOf(const ResourceSchema& schema, const std::string& id);

}  // namespace hangou

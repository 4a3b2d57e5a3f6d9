#include "tools/hangou/read_flags.h"

#include <optional>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {

void AddReadFlags(Flags command, ReadFlags* flags) {
  command.Add("RESOURCE", &flags->resource, "resource, such as psb.resident").Required();
  command.Add("--purpose", &flags->purpose, "why: a purpose registered for your department").Required();
  command.Add("--case", &flags->case_number, "case number of the matter, where the grant asks for one");
  command.Add("--as-of", &flags->as_of,
              "what was known then: 2026-01-31T08:00:00Z, or 2026-01-31 for the end of that day (UTC+8)");
}

absl::StatusOr<hangou::record::v1::AccessContext> ContextOf(const ReadFlags& flags) {
  hangou::record::v1::AccessContext context;
  context.set_purpose(flags.purpose);
  context.set_case_number(flags.case_number);
  if (flags.as_of.empty()) return context;
  std::optional<int64_t> instant = ParseInstant(flags.as_of);
  if (const auto day = ParseDay(flags.as_of)) instant = ChinaDayStartUs(*day + 1) - 1;
  if (!instant) {
    return MakeError(Reason::kInvalidRequest, "give --as-of as 2026-01-31T08:00:00Z or as 2026-01-31");
  }
  context.mutable_as_of()->set_seconds(*instant / kUsPerSecond);
  context.mutable_as_of()->set_nanos(static_cast<int32_t>(*instant % kUsPerSecond * 1000));
  return context;
}

hangou::record::v1::Entity OwnerOf(const ResourceSchema& schema, const std::string& id) {
  hangou::record::v1::Entity owner;
  owner.set_kind(static_cast<hangou::record::v1::EntityKind>(schema.owner_kind()));
  owner.set_id(id);
  return owner;
}

}  // namespace hangou

#include "libs/schema/owner.h"

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/schema/identifier_field.h"
#include "libs/schema/wire.h"

namespace hangou {

absl::StatusOr<std::string> NormalizeOwner(const ResourceSchema& schema,
                                           const hangou::record::v1::Entity& owner, int64_t now_us) {
  const auto kind = static_cast<int>(owner.kind());
  if (kind != 0 && kind != static_cast<int>(schema.owner_kind())) {
    return MakeError(Reason::kInvalidRequest, "the records of this resource are about entities of the kind " +
                                                  std::string(EntityKindName(schema.owner_kind())));
  }
  const FieldSchema& field = schema.fields()[schema.owner_index()];
  const IdentifierVerdict verdict = CheckIdentifierField(field.type, owner.id(), DayInChina(now_us));
  if (verdict.ok()) return verdict.normalized.str();
  return MakeError(ReasonOfRule(verdict.rule), MessageOfRule(verdict.rule), "owner.id");
}

std::optional<std::string_view> OwnerText(const ResourceSchema& schema, std::string_view payload) {
  const uint32_t number = schema.fields()[schema.owner_index()].number;
  WireField field;
  while (!payload.empty() && ReadWireField(&payload, &field) == WireFault::kNone) {
    if (field.number == number) return field.bytes;
  }
  return std::nullopt;
}

int32_t PartitionOfPayload(const ResourceSchema& schema, std::string_view payload, int32_t partitions,
                           int64_t now_us) {
  const std::optional<std::string_view> text = OwnerText(schema, payload);
  if (!text) return 0;
  const FieldSchema& owner = schema.fields()[schema.owner_index()];
  const IdentifierVerdict verdict = CheckIdentifierField(owner.type, *text, DayInChina(now_us));
  if (!verdict.ok()) return 0;
  return PartitionOf(schema.owner_kind(), CanonicalKey(schema.owner_kind(), verdict.normalized), partitions);
}

}  // namespace hangou

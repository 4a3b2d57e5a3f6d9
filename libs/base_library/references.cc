#include "libs/base_library/references.h"

#include "libs/base/clock.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/base_library/library.h"
#include "libs/base_library/past.h"
#include "libs/base_library/read_run.h"
#include "libs/base_library/view_tables.h"
#include "libs/policy/record_presenter.h"
#include "libs/schema/identifier_field.h"

namespace hangou {

using hangou::record::v1::RecordHead;
using hangou::record::v1::Reference;
using hangou::record::v1::StoredRecord;
namespace v1 = hangou::base_library::v1;

namespace {

// References that one read follows: many lead nowhere where records change their roles often.
constexpr size_t kFollowedReferences = 4096;
// In keys of references: resource and partition; field.
constexpr size_t kPlaceBytes = 6;
constexpr size_t kFieldBytes = 4;

// Whether a payload names the entity in the field.
absl::StatusOr<bool> Names(const ResourceSchema& schema, std::string_view payload, const RoleEntity& entity) {
  std::vector<FieldSlice> slices;
  RETURN_IF_ERROR(WalkPayload(schema, payload, &slices));
  const int index = schema.IndexOfNumber(entity.field);
  for (const FieldSlice& slice : slices) {
    if (slice.index == index) return CanonicalKey(entity.kind, slice.text) == entity.key;
  }
  return false;
}

}  // namespace

std::vector<RoleEntity> RoleEntitiesOf(const ResourceSchema& schema, const std::vector<FieldSlice>& slices) {
  std::vector<RoleEntity> entities;
  for (const RoleSchema& role : schema.roles()) {
    for (const FieldSlice& slice : slices) {
      if (slice.index != role.field || slice.text.empty()) continue;
      entities.push_back(
          {schema.fields()[role.field].number, role.kind, CanonicalKey(role.kind, slice.text)});
    }
  }
  return entities;
}

Reference ReferenceTo(const RecordHead& head, const RoleEntity& entity) {
  Reference reference;
  RecordHead* to = reference.mutable_head();
  to->set_owner_kind(static_cast<hangou::record::v1::EntityKind>(entity.kind));
  to->set_owner_key(entity.key);
  to->set_resource_number(head.resource_number());
  to->set_provider(head.provider());
  to->set_record_key(head.record_key());
  reference.set_record_owner_kind(head.owner_kind());
  reference.set_record_owner_key(head.owner_key());
  reference.set_field(entity.field);
  return reference;
}

absl::StatusOr<ReferredRecord> ParseReferenceKey(std::string_view rest) {
  const auto damaged = [] { return MakeError(Reason::kDataLoss, "a reference of the view is damaged"); };
  if (rest.empty()) return damaged();
  ReferredRecord record;
  record.kind = static_cast<EntityKind>(rest.front());
  rest.remove_prefix(1);
  const size_t owner_end = rest.find('\0');
  if (owner_end == std::string_view::npos) return damaged();
  record.owner_key = rest.substr(0, owner_end);
  rest.remove_prefix(owner_end + 1);
  const size_t provider_end = rest.find('\0');
  if (provider_end == std::string_view::npos) return damaged();
  record.provider = rest.substr(0, provider_end);
  record.record_key = rest.substr(provider_end + 1);
  return record;
}

absl::StatusOr<ReferenceRow> ReferenceOfKey(std::string_view key, int32_t partitions) {
  const size_t key_end = key.find('\0', kPlaceBytes + 1);
  if (key.size() <= kPlaceBytes || key_end == std::string_view::npos ||
      key.size() < key_end + 1 + kFieldBytes)
    return DamagedRecord();
  RoleEntity entity;
  entity.kind = static_cast<EntityKind>(key[kPlaceBytes]);
  entity.key = std::string(key.substr(kPlaceBytes + 1, key_end - kPlaceBytes - 1));
  entity.field = static_cast<uint32_t>(ReadBigEndian(key.substr(key_end + 1, kFieldBytes)));
  ASSIGN_OR_RETURN(const ReferredRecord to, ParseReferenceKey(key.substr(key_end + 1 + kFieldBytes)));
  RecordHead head;
  head.set_resource_number(static_cast<uint32_t>(ReadBigEndian(key.substr(0, 4))));
  head.set_owner_kind(static_cast<hangou::record::v1::EntityKind>(to.kind));
  head.set_owner_key(std::string(to.owner_key));
  head.set_provider(std::string(to.provider));
  head.set_record_key(std::string(to.record_key));
  return ReferenceRow{ReferenceTo(head, entity), static_cast<int32_t>(ReadBigEndian(key.substr(4, 2))),
                      RecordKey(PartitionOf(to.kind, to.owner_key, partitions), head)};
}

absl::StatusOr<RoleEntity> Library::EntityInRole(const ResourceSchema& schema, const std::string& role_name,
                                                 const hangou::record::v1::Entity& entity) const {
  const RoleSchema* role = schema.FindRole(role_name);
  if (role == nullptr) {
    return MakeError(Reason::kInvalidRequest, "the resource has no role of this name; see GetObject", "role");
  }
  if (entity.kind() != 0 && static_cast<int>(entity.kind()) != static_cast<int>(role->kind)) {
    return MakeError(Reason::kInvalidRequest,
                     "the entity in this role is of the kind " + std::string(EntityKindName(role->kind)));
  }
  const FieldSchema& field = schema.fields()[role->field];
  const IdentifierVerdict verdict =
      CheckIdentifierField(field.type, entity.id(), DayInChina(context_.clock.UtcUs()));
  if (!verdict.ok()) return MakeError(ReasonOfRule(verdict.rule), MessageOfRule(verdict.rule), "owner.id");
  return RoleEntity{field.number, role->kind, CanonicalKey(role->kind, verdict.normalized)};
}

absl::Status Library::ReadByRole(const ReadScope& scope, const v1::GetRequest& request,
                                 RecordPresenter& presenter, v1::GetResponse* response) {
  ASSIGN_OR_RETURN(const RoleEntity entity, EntityInRole(scope.schema, request.role(), request.owner()));
  // Finding a record by a value tells that value.
  const int index = scope.schema.IndexOfNumber(entity.field);
  if (scope.rights.permissions[index].level != FieldLevel::kFull) {
    return MakeError(Reason::kNoGrant, "reading by a role needs its field in full",
                     scope.schema.fields()[index].name);
  }
  scope.entry.add_entity_hashes(AuditHash(context_.keys, entity.kind, entity.key));
  const int32_t partition = PartitionOfEntity(entity.kind, entity.key);
  ASSIGN_OR_RETURN(const auto view, ViewOf(partition));
  std::string prefix = EntityPrefix(scope.schema.number(), partition, entity.kind, entity.key);
  AppendBigEndian(&prefix, entity.field, 4);
  std::vector<std::string> rests;
  absl::Status inside;
  RETURN_IF_ERROR(view->Scan(kViewReferences, prefix, prefix, [&](std::string_view key, std::string_view) {
    const auto to = ParseReferenceKey(key.substr(prefix.size()));
    inside = to.status();
    if (!inside.ok()) return false;
    const bool wanted = (scope.only_provider.empty() || to->provider == scope.only_provider) &&
                        (request.record_key().empty() || to->record_key == request.record_key());
    if (wanted) rests.emplace_back(key.substr(prefix.size()));
    return rests.size() <= kFollowedReferences;
  }));
  RETURN_IF_ERROR(inside);
  if (rests.size() > kFollowedReferences)
    return MakeError(Reason::kBatchTooLarge, "more than 4096 records may name the entity; name a record key");
  const int64_t seen_until_us = SeenUntilUs(request.context());
  const int32_t day = DayInChina(AsOfUs(request.context(), context_.clock.UtcUs()));
  size_t bytes = 0;
  for (const std::string& rest : rests) {
    ASSIGN_OR_RETURN(const ReferredRecord to, ParseReferenceKey(rest));
    const int32_t place = PartitionOfEntity(to.kind, to.owner_key);
    ASSIGN_OR_RETURN(const auto copy, CopyOf(place));
    std::string record_key = EntityPrefix(scope.schema.number(), place, to.kind, to.owner_key);
    record_key.append(to.provider).append(1, '\0').append(to.record_key);
    ASSIGN_OR_RETURN(const auto row, copy->Get(kViewRecords, record_key));
    if (!row) continue;
    PastRecord past{std::move(record_key), {}};
    StoredRecord& state = past.state;
    if (!state.ParseFromString(*row)) {
      GroupOf(place).ReportDamage();
      return DamagedRecord();
    }
    RETURN_IF_ERROR(PutBackAll(*copy, seen_until_us, {&past}));
    if (!past.found || !IsValidOn(state, day)) continue;
    ASSIGN_OR_RETURN(const bool names, Names(scope.schema, state.upsert().payload(), entity));
    if (!names) continue;
    RETURN_IF_ERROR(presenter.Present(state.upsert(), place, state.offset(), response->add_records()));
    scope.entry.add_entity_hashes(AuditHash(context_.keys, to.kind, to.owner_key));
    bytes += state.upsert().payload().size();
    if (bytes > limits::kReplyBytes) {
      return MakeError(Reason::kBatchTooLarge, "the reply would be larger than 3 MiB; name a record key");
    }
    if (static_cast<size_t>(response->records_size()) >= limits::kGetRecords) break;
  }
  return absl::OkStatus();
}

}  // namespace hangou

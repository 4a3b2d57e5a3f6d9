#include "libs/policy/record_presenter.h"

#include <algorithm>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/schema/owner.h"

namespace hangou {
namespace {

// What is hashed of an entity.
std::string AuditedEntity(EntityKind kind, std::string_view owner_key) {
  return std::string(EntityKindName(kind)).append(1, ':').append(owner_key);
}

}  // namespace

RecordPresenter::RecordPresenter(const ResourceSchema& schema, const FieldRights& rights, const KeyRing& keys,
                                 std::string consumer, std::string log_id, std::string topic)
    : schema_(schema),
      rights_(rights),
      keys_(keys),
      consumer_(std::move(consumer)),
      log_id_(std::move(log_id)),
      topic_(std::move(topic)) {
  const auto in_full = [&](int index) { return rights_.permissions[index].level == FieldLevel::kFull; };
  owner_in_full_ = in_full(schema_.owner_index());
  const auto& key_indexes = schema_.record_key_indexes();
  record_key_in_full_ = std::all_of(key_indexes.begin(), key_indexes.end(), in_full);
}

std::string RecordPresenter::Pseudonym(std::string_view what, std::string_view value) const {
  std::string message = consumer_;
  message.push_back('\0');
  message.append(what);
  message.push_back('\0');
  message.append(value);
  return "~" + keys_.Hash(KeyPurpose::kPseudonym, message);
}

std::string RecordPresenter::RecordPseudonym(const hangou::record::v1::RecordHead& head) const {
  // What tells a record from others, in parts that cannot run into each other.
  std::string identity = "record";
  for (const std::string* part : {&head.owner_key(), &head.provider(), &head.record_key()}) {
    identity.append(1, '\0').append(std::to_string(part->size())).append(1, ':').append(*part);
  }
  return Pseudonym(schema_.name(), identity);
}

void RecordPresenter::PresentHead(const hangou::record::v1::RecordHead& head, int32_t partition,
                                  int64_t offset, hangou::record::v1::Record* record) {
  record->set_resource(schema_.name());
  auto* owner = record->mutable_owner();
  owner->set_kind(head.owner_kind());
  // Where the owner field is given in full, the identifier itself is set by the caller: the canonical key is not it.
  if (!owner_in_full_) owner->set_id(Pseudonym(EntityKindName(schema_.owner_kind()), head.owner_key()));
  if (!head.record_key().empty()) {
    record->set_record_key(record_key_in_full_
                               ? head.record_key()
                               : Pseudonym(schema_.name(), head.owner_key() + '\0' + head.record_key()));
  }
  record->set_generation(head.generation());
  record->set_source_version(head.source_version());
  auto* provenance = record->mutable_provenance();
  provenance->set_provider(head.provider());
  provenance->set_revision(head.revision());
  provenance->mutable_received_time()->set_seconds(head.received_us() / kUsPerSecond);
  provenance->mutable_received_time()->set_nanos(
      static_cast<int32_t>(head.received_us() % kUsPerSecond * 1000));
  auto* position = provenance->mutable_position();
  position->set_log_id(log_id_);
  position->set_topic(topic_);
  position->set_partition(partition);
  position->set_offset(offset);
}

absl::Status RecordPresenter::Present(const hangou::record::v1::Upsert& upsert, int32_t partition,
                                      int64_t offset, hangou::record::v1::Record* record) {
  RETURN_IF_ERROR(ProjectPayload(schema_, upsert.payload(), rights_.permissions, record->mutable_payload()));
  PresentHead(upsert.head(), partition, offset, record);
  record->set_schema_revision(upsert.schema_revision());
  if (upsert.event_time_us() != 0) {
    record->mutable_event_time()->set_seconds(upsert.event_time_us() / kUsPerSecond);
    record->mutable_event_time()->set_nanos(
        static_cast<int32_t>(upsert.event_time_us() % kUsPerSecond * 1000));
  }
  HideVersion(record);
  if (!owner_in_full_) return absl::OkStatus();
  const std::optional<std::string_view> owner = OwnerText(schema_, upsert.payload());
  if (!owner || owner->empty())
    return MakeError(Reason::kDataLoss, "a stored record of the view lacks its owner");
  record->mutable_owner()->set_id(owner->data(), owner->size());
  return absl::OkStatus();
}

void RecordPresenter::PresentDeletion(const hangou::record::v1::Deletion& deletion, int32_t partition,
                                      int64_t offset, hangou::record::v1::Record* record) {
  PresentHead(deletion.head(), partition, offset, record);
  if (owner_in_full_) record->mutable_owner()->set_id(deletion.owner_id());
  HideVersion(record);
}

void RecordPresenter::HideVersion(hangou::record::v1::Record* record) const {
  const int version = schema_.version_index();
  if (version >= 0 && rights_.permissions[version].level != FieldLevel::kFull) record->clear_source_version();
}

void DescribeRights(const ResourceSchema& schema, const FieldRights& rights,
                    hangou::audit::v1::Entry* entry) {
  for (size_t i = 0; i < schema.fields().size(); ++i) {
    const uint32_t number = schema.fields()[i].number;
    switch (rights.permissions[i].level) {
      case FieldLevel::kFull:
        entry->add_given(number);
        break;
      case FieldLevel::kMasked:
        entry->add_masked(number);
        break;
      default:
        entry->add_withheld(number);
    }
  }
  for (const std::string& name : rights.decided_by) entry->add_decided_by(name);
}

std::string AuditHash(const KeyRing& keys, EntityKind kind, std::string_view owner_key) {
  return keys.Hash(KeyPurpose::kAuditSubject, AuditedEntity(kind, owner_key));
}

std::vector<std::string> AuditHashes(const KeyRing& keys, EntityKind kind, std::string_view owner_key) {
  return keys.HashesOfAllKeys(KeyPurpose::kAuditSubject, AuditedEntity(kind, owner_key));
}

}  // namespace hangou

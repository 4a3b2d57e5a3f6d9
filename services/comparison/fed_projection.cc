#include "services/comparison/fed_projection.h"

#include <xxhash.h>

#include <utility>

#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

constexpr int kPlacesTable = 0;

// Tells the records of a resource apart.
uint64_t IdOf(const hangou::record::v1::RecordHead& head) {
  std::string identity = head.owner_key();
  for (const std::string* part : {&head.provider(), &head.record_key()}) {
    identity.push_back('\0');
    identity += *part;
  }
  return XXH3_64bits(identity.data(), identity.size()) & ~kGoneBit;
}

}  // namespace

ProjectionRights DecideProjection(const PolicySnapshot& snapshot, const std::string& department,
                                  const std::string& purpose, const std::string& resource,
                                  const std::vector<std::string>& fields, int64_t now_us) {
  DecisionQuery query;
  const std::string name = "resources/" + resource;
  query.department = department;
  query.resource = name;
  query.purpose = purpose;
  query.now_us = now_us;
  const PolicyDecision decision = snapshot.Decide(query);
  if (decision.schema == nullptr) return {MakeError(decision.reason, decision.message)};
  const bool provides = decision.schema->IsProvider(department);
  if (!decision.allowed)
    return provides ? ProjectionRights{absl::OkStatus(), true}
                    : ProjectionRights{MakeError(decision.reason, decision.message)};
  for (const std::string& field : fields) {
    const int index = decision.schema->IndexOfName(field);
    if (index >= 0 && decision.rights->permissions[static_cast<size_t>(index)].level == FieldLevel::kFull)
      continue;
    if (provides) return {absl::OkStatus(), true};
    const Reason reason =
        index < 0 ? Reason::kFieldUnknown : decision.rights->basis[static_cast<size_t>(index)].reason;
    return {MakeError(reason,
                      department + " may not have the field " + field + " of " + resource + " in full for " +
                          purpose + "; ask for a grant, or leave the field out of the rule",
                      field)};
  }
  return {};
}

absl::StatusOr<std::shared_ptr<FedProjection>> FedProjection::Make(
    const ProjectionName& name, std::shared_ptr<const ResourceSchema> schema, bool own_rows_only,
    const std::string& folder, int partitions, Store& places, uint32_t number, const Clock& clock) {
  std::shared_ptr<FedProjection> fed(new FedProjection(name, own_rows_only, places, number, clock));
  fed->resource_number_ = schema->number();
  fed->library_ = schema->declaration().library();
  ASSIGN_OR_RETURN(fed->projector_, Projector::Make(name.shape, std::move(schema)));
  fed->rows_ = std::make_unique<Projection>(folder, fed->projector_->columns(), partitions);
  return fed;
}

std::string FedProjection::PlaceKey(uint64_t id) const {
  std::string key;
  AppendBigEndian(&key, number_, 4);
  AppendBigEndian(&key, id, 8);
  return key;
}

absl::StatusOr<std::string> FedProjection::KeyBefore(uint64_t id) const {
  ASSIGN_OR_RETURN(auto known, places_.Get(kPlacesTable, PlaceKey(id)));
  return known.value_or("");
}

absl::Status FedProjection::KeepKey(uint64_t id, const std::string& key) {
  StoreBatch batch;
  if (key.empty()) {
    batch.Delete(kPlacesTable, PlaceKey(id));
  } else {
    batch.Put(kPlacesTable, PlaceKey(id), key);
  }
  return places_.Write(batch);
}

absl::Status FedProjection::RemoveRow(const std::string& key, uint64_t id) {
  return rows_->Remove(key.substr(0, PrefixBytes(name_.shape.key_kinds, key, 1)), key, id);
}

void FedProjection::End() {
  ended_ = true;
  rows_->Clear();
}

absl::Status FedProjection::Purge() {
  has_erased_ = false;
  return rows_->Purge();
}

bool FedProjection::IsValidStill(const hangou::record::v1::Deletion& deletion) const {
  return deletion.kind() == hangou::record::v1::Deletion::KIND_DELETE &&
         deletion.valid_until_day() > DayInChina(clock_.UtcUs());
}

absl::Status FedProjection::RemoveEnded() {
  const int32_t today = DayInChina(clock_.UtcUs());
  for (auto at = valid_until_.begin(); at != valid_until_.end();) {
    if (at->second > today) {
      ++at;
      continue;
    }
    ASSIGN_OR_RETURN(const std::string key, KeyBefore(at->first));
    if (!key.empty()) {
      RETURN_IF_ERROR(RemoveRow(key, at->first));
      RETURN_IF_ERROR(KeepKey(at->first, ""));
      changed_keys_.push_back(key);
    }
    at = valid_until_.erase(at);
  }
  return absl::OkStatus();
}

absl::Status FedProjection::Take(const hangou::record::v1::Envelope& event) {
  if (ended_) return absl::OkStatus();
  const bool is_upsert = event.has_upsert();
  const auto& head = is_upsert ? event.upsert().head() : event.deletion().head();
  if (own_rows_only_ && head.provider() != name_.department) return absl::OkStatus();
  const uint64_t id = IdOf(head);
  const hangou::record::v1::Upsert* content = is_upsert ? &event.upsert() : nullptr;
  valid_until_.erase(id);
  if (!is_upsert && IsValidStill(event.deletion())) {
    valid_until_[id] = event.deletion().valid_until_day();
    if (!event.deletion().has_restored()) return absl::OkStatus();
    content = &event.deletion().restored();
  }
  ASSIGN_OR_RETURN(const std::string before, KeyBefore(id));
  bool has_key = false;
  if (content != nullptr) {
    ASSIGN_OR_RETURN(has_key, projector_->Project(content->payload(), &key_, &cells_));
    if (!has_key) ++rows_without_key_;
  }
  if (!is_upsert && event.deletion().kind() == hangou::record::v1::Deletion::KIND_ERASE) {
    has_erased_ = true;
    if (erased_) erased_(id);
  }
  if (!before.empty() && (!has_key || before != key_)) {
    RETURN_IF_ERROR(RemoveRow(before, id));
    changed_keys_.push_back(before);
  }
  if (!has_key) return before.empty() ? absl::OkStatus() : KeepKey(id, "");
  if (before != key_) RETURN_IF_ERROR(KeepKey(id, key_));
  changed_keys_.push_back(key_);
  const std::string_view prefix(key_.data(), PrefixBytes(name_.shape.key_kinds, key_, 1));
  return rows_->Put(prefix, key_, id, cells_);
}

}  // namespace hangou

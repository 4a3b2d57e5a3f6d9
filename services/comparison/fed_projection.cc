#include "services/comparison/fed_projection.h"

#include <xxhash.h>

#include <cstdlib>
#include <utility>

#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

// Raised where ids, keys or columns are made otherwise than before.
constexpr uint32_t kKeptFormat = 1;
// What a change of a record takes in memory beside its key, about: a node, a bucket, a string.
constexpr size_t kChangeBytes = 80;
constexpr int kNumberBytes = 4;
constexpr int kIdBytes = 8;

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

std::string KeptPrefix(uint32_t number) {
  std::string prefix;
  AppendBigEndian(&prefix, number, kNumberBytes);
  return prefix;
}

ProjectionName ProjectionNameOf(const hangou::columnar::v1::ProjectionManifest& manifest) {
  ProjectionName name = {manifest.department(), manifest.purpose(), {manifest.resource(), {}, {}, {}}};
  for (const int32_t kind : manifest.key_kinds()) name.shape.key_kinds.push_back(static_cast<KeyKind>(kind));
  name.shape.key.assign(manifest.key().begin(), manifest.key().end());
  name.shape.fields.assign(manifest.fields().begin(), manifest.fields().end());
  return name;
}

std::string MeaningOf(const ProjectionShape& shape, const ResourceSchema& schema) {
  std::string meaning = std::to_string(kKeptFormat) + " " + schema.declaration().library() + " " +
                        std::to_string(schema.number());
  for (const std::string& name : shape.fields) {
    const int index = schema.IndexOfName(name);
    if (index < 0) return meaning + " without " + name;
    const FieldSchema& field = schema.fields()[static_cast<size_t>(index)];
    meaning += " " + std::to_string(field.number) + ":" + std::to_string(field.type) + ":" +
               std::to_string(field.scale) + ":" + field.unit;
  }
  return meaning;
}

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
    const std::string& folder, int partitions, Store& kept, uint32_t number, const Clock& clock) {
  std::shared_ptr<FedProjection> fed(new FedProjection(name, own_rows_only, kept, number, clock));
  fed->resource_number_ = schema->number();
  fed->library_ = schema->declaration().library();
  fed->meaning_ = MeaningOf(name.shape, *schema);
  fed->schema_revision_ = schema->schema_revision();
  ASSIGN_OR_RETURN(fed->projector_, Projector::Make(name.shape, std::move(schema)));
  fed->rows_ = std::make_unique<Projection>(folder, fed->projector_->columns(), partitions);
  return fed;
}

absl::StatusOr<std::shared_ptr<FedProjection>> FedProjection::Reopen(
    const hangou::columnar::v1::ProjectionManifest& manifest, std::shared_ptr<const ResourceSchema> schema,
    const std::string& folder, Store& kept, uint32_t number, const Clock& clock) {
  std::shared_ptr<FedProjection> fed(
      new FedProjection(ProjectionNameOf(manifest), manifest.own_rows_only(), kept, number, clock));
  fed->resource_number_ = schema->number();
  fed->library_ = schema->declaration().library();
  fed->meaning_ = MeaningOf(fed->name_.shape, *schema);
  fed->schema_revision_ = schema->schema_revision();
  ASSIGN_OR_RETURN(fed->projector_, Projector::Make(fed->name_.shape, std::move(schema)));
  ASSIGN_OR_RETURN(fed->rows_, Projection::Open(folder, fed->projector_->columns(), manifest.partitions(),
                                                {manifest.segments().begin(), manifest.segments().end()}));
  fed->rows_without_key_ = manifest.rows_without_key();
  fed->has_erased_ = manifest.has_erased();
  const std::string prefix = KeptPrefix(number);
  RETURN_IF_ERROR(kept.Scan(kKeptDays, prefix, prefix, [&](std::string_view key, std::string_view day) {
    fed->valid_until_[ReadBigEndian(key.substr(prefix.size()))] = std::atoi(std::string(day).c_str());
    return true;
  }));
  return fed;
}

absl::Status FedProjection::OnErased(std::function<void(uint64_t record)> erased) {
  erased_ = std::move(erased);
  const std::string prefix = KeptPrefix(number_);
  StoreBatch old;
  RETURN_IF_ERROR(kept_.Scan(kKeptErasures, prefix, prefix, [&](std::string_view key, std::string_view time) {
    erased_(ReadBigEndian(key.substr(prefix.size())));
    if (std::atoll(std::string(time).c_str()) < clock_.UtcUs() - kErasureKeptUs)
      old.Delete(kKeptErasures, std::string(key));
    return true;
  }));
  return old.empty() ? absl::OkStatus() : kept_.Write(old);
}

absl::Status FedProjection::TakeSchema(std::shared_ptr<const ResourceSchema> schema) {
  if (schema->schema_revision() == schema_revision_) return absl::OkStatus();
  if (MeaningOf(name_.shape, *schema) != meaning_)
    return MakeError(Reason::kInvalidObject, "the fields of " + name_.shape.resource + " are others now");
  schema_revision_ = schema->schema_revision();
  ASSIGN_OR_RETURN(projector_, Projector::Make(name_.shape, std::move(schema)));
  return absl::OkStatus();
}

std::string FedProjection::KeptKey(uint64_t id) const {
  std::string key = KeptPrefix(number_);
  AppendBigEndian(&key, id, kIdBytes);
  return key;
}

absl::StatusOr<std::string> FedProjection::KeyBefore(uint64_t id) {
  const auto changed = changed_.find(id);
  if (changed != changed_.end()) return changed->second;
  auto known = kept_.Get(kKeptKeys, KeptKey(id));
  kept_damaged_ = kept_damaged_ || ReasonOf(known.status()) == Reason::kDataLoss;
  RETURN_IF_ERROR(known.status());
  return std::move(*known).value_or("");
}

void FedProjection::SetKey(uint64_t id, const std::string& key) {
  const auto [changed, is_new] = changed_.try_emplace(id);
  waiting_bytes_ += is_new ? kChangeBytes : 0;
  waiting_bytes_ += key.size();
  waiting_bytes_ -= changed->second.size();
  changed->second = key;
}

void FedProjection::SetDay(uint64_t id, int32_t day) {
  if (day == 0 && valid_until_.erase(id) == 0) return;
  if (day != 0) valid_until_[id] = day;
  waiting_bytes_ += changed_days_.insert_or_assign(id, day).second ? kChangeBytes : 0;
}

void FedProjection::RemoveRow(const std::string& key, uint64_t id) {
  rows_->Remove(key.substr(0, PrefixBytes(name_.shape.key_kinds, key, 1)), key, id);
}

absl::Status FedProjection::AddTo(const hangou::columnar::v1::LogPlace& place, StoreBatch* batch) {
  ASSIGN_OR_RETURN(added_segments_, rows_->Persist());
  for (const auto& [id, key] : changed_) {
    if (key.empty()) {
      batch->Delete(kKeptKeys, KeptKey(id));
    } else {
      batch->Put(kKeptKeys, KeptKey(id), key);
    }
  }
  for (const auto& [id, day] : changed_days_) {
    if (day == 0) {
      batch->Delete(kKeptDays, KeptKey(id));
    } else {
      batch->Put(kKeptDays, KeptKey(id), std::to_string(day));
    }
  }
  for (const auto& [id, time_us] : erasures_) batch->Put(kKeptErasures, KeptKey(id), std::to_string(time_us));
  hangou::columnar::v1::ProjectionManifest manifest;
  manifest.set_format(kKeptFormat);
  manifest.set_department(name_.department);
  manifest.set_purpose(name_.purpose);
  manifest.set_resource(name_.shape.resource);
  for (const KeyKind kind : name_.shape.key_kinds) manifest.add_key_kinds(kind);
  manifest.mutable_key()->Add(name_.shape.key.begin(), name_.shape.key.end());
  manifest.mutable_fields()->Add(name_.shape.fields.begin(), name_.shape.fields.end());
  manifest.set_meaning(meaning_);
  manifest.set_own_rows_only(own_rows_only_);
  manifest.set_partitions(rows_->partitions());
  manifest.mutable_segments()->Add(added_segments_.begin(), added_segments_.end());
  *manifest.mutable_place() = place;
  manifest.set_rows_without_key(rows_without_key_);
  manifest.set_has_erased(has_erased_);
  batch->Put(kKeptManifests, KeptPrefix(number_), manifest.SerializeAsString());
  return absl::OkStatus();
}

void FedProjection::Kept() {
  rows_->Keep(added_segments_);
  changed_.clear();
  changed_days_.clear();
  erasures_.clear();
  waiting_bytes_ = 0;
}

void FedProjection::Break(absl::Status why) {
  if (broken_.ok()) broken_ = std::move(why);
  is_broken_ = true;
}

absl::Status FedProjection::broken() const {
  if (!broken_.ok() || ended_ || !rows_->damaged()) return broken_;
  return MakeError(Reason::kDataLoss, "a segment of it is damaged");
}

void FedProjection::End() {
  ended_ = true;
  rows_->Clear();
}

absl::Status FedProjection::PurgeKeys() {
  // What is not kept yet may be the deletion of a key.
  if (waiting_bytes_ > 0) return absl::OkStatus();
  RETURN_IF_ERROR(kept_.Purge(kKeptKeys, KeptPrefix(number_)));
  has_erased_ = false;
  return absl::OkStatus();
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
      RemoveRow(key, at->first);
      SetKey(at->first, "");
      changed_keys_.push_back(key);
    }
    SetDay((at++)->first, 0);
  }
  return absl::OkStatus();
}

absl::Status FedProjection::Take(const hangou::record::v1::Envelope& event) {
  if (ended_ || !broken_.ok()) return absl::OkStatus();
  const bool is_upsert = event.has_upsert();
  const auto& head = is_upsert ? event.upsert().head() : event.deletion().head();
  if (own_rows_only_ && head.provider() != name_.department) return absl::OkStatus();
  const uint64_t id = IdOf(head);
  const hangou::record::v1::Upsert* content = is_upsert ? &event.upsert() : nullptr;
  const bool is_valid_still = !is_upsert && IsValidStill(event.deletion());
  if (is_valid_still && event.deletion().has_restored()) content = &event.deletion().restored();
  // What may fail comes before what changes something.
  ASSIGN_OR_RETURN(const std::string before, KeyBefore(id));
  bool has_key = false;
  if (content != nullptr) {
    ASSIGN_OR_RETURN(has_key, projector_->Project(content->payload(), &key_, &cells_));
    if (!has_key) ++rows_without_key_;
  }
  SetDay(id, is_valid_still ? event.deletion().valid_until_day() : 0);
  if (is_valid_still && content == nullptr) return absl::OkStatus();
  if (!is_upsert && event.deletion().kind() == hangou::record::v1::Deletion::KIND_ERASE) {
    has_erased_ = true;
    waiting_bytes_ += erasures_.insert_or_assign(id, clock_.UtcUs()).second ? kChangeBytes : 0;
    if (erased_) erased_(id);
  }
  if (!before.empty() && (!has_key || before != key_)) {
    RemoveRow(before, id);
    changed_keys_.push_back(before);
  }
  if (!has_key) {
    if (!before.empty()) SetKey(id, "");
    return absl::OkStatus();
  }
  if (before != key_) SetKey(id, key_);
  changed_keys_.push_back(key_);
  const std::string_view prefix(key_.data(), PrefixBytes(name_.shape.key_kinds, key_, 1));
  rows_->Put(prefix, key_, id, cells_, before.empty());
  return absl::OkStatus();
}

}  // namespace hangou

// How a resource may change: its numbers, its revision, and what stays for ever.
#include <algorithm>
#include <map>
#include <set>

#include "google/protobuf/util/message_differencer.h"
#include "libs/base/status.h"
#include "libs/schema/resource_schema.h"
#include "libs/schema/text_codec.h"

namespace hangou {
namespace {

using hangou::catalog::v1::Field;
using hangou::catalog::v1::Resource;

absl::Status Refuse(std::string_view message, std::string_view field) {
  return MakeError(Reason::kInvalidObject, message, field);
}

absl::Status RefuseField(const Field& field, std::string_view message) {
  return Refuse("field " + field.name() + ": " + std::string(message), field.name());
}

std::map<std::string_view, const Field*> FieldsByName(const Resource& resource) {
  std::map<std::string_view, const Field*> fields;
  for (const Field& field : resource.fields()) fields.emplace(field.name(), &field);
  return fields;
}

absl::Status CheckResourceStays(const Resource& stored, const Resource& next) {
  if (stored.name() != next.name()) return Refuse("the name never changes", "name");
  if (next.number() != 0 && stored.number() != next.number())
    return Refuse("the number never changes", "number");
  if (stored.library() != next.library()) return Refuse("the library never changes", "library");
  if (stored.versioning() != next.versioning()) return Refuse("the versioning never changes", "versioning");
  if (stored.version_field() != next.version_field()) {
    return Refuse("the version field never changes", "version_field");
  }
  if (stored.owner_kind() != next.owner_kind()) return Refuse("the owner kind never changes", "owner_kind");
  if (stored.owner_field() != next.owner_field())
    return Refuse("the owner field never changes", "owner_field");
  const auto& keys = stored.record_key_fields();
  const auto& next_keys = next.record_key_fields();
  if (!std::equal(keys.begin(), keys.end(), next_keys.begin(), next_keys.end())) {
    return Refuse("the record key never changes", "record_key_fields");
  }
  for (const auto& role : stored.roles()) {
    const auto same = [&](const auto& other) {
      return other.name() == role.name() && other.kind() == role.kind() && other.field() == role.field();
    };
    if (std::none_of(next.roles().begin(), next.roles().end(), same)) {
      return Refuse("a role never changes, nor goes", "roles");
    }
  }
  return absl::OkStatus();
}

// Whether a bound is the same or wider. `sign` is 1 for a highest value, -1 for a lowest.
bool BoundRelaxes(const Field& stored, const std::string& old_bound, const std::string& new_bound, int sign) {
  if (new_bound.empty() || new_bound == old_bound) return true;
  const auto before = ParseScalar(stored.type(), stored.scale(), old_bound);
  const auto after = ParseScalar(stored.type(), stored.scale(), new_bound);
  // "today" moves, so it is neither wider nor narrower than a fixed bound; no bound was the widest.
  if (!before.ok() || !after.ok()) return false;
  return sign > 0 ? *after >= *before : *after <= *before;
}

uint32_t MaxLength(const Field& field) {
  return field.max_length() == 0 ? limits::kTextLength : field.max_length();
}

bool GoneOrEqual(const std::string& stored, const std::string& next) {
  return next.empty() || next == stored;
}

absl::Status CheckFieldRelaxes(const Field& stored, const Field& next) {
  if (next.required() && !stored.required())
    return RefuseField(next, "an optional field does not become required");
  if (next.min_length() > stored.min_length() || MaxLength(next) < MaxLength(stored)) {
    return RefuseField(next, "lengths may only be relaxed");
  }
  if (!BoundRelaxes(stored, stored.min(), next.min(), -1) ||
      !BoundRelaxes(stored, stored.max(), next.max(), 1)) {
    return RefuseField(next, "min and max may only be relaxed");
  }
  if (!GoneOrEqual(stored.pattern(), next.pattern()))
    return RefuseField(next, "a pattern may only be removed");
  if (!GoneOrEqual(stored.birth_date_of(), next.birth_date_of())) {
    return RefuseField(next, "birth_date_of may only be removed");
  }
  return absl::OkStatus();
}

absl::Status CheckFieldStays(const Field& stored, const Field& next) {
  if (stored.type() != next.type()) return RefuseField(next, "the type never changes; add another field");
  if (!stored.unit().empty() && stored.unit() != next.unit()) {
    return RefuseField(next, "the unit never changes; add another field");
  }
  if (stored.scale() != next.scale()) return RefuseField(next, "the scale never changes; add another field");
  if (stored.code_list() != next.code_list()) {
    return RefuseField(next, "the code list never changes; extend it, or add another field");
  }
  if (next.number() != 0 && stored.number() != next.number()) {
    return RefuseField(next, "the number is assigned for life; leave it out, or give the stored one");
  }
  return CheckFieldRelaxes(stored, next);
}

// What a schema revision is about: the fields with what decides over payloads, and nothing else.
Resource SchemaPart(const Resource& resource) {
  Resource part;
  for (const Field& field : resource.fields()) {
    Field* copy = part.add_fields();
    *copy = field;
    copy->clear_title();
    copy->clear_sharing();
    copy->clear_legal_basis();
    copy->clear_sensitivity();
  }
  *part.mutable_cross_rules() = resource.cross_rules();
  *part.mutable_roles() = resource.roles();
  std::sort(part.mutable_fields()->begin(), part.mutable_fields()->end(),
            [](const Field& a, const Field& b) { return a.number() < b.number(); });
  return part;
}

bool SameSchema(const Resource& a, const Resource& b) {
  return google::protobuf::util::MessageDifferencer::Equals(SchemaPart(a), SchemaPart(b));
}

// Gives known fields their numbers, and collects in `used` those that no new field may have.
absl::Status KeepNumbers(const Resource& stored, Resource* next, std::set<uint32_t>* used) {
  const auto known = FieldsByName(stored);
  for (const Field& field : stored.fields()) used->insert(field.number());
  for (Field& field : *next->mutable_fields()) {
    const auto found = known.find(field.name());
    if (found == known.end()) continue;
    if (field.number() != 0 && field.number() != found->second->number()) {
      return RefuseField(field, "the number is assigned for life; leave it out, or give the stored one");
    }
    field.set_number(found->second->number());
  }
  return absl::OkStatus();
}

// Checks the numbers that new fields name, and gives the next free ones to those that name none.
absl::Status NumberNewFields(const Resource& stored, Resource* next, std::set<uint32_t> used) {
  const auto known = FieldsByName(stored);
  for (const Field& field : next->fields()) {
    if (known.contains(field.name()) || field.number() == 0) continue;
    if (field.number() > limits::kFieldNumber) return RefuseField(field, "the number must be 1 to 400");
    if (!used.insert(field.number()).second) return RefuseField(field, "another field has this number");
  }
  uint32_t last = used.empty() ? 0 : *used.rbegin();
  for (Field& field : *next->mutable_fields()) {
    if (field.number() != 0) continue;
    if (last == limits::kFieldNumber) return RefuseField(field, "the numbers 1 to 400 are used up");
    field.set_number(++last);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckCompatible(const Resource& stored, const Resource& next) {
  RETURN_IF_ERROR(CheckResourceStays(stored, next));
  const auto before = FieldsByName(stored);
  const auto after = FieldsByName(next);
  for (const Field& field : stored.fields()) {
    const auto found = after.find(field.name());
    if (found == after.end()) {
      return RefuseField(field, "a field is not removed; make it optional, and stop sending it");
    }
    RETURN_IF_ERROR(CheckFieldStays(field, *found->second));
  }
  for (const Field& field : next.fields()) {
    if (field.required() && !before.contains(field.name())) {
      return RefuseField(field, "a new field must be optional: stored records do not have it");
    }
  }
  return absl::OkStatus();
}

absl::Status AssignNumbers(const Resource* stored, Resource* next) {
  const Resource& before = stored != nullptr ? *stored : Resource::default_instance();
  std::set<uint32_t> used;
  RETURN_IF_ERROR(KeepNumbers(before, next, &used));
  RETURN_IF_ERROR(NumberNewFields(before, next, std::move(used)));
  if (stored == nullptr) {
    next->set_schema_revision(1);
    return absl::OkStatus();
  }
  next->set_number(stored->number());
  next->set_schema_revision(stored->schema_revision() + (SameSchema(*stored, *next) ? 0 : 1));
  return absl::OkStatus();
}

}  // namespace hangou

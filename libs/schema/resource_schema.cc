#include "libs/schema/resource_schema.h"

#include <algorithm>
#include <set>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/schema/cross_rules.h"
#include "libs/schema/text_codec.h"
#include "re2/re2.h"

namespace hangou {
namespace {

using namespace hangou::catalog::v1;  // NOLINT: the names of the field types

constexpr size_t kDepartmentName = 32;
constexpr size_t kName = 64;
constexpr uint32_t kScaleMax = 9;
// Memory of one pattern: its program and the states that RE2 keeps of it.
constexpr int64_t kPatternMemory = 1 << 20;
// Days of 0001-01-01 and 9999-12-31: what "YYYY-MM-DD" can say.
constexpr int64_t kFirstDay = -719'162;
constexpr int64_t kLastDay = 2'932'896;

absl::Status Invalid(std::string_view message, std::string_view field = {}) {
  return MakeError(Reason::kInvalidObject, message, field);
}

absl::Status InvalidField(const Field& field, std::string_view message) {
  return Invalid("field " + field.name() + ": " + std::string(message), field.name());
}

// Units of numbers, as Field.unit names them. Files may use others of the same kind, which the import converts.
const std::set<std::string_view>& Units() {
  static const std::set<std::string_view> kUnits = {"square_metre", "cubic_metre", "kilowatt_hour", "tonne",
                                                    "kilogram",     "metre",       "person",        "day",
                                                    "year",         "percent"};
  return kUnits;
}

bool IsTimeType(FieldType type) { return type == FIELD_TYPE_DATE || type == FIELD_TYPE_TIMESTAMP; }

absl::Status CheckName(std::string_view name) {
  constexpr std::string_view kPrefix = "resources/";
  const size_t dot = name.find('.');
  if (name.substr(0, kPrefix.size()) != kPrefix || dot == std::string_view::npos || dot < kPrefix.size() ||
      !IsName(name.substr(kPrefix.size(), dot - kPrefix.size()), kDepartmentName) ||
      !IsName(name.substr(dot + 1), kName)) {
    return Invalid("the name must be resources/{department}.{name}, both [a-z][a-z0-9_]*", "name");
  }
  return absl::OkStatus();
}

absl::Status CheckDepartments(const Resource& resource) {
  if (!IsName(resource.responsible(), kDepartmentName)) {
    return Invalid("name the responsible department", "responsible");
  }
  if (resource.providers().empty()) return Invalid("name at least one provider", "providers");
  std::set<std::string_view> seen;
  for (const std::string& provider : resource.providers()) {
    if (!IsName(provider, kDepartmentName))
      return Invalid("a provider is not a department's name", "providers");
    if (!seen.insert(provider).second) return Invalid("a provider is named twice", "providers");
  }
  return absl::OkStatus();
}

absl::Status CheckSharing(const Resource& resource) {
  if (!SharingType_IsValid(resource.sharing()) || resource.sharing() == SHARING_TYPE_UNSPECIFIED) {
    return Invalid("state the sharing type", "sharing");
  }
  if (resource.sharing() == SHARING_TYPE_NOT_SHARED && resource.legal_basis().empty()) {
    return Invalid("a resource that is not shared needs a legal basis", "legal_basis");
  }
  return absl::OkStatus();
}

absl::Status CheckChoices(const Resource& resource) {
  static const std::set<std::string_view> kLibraries = {"population", "legal_entity", "geographic", "tax",
                                                        "credit"};
  static const std::set<std::string_view> kCycles = {
      "", "real_time", "daily", "weekly", "monthly", "quarterly", "yearly", "irregular", "never"};
  if (!kLibraries.contains(resource.library())) {
    return Invalid("the library must be population, legal_entity, geographic, tax or credit", "library");
  }
  if (!kCycles.contains(resource.update_cycle())) {
    return Invalid(
        "the update cycle must be real_time, daily, weekly, monthly, quarterly, yearly, irregular or never",
        "update_cycle");
  }
  return absl::OkStatus();
}

absl::Status CheckFieldSharing(const Resource& resource, const Field& field) {
  if (field.sharing() == SHARING_TYPE_UNSPECIFIED) return absl::OkStatus();
  if (!SharingType_IsValid(field.sharing())) return InvalidField(field, "unknown sharing type");
  if (field.sharing() < resource.sharing()) {
    return InvalidField(field, "the sharing type of a field may only be stricter than the resource's");
  }
  if (field.sharing() == SHARING_TYPE_NOT_SHARED && field.legal_basis().empty() &&
      resource.legal_basis().empty()) {
    return InvalidField(field, "a field that is not shared needs a legal basis");
  }
  return absl::OkStatus();
}

// Grades of GB/T 43697-2024, annex H: what is graded 3 or 4 harms people or organisations when everybody has it.
constexpr uint32_t kSensitivityMost = 4;
constexpr uint32_t kSensitivityConditional = 3;

absl::Status CheckSensitivity(const Resource& resource, const Field& field) {
  if (field.sensitivity() > kSensitivityMost) return InvalidField(field, "the sensitivity is 1 to 4");
  const SharingType sharing =
      field.sharing() == SHARING_TYPE_UNSPECIFIED ? resource.sharing() : field.sharing();
  if (field.sensitivity() >= kSensitivityConditional && sharing == SHARING_TYPE_UNCONDITIONAL) {
    return InvalidField(field, "a field of sensitivity 3 or 4 is not shared unconditionally");
  }
  return absl::OkStatus();
}

absl::Status CheckUnit(const Field& field) {
  if (field.unit().empty()) return absl::OkStatus();
  if (field.type() != FIELD_TYPE_INTEGER && field.type() != FIELD_TYPE_DECIMAL) {
    return InvalidField(field, "a unit goes with an integer or decimal; money is always in fen");
  }
  if (!Units().contains(field.unit())) {
    return InvalidField(field,
                        "the unit must be square_metre, cubic_metre, kilowatt_hour, tonne, kilogram, metre, "
                        "person, day, year or percent");
  }
  return absl::OkStatus();
}

absl::Status CheckFieldIdentity(const Field& field) {
  if (!IsName(field.name(), kName)) {
    return Invalid("a field name must be [a-z][a-z0-9_]* of at most 64 characters", field.name());
  }
  if (field.number() == 0 || field.number() > limits::kFieldNumber) {
    return InvalidField(field, "the number must be 1 to 400");
  }
  if (!FieldType_IsValid(field.type()) || field.type() == FIELD_TYPE_UNSPECIFIED) {
    return InvalidField(field, "state a type");
  }
  if (field.scale() > (field.type() == FIELD_TYPE_DECIMAL ? kScaleMax : 0)) {
    return InvalidField(field, "a scale, 0 to 9, goes with a decimal only");
  }
  return absl::OkStatus();
}

absl::Status CompilePattern(const Field& field, FieldSchema* compiled) {
  if (field.pattern().empty()) return absl::OkStatus();
  if (field.pattern().size() > kPatternBytes)
    return InvalidField(field, "the pattern has more than 512 bytes");
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemory);
  auto pattern = std::make_shared<const re2::RE2>(field.pattern(), options);
  if (!pattern->ok())
    return InvalidField(field, "the pattern is not one of RE2's syntax: " + pattern->error());
  compiled->pattern = std::move(pattern);
  return absl::OkStatus();
}

absl::Status CompileTextRules(const Field& field, FieldSchema* compiled) {
  if (!compiled->is_text()) {
    if (field.min_length() != 0 || field.max_length() != 0 || !field.pattern().empty()) {
      return InvalidField(field, "lengths and patterns go with text only");
    }
    return absl::OkStatus();
  }
  compiled->min_length = field.min_length();
  if (field.max_length() != 0) compiled->max_length = field.max_length();
  if (compiled->max_length > limits::kRecordBytes)
    return InvalidField(field, "max_length exceeds that of a record");
  if (compiled->min_length > compiled->max_length)
    return InvalidField(field, "min_length exceeds max_length");
  return CompilePattern(field, compiled);
}

absl::Status CompileBound(const Field& field, const std::string& text, std::optional<int64_t>* bound) {
  if (text.empty()) return absl::OkStatus();
  const auto value = ParseScalar(field.type(), field.scale(), text);
  if (!value.ok()) return InvalidField(field, "min or max: " + std::string(Message(value.status())));
  *bound = *value;
  return absl::OkStatus();
}

absl::Status CompileRange(const Field& field, FieldSchema* compiled) {
  if (compiled->is_bytes() || field.type() == FIELD_TYPE_BOOL) {
    if (field.min().empty() && field.max().empty()) return absl::OkStatus();
    return InvalidField(field, "min and max go with numbers, dates and timestamps only");
  }
  if (IsTimeType(field.type())) {
    const int64_t unit = field.type() == FIELD_TYPE_DATE ? 1 : kUsPerDay;
    compiled->min = kFirstDay * unit;
    compiled->max = (kLastDay + 1) * unit - 1;
  }
  compiled->max_is_today = IsTimeType(field.type()) && field.max() == "today";
  RETURN_IF_ERROR(CompileBound(field, field.min(), &compiled->min));
  if (!compiled->max_is_today) RETURN_IF_ERROR(CompileBound(field, field.max(), &compiled->max));
  if (compiled->min && compiled->max && *compiled->min > *compiled->max) {
    return InvalidField(field, "min exceeds max");
  }
  return absl::OkStatus();
}

absl::Status CompileCodes(const Field& field, const ResourceSchema::CodeListLookup& code_lists,
                          FieldSchema* compiled) {
  if (field.type() != FIELD_TYPE_CODE) {
    return field.code_list().empty() ? absl::OkStatus()
                                     : InvalidField(field, "a code list goes with a code only");
  }
  if (field.code_list().empty()) return InvalidField(field, "name the code list");
  compiled->code_list = field.code_list();
  compiled->codes = code_lists(field.code_list());
  if (compiled->codes == nullptr) return InvalidField(field, "there is no code list " + field.code_list());
  return absl::OkStatus();
}

absl::StatusOr<FieldSchema> CompileField(const Field& field,
                                         const ResourceSchema::CodeListLookup& code_lists) {
  RETURN_IF_ERROR(CheckFieldIdentity(field));
  FieldSchema compiled;
  compiled.number = field.number();
  compiled.name = field.name();
  compiled.title = field.title();
  compiled.type = field.type();
  compiled.required = field.required();
  compiled.scale = field.scale();
  compiled.unit = field.unit();
  RETURN_IF_ERROR(CheckUnit(field));
  RETURN_IF_ERROR(CompileTextRules(field, &compiled));
  RETURN_IF_ERROR(CompileRange(field, &compiled));
  RETURN_IF_ERROR(CompileCodes(field, code_lists, &compiled));
  return compiled;
}

// protobuf refuses two fields whose names differ in underscores only: their JSON names would be the same.
absl::Status CheckUnique(const Resource& resource) {
  std::set<std::string> names;
  std::set<uint32_t> numbers;
  for (const Field& field : resource.fields()) {
    std::string bare = field.name();
    std::erase(bare, '_');
    if (!names.insert(std::move(bare)).second) {
      return InvalidField(field, "two fields have this name, or names that differ in '_' only");
    }
    if (!numbers.insert(field.number()).second) return InvalidField(field, "two fields have this number");
  }
  return absl::OkStatus();
}

// The types that identify an entity of a kind.
bool IdentifiesOwner(EntityKind kind, FieldType type) {
  switch (kind) {
    case EntityKind::kPerson:
      return type == FIELD_TYPE_CITIZEN_ID;
    case EntityKind::kOrganisation:
      return type == FIELD_TYPE_USCC || type == FIELD_TYPE_ORGANIZATION_CODE;
    case EntityKind::kPlace:
      return type == FIELD_TYPE_DIVISION || type == FIELD_TYPE_REAL_ESTATE_UNIT || type == FIELD_TYPE_TEXT;
    case EntityKind::kVehicle:
      return type == FIELD_TYPE_VIN || type == FIELD_TYPE_PLATE || type == FIELD_TYPE_TEXT;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ResourceSchema>> ResourceSchema::Compile(
    const Resource& resource, const CodeListLookup& code_lists) {
  RETURN_IF_ERROR(CheckName(resource.name()));
  RETURN_IF_ERROR(CheckDepartments(resource));
  RETURN_IF_ERROR(CheckSharing(resource));
  RETURN_IF_ERROR(CheckChoices(resource));
  std::shared_ptr<ResourceSchema> schema(new ResourceSchema());
  schema->declaration_ = resource;
  RETURN_IF_ERROR(schema->CompileFields(code_lists));
  RETURN_IF_ERROR(schema->CompileOwner());
  RETURN_IF_ERROR(schema->CompileRecordKey());
  RETURN_IF_ERROR(schema->CompileVersion());
  RETURN_IF_ERROR(schema->CompileCrossRules());
  RETURN_IF_ERROR(schema->CompileRoles());
  return std::shared_ptr<const ResourceSchema>(std::move(schema));
}

absl::Status ResourceSchema::CompileFields(const CodeListLookup& code_lists) {
  const auto count = static_cast<size_t>(declaration_.fields_size());
  if (count == 0 || count > limits::kResourceFields)
    return Invalid("a resource has 1 to 200 fields", "fields");
  RETURN_IF_ERROR(CheckUnique(declaration_));
  for (const Field& field : declaration_.fields()) {
    ASSIGN_OR_RETURN(FieldSchema compiled, CompileField(field, code_lists));
    RETURN_IF_ERROR(CheckFieldSharing(declaration_, field));
    RETURN_IF_ERROR(CheckSensitivity(declaration_, field));
    has_geometry_ |= compiled.is_geometry();
    fields_.push_back(std::move(compiled));
  }
  std::sort(fields_.begin(), fields_.end(),
            [](const FieldSchema& a, const FieldSchema& b) { return a.number < b.number; });
  index_of_number_.fill(-1);
  for (size_t i = 0; i < fields_.size(); ++i) index_of_number_[fields_[i].number] = static_cast<int16_t>(i);
  for (const Field& field : declaration_.fields()) {
    if (field.birth_date_of().empty()) continue;
    const int id = IndexOfName(field.birth_date_of());
    if (field.type() != FIELD_TYPE_DATE || id < 0 || fields_[id].type != FIELD_TYPE_CITIZEN_ID) {
      return InvalidField(field, "birth_date_of joins a date to a citizen id of the same resource");
    }
    fields_[IndexOfNumber(field.number())].birth_date_of = id;
  }
  return absl::OkStatus();
}

absl::Status ResourceSchema::CompileOwner() {
  if (!hangou::record::v1::EntityKind_IsValid(declaration_.owner_kind()) || declaration_.owner_kind() == 0) {
    return Invalid("state the kind of the owner entity", "owner_kind");
  }
  owner_kind_ = static_cast<EntityKind>(declaration_.owner_kind());
  owner_index_ = IndexOfName(declaration_.owner_field());
  if (owner_index_ < 0) return Invalid("the owner field is not a field of the resource", "owner_field");
  FieldSchema& owner = fields_[owner_index_];
  if (!IdentifiesOwner(owner_kind_, owner.type)) {
    return Invalid("the type of the owner field does not identify an entity of its kind", owner.name);
  }
  if (owner.type == FIELD_TYPE_TEXT && owner.max_length > kOwnerTextLength) {
    return Invalid("an owner field that is text needs a max_length of at most 64", owner.name);
  }
  owner.required = true;
  return absl::OkStatus();
}

absl::Status ResourceSchema::CompileRecordKey() {
  if (declaration_.record_key_fields_size() > kRecordKeyFields) {
    return Invalid("a record key has at most 8 fields", "record_key_fields");
  }
  for (const std::string& name : declaration_.record_key_fields()) {
    const int index = IndexOfName(name);
    if (index < 0) return Invalid("a record key field is not a field of the resource", "record_key_fields");
    if (std::count(record_key_indexes_.begin(), record_key_indexes_.end(), index) != 0) {
      return Invalid("a record key field is named twice", name);
    }
    fields_[index].required = true;
    record_key_indexes_.push_back(index);
  }
  return absl::OkStatus();
}

absl::Status ResourceSchema::CompileVersion() {
  if (!Versioning_IsValid(declaration_.versioning()) || declaration_.versioning() == VERSIONING_UNSPECIFIED) {
    return Invalid("state the versioning", "versioning");
  }
  if (declaration_.version_field().empty()) return absl::OkStatus();
  if (!versioned_by_source())
    return Invalid("a version field goes with versioning by source", "version_field");
  version_index_ = IndexOfName(declaration_.version_field());
  if (version_index_ < 0) return Invalid("the version field is not a field of the resource", "version_field");
  FieldSchema& version = fields_[version_index_];
  if (version.type != FIELD_TYPE_INTEGER && !IsTimeType(version.type)) {
    return Invalid("a version field is an integer, a date or a timestamp", version.name);
  }
  version.required = true;
  return absl::OkStatus();
}

absl::Status ResourceSchema::CompileCrossRules() {
  if (declaration_.cross_rules_size() > kCrossRules)
    return Invalid("a resource has at most 32 rules between fields", "cross_rules");
  std::set<std::string_view> names;
  for (const CrossRule& rule : declaration_.cross_rules()) {
    if (!names.insert(rule.name()).second) return Invalid("two rules have this name", rule.name());
    ASSIGN_OR_RETURN(CrossRuleSchema compiled, CompileCrossRule(rule, fields_));
    cross_rules_.push_back(std::move(compiled));
  }
  return absl::OkStatus();
}

absl::Status ResourceSchema::CompileRoles() {
  if (declaration_.roles_size() > kRoles) return Invalid("a resource has at most 8 roles", "roles");
  for (const Role& role : declaration_.roles()) {
    if (!IsName(role.name(), kName) || FindRole(role.name()) != nullptr) {
      return Invalid("a role has a name of its own, [a-z][a-z0-9_]*", "roles");
    }
    const int index = IndexOfName(role.field());
    if (index < 0 || index == owner_index_) {
      return Invalid("a role names a field of the resource other than the owner", role.name());
    }
    if (!hangou::record::v1::EntityKind_IsValid(role.kind()) || role.kind() == 0) {
      return Invalid("state the kind of the entity in the role", role.name());
    }
    const auto kind = static_cast<EntityKind>(role.kind());
    const FieldSchema& field = fields_[index];
    if (!IdentifiesOwner(kind, field.type) ||
        (field.type == FIELD_TYPE_TEXT && field.max_length > kOwnerTextLength)) {
      return Invalid("the field of a role must identify an entity of its kind, as an owner field does",
                     role.name());
    }
    roles_.push_back({role.name(), kind, index});
  }
  return absl::OkStatus();
}

const RoleSchema* ResourceSchema::FindRole(std::string_view name) const {
  const auto found =
      std::find_if(roles_.begin(), roles_.end(), [&](const RoleSchema& role) { return role.name == name; });
  return found == roles_.end() ? nullptr : &*found;
}

int ResourceSchema::IndexOfName(std::string_view name) const {
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

bool ResourceSchema::IsProvider(std::string_view department) const {
  const auto& providers = declaration_.providers();
  return std::find(providers.begin(), providers.end(), department) != providers.end();
}

}  // namespace hangou

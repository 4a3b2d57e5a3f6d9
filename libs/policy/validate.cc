#include "libs/policy/validate.h"

#include <set>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/identifiers/identifiers.h"
#include "libs/policy/catalog_state.h"
#include "libs/policy/delivery_retention.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

// Names: as long as a certificate's department code; as long as a field's name; as long as a ticket's title.
constexpr size_t kDepartmentName = 32;
constexpr size_t kNameLength = 64;
constexpr size_t kEntryName = 128;
// Titles and legal bases are a line or a few, not documents.
constexpr size_t kTextBytes = 4096;

absl::Status Invalid(std::string_view object, std::string_view what, std::string_view field = {}) {
  std::string message(object);
  message += ": ";
  if (!field.empty()) message.append(field).append(": ");
  message += what;
  return MakeError(Reason::kInvalidObject, message, field);
}

bool IsEntryName(std::string_view name) {
  if (name.empty() || name.size() > kEntryName) return false;
  const auto is_start = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (!is_start(name[0])) return false;
  for (const char c : name) {
    if (!is_start(c) && c != '_' && c != '-') return false;
  }
  return true;
}

absl::Status CheckText(std::string_view object, std::string_view text, std::string_view field) {
  if (text.size() > kTextBytes) return Invalid(object, "keep it within 4096 bytes", field);
  return absl::OkStatus();
}

// Every name of `names` is a department, and none stands twice.
template <typename Names>
absl::Status CheckDepartments(const PolicyObjects& objects, std::string_view object, const Names& names,
                              std::string_view field) {
  std::set<std::string_view> seen;
  for (const std::string& name : names) {
    if (!objects.departments.contains(name)) {
      return Invalid(object, "there is no department \"" + name + "\"", field);
    }
    if (!seen.insert(name).second) return Invalid(object, "\"" + name + "\" stands twice", field);
  }
  return absl::OkStatus();
}

absl::Status CheckDepartment(const v1::Department& department) {
  const std::string object = "department \"" + department.name() + "\"";
  if (!IsName(department.name(), kDepartmentName)) {
    return Invalid(object, "a department code is [a-z][a-z0-9_]*, at most 32 characters", "name");
  }
  RETURN_IF_ERROR(CheckText(object, department.title(), "title"));
  if (!department.uscc().empty() && !CheckIdentifier(IdentifierType::kUscc, department.uscc(), 0).ok()) {
    return Invalid(object, "not a valid unified social credit code", "uscc");
  }
  return absl::OkStatus();
}

absl::Status CheckPurpose(const PolicyObjects& objects, const v1::Purpose& purpose) {
  const std::string object = "purpose \"" + purpose.name() + "\"";
  if (!IsName(purpose.name(), kNameLength)) {
    return Invalid(object, "a name is [a-z][a-z0-9_]*, at most 64 characters", "name");
  }
  RETURN_IF_ERROR(CheckText(object, purpose.title(), "title"));
  RETURN_IF_ERROR(CheckText(object, purpose.legal_basis(), "legal_basis"));
  return CheckDepartments(objects, object, purpose.departments(), "departments");
}

absl::Status CheckCodeList(const v1::CodeList& list) {
  const std::string object = "code list \"" + list.name() + "\"";
  if (!IsName(list.name(), kNameLength)) {
    return Invalid(object, "a name is [a-z][a-z0-9_]*, at most 64 characters", "name");
  }
  if (list.codes_size() > static_cast<int>(limits::kCodes)) {
    return Invalid(object, "a code list has at most 100,000 codes", "codes");
  }
  std::unordered_set<std::string_view> seen;
  for (const auto& code : list.codes()) {
    if (code.code().empty()) return Invalid(object, "a code is empty", "codes");
    if (!seen.insert(code.code()).second)
      return Invalid(object, "\"" + code.code() + "\" stands twice", "codes");
  }
  return absl::OkStatus();
}

// "resources/{department}.{name}"; the department, empty where the name is not of this form.
std::string DepartmentOf(std::string_view resource) {
  constexpr std::string_view kPrefix = "resources/";
  if (resource.substr(0, kPrefix.size()) != kPrefix) return {};
  resource.remove_prefix(kPrefix.size());
  const size_t dot = resource.find('.');
  if (dot == std::string_view::npos || !IsName(resource.substr(dot + 1), kNameLength)) return {};
  return std::string(resource.substr(0, dot));
}

absl::Status CheckFieldSharing(const v1::Resource& resource, const v1::Field& field) {
  if (!v1::SharingType_IsValid(field.sharing())) {
    return Invalid(resource.name(), "one of unconditional, conditional, not_shared",
                   field.name() + ".sharing");
  }
  if (field.sharing() != v1::SHARING_TYPE_UNSPECIFIED && field.sharing() < resource.sharing()) {
    return Invalid(resource.name(), "a field may only be shared more strictly than its resource",
                   field.name() + ".sharing");
  }
  if (field.sharing() == v1::SHARING_TYPE_NOT_SHARED && field.legal_basis().empty() &&
      resource.legal_basis().empty()) {
    return Invalid(resource.name(), "a field that is not shared needs its legal basis",
                   field.name() + ".legal_basis");
  }
  return CheckText(resource.name(), field.legal_basis(), field.name() + ".legal_basis");
}

absl::Status CheckResourceHead(const PolicyObjects& objects, const v1::Resource& resource) {
  const std::string& name = resource.name();
  if (!objects.departments.contains(DepartmentOf(name))) {
    return Invalid("resource \"" + name + "\"",
                   "the name is resources/{department}.{name} of a known department", "name");
  }
  static const std::set<std::string> kLibraries = {"population", "legal_entity", "geographic", "tax",
                                                   "credit"};
  if (!kLibraries.contains(resource.library())) {
    return Invalid(name, "one of population, legal_entity, geographic, tax, credit", "library");
  }
  if (!objects.departments.contains(resource.responsible())) {
    return Invalid(name, "there is no department \"" + resource.responsible() + "\"", "responsible");
  }
  if (resource.providers().empty()) return Invalid(name, "name at least one department", "providers");
  RETURN_IF_ERROR(CheckDepartments(objects, name, resource.providers(), "providers"));
  if (resource.sharing() == v1::SHARING_TYPE_UNSPECIFIED || !v1::SharingType_IsValid(resource.sharing())) {
    return Invalid(name, "one of unconditional, conditional, not_shared", "sharing");
  }
  if (resource.sharing() == v1::SHARING_TYPE_NOT_SHARED && resource.legal_basis().empty()) {
    return Invalid(name, "a resource that is not shared needs its legal basis", "legal_basis");
  }
  RETURN_IF_ERROR(CheckText(name, resource.title(), "title"));
  RETURN_IF_ERROR(CheckText(name, resource.summary(), "summary"));
  return CheckText(name, resource.legal_basis(), "legal_basis");
}

absl::Status CheckEntry(const PolicyObjects& objects, const v1::NegativeListEntry& entry);
absl::Status CheckGrant(const PolicyObjects& objects, const v1::Grant& grant);

absl::Status CheckResource(const PolicyObjects& objects, const PolicyIndex& index,
                           const v1::Resource& resource) {
  RETURN_IF_ERROR(CheckResourceHead(objects, resource));
  static const std::set<std::string> kCycles = {"",          "real_time", "daily",     "weekly", "monthly",
                                                "quarterly", "yearly",    "irregular", "never"};
  if (!kCycles.contains(resource.update_cycle())) {
    return Invalid(resource.name(),
                   "one of real_time, daily, weekly, monthly, quarterly, yearly, irregular, never",
                   "update_cycle");
  }
  for (const v1::Field& field : resource.fields()) {
    RETURN_IF_ERROR(CheckFieldSharing(resource, field));
    if (!field.code_list().empty() && !objects.code_lists.contains(field.code_list())) {
      return Invalid(resource.name(), "there is no code list \"" + field.code_list() + "\"",
                     field.name() + ".code_list");
    }
  }
  const ResourceConcerns& concerns = index.Of(resource.name());
  for (const auto& [name, entry] : concerns.entries) RETURN_IF_ERROR(CheckEntry(objects, *entry));
  for (const auto& [name, grant] : concerns.grants) RETURN_IF_ERROR(CheckGrant(objects, *grant));
  return absl::OkStatus();
}

const v1::Field* FindField(const v1::Resource& resource, const std::string& name) {
  for (const v1::Field& field : resource.fields()) {
    if (field.name() == name) return &field;
  }
  return nullptr;
}

absl::Status CheckEntry(const PolicyObjects& objects, const v1::NegativeListEntry& entry) {
  const std::string object = "negative list entry \"" + entry.name() + "\"";
  if (!IsEntryName(entry.name())) {
    return Invalid(object, "a name is [a-z0-9][a-z0-9_-]*, at most 128 characters", "name");
  }
  const auto resource = objects.resources.find(entry.resource());
  if (resource == objects.resources.end()) {
    return Invalid(object, "there is no resource \"" + entry.resource() + "\"", "resource");
  }
  if (!entry.field().empty() && FindField(resource->second, entry.field()) == nullptr) {
    return Invalid(object, "the resource has no field \"" + entry.field() + "\"", "field");
  }
  RETURN_IF_ERROR(CheckDepartments(objects, object, entry.departments(), "departments"));
  if (entry.legal_basis().empty()) {
    return Invalid(object, "name the law, regulation or central policy", "legal_basis");
  }
  RETURN_IF_ERROR(CheckText(object, entry.legal_basis(), "legal_basis"));
  RETURN_IF_ERROR(CheckText(object, entry.title(), "title"));
  if (!entry.review_date().empty() && !ParseDay(entry.review_date())) {
    return Invalid(object, "a date is YYYY-MM-DD", "review_date");
  }
  return absl::OkStatus();
}

absl::Status CheckGrantDates(const std::string& object, const v1::Grant& grant) {
  const auto from = ParseDay(grant.valid_from());
  const auto until = ParseDay(grant.valid_until());
  if (!grant.valid_from().empty() && !from) return Invalid(object, "a date is YYYY-MM-DD", "valid_from");
  if (!grant.valid_until().empty() && !until) return Invalid(object, "a date is YYYY-MM-DD", "valid_until");
  if (from && until && *until < *from) return Invalid(object, "lies before valid_from", "valid_until");
  return absl::OkStatus();
}

absl::Status CheckMask(const std::string& object, const v1::Field& field, const v1::Grant::FieldGrant& line) {
  const bool masked = line.permission() == hangou::record::v1::PERMISSION_MASKED;
  if (masked != (line.mask() != hangou::record::v1::MASK_UNSPECIFIED)) {
    return Invalid(object, "a mask goes with the permission masked, and only with it",
                   line.field() + ".mask");
  }
  FieldSchema schema;
  schema.type = field.type();
  if (masked && !schema.is_text()) {
    return Invalid(object, "only text, codes and identifiers can be masked", line.field() + ".mask");
  }
  return absl::OkStatus();
}

absl::Status CheckGrantLine(const std::string& object, const v1::Resource& resource,
                            const v1::Grant::FieldGrant& line) {
  const v1::Field* field = FindField(resource, line.field());
  if (field == nullptr)
    return Invalid(object, "the resource has no field \"" + line.field() + "\"", "fields");
  if (line.permission() == hangou::record::v1::PERMISSION_NONE ||
      !hangou::record::v1::Permission_IsValid(line.permission()) ||
      !hangou::record::v1::Mask_IsValid(line.mask())) {
    return Invalid(object, "one of verify, masked, full", line.field() + ".permission");
  }
  if (SharingOf(resource, *field) == v1::SHARING_TYPE_NOT_SHARED) {
    return Invalid(object, "it is not shared, so nobody can be granted it", line.field());
  }
  return CheckMask(object, *field, line);
}

absl::Status CheckGrantLines(const std::string& object, const v1::Resource& resource,
                             const v1::Grant& grant) {
  if (grant.fields().empty()) return Invalid(object, "name at least one field", "fields");
  std::set<std::string_view> seen;
  for (const auto& line : grant.fields()) {
    RETURN_IF_ERROR(CheckGrantLine(object, resource, line));
    if (!seen.insert(line.field()).second) return Invalid(object, "stands twice", line.field());
  }
  return absl::OkStatus();
}

absl::Status CheckGrant(const PolicyObjects& objects, const v1::Grant& grant) {
  const std::string object = "grant \"" + grant.name() + "\"";
  if (!IsEntryName(grant.name())) {
    return Invalid(object, "a name is [a-z0-9][a-z0-9_-]*, at most 128 characters", "name");
  }
  const auto resource = objects.resources.find(grant.resource());
  if (resource == objects.resources.end()) {
    return Invalid(object, "there is no resource \"" + grant.resource() + "\"", "resource");
  }
  if (!objects.departments.contains(grant.department())) {
    return Invalid(object, "there is no department \"" + grant.department() + "\"", "department");
  }
  if (grant.purposes().empty()) return Invalid(object, "name at least one purpose", "purposes");
  std::set<std::string_view> seen;
  for (const std::string& purpose : grant.purposes()) {
    if (!objects.purposes.contains(purpose)) {
      return Invalid(object, "there is no purpose \"" + purpose + "\"", "purposes");
    }
    if (!seen.insert(purpose).second) return Invalid(object, "\"" + purpose + "\" stands twice", "purposes");
  }
  RETURN_IF_ERROR(CheckGrantDates(object, grant));
  if (grant.retention_days() > kDeliveryRetentionDaysMax) {
    return Invalid(object, "at most " + std::to_string(kDeliveryRetentionDaysMax) + " days",
                   "retention_days");
  }
  return CheckGrantLines(object, resource->second, grant);
}

}  // namespace

absl::Status CheckReferences(const PolicyObjects& objects, const PolicyIndex& index, v1::ObjectKind kind,
                             const std::string& name) {
  switch (kind) {
    case v1::OBJECT_KIND_DEPARTMENT:
      return CheckDepartment(objects.departments.at(name));
    case v1::OBJECT_KIND_PURPOSE:
      return CheckPurpose(objects, objects.purposes.at(name));
    case v1::OBJECT_KIND_CODE_LIST:
      return CheckCodeList(objects.code_lists.at(name));
    case v1::OBJECT_KIND_RESOURCE:
      return CheckResource(objects, index, objects.resources.at(name));
    case v1::OBJECT_KIND_NEGATIVE_LIST_ENTRY: {
      const auto found = objects.negative_list.find(name);
      return found == objects.negative_list.end() ? absl::OkStatus() : CheckEntry(objects, found->second);
    }
    case v1::OBJECT_KIND_GRANT: {
      const auto found = objects.grants.find(name);
      return found == objects.grants.end() ? absl::OkStatus() : CheckGrant(objects, found->second);
    }
    default:
      return MakeError(Reason::kInvalidObject, "an object has no kind");
  }
}

absl::Status CheckCounts(const PolicyObjects& objects) {
  if (objects.departments.size() > limits::kDepartments)
    return Invalid("catalog", "at most 1,000 departments");
  if (objects.purposes.size() > limits::kPurposes) return Invalid("catalog", "at most 2,000 purposes");
  if (objects.resources.size() > limits::kResources) return Invalid("catalog", "at most 20,000 resources");
  // Entries are bounded like grants: each is a row of the snapshot.
  if (objects.grants.size() > limits::kGrants || objects.negative_list.size() > limits::kGrants) {
    return Invalid("catalog", "at most 200,000 grants, and as many negative list entries");
  }
  return absl::OkStatus();
}

absl::Status CheckAllReferences(const PolicyObjects& objects, const PolicyIndex& index) {
  RETURN_IF_ERROR(CheckCounts(objects));
  for (const auto& [name, object] : objects.departments) RETURN_IF_ERROR(CheckDepartment(object));
  for (const auto& [name, object] : objects.purposes) RETURN_IF_ERROR(CheckPurpose(objects, object));
  for (const auto& [name, object] : objects.code_lists) RETURN_IF_ERROR(CheckCodeList(object));
  // With a resource go the entries and grants about it; those about none are found below.
  for (const auto& [name, object] : objects.resources) RETURN_IF_ERROR(CheckResource(objects, index, object));
  for (const auto& [name, object] : objects.negative_list) {
    if (!objects.resources.contains(object.resource())) return CheckEntry(objects, object);
  }
  for (const auto& [name, object] : objects.grants) {
    if (!objects.resources.contains(object.resource())) return CheckGrant(objects, object);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const ResourceSchema>> SchemaCompiler::Compile(const v1::Resource& resource) {
  auto schema = ResourceSchema::Compile(resource, [this](const std::string& name) { return CodesOf(name); });
  if (!schema.ok()) return Annotate(schema.status(), resource.name());
  return schema;
}

std::shared_ptr<const std::unordered_set<std::string>> SchemaCompiler::CodesOf(const std::string& code_list) {
  const auto known = codes_.find(code_list);
  if (known != codes_.end()) return known->second;
  const auto found = objects_.code_lists.find(code_list);
  if (found == objects_.code_lists.end()) return nullptr;
  auto codes = std::make_shared<std::unordered_set<std::string>>();
  for (const auto& code : found->second.codes()) codes->insert(code.code());
  return codes_.emplace(code_list, std::move(codes)).first->second;
}

absl::Status ValidateObjects(const PolicyObjects& objects) {
  const PolicyIndex index(objects);
  RETURN_IF_ERROR(CheckAllReferences(objects, index));
  SchemaCompiler compiler(objects);
  std::set<uint32_t> numbers;
  for (const auto& [name, resource] : objects.resources) {
    RETURN_IF_ERROR(compiler.Compile(resource).status());
    if (!numbers.insert(resource.number()).second)
      return Invalid(name, "another resource has its number", "number");
  }
  return absl::OkStatus();
}

}  // namespace hangou

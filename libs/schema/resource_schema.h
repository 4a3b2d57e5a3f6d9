// A resource's declaration, compiled: what the walker, the policy and the libraries work with.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/catalog/v1/objects.pb.h"
#include "libs/base/limits.h"
#include "libs/identifiers/entity_key.h"

namespace re2 {
class RE2;
}

namespace hangou {

using hangou::catalog::v1::FieldType;

// Fields that may make up a record key, and bytes of one: it is part of every key in the stores.
constexpr int kRecordKeyFields = 8;
constexpr size_t kRecordKeyBytes = 512;
// Code points of an owner identifier that is plain text (a parcel, a vehicle), for the same reason.
constexpr uint32_t kOwnerTextLength = 64;
// Bytes of a pattern: what a person can still read.
constexpr size_t kPatternBytes = 512;
// Rules between fields, the fields of one and its values, and roles: more than any register has.
constexpr int kCrossRules = 32;
constexpr int kCrossRuleFields = 16;
constexpr int kCrossRuleValues = 64;
constexpr int kRoles = 8;

// A field, compiled. Immutable.
struct FieldSchema {
  uint32_t number = 0;  // for life
  std::string name;
  std::string title;
  FieldType type = hangou::catalog::v1::FIELD_TYPE_UNSPECIFIED;
  bool required = false;    // declared so, or the owner, a record key or the version field
  uint32_t min_length = 0;  // code points
  uint32_t max_length = limits::kTextLength;
  // In the unit of the payload; none: any. Dates and timestamps always have both, so that they have a text.
  std::optional<int64_t> min;
  std::optional<int64_t> max;
  bool max_is_today = false;
  uint32_t scale = 0;  // digits behind the point of a decimal
  std::string unit;    // of an integer or decimal, as declared; empty: none
  std::shared_ptr<const re2::RE2>
      pattern;  // the whole text must match; null: any. RE2's syntax: linear in time
  std::string code_list;
  std::shared_ptr<const std::unordered_set<std::string>> codes;  // of a code field
  int birth_date_of = -1;  // index of the citizen id field whose birth date this one is

  // True for the types that stand as strings in payloads, and can be masked.
  bool is_text() const { return is_bytes() && !is_geometry(); }
  // True for points and geometries: WKB.
  bool is_geometry() const { return type >= hangou::catalog::v1::FIELD_TYPE_POINT; }
  // True for what stands as a length and bytes in payloads; all else stands as a number.
  bool is_bytes() const {
    return type == hangou::catalog::v1::FIELD_TYPE_TEXT || type >= hangou::catalog::v1::FIELD_TYPE_CODE;
  }
};

// A rule between fields, compiled. Immutable.
struct CrossRuleSchema {
  hangou::catalog::v1::CrossRule::Kind kind = hangou::catalog::v1::CrossRule::KIND_UNSPECIFIED;
  std::string message;  // to who breaks it: the title, or what the rule says
  int field = -1;       // field indexes; -1: none
  int other = -1;
  std::vector<int> fields;
  std::unordered_set<std::string> texts;  // values of `other` where that is text
  std::unordered_set<int64_t> scalars;    // where it is a number
};

// A role beside the owner, compiled. Immutable.
struct RoleSchema {
  std::string name;
  EntityKind kind = EntityKind::kPerson;
  int field = -1;  // field index
};

// A resource, compiled. Immutable, thread-safe, shared by reference counting.
class ResourceSchema {
 public:
  // The codes of a code list, null where there is none of this name.
  using CodeListLookup =
      std::function<std::shared_ptr<const std::unordered_set<std::string>>(const std::string&)>;

  // Compiles a declaration whose numbers are assigned. INVALID_OBJECT with the field where it contradicts
  // itself: names, types, ranges, patterns, limits, owner and key fields, sharing stricter than the resource.
  static absl::StatusOr<std::shared_ptr<const ResourceSchema>> Compile(
      const hangou::catalog::v1::Resource& resource, const CodeListLookup& code_lists);

  const hangou::catalog::v1::Resource& declaration() const { return declaration_; }
  const std::string& name() const { return declaration_.name(); }
  uint32_t number() const { return declaration_.number(); }
  uint32_t schema_revision() const { return declaration_.schema_revision(); }
  // In ascending order of numbers; an index into it is a "field index".
  const std::vector<FieldSchema>& fields() const { return fields_; }
  // Index of the field of this number, -1 where there is none.
  int IndexOfNumber(uint32_t number) const {
    return number <= limits::kFieldNumber ? index_of_number_[number] : -1;
  }
  // Index of the field of this name, -1 where there is none.
  int IndexOfName(std::string_view name) const;
  EntityKind owner_kind() const { return owner_kind_; }
  int owner_index() const { return owner_index_; }
  const std::vector<int>& record_key_indexes() const { return record_key_indexes_; }
  // Index of the field that carries the source version, -1 where the record does.
  int version_index() const { return version_index_; }
  bool versioned_by_source() const {
    return declaration_.versioning() == hangou::catalog::v1::VERSIONING_SOURCE;
  }
  bool IsProvider(std::string_view department) const;
  const std::vector<CrossRuleSchema>& cross_rules() const { return cross_rules_; }
  const std::vector<RoleSchema>& roles() const { return roles_; }
  // The role of this name, null where there is none.
  const RoleSchema* FindRole(std::string_view name) const;
  // Bytes of a payload of the resource: more where it carries a geometry.
  size_t payload_limit() const { return has_geometry_ ? limits::kGeometryRecordBytes : limits::kRecordBytes; }

 private:
  ResourceSchema() = default;
  absl::Status CompileFields(const CodeListLookup& code_lists);
  absl::Status CompileOwner();
  absl::Status CompileRecordKey();
  absl::Status CompileVersion();
  absl::Status CompileCrossRules();
  absl::Status CompileRoles();

  hangou::catalog::v1::Resource declaration_;
  std::vector<FieldSchema> fields_;
  std::array<int16_t, limits::kFieldNumber + 1> index_of_number_;
  EntityKind owner_kind_ = EntityKind::kPerson;
  int owner_index_ = -1;
  std::vector<int> record_key_indexes_;
  int version_index_ = -1;
  bool has_geometry_ = false;
  std::vector<CrossRuleSchema> cross_rules_;
  std::vector<RoleSchema> roles_;
};

// Whether `next` may replace `stored` (same name): new optional fields, relaxed rules, other titles and
// sharing are fine; another type, unit, owner, key, library or versioning is not, nor is removing a field: so
// its number needs no memory of its own to stay unused by others. INVALID_OBJECT with the field.
absl::Status CheckCompatible(const hangou::catalog::v1::Resource& stored,
                             const hangou::catalog::v1::Resource& next);

// Gives numbers to new fields and checks those named: numbers of `stored` stay (null for a new resource), a
// number once used by a field is never used by another. Sets schema_revision: stored's, or one more where the
// schema of payloads changed.
absl::Status AssignNumbers(const hangou::catalog::v1::Resource* stored, hangou::catalog::v1::Resource* next);

}  // namespace hangou

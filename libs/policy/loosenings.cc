// What one catalog loosens against another, compared decision by decision within the scope of their difference.
//
// Compared is not the decision itself but what can be had at all, for each field at each instant: the highest level,
// the masks under which it is shown, and the same without a case number. That grows with every grant and shrinks
// with every entry, so that ending a grant never loosens, and no order of changes gets around the second manager.
#include <algorithm>

#include "google/protobuf/util/message_differencer.h"
#include "libs/policy/catalog_state.h"
#include "libs/policy/delivery_retention.h"
#include "libs/policy/working_catalog.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

// What can be had of a field.
struct Reach {
  FieldLevel level = FieldLevel::kNone;
  uint8_t masks = 0;  // where masked: one bit per mask

  void Raise(FieldPermission permission) {
    if (permission.level < level) return;
    if (permission.level > level) masks = 0;
    level = permission.level;
    if (level == FieldLevel::kMasked) masks |= uint8_t(1u << static_cast<int>(permission.mask));
  }
  bool Exceeds(const Reach& other) const {
    if (level != other.level) return level > other.level;
    return (masks & ~other.masks) != 0;
  }
};

struct FieldReach {
  Reach with_case;
  Reach without_case;

  void Raise(FieldPermission permission, bool case_number_required) {
    with_case.Raise(permission);
    if (!case_number_required) without_case.Raise(permission);
  }
  bool Exceeds(const FieldReach& other) const {
    return with_case.Exceeds(other.with_case) || without_case.Exceeds(other.without_case);
  }
};

// By field name, which lasts for life like the number. Absent: nothing.
using RowReach = std::map<std::string_view, FieldReach>;

// The grants of a catalog for a department and purpose, on a resource.
std::vector<const v1::Grant*> GrantsOf(const ResourceConcerns& concerns, std::string_view department,
                                       std::string_view purpose) {
  std::vector<const v1::Grant*> grants;
  for (const auto& [name, grant] : concerns.grants) {
    if (grant->department() == department && Contains(grant->purposes(), purpose)) grants.push_back(grant);
  }
  return grants;
}

bool IsDenied(const ResourceConcerns& concerns, std::string_view field, std::string_view department) {
  return std::any_of(concerns.entries.begin(), concerns.entries.end(), [&](const auto& item) {
    const v1::NegativeListEntry& entry = *item.second;
    return (entry.field().empty() || entry.field() == field) && Concerns(entry, department);
  });
}

// What `department` can have of a resource at an instant by the grants given.
RowReach ReachAt(const v1::Resource& resource, const ResourceConcerns& concerns, std::string_view department,
                 const std::vector<const v1::Grant*>& grants, int64_t now_us) {
  RowReach row;
  for (const v1::Field& field : resource.fields()) {
    if (SharingOf(resource, field) == v1::SHARING_TYPE_UNCONDITIONAL) {
      row[field.name()].Raise({FieldLevel::kFull, MaskKind::kNone}, false);
    }
  }
  for (const v1::Grant* grant : grants) {
    if (!IntervalOf(*grant).Holds(now_us)) continue;
    for (const auto& line : grant->fields()) {
      row[line.field()].Raise(PermissionOf(line), grant->case_number_required());
    }
  }
  for (const v1::Field& field : resource.fields()) {
    const bool not_shared = SharingOf(resource, field) == v1::SHARING_TYPE_NOT_SHARED;
    if (not_shared || IsDenied(concerns, field.name(), department)) row.erase(field.name());
  }
  return row;
}

const v1::Resource* FindResource(const WorkingCatalog& catalog, const std::string& name) {
  const auto found = catalog.objects().resources.find(name);
  return found == catalog.objects().resources.end() ? nullptr : &found->second;
}

bool IsLive(const WorkingCatalog& catalog, const std::string& department, const std::string& purpose) {
  const auto found = catalog.objects().purposes.find(purpose);
  return found != catalog.objects().purposes.end() && catalog.objects().departments.contains(department) &&
         Contains(found->second.departments(), department);
}

void AddStarts(const std::vector<const v1::Grant*>& grants, std::set<int64_t>* starts) {
  for (const v1::Grant* grant : grants) {
    const GrantInterval interval = IntervalOf(*grant);
    if (interval.from_us != INT64_MIN) starts->insert(interval.from_us);
    if (interval.until_us != INT64_MAX) starts->insert(interval.until_us);
  }
}

// One side of a comparison of rows.
struct Side {
  const v1::Resource* resource = nullptr;  // null: the row gives nothing
  const ResourceConcerns* concerns = nullptr;
  std::vector<const v1::Grant*> grants;

  RowReach At(std::string_view department, int64_t now_us) const {
    return resource == nullptr ? RowReach() : ReachAt(*resource, *concerns, department, grants, now_us);
  }
};

Side SideOf(const WorkingCatalog& catalog, const std::string& resource, const std::string& department,
            const std::string& purpose) {
  Side side;
  if (!IsLive(catalog, department, purpose)) return side;
  side.resource = FindResource(catalog, resource);
  side.concerns = &catalog.index().Of(resource);
  side.grants = GrantsOf(*side.concerns, department, purpose);
  return side;
}

// The first field that `after` gives more of at some instant; empty where there is none.
std::string RaisedField(const Side& before, const Side& after, std::string_view department) {
  if (after.resource == nullptr) return {};
  std::set<int64_t> starts = {INT64_MIN};
  AddStarts(before.grants, &starts);
  AddStarts(after.grants, &starts);
  for (const int64_t start : starts) {
    const RowReach old_row = before.At(department, start);
    for (const auto& [field, reach] : after.At(department, start)) {
      const auto old_reach = old_row.find(field);
      if (reach.Exceeds(old_reach == old_row.end() ? FieldReach{} : old_reach->second))
        return std::string(field);
    }
  }
  return {};
}

// The field without what may change freely: titles, and what the comparison of rows covers.
v1::Field RulesOf(const v1::Field& field) {
  v1::Field rules = field;
  rules.clear_title();
  rules.clear_sharing();
  rules.clear_legal_basis();
  return rules;
}

void CompareRules(const v1::Resource& before, const v1::Resource& after, std::vector<std::string>* lines) {
  for (const v1::CrossRule& old_rule : before.cross_rules()) {
    const auto stays = [&](const v1::CrossRule& rule) {
      return google::protobuf::util::MessageDifferencer::Equals(old_rule, rule);
    };
    if (std::none_of(after.cross_rules().begin(), after.cross_rules().end(), stays)) {
      lines->push_back(after.name() + ": the rule " + old_rule.name() + " changes");
    }
  }
  for (const v1::Field& old_field : before.fields()) {
    for (const v1::Field& field : after.fields()) {
      if (field.name() != old_field.name()) continue;
      if (!google::protobuf::util::MessageDifferencer::Equals(RulesOf(old_field), RulesOf(field))) {
        lines->push_back(after.name() + ": the rules of field " + field.name() + " change");
      }
    }
  }
}

// Codes that go, or mean something else. A code more is the ordinary life of a code list.
void CompareCodes(const v1::CodeList& before, const v1::CodeList& after, std::vector<std::string>* lines) {
  std::map<std::string_view, std::string_view> titles;
  for (const auto& code : after.codes()) titles[code.code()] = code.title();
  for (const auto& code : before.codes()) {
    const auto found = titles.find(code.code());
    if (found != titles.end() && found->second == code.title()) continue;
    lines->push_back("code list " + after.name() + ": code " + code.code() + " gets another meaning");
    return;
  }
}

std::string RaiseLine(const std::string& resource, const std::string& department, const std::string& purpose,
                      const std::string& field) {
  return resource + ": " + department + " gets more of field " + field + " for " + purpose;
}

}  // namespace

void ComparisonScope::AddResource(const std::string& resource, const Departments& departments) {
  const auto [place, is_new] = resources_.emplace(resource, departments);
  if (is_new || !place->second) return;
  if (!departments) {
    place->second.reset();
  } else {
    place->second->insert(departments->begin(), departments->end());
  }
}

void ComparisonScope::AddPurpose(const std::string& purpose) {
  const auto found = after_.objects().purposes.find(purpose);
  if (found == after_.objects().purposes.end()) return;
  for (const std::string& department : found->second.departments()) {
    if (!IsLive(before_, department, purpose)) new_pairs_.emplace(department, purpose);
  }
}

void ComparisonScope::AddGrant(const std::string& name) {
  grants_.insert(name);
  for (const WorkingCatalog* catalog : {&before_, &after_}) {
    const auto found = catalog->objects().grants.find(name);
    if (found == catalog->objects().grants.end()) continue;
    AddResource(found->second.resource(), std::set<std::string>{found->second.department()});
  }
}

void ComparisonScope::AddEntry(const std::string& name) {
  for (const WorkingCatalog* catalog : {&before_, &after_}) {
    const auto found = catalog->objects().negative_list.find(name);
    if (found == catalog->objects().negative_list.end()) continue;
    const auto& departments = found->second.departments();
    AddResource(
        found->second.resource(),
        departments.empty() ? Departments() : std::set<std::string>(departments.begin(), departments.end()));
  }
}

void ComparisonScope::Add(const ObjectId& id) {
  switch (id.first) {
    case v1::OBJECT_KIND_DEPARTMENT:
      // A department that purposes already name begins to count with its own object.
      for (const auto& [name, purpose] : after_.objects().purposes) {
        if (Contains(purpose.departments(), id.second)) AddPurpose(name);
      }
      break;
    case v1::OBJECT_KIND_PURPOSE:
      AddPurpose(id.second);
      break;
    case v1::OBJECT_KIND_CODE_LIST:
      code_lists_.insert(id.second);
      break;
    case v1::OBJECT_KIND_RESOURCE:
      AddResource(id.second, std::nullopt);
      break;
    case v1::OBJECT_KIND_NEGATIVE_LIST_ENTRY:
      AddEntry(id.second);
      break;
    case v1::OBJECT_KIND_GRANT:
      AddGrant(id.second);
      break;
    default:
      break;
  }
}

void ComparisonScope::CompareProvision(const std::string& resource, std::vector<std::string>* lines) const {
  const v1::Resource* before = FindResource(before_, resource);
  const v1::Resource* after = FindResource(after_, resource);
  if (before == nullptr || after == nullptr) return;
  for (const std::string& provider : after->providers()) {
    if (!Contains(before->providers(), provider)) {
      lines->push_back(resource + ": " + provider + " becomes a provider");
    }
  }
  CompareRules(*before, *after, lines);
}

// What lies in a topic for longer can be had for longer.
void ComparisonScope::CompareRetention(const std::string& grant, std::vector<std::string>* lines) const {
  const auto before = before_.objects().grants.find(grant);
  const auto after = after_.objects().grants.find(grant);
  if (before == before_.objects().grants.end() || after == after_.objects().grants.end()) return;
  if (RetentionDaysOf(after->second) <= RetentionDaysOf(before->second)) return;
  lines->push_back("grant " + grant + ": delivery topics keep for " +
                   std::to_string(RetentionDaysOf(after->second)) + " days instead of " +
                   std::to_string(RetentionDaysOf(before->second)));
}

void ComparisonScope::CompareResource(const std::string& resource, const Departments& departments,
                                      std::vector<std::string>* lines) const {
  // Departments that no grant or entry names share one row, which is compared once.
  std::set<std::string_view> special;
  for (const WorkingCatalog* catalog : {&before_, &after_}) {
    const ResourceConcerns& concerns = catalog->index().Of(resource);
    for (const auto& [name, grant] : concerns.grants) special.insert(grant->department());
    for (const auto& [name, entry] : concerns.entries) {
      special.insert(entry->departments().begin(), entry->departments().end());
    }
  }
  bool ordinary_compared = false;
  for (const auto& [purpose, object] : after_.objects().purposes) {
    for (const std::string& department : object.departments()) {
      const bool is_special = special.contains(department);
      if (!is_special && ordinary_compared) continue;
      if (departments && !departments->contains(department)) continue;
      if (new_pairs_.contains({department, purpose})) continue;  // compared there
      ordinary_compared |= !is_special;
      const std::string field = RaisedField(SideOf(before_, resource, department, purpose),
                                            SideOf(after_, resource, department, purpose), department);
      if (!field.empty()) lines->push_back(RaiseLine(resource, department, purpose, field));
      if (lines->size() >= kLooseningLines) return;
    }
  }
}

void ComparisonScope::ComparePair(const Pair& pair, std::vector<std::string>* lines) const {
  const auto& [department, purpose] = pair;
  for (const auto& [name, resource] : after_.objects().resources) {
    const std::string field = RaisedField(Side{}, SideOf(after_, name, department, purpose), department);
    if (field.empty()) continue;
    lines->push_back(RaiseLine(name, department, purpose, field));
    return;  // one line per cause, and the cause is the purpose
  }
}

std::vector<std::string> ComparisonScope::Loosenings() const {
  std::vector<std::string> lines;
  for (const std::string& list : code_lists_) {
    const auto before = before_.objects().code_lists.find(list);
    const auto after = after_.objects().code_lists.find(list);
    if (before != before_.objects().code_lists.end() && after != after_.objects().code_lists.end()) {
      CompareCodes(before->second, after->second, &lines);
    }
  }
  for (const std::string& grant : grants_) CompareRetention(grant, &lines);
  for (const auto& [resource, departments] : resources_) {
    if (lines.size() >= kLooseningLines) break;
    if (!departments) CompareProvision(resource, &lines);
    CompareResource(resource, departments, &lines);
  }
  for (const Pair& pair : new_pairs_) {
    if (lines.size() >= kLooseningLines) break;
    ComparePair(pair, &lines);
  }
  if (lines.size() > kLooseningLines) lines.resize(kLooseningLines);
  return lines;
}

namespace {

// Takes into the scope every object of one kind that differs.
template <typename Object>
void AddDifferences(const std::map<std::string, Object>& before, const std::map<std::string, Object>& after,
                    v1::ObjectKind kind, ComparisonScope* scope) {
  for (const auto& [name, object] : after) {
    const auto found = before.find(name);
    const bool same =
        found != before.end() && google::protobuf::util::MessageDifferencer::Equals(found->second, object);
    if (!same) scope->Add({kind, name});
  }
  for (const auto& [name, object] : before) {
    if (!after.contains(name)) scope->Add({kind, name});
  }
}

}  // namespace

std::vector<std::string> Loosenings(const PolicyObjects& before, const PolicyObjects& after) {
  const WorkingCatalog old_catalog(before);
  const WorkingCatalog new_catalog(after);
  ComparisonScope scope(old_catalog, new_catalog);
  AddDifferences(before.departments, after.departments, v1::OBJECT_KIND_DEPARTMENT, &scope);
  AddDifferences(before.purposes, after.purposes, v1::OBJECT_KIND_PURPOSE, &scope);
  AddDifferences(before.code_lists, after.code_lists, v1::OBJECT_KIND_CODE_LIST, &scope);
  AddDifferences(before.resources, after.resources, v1::OBJECT_KIND_RESOURCE, &scope);
  AddDifferences(before.negative_list, after.negative_list, v1::OBJECT_KIND_NEGATIVE_LIST_ENTRY, &scope);
  AddDifferences(before.grants, after.grants, v1::OBJECT_KIND_GRANT, &scope);
  return scope.Loosenings();
}

}  // namespace hangou

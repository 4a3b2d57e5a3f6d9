// The reference evaluator: the rules of sharing, read aloud. It shares no code with the compiled snapshot, so that
// the differential tests compare two readings of the same rules.
#include <algorithm>
#include <set>

#include "libs/base/clock.h"
#include "libs/base/text.h"
#include "libs/policy/snapshot.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

bool Names(const google::protobuf::RepeatedPtrField<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// What a person of the catalog office would say of one grant on a day.
enum class Phase { kAhead, kHolds, kEnded };

Phase PhaseOn(const v1::Grant& grant, const std::string& today) {
  // Dates as YYYY-MM-DD sort like the days that they name.
  if (!grant.valid_from().empty() && today < grant.valid_from()) return Phase::kAhead;
  if (!grant.valid_until().empty() && today > grant.valid_until()) return Phase::kEnded;
  return Phase::kHolds;
}

// How much is shown, as one number: 0 nothing, 1 verify, 2 to 4 the masks, 5 in full.
int Amount(hangou::record::v1::Permission permission, hangou::record::v1::Mask mask) {
  switch (permission) {
    case hangou::record::v1::PERMISSION_VERIFY:
      return 1;
    case hangou::record::v1::PERMISSION_MASKED:
      if (mask == hangou::record::v1::MASK_NAME) return 2;
      return mask == hangou::record::v1::MASK_KEEP_FIRST_AND_LAST ? 3 : 4;
    case hangou::record::v1::PERMISSION_FULL:
      return 5;
    default:
      return 0;
  }
}

FieldPermission PermissionOfAmount(int amount) {
  switch (amount) {
    case 1:
      return {FieldLevel::kVerify, MaskKind::kNone};
    case 2:
      return {FieldLevel::kMasked, MaskKind::kName};
    case 3:
      return {FieldLevel::kMasked, MaskKind::kKeepFirstAndLast};
    case 4:
      return {FieldLevel::kMasked, MaskKind::kCitizenId};
    case 5:
      return {FieldLevel::kFull, MaskKind::kNone};
    default:
      return {};
  }
}

// The grants that a department has for a resource and a purpose, in the order of names.
std::vector<const v1::Grant*> GrantsFor(const PolicyObjects& objects, const DecisionQuery& query) {
  std::vector<const v1::Grant*> grants;
  for (const auto& [name, grant] : objects.grants) {
    if (grant.resource() == query.resource && grant.department() == query.department &&
        Names(grant.purposes(), query.purpose)) {
      grants.push_back(&grant);
    }
  }
  return grants;
}

// Everything that is known of one field.
struct Finding {
  int by_default = 0;
  int granted = 0;                       // the most that a grant in force gives
  std::vector<const v1::Grant*> givers;  // those that give the most
  const v1::Grant* ended = nullptr;      // the first that ended
  const v1::NegativeListEntry* entry = nullptr;
  bool not_shared = false;
  std::string legal_basis;

  bool Withheld() const { return entry != nullptr || not_shared; }
  int Most() const { return std::max(by_default, granted); }
  bool ByGrant() const { return granted > by_default; }
};

void LookAtGrants(const PolicyObjects& objects, const DecisionQuery& query, const v1::Field& field,
                  Finding* finding) {
  const std::string today = FormatDay(DayInChina(query.now_us));
  for (const v1::Grant* grant : GrantsFor(objects, query)) {
    for (const auto& line : grant->fields()) {
      if (line.field() != field.name()) continue;
      const Phase phase = PhaseOn(*grant, today);
      if (phase == Phase::kEnded && finding->ended == nullptr) finding->ended = grant;
      if (phase != Phase::kHolds) continue;
      const int amount = Amount(line.permission(), line.mask());
      if (amount > finding->granted) finding->givers.clear();
      if (amount >= finding->granted) finding->givers.push_back(grant);
      finding->granted = std::max(finding->granted, amount);
    }
  }
}

Finding LookAt(const PolicyObjects& objects, const DecisionQuery& query, const v1::Resource& resource,
               const v1::Field& field) {
  Finding finding;
  const bool own = field.sharing() != v1::SHARING_TYPE_UNSPECIFIED;
  const v1::SharingType sharing = own ? field.sharing() : resource.sharing();
  if (sharing == v1::SHARING_TYPE_UNCONDITIONAL) finding.by_default = 5;
  LookAtGrants(objects, query, field, &finding);
  for (const auto& [name, entry] : objects.negative_list) {
    if (finding.entry != nullptr || entry.resource() != resource.name()) continue;
    if (!entry.field().empty() && entry.field() != field.name()) continue;
    if (entry.departments().empty() || Names(entry.departments(), query.department)) finding.entry = &entry;
  }
  if (finding.entry != nullptr) {
    finding.legal_basis = finding.entry->legal_basis();
  } else if (sharing == v1::SHARING_TYPE_NOT_SHARED) {
    finding.not_shared = true;
    finding.legal_basis = field.legal_basis().empty() ? resource.legal_basis() : field.legal_basis();
  }
  return finding;
}

FieldBasisLine BasisOf(const Finding& finding) {
  FieldBasisLine basis;
  if (finding.Withheld()) {
    basis.reason = Reason::kNegativeList;
    basis.legal_basis = finding.legal_basis;
    if (finding.entry != nullptr) basis.entry = finding.entry->name();
  } else if (finding.ByGrant()) {
    basis.entry = finding.givers.front()->name();
  } else if (finding.Most() == 0 && finding.ended != nullptr) {
    basis.reason = Reason::kGrantExpired;
    basis.entry = finding.ended->name();
  }
  return basis;
}

// The negative list where it took something, or stands before everything; else a grant that ended; else no grant.
Reason WhyNothing(const std::vector<Finding>& findings) {
  const auto took = [](const Finding& f) { return f.Withheld() && f.Most() > 0; };
  const auto withheld = [](const Finding& f) { return f.Withheld(); };
  const auto ended = [](const Finding& f) { return !f.Withheld() && f.ended != nullptr; };
  if (std::any_of(findings.begin(), findings.end(), took)) return Reason::kNegativeList;
  if (std::all_of(findings.begin(), findings.end(), withheld)) return Reason::kNegativeList;
  if (std::any_of(findings.begin(), findings.end(), ended)) return Reason::kGrantExpired;
  return Reason::kNoGrant;
}

void Collect(const PolicyObjects& objects, const DecisionQuery& query, const v1::Resource& resource,
             FieldRights* rights) {
  std::map<uint32_t, const v1::Field*> by_number;
  for (const v1::Field& field : resource.fields()) by_number[field.number()] = &field;
  std::vector<Finding> findings;
  std::set<std::string> decided_by;
  for (const auto& [number, field] : by_number) {
    const Finding& finding = findings.emplace_back(LookAt(objects, query, resource, *field));
    rights->permissions.push_back(PermissionOfAmount(finding.Withheld() ? 0 : finding.Most()));
    rights->basis.push_back(BasisOf(finding));
    if (finding.Withheld() || !finding.ByGrant()) continue;
    for (const v1::Grant* grant : finding.givers) {
      decided_by.insert(grant->name());
      if (grant->case_number_required()) rights->case_number_required = true;
    }
  }
  for (const auto& [name, entry] : objects.negative_list) {
    const bool concerns = entry.departments().empty() || Names(entry.departments(), query.department);
    if (entry.resource() == resource.name() && concerns) decided_by.insert(name);
  }
  rights->decided_by.assign(decided_by.begin(), decided_by.end());
  for (const FieldPermission& permission : rights->permissions)
    rights->any |= permission.level > FieldLevel::kNone;
  if (!rights->any) rights->reason = WhyNothing(findings);
}

}  // namespace

PolicyDecision DecideByReference(const PolicyObjects& objects, const DecisionQuery& query,
                                 FieldRights* rights) {
  *rights = FieldRights{};
  PolicyDecision decision;
  const auto deny = [&decision](Reason reason) {
    decision.reason = reason;
    decision.message = "denied by the reference evaluator";
    return decision;
  };
  if (!objects.departments.contains(std::string(query.department))) return deny(Reason::kUnknownConsumer);
  if (query.purpose.empty()) return deny(Reason::kPurposeRequired);
  const auto purpose = objects.purposes.find(std::string(query.purpose));
  if (purpose == objects.purposes.end()) return deny(Reason::kUnknownPurpose);
  if (!Names(purpose->second.departments(), query.department)) return deny(Reason::kPurposeNotRegistered);
  const auto resource = objects.resources.find(std::string(query.resource));
  if (resource == objects.resources.end()) return deny(Reason::kUnknownResource);
  Collect(objects, query, resource->second, rights);
  decision.rights = rights;
  if (!rights->any) return deny(rights->reason);
  if (rights->case_number_required && query.case_number.empty()) return deny(Reason::kCaseNumberRequired);
  decision.allowed = true;
  return decision;
}

}  // namespace hangou

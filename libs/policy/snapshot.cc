#include "libs/policy/snapshot.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/policy/index.h"
#include "libs/policy/rights.h"
#include "libs/policy/validate.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

using Row = std::vector<RightsSlice>;

// Rows are found by one number: resource, department and purpose by their place in the catalog's order.
constexpr uint64_t kAnyPurpose = 0xFFFF;
static_assert(limits::kPurposes < kAnyPurpose && limits::kDepartments < 0x10000);

uint64_t RowKey(uint64_t resource, uint64_t department, uint64_t purpose) {
  return resource << 32 | department << 16 | purpose;
}

using Places = std::unordered_map<std::string_view, uint32_t>;

// The place of a name; false where it is not known.
bool Find(const Places& places, std::string_view name, uint32_t* place) {
  const auto found = places.find(name);
  if (found == places.end()) return false;
  *place = found->second;
  return true;
}

template <typename Objects>
Places PlacesOf(const Objects& objects) {
  Places places;
  places.reserve(objects.size());
  for (const auto& [name, object] : objects) places.emplace(name, places.size());
  return places;
}

// The rights that hold at an instant.
const FieldRights& RightsAt(const Row& row, int64_t now_us) {
  auto slice = std::upper_bound(row.begin(), row.end(), now_us,
                                [](int64_t now, const RightsSlice& s) { return now < s.from_us; });
  return std::prev(slice)->rights;
}

std::string DenialMessage(std::string_view resource, const FieldRights& rights) {
  const auto line = std::find_if(rights.basis.begin(), rights.basis.end(),
                                 [&](const FieldBasisLine& basis) { return basis.reason == rights.reason; });
  std::string message(resource);
  if (line == rights.basis.end() || rights.reason == Reason::kNoGrant) {
    return message + ": no grant gives the department anything of it for this purpose; request access";
  }
  if (rights.reason == Reason::kGrantExpired) {
    return message + ": the grant \"" + line->entry + "\" has ended; request its renewal";
  }
  if (line->entry.empty()) return message + ": not shared (legal basis: " + line->legal_basis + ")";
  return message + ": withheld by the negative list entry \"" + line->entry +
         "\" (legal basis: " + line->legal_basis + ")";
}

bool SameCodes(const PolicyObjects& a, const PolicyObjects& b, const v1::Resource& resource) {
  for (const v1::Field& field : resource.fields()) {
    if (field.code_list().empty()) continue;
    const auto in_a = a.code_lists.find(field.code_list());
    const auto in_b = b.code_lists.find(field.code_list());
    if (in_a == a.code_lists.end() || in_b == b.code_lists.end()) return false;
    if (in_a->second.SerializeAsString() != in_b->second.SerializeAsString()) return false;
  }
  return true;
}

}  // namespace

struct PolicySnapshot::Tables {
  Places departments;
  Places purposes;
  Places resources;
  std::unordered_map<uint32_t, uint32_t> resource_of_number;
  std::unordered_set<uint64_t> registered;                     // department << 16 | purpose
  std::vector<std::shared_ptr<const ResourceSchema>> schemas;  // by place of the resource
  std::vector<Row> default_rows;                               // likewise
  std::unordered_map<uint64_t, Row> rows;

  void Register(const PolicyObjects& objects);
  absl::Status CompileSchemas(const PolicyObjects& objects, const PolicySnapshot* previous);
  void BuildRows(uint32_t resource, const ResourceConcerns& concerns);
  bool IsRegistered(uint64_t department, uint64_t purpose) const {
    return registered.contains(department << 16 | purpose);
  }
  const Row& RowOf(uint64_t resource, uint64_t department, uint64_t purpose) const;
};

void PolicySnapshot::Tables::Register(const PolicyObjects& objects) {
  departments = PlacesOf(objects.departments);
  purposes = PlacesOf(objects.purposes);
  resources = PlacesOf(objects.resources);
  for (const auto& [name, purpose] : objects.purposes) {
    for (const std::string& department : purpose.departments()) {
      registered.insert(uint64_t{departments.at(department)} << 16 | purposes.at(name));
    }
  }
}

absl::Status PolicySnapshot::Tables::CompileSchemas(const PolicyObjects& objects,
                                                    const PolicySnapshot* previous) {
  SchemaCompiler compiler(objects);
  for (const auto& [name, resource] : objects.resources) {
    std::shared_ptr<const ResourceSchema> schema =
        previous == nullptr ? nullptr : previous->FindResource(name);
    if (schema == nullptr || schema->declaration().SerializeAsString() != resource.SerializeAsString() ||
        !SameCodes(objects, previous->objects(), resource)) {
      ASSIGN_OR_RETURN(schema, compiler.Compile(resource));
    }
    if (!resource_of_number.emplace(resource.number(), schemas.size()).second) {
      return MakeError(Reason::kInvalidObject, name + ": another resource has its number", "number");
    }
    schemas.push_back(std::move(schema));
  }
  return absl::OkStatus();
}

void PolicySnapshot::Tables::BuildRows(uint32_t resource, const ResourceConcerns& concerns) {
  RowInputs inputs;
  inputs.schema = schemas[resource].get();
  std::set<std::string_view> named;
  for (const auto& [name, entry] : concerns.entries) {
    if (entry->departments().empty()) inputs.entries.push_back(entry);
    named.insert(entry->departments().begin(), entry->departments().end());
  }
  default_rows.push_back(BuildSlices(inputs));
  const auto entries_for = [&](std::string_view department) {
    inputs.entries.clear();
    for (const auto& [name, entry] : concerns.entries) {
      if (Concerns(*entry, department)) inputs.entries.push_back(entry);
    }
  };
  for (const std::string_view department : named) {
    entries_for(department);
    rows[RowKey(resource, departments.at(department), kAnyPurpose)] = BuildSlices(inputs);
  }
  std::map<std::pair<std::string_view, std::string_view>, std::vector<const v1::Grant*>> grants;
  for (const auto& [name, grant] : concerns.grants) {
    for (const std::string& purpose : grant->purposes())
      grants[{grant->department(), purpose}].push_back(grant);
  }
  for (const auto& [pair, list] : grants) {
    const uint32_t department = departments.at(pair.first);
    const uint32_t purpose = purposes.at(pair.second);
    if (!IsRegistered(department, purpose)) continue;
    entries_for(pair.first);
    inputs.grants = list;
    rows[RowKey(resource, department, purpose)] = BuildSlices(inputs);
  }
}

const Row& PolicySnapshot::Tables::RowOf(uint64_t resource, uint64_t department, uint64_t purpose) const {
  auto found = rows.find(RowKey(resource, department, purpose));
  if (found == rows.end()) found = rows.find(RowKey(resource, department, kAnyPurpose));
  return found == rows.end() ? default_rows[resource] : found->second;
}

PolicySnapshot::~PolicySnapshot() = default;

absl::StatusOr<std::shared_ptr<const PolicySnapshot>> PolicySnapshot::Compile(
    PolicyObjects objects, uint64_t epoch, const PolicySnapshot* previous,
    hangou::catalog::v1::Placement placement) {
  auto kept = std::make_shared<const PolicyObjects>(std::move(objects));
  const PolicyIndex index(*kept);
  RETURN_IF_ERROR(CheckAllReferences(*kept, index));
  auto tables = std::make_shared<Tables>();
  tables->Register(*kept);
  RETURN_IF_ERROR(tables->CompileSchemas(*kept, previous));
  uint32_t place = 0;
  for (const auto& [name, resource] : kept->resources) tables->BuildRows(place++, index.Of(name));
  std::shared_ptr<PolicySnapshot> snapshot(new PolicySnapshot);
  snapshot->epoch_ = epoch;
  snapshot->objects_ = std::move(kept);
  snapshot->tables_ = std::move(tables);
  snapshot->placement_ = Placement(std::move(placement));
  return std::shared_ptr<const PolicySnapshot>(std::move(snapshot));
}

std::shared_ptr<const PolicySnapshot> PolicySnapshot::WithPlacement(const PolicySnapshot& previous,
                                                                    hangou::catalog::v1::Placement placement,
                                                                    uint64_t epoch) {
  std::shared_ptr<PolicySnapshot> snapshot(new PolicySnapshot);
  snapshot->epoch_ = epoch;
  snapshot->objects_ = previous.objects_;
  snapshot->tables_ = previous.tables_;
  snapshot->placement_ = Placement(std::move(placement));
  return snapshot;
}

std::shared_ptr<const ResourceSchema> PolicySnapshot::FindResource(std::string_view name) const {
  uint32_t place = 0;
  return Find(tables_->resources, name, &place) ? tables_->schemas[place] : nullptr;
}

std::shared_ptr<const ResourceSchema> PolicySnapshot::FindResource(uint32_t number) const {
  const auto found = tables_->resource_of_number.find(number);
  return found == tables_->resource_of_number.end() ? nullptr : tables_->schemas[found->second];
}

PolicyDecision PolicySnapshot::Decide(const DecisionQuery& query) const {
  PolicyDecision decision;
  const auto deny = [&decision](Reason reason, std::string message) {
    decision.reason = reason;
    decision.message = std::move(message);
    return decision;
  };
  const Tables& tables = *tables_;
  uint32_t department = 0;
  uint32_t purpose = 0;
  uint32_t resource = 0;
  if (!Find(tables.departments, query.department, &department)) {
    return deny(Reason::kUnknownConsumer, "the catalog does not know the caller's department");
  }
  if (query.purpose.empty()) return deny(Reason::kPurposeRequired, "state the purpose of the read");
  if (!Find(tables.purposes, query.purpose, &purpose)) {
    return deny(Reason::kUnknownPurpose, "the catalog does not know the purpose");
  }
  if (!tables.IsRegistered(department, purpose)) {
    return deny(Reason::kPurposeNotRegistered, "the purpose is not registered for the caller's department");
  }
  if (!Find(tables.resources, query.resource, &resource)) {
    return deny(Reason::kUnknownResource, "the catalog does not know the resource");
  }
  decision.schema = tables.schemas[resource];
  decision.rights = &RightsAt(tables.RowOf(resource, department, purpose), query.now_us);
  if (!decision.rights->any) {
    return deny(decision.rights->reason, DenialMessage(decision.schema->name(), *decision.rights));
  }
  if (decision.rights->case_number_required && query.case_number.empty()) {
    return deny(Reason::kCaseNumberRequired,
                decision.schema->name() + ": the grant demands the case number of the matter");
  }
  decision.allowed = true;
  return decision;
}

FieldRights ProviderRights(const ResourceSchema& schema) {
  FieldRights rights;
  rights.permissions.assign(schema.fields().size(), {FieldLevel::kFull, MaskKind::kNone});
  rights.basis.resize(schema.fields().size());
  rights.any = true;
  return rights;
}

hangou::record::v1::Decision ToProto(const ResourceSchema& schema, const FieldRights& rights,
                                     uint64_t epoch) {
  hangou::record::v1::Decision decision;
  decision.set_epoch(epoch);
  for (size_t i = 0; i < schema.fields().size(); ++i) {
    const FieldLevel level = rights.permissions[i].level;
    if (level == FieldLevel::kFull) continue;
    const uint32_t number = schema.fields()[i].number;
    // A field that may only be verified is withheld from a read.
    if (level == FieldLevel::kMasked) {
      decision.add_masked(number);
    } else {
      decision.add_withheld(number);
    }
    auto* basis = decision.add_basis();
    basis->set_field(number);
    basis->set_reason(std::string(ReasonName(rights.basis[i].reason)));
    basis->set_entry(rights.basis[i].entry);
    basis->set_legal_basis(rights.basis[i].legal_basis);
  }
  return decision;
}

}  // namespace hangou

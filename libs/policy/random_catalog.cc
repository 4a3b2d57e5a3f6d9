#include "libs/policy/random_catalog.h"

#include <algorithm>
#include <iterator>

#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

const std::vector<std::string> kDepartments = {"civil", "psb", "tax"};
const std::vector<std::string> kPurposes = {"aid", "check"};
const std::vector<std::string> kResources = {"resources/civil.marriage", "resources/psb.resident",
                                             "resources/tax.payer"};
// The first is the owner.
const std::vector<std::string> kFields = {"id", "name", "amount", "phone"};
// The dates of grants, and so the instants at which decisions change.
const std::vector<std::string> kDays = {"2026-03-01", "2026-06-30", "2026-07-01", "2026-12-31"};

}  // namespace

std::vector<std::string> RandomCatalog::Departments() {
  std::vector<std::string> all = kDepartments;
  all.emplace_back("nobody");
  return all;
}

std::vector<std::string> RandomCatalog::Purposes() {
  std::vector<std::string> all = kPurposes;
  all.emplace_back("nothing");
  all.emplace_back("");
  return all;
}

std::vector<std::string> RandomCatalog::Resources() {
  std::vector<std::string> all = kResources;
  all.emplace_back("resources/psb.nothing");
  return all;
}

std::vector<int64_t> RandomCatalog::Instants() {
  std::vector<int64_t> instants = {0};
  for (const std::string& day : kDays) {
    for (const char* time : {"T00:00:00+08:00", "T23:59:59.999999+08:00"}) {
      const int64_t instant = ParseInstant(day + time).value();
      for (const int64_t offset : {-1, 0, 1}) instants.push_back(instant + offset);
    }
  }
  return instants;
}

template <typename Map>
const typename Map::mapped_type& RandomCatalog::Pick(const Map& map) {
  return std::next(map.begin(), Below(static_cast<int>(map.size())))->second;
}

v1::Purpose RandomCatalog::MakePurpose(const std::string& name) {
  v1::Purpose purpose;
  purpose.set_name(name);
  for (const std::string& department : kDepartments) {
    if (Chance(70)) purpose.add_departments(department);
  }
  return purpose;
}

v1::Resource RandomCatalog::MakeResource(const std::string& name) {
  v1::Resource resource;
  resource.set_name(name);
  resource.set_library("population");
  resource.set_responsible("psb");
  resource.add_providers("psb");
  if (Chance(10)) resource.add_providers("civil");
  resource.set_sharing(static_cast<v1::SharingType>(1 + (Chance(15) ? 2 : Below(2))));
  resource.set_legal_basis("law of " + name);
  resource.set_versioning(v1::VERSIONING_ARRIVAL);
  resource.set_owner_kind(hangou::record::v1::ENTITY_KIND_PERSON);
  resource.set_owner_field("id");
  for (const std::string& field_name : kFields) {
    v1::Field* field = resource.add_fields();
    field->set_name(field_name);
    field->set_type(field_name == "id"       ? v1::FIELD_TYPE_CITIZEN_ID
                    : field_name == "amount" ? v1::FIELD_TYPE_MONEY
                                             : v1::FIELD_TYPE_TEXT);
    field->set_required(field_name == "id");
    if (!Chance(25)) continue;
    field->set_sharing(static_cast<v1::SharingType>(std::min(3, resource.sharing() + Below(3))));
    if (Chance(50)) field->set_legal_basis("law of " + field_name);
  }
  return resource;
}

v1::NegativeListEntry RandomCatalog::MakeEntry(const PolicyObjects& objects, const std::string& name) {
  v1::NegativeListEntry entry;
  entry.set_name(name);
  if (Chance(30) || objects.resources.empty()) {
    entry.set_removed(true);
    return entry;
  }
  entry.set_resource(Pick(objects.resources).name());
  if (Chance(75)) entry.set_field(kFields[Below(static_cast<int>(kFields.size()))]);
  entry.set_legal_basis("law of " + name);
  if (Chance(50)) return entry;
  for (const std::string& department : kDepartments) {
    if (Chance(50)) entry.add_departments(department);
  }
  return entry;
}

v1::Grant RandomCatalog::MakeGrant(const PolicyObjects& objects, const std::string& name) {
  v1::Grant grant;
  grant.set_name(name);
  if (Chance(25) || objects.resources.empty()) {
    grant.set_removed(true);
    return grant;
  }
  const v1::Resource& resource = Pick(objects.resources);
  grant.set_resource(resource.name());
  grant.set_department(kDepartments[Below(static_cast<int>(kDepartments.size()))]);
  grant.add_purposes(kPurposes[0]);
  if (Chance(50)) grant.add_purposes(kPurposes[1]);
  for (const std::string& field : kFields) {
    if (Chance(40)) continue;
    auto* line = grant.add_fields();
    line->set_field(field);
    line->set_permission(static_cast<hangou::record::v1::Permission>(1 + Below(3)));
    if (line->permission() != hangou::record::v1::PERMISSION_MASKED) continue;
    line->set_mask(static_cast<hangou::record::v1::Mask>(1 + Below(3)));
  }
  if (Chance(50)) grant.set_valid_from(kDays[Below(3)]);
  if (Chance(50)) grant.set_valid_until(kDays[Below(4)]);
  grant.set_case_number_required(Chance(30));
  return grant;
}

v1::CatalogObject RandomCatalog::MakeObject(const PolicyObjects& objects) {
  v1::CatalogObject object;
  switch (Below(10)) {
    case 0:
      *object.mutable_purpose() = MakePurpose(kPurposes[Below(2)]);
      break;
    case 1:
    case 2:
      *object.mutable_resource() = MakeResource(kResources[Below(3)]);
      break;
    case 3:
    case 4:
    case 5:
      *object.mutable_negative_list_entry() = MakeEntry(objects, "e" + std::to_string(Below(4)));
      break;
    default:
      *object.mutable_grant() = MakeGrant(objects, "g" + std::to_string(Below(6)));
      break;
  }
  return object;
}

PolicyObjects RandomCatalog::Make() {
  CatalogState state;
  std::vector<v1::CatalogObject> objects;
  for (const std::string& name : kDepartments) objects.emplace_back().mutable_department()->set_name(name);
  for (const std::string& name : kPurposes) *objects.emplace_back().mutable_purpose() = MakePurpose(name);
  for (const std::string& name : kResources) *objects.emplace_back().mutable_resource() = MakeResource(name);
  const auto absorb = [&state](const std::vector<v1::CatalogObject>& applied, bool must_fit) {
    auto outcome = state.PlanApply(applied, "m1", 0);
    if (!outcome.ok()) HANGOU_CHECK(!must_fit, Message(outcome.status()));
    if (!outcome.ok()) return;
    v1::PolicyUpdate update = outcome->update;
    for (const v1::Change& change : outcome->update.waiting()) {
      HANGOU_CHECK(state.Absorb(update).ok(), "absorb");
      update = state.PlanApproval(change.id(), "m2", 0)->update;
    }
    if (update.epoch() != 0) HANGOU_CHECK(state.Absorb(update).ok(), "absorb");
  };
  absorb(objects, true);
  for (int i = 0; i < 12; ++i) absorb({MakeObject(state.objects())}, false);
  return state.objects();
}

}  // namespace hangou

#include "libs/policy/catalog_state.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "google/protobuf/util/message_differencer.h"
#include "libs/base/status.h"
#include "libs/policy/random_catalog.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;
using google::protobuf::util::MessageDifferencer;

constexpr char kFirst[] = "spiffe://hangou/department/platform/manager/m1";
constexpr char kSecond[] = "spiffe://hangou/department/platform/manager/m2";
constexpr char kStateResident[] = "resources/psb.resident";

v1::CatalogObject Department(const std::string& name) {
  v1::CatalogObject object;
  object.mutable_department()->set_name(name);
  return object;
}

v1::CatalogObject Purpose(const std::string& name, const std::vector<std::string>& departments) {
  v1::CatalogObject object;
  object.mutable_purpose()->set_name(name);
  for (const std::string& department : departments) object.mutable_purpose()->add_departments(department);
  return object;
}

v1::CatalogObject Resource(const std::string& name, v1::SharingType sharing = v1::SHARING_TYPE_CONDITIONAL) {
  v1::CatalogObject object;
  v1::Resource* resource = object.mutable_resource();
  resource->set_name(name);
  resource->set_library("population");
  resource->set_responsible("psb");
  resource->add_providers("psb");
  resource->set_sharing(sharing);
  resource->set_legal_basis("Law 1");
  resource->set_versioning(v1::VERSIONING_ARRIVAL);
  resource->set_owner_kind(hangou::record::v1::ENTITY_KIND_PERSON);
  resource->set_owner_field("id");
  const std::pair<const char*, v1::FieldType> fields[] = {
      {"id", v1::FIELD_TYPE_CITIZEN_ID}, {"phone", v1::FIELD_TYPE_TEXT}, {"amount", v1::FIELD_TYPE_MONEY}};
  for (const auto& [field_name, type] : fields) {
    v1::Field* field = resource->add_fields();
    field->set_name(field_name);
    field->set_type(type);
    field->set_required(field_name == std::string("id"));
  }
  return object;
}

v1::CatalogObject Grant(const std::string& name, const std::vector<std::string>& fields,
                        const std::string& valid_until = {}) {
  v1::CatalogObject object;
  v1::Grant* grant = object.mutable_grant();
  grant->set_name(name);
  grant->set_resource(kStateResident);
  grant->set_department("tax");
  grant->add_purposes("check");
  grant->set_valid_until(valid_until);
  for (const std::string& field : fields) {
    grant->add_fields()->set_field(field);
    grant->mutable_fields(grant->fields_size() - 1)->set_permission(hangou::record::v1::PERMISSION_FULL);
  }
  return object;
}

v1::CatalogObject Entry(const std::string& name, const std::string& field) {
  v1::CatalogObject object;
  v1::NegativeListEntry* entry = object.mutable_negative_list_entry();
  entry->set_name(name);
  entry->set_resource(kStateResident);
  entry->set_field(field);
  entry->set_legal_basis("Law of " + name);
  return object;
}

v1::CatalogObject Removed(v1::CatalogObject object) {
  if (object.has_grant()) object.mutable_grant()->set_removed(true);
  if (object.has_negative_list_entry()) object.mutable_negative_list_entry()->set_removed(true);
  return object;
}

// A catalog and the changes made to it, with every update absorbed as the service does.
struct Catalog {
  CatalogState state;

  CatalogState::Outcome Apply(const std::vector<v1::CatalogObject>& objects,
                              const std::string& manager = kFirst) {
    auto outcome = state.PlanApply(objects, manager, 1);
    INFO(outcome.status().ToString());
    REQUIRE(outcome.ok());
    if (outcome->update.epoch() != 0) REQUIRE(state.Absorb(outcome->update).ok());
    return *outcome;
  }
  absl::Status Approve(const std::string& change, const std::string& manager = kSecond) {
    auto outcome = state.PlanApproval(change, manager, 2);
    if (!outcome.ok()) return outcome.status();
    return state.Absorb(outcome->update);
  }
  // The state of the one object that an Apply was about.
  v1::ObjectResult::State ApplyOne(const v1::CatalogObject& object) {
    return Apply({object}).results[0].state();
  }
  std::optional<Reason> Refused(const v1::CatalogObject& object) {
    return ReasonOf(state.PlanApply({object}, kFirst, 1).status());
  }
};

// psb publishes the conditional resource psb.resident; tax has the purpose check; g1 grants phone until 2026-06-30.
Catalog Started() {
  Catalog catalog;
  catalog.Apply({Department("psb"), Department("tax"), Department("civil"), Purpose("check", {"tax"}),
                 Resource(kStateResident), Grant("g1", {"phone"}, "2026-06-30")});
  return catalog;
}

constexpr auto kApplied = v1::ObjectResult::STATE_APPLIED;
constexpr auto kWaiting = v1::ObjectResult::STATE_WAITING;
constexpr auto kUnchanged = v1::ObjectResult::STATE_UNCHANGED;

}  // namespace

TEST_CASE("On an empty catalog nothing waits, and numbers, revisions and etags are assigned") {
  const Catalog catalog = Started();
  CHECK(catalog.state.epoch() == 1);
  CHECK(catalog.state.waiting().empty());
  const v1::Resource& resource = catalog.state.objects().resources.at(kStateResident);
  CHECK(resource.number() == 1);
  CHECK(resource.schema_revision() == 1);
  CHECK(resource.fields(2).number() == 3);
  CHECK(catalog.state.EtagOf(v1::OBJECT_KIND_RESOURCE, kStateResident) == "1");
  CHECK(ValidateObjects(catalog.state.objects()).ok());
}

TEST_CASE("What loosens waits for a second manager, and comes into force when approved") {
  Catalog catalog = Started();
  const auto outcome = catalog.Apply({Grant("g1", {"phone"}, "2026-12-31")});
  CHECK(outcome.results[0].state() == kWaiting);
  CHECK_FALSE(outcome.results[0].note().empty());
  CHECK(catalog.state.objects().grants.at("g1").valid_until() == "2026-06-30");
  CHECK(ReasonOf(catalog.Approve(outcome.waiting_change, kFirst)) == Reason::kSecondManagerRequired);
  CHECK(ReasonOf(catalog.Approve("c99")) == Reason::kObjectNotFound);
  CHECK(catalog.Approve(outcome.waiting_change).ok());
  CHECK(catalog.state.objects().grants.at("g1").valid_until() == "2026-12-31");
  CHECK(catalog.state.waiting().empty());
  CHECK(ReasonOf(catalog.Approve(outcome.waiting_change)) == Reason::kObjectNotFound);
}

TEST_CASE("Which single changes loosen") {
  Catalog catalog = Started();
  CHECK(catalog.ApplyOne(Department("health")) == kApplied);
  CHECK(catalog.ApplyOne(Entry("e1", "amount")) == kApplied);
  CHECK(catalog.ApplyOne(Grant("g1", {"phone"}, "2026-05-31")) == kApplied);
  CHECK(catalog.ApplyOne(Grant("g1", {"phone"}, "2026-06-30")) == kWaiting);
  CHECK(catalog.ApplyOne(Grant("g2", {"amount"})) == kApplied);  // the entry withholds it
  CHECK(catalog.ApplyOne(Removed(Entry("e1", ""))) == kWaiting);
  CHECK(catalog.ApplyOne(Grant("g2", {"id"})) == kWaiting);
  CHECK(catalog.ApplyOne(Removed(Grant("g2", {}))) == kApplied);
  CHECK(catalog.ApplyOne(Purpose("check", {"tax", "civil"})) == kApplied);  // civil gets nothing by it
  CHECK(catalog.ApplyOne(Purpose("check", {"tax"})) == kApplied);
  CHECK(catalog.ApplyOne(Resource("resources/psb.address")) == kApplied);
  CHECK(catalog.ApplyOne(Resource("resources/psb.secret", v1::SHARING_TYPE_NOT_SHARED)) == kApplied);
  CHECK(catalog.ApplyOne(Resource("resources/psb.open", v1::SHARING_TYPE_UNCONDITIONAL)) == kWaiting);
  CHECK(catalog.ApplyOne(Resource(kStateResident, v1::SHARING_TYPE_UNCONDITIONAL)) == kWaiting);
  v1::CatalogObject provided = Resource(kStateResident);
  provided.mutable_resource()->add_providers("civil");
  CHECK(catalog.ApplyOne(provided) == kWaiting);
  v1::CatalogObject relaxed = Resource(kStateResident);
  relaxed.mutable_resource()->mutable_fields(0)->set_required(false);
  CHECK(catalog.ApplyOne(relaxed) == kWaiting);
  v1::CatalogObject titled = Resource(kStateResident);
  titled.mutable_resource()->mutable_fields(1)->set_title("电话");
  CHECK(catalog.ApplyOne(titled) == kApplied);
  CHECK(catalog.ApplyOne(titled) == kUnchanged);
  v1::CatalogObject kept = Grant("g1", {"phone"}, "2026-05-31");
  kept.mutable_grant()->set_retention_days(3);
  CHECK(catalog.ApplyOne(kept) == kApplied);
  kept.mutable_grant()->set_retention_days(8);
  CHECK(catalog.ApplyOne(kept) == kWaiting);
}

TEST_CASE("A purpose that gives rights on what is open waits") {
  Catalog catalog;
  catalog.Apply({Department("psb"), Department("tax"), Purpose("check", {"tax"}),
                 Resource(kStateResident, v1::SHARING_TYPE_UNCONDITIONAL)});
  CHECK(catalog.ApplyOne(Purpose("aid", {})) == kApplied);
  CHECK(catalog.ApplyOne(Purpose("aid", {"tax"})) == kWaiting);
}

TEST_CASE("A tightening is applied at once though the same request holds loosenings") {
  Catalog catalog = Started();
  const auto outcome =
      catalog.Apply({Grant("g2", {"amount"}), Entry("e1", "phone"), Resource("resources/psb.address")});
  CHECK(outcome.results[0].state() == kWaiting);
  CHECK(outcome.results[1].state() == kApplied);
  CHECK(outcome.results[2].state() == kApplied);
  CHECK(catalog.state.objects().negative_list.contains("e1"));
  CHECK_FALSE(catalog.state.objects().grants.contains("g2"));
}

TEST_CASE("What needs a waiting object waits with it") {
  Catalog catalog = Started();
  v1::CatalogObject grant = Grant("g2", {"phone"});
  grant.mutable_grant()->set_resource("resources/psb.open");
  const auto outcome = catalog.Apply({grant, Resource("resources/psb.open", v1::SHARING_TYPE_UNCONDITIONAL)});
  CHECK(outcome.results[0].state() == kWaiting);
  CHECK(outcome.results[1].state() == kWaiting);
  CHECK(catalog.state.waiting().at(outcome.waiting_change).objects_size() == 2);
  REQUIRE(catalog.Approve(outcome.waiting_change).ok());
  CHECK(catalog.state.objects().resources.at("resources/psb.open").number() == 2);
}

TEST_CASE("A case number that a grant demands cannot be got rid of in two steps") {
  Catalog catalog = Started();
  v1::CatalogObject strict = Grant("g3", {"amount"});
  strict.mutable_grant()->set_case_number_required(true);
  REQUIRE(catalog.Approve(catalog.Apply({strict}).waiting_change).ok());
  CHECK(catalog.ApplyOne(Grant("g4", {"amount"})) == kWaiting);
  CHECK(catalog.ApplyOne(Grant("g3", {"amount"})) == kWaiting);
  CHECK(catalog.ApplyOne(Removed(strict)) == kApplied);
}

TEST_CASE("The same request again makes no second change, and a larger one takes the smaller over") {
  Catalog catalog = Started();
  const auto first = catalog.Apply({Grant("g2", {"amount"})});
  const auto again = catalog.Apply({Grant("g2", {"amount"})}, kSecond);
  CHECK(again.update.epoch() == 0);
  CHECK(again.waiting_change == first.waiting_change);
  CHECK(catalog.state.waiting().begin()->second.applied_by() == kFirst);
  const auto larger = catalog.Apply({Grant("g2", {"amount"}), Grant("g3", {"id"})});
  CHECK(catalog.state.waiting().size() == 1);
  CHECK(catalog.state.waiting().contains(larger.waiting_change));
}

TEST_CASE("A waiting change whose object has changed meanwhile waits no longer, and the answer says so") {
  Catalog catalog = Started();
  const auto longer = catalog.Apply({Grant("g1", {"phone"}, "2027-12-31")});
  const auto shorter = catalog.Apply({Grant("g1", {"phone"}, "2026-03-31")});
  CHECK(shorter.results[0].state() == kApplied);
  CHECK(shorter.results[0].note().find(longer.waiting_change) != std::string::npos);
  CHECK(catalog.state.waiting().empty());
}

TEST_CASE("An etag in a request must be the stored one") {
  Catalog catalog = Started();
  v1::CatalogObject entry = Entry("e1", "phone");
  catalog.Apply({entry});
  entry.mutable_negative_list_entry()->set_title("title");
  entry.set_etag("1");
  CHECK(catalog.Refused(entry) == Reason::kEtagMismatch);
  entry.set_etag(catalog.state.EtagOf(v1::OBJECT_KIND_NEGATIVE_LIST_ENTRY, "e1"));
  CHECK(catalog.ApplyOne(entry) == kApplied);
}

TEST_CASE("Objects that contradict the catalog are refused as a whole, with object and field") {
  const auto refused = [](const v1::CatalogObject& object, const std::string& field) {
    Catalog catalog = Started();
    const auto outcome = catalog.state.PlanApply({Department("health"), object}, kFirst, 1);
    INFO(outcome.status().ToString());
    CHECK(ReasonOf(outcome.status()) == Reason::kInvalidObject);
    CHECK(FieldOf(outcome.status()) == field);
  };
  v1::CatalogObject object = Grant("g2", {"amount"});
  object.mutable_grant()->mutable_fields(0)->set_permission(hangou::record::v1::PERMISSION_MASKED);
  object.mutable_grant()->mutable_fields(0)->set_mask(hangou::record::v1::MASK_NAME);
  refused(object, "amount.mask");
  object = Grant("g2", {"phone"});
  object.mutable_grant()->mutable_fields(0)->set_permission(hangou::record::v1::PERMISSION_MASKED);
  refused(object, "phone.mask");
  refused(Grant("g2", {"none"}), "fields");
  refused(Grant("g2", {"phone", "phone"}), "phone");
  refused(Grant("g2", {"phone"}, "2026-02-30"), "valid_until");
  refused(Grant("G2", {"phone"}), "name");
  object = Grant("g2", {"phone"});
  object.mutable_grant()->set_retention_days(91);
  refused(object, "retention_days");
  object = Grant("g2", {"phone"});
  object.mutable_grant()->set_department("nobody");
  refused(object, "department");
  object = Entry("e1", "phone");
  object.mutable_negative_list_entry()->clear_legal_basis();
  refused(object, "legal_basis");
  refused(Entry("e1", "none"), "field");
  object = Resource("resources/psb.open", v1::SHARING_TYPE_CONDITIONAL);
  object.mutable_resource()->mutable_fields(1)->set_sharing(v1::SHARING_TYPE_UNCONDITIONAL);
  refused(object, "phone.sharing");
  object = Resource(kStateResident);
  object.mutable_resource()->mutable_fields(1)->set_sharing(v1::SHARING_TYPE_NOT_SHARED);
  refused(object, "phone");  // g1 grants it
  refused(Purpose("aid", {"nobody"}), "departments");
  refused(Resource("resources/nobody.open"), "name");
  refused(v1::CatalogObject(), "name");
}

TEST_CASE("A whole state carries everything: a catalog that starts from it goes on alike") {
  Catalog catalog = Started();
  catalog.Apply({Entry("e1", "phone"), Grant("g2", {"amount"})});
  CatalogState restarted;
  REQUIRE(restarted.Absorb(catalog.state.Full()).ok());
  CHECK(MessageDifferencer::Equals(restarted.Full(), catalog.state.Full()));
  CHECK(restarted.waiting().size() == 1);
  v1::PolicyUpdate gap;
  gap.set_epoch(restarted.epoch() + 2);
  CHECK(ReasonOf(restarted.Absorb(gap)) == Reason::kDataLoss);
}

namespace {

// How much a decision gives of every field, as numbers that compare; empty where it is a denial.
std::vector<int> Amounts(const PolicyObjects& objects, const DecisionQuery& query) {
  FieldRights rights;
  std::vector<int> amounts;
  if (!DecideByReference(objects, query, &rights).allowed) return amounts;
  for (const FieldPermission& permission : rights.permissions) {
    static constexpr int kOfMask[] = {0, 1, 3, 2};
    amounts.push_back(static_cast<int>(permission.level) * 10 + kOfMask[static_cast<int>(permission.mask)]);
  }
  return amounts;
}

// Whether any decision with a case number gives more after than before.
bool RaisesAnything(const PolicyObjects& before, const PolicyObjects& after) {
  for (const std::string& department : RandomCatalog::Departments()) {
    for (const std::string& purpose : RandomCatalog::Purposes()) {
      for (const std::string& resource : RandomCatalog::Resources()) {
        for (const int64_t now_us : RandomCatalog::Instants()) {
          const DecisionQuery query{department, resource, purpose, "2026-1", now_us};
          const std::vector<int> old_amounts = Amounts(before, query);
          const std::vector<int> amounts = Amounts(after, query);
          for (size_t i = 0; i < amounts.size(); ++i) {
            if (amounts[i] > (i < old_amounts.size() ? old_amounts[i] : 0)) return true;
          }
        }
      }
    }
  }
  return false;
}

// The objects without what the catalog assigns.
std::vector<std::string> Declared(const PolicyObjects& objects) {
  std::vector<std::string> declared;
  for (v1::CatalogObject& object : AllObjects(objects)) {
    if (object.has_resource()) {
      object.mutable_resource()->clear_number();
      object.mutable_resource()->clear_schema_revision();
      for (v1::Field& field : *object.mutable_resource()->mutable_fields()) field.clear_number();
    }
    declared.push_back(object.SerializeAsString());
  }
  return declared;
}

// A catalog under random changes beside its model: the objects as a map, and the changes that wait.
struct ModelRun {
  RandomCatalog random;
  CatalogState state;
  PolicyObjects model;
  std::vector<v1::PolicyUpdate> topic;

  explicit ModelRun(unsigned seed) : random(seed) {
    model = random.Make();
    const auto outcome = state.PlanApply(Stripped(AllObjects(model)), kFirst, 1);
    REQUIRE(outcome.ok());
    Absorb(outcome->update);
  }

  static std::vector<v1::CatalogObject> Stripped(std::vector<v1::CatalogObject> objects) {
    for (v1::CatalogObject& object : objects) {
      if (object.has_resource()) object.mutable_resource()->clear_number();
    }
    return objects;
  }
  void Absorb(const v1::PolicyUpdate& update) {
    if (update.epoch() == 0) return;
    topic.push_back(update);
    REQUIRE(state.Absorb(update).ok());
  }
  void ApplySome() {
    std::vector<v1::CatalogObject> objects;
    for (int i = random.Below(3); i >= 0; --i) objects.push_back(random.MakeObject(state.objects()));
    const auto outcome = state.PlanApply(objects, kFirst, 1);
    if (!outcome.ok()) return;
    const PolicyObjects before = state.objects();
    for (size_t i = 0; i < objects.size(); ++i) {
      if (outcome->results[i].state() == kApplied) model.Put(objects[i]);
    }
    Absorb(outcome->update);
    REQUIRE_FALSE(RaisesAnything(before, state.objects()));
  }
  void ApproveSome() {
    if (state.waiting().empty()) return;
    const v1::Change change =
        std::next(state.waiting().begin(), random.Below(static_cast<int>(state.waiting().size())))->second;
    const auto outcome = state.PlanApproval(change.id(), kSecond, 2);
    // Refused where it contradicts what is in force by now; then it goes on waiting.
    if (!outcome.ok()) return;
    for (const v1::CatalogObject& object : change.objects()) model.Put(object);
    Absorb(outcome->update);
  }
};

}  // namespace

TEST_CASE("Changes in random order leave what the model has, and none at once raises a permission") {
  const unsigned seed = std::random_device()();
  INFO("seed " << seed);
  for (unsigned run = 0; run < 3; ++run) {
    ModelRun catalog(seed + run);
    for (int step = 0; step < 40; ++step) {
      if (catalog.random.Chance(70)) {
        catalog.ApplySome();
      } else {
        catalog.ApproveSome();
      }
      REQUIRE(Declared(catalog.state.objects()) == Declared(catalog.model));
    }
    REQUIRE(ValidateObjects(catalog.state.objects()).ok());
    CatalogState replayed;
    for (const v1::PolicyUpdate& update : catalog.topic) REQUIRE(replayed.Absorb(update).ok());
    REQUIRE(MessageDifferencer::Equals(replayed.Full(), catalog.state.Full()));
  }
}

TEST_CASE("A change of one object waits just where some decision would give more") {
  const unsigned seed = std::random_device()();
  INFO("seed " << seed);
  RandomCatalog random(seed);
  // Without masks and case numbers, where what can be had and what a decision gives are the same.
  const auto plain = [](v1::CatalogObject object) {
    object.mutable_grant()->set_case_number_required(false);
    for (auto& line : *object.mutable_grant()->mutable_fields()) {
      if (line.permission() == hangou::record::v1::PERMISSION_MASKED) {
        line.set_permission(hangou::record::v1::PERMISSION_FULL);
      }
      line.clear_mask();
    }
    return object;
  };
  for (int round = 0; round < 40; ++round) {
    PolicyObjects before = random.Make();
    for (auto& [name, grant] : before.grants) {
      v1::CatalogObject object;
      *object.mutable_grant() = grant;
      grant = plain(object).grant();
    }
    v1::CatalogObject object = random.MakeObject(before);
    if (object.has_resource()) continue;  // their numbers are not assigned here
    if (object.has_grant()) object = plain(object);
    PolicyObjects after = before;
    after.Put(object);
    if (!ValidateObjects(after).ok()) continue;
    INFO(object.ShortDebugString());
    REQUIRE(Loosenings(before, after).empty() == !RaisesAnything(before, after));
    REQUIRE(Loosenings(after, before).empty() == !RaisesAnything(after, before));
  }
}

}  // namespace hangou

#include "libs/policy/snapshot.h"

#include <catch2/catch.hpp>
#include <random>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/policy/random_catalog.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

constexpr char kResident[] = "resources/psb.resident";

// A catalog of one conditional resource with the fields id, name, amount, phone (numbers 1 to 4), and the
// department "tax" with the purpose "check".
PolicyObjects OneResource(v1::SharingType sharing = v1::SHARING_TYPE_CONDITIONAL) {
  PolicyObjects objects;
  for (const char* name : {"psb", "tax"}) objects.departments[name].set_name(name);
  v1::Purpose& purpose = objects.purposes["check"];
  purpose.set_name("check");
  purpose.add_departments("tax");
  objects.purposes["aid"].set_name("aid");
  v1::Resource& resource = objects.resources[kResident];
  resource.set_name(kResident);
  resource.set_number(7);
  resource.set_schema_revision(1);
  resource.set_library("population");
  resource.set_responsible("psb");
  resource.add_providers("psb");
  resource.set_sharing(sharing);
  resource.set_legal_basis("Law 1");
  resource.set_versioning(v1::VERSIONING_ARRIVAL);
  resource.set_owner_kind(hangou::record::v1::ENTITY_KIND_PERSON);
  resource.set_owner_field("id");
  const std::pair<const char*, v1::FieldType> fields[] = {{"id", v1::FIELD_TYPE_CITIZEN_ID},
                                                          {"name", v1::FIELD_TYPE_TEXT},
                                                          {"amount", v1::FIELD_TYPE_MONEY},
                                                          {"phone", v1::FIELD_TYPE_TEXT}};
  for (uint32_t i = 0; i < 4; ++i) {
    v1::Field* field = resource.add_fields();
    field->set_number(i + 1);
    field->set_name(fields[i].first);
    field->set_type(fields[i].second);
    field->set_required(i == 0);
  }
  return objects;
}

v1::Grant& AddGrant(PolicyObjects* objects, const std::string& name) {
  v1::Grant& grant = objects->grants[name];
  grant.set_name(name);
  grant.set_resource(kResident);
  grant.set_department("tax");
  grant.add_purposes("check");
  return grant;
}

void AddLine(v1::Grant* grant, const std::string& field, hangou::record::v1::Permission permission,
             hangou::record::v1::Mask mask = hangou::record::v1::MASK_UNSPECIFIED) {
  auto* line = grant->add_fields();
  line->set_field(field);
  line->set_permission(permission);
  line->set_mask(mask);
}

v1::NegativeListEntry& AddEntry(PolicyObjects* objects, const std::string& name, const std::string& field) {
  v1::NegativeListEntry& entry = objects->negative_list[name];
  entry.set_name(name);
  entry.set_resource(kResident);
  entry.set_field(field);
  entry.set_legal_basis("Law of " + name);
  return entry;
}

std::shared_ptr<const PolicySnapshot> MustCompile(const PolicyObjects& objects) {
  auto snapshot = PolicySnapshot::Compile(objects, 1);
  if (!snapshot.ok()) FAIL(Message(snapshot.status()));
  return *snapshot;
}

const int64_t kNow = ParseInstant("2026-05-01T12:00:00+08:00").value();

DecisionQuery Query(std::string_view case_number = {}) {
  return {"tax", kResident, "check", case_number, kNow};
}

using hangou::record::v1::PERMISSION_FULL;
using hangou::record::v1::PERMISSION_MASKED;
using hangou::record::v1::PERMISSION_VERIFY;

}  // namespace

TEST_CASE("Whoever the catalog does not know is denied before the fields are looked at") {
  const auto snapshot = MustCompile(OneResource(v1::SHARING_TYPE_UNCONDITIONAL));
  const auto reason = [&](std::string_view department, std::string_view resource, std::string_view purpose) {
    const PolicyDecision decision = snapshot->Decide({department, resource, purpose, "", kNow});
    CHECK_FALSE(decision.allowed);
    CHECK_FALSE(decision.message.empty());
    return decision.reason;
  };
  CHECK(reason("nobody", kResident, "check") == Reason::kUnknownConsumer);
  CHECK(reason("tax", kResident, "") == Reason::kPurposeRequired);
  CHECK(reason("tax", kResident, "sport") == Reason::kUnknownPurpose);
  CHECK(reason("tax", kResident, "aid") == Reason::kPurposeNotRegistered);
  CHECK(reason("tax", "resources/psb.none", "check") == Reason::kUnknownResource);
  CHECK(snapshot->Decide(Query()).allowed);
}

TEST_CASE("Unconditional is given in full, conditional by grant only, not shared to nobody") {
  PolicyObjects objects = OneResource(v1::SHARING_TYPE_UNCONDITIONAL);
  objects.resources[kResident].mutable_fields(3)->set_sharing(v1::SHARING_TYPE_CONDITIONAL);
  objects.resources[kResident].mutable_fields(2)->set_sharing(v1::SHARING_TYPE_NOT_SHARED);
  const auto snapshot = MustCompile(objects);
  const PolicyDecision decision = snapshot->Decide(Query());
  REQUIRE(decision.allowed);
  CHECK(decision.rights->permissions[0].level == FieldLevel::kFull);
  CHECK(decision.rights->permissions[3].level == FieldLevel::kNone);
  CHECK(decision.rights->basis[3].reason == Reason::kNoGrant);
  CHECK(decision.rights->permissions[2].level == FieldLevel::kNone);
  CHECK(decision.rights->basis[2].reason == Reason::kNegativeList);
  CHECK(decision.rights->basis[2].legal_basis == "Law 1");

  CHECK(MustCompile(OneResource())->Decide(Query()).reason == Reason::kNoGrant);
  const auto hidden = MustCompile(OneResource(v1::SHARING_TYPE_NOT_SHARED));
  CHECK(hidden->Decide(Query()).reason == Reason::kNegativeList);
  CHECK(hidden->Decide(Query()).message.find("Law 1") != std::string::npos);
}

TEST_CASE("Of several grants the highest permission of each field holds, and the mask that shows more") {
  PolicyObjects objects = OneResource();
  v1::Grant& first = AddGrant(&objects, "g1");
  AddLine(&first, "name", PERMISSION_MASKED, hangou::record::v1::MASK_NAME);
  AddLine(&first, "phone", PERMISSION_FULL);
  v1::Grant& second = AddGrant(&objects, "g2");
  AddLine(&second, "name", PERMISSION_MASKED, hangou::record::v1::MASK_KEEP_FIRST_AND_LAST);
  AddLine(&second, "phone", PERMISSION_VERIFY);
  AddLine(&second, "amount", PERMISSION_VERIFY);
  const auto snapshot = MustCompile(objects);
  const PolicyDecision decision = snapshot->Decide(Query());
  REQUIRE(decision.allowed);
  CHECK(decision.rights->permissions[0] == FieldPermission{});
  CHECK(decision.rights->permissions[1] == FieldPermission{FieldLevel::kMasked, MaskKind::kKeepFirstAndLast});
  CHECK(decision.rights->permissions[2].level == FieldLevel::kVerify);
  CHECK(decision.rights->permissions[3].level == FieldLevel::kFull);
  CHECK(decision.rights->decided_by == std::vector<std::string>{"g1", "g2"});

  const auto proto = ToProto(*decision.schema, *decision.rights, 1);
  CHECK(std::vector<uint32_t>(proto.masked().begin(), proto.masked().end()) == std::vector<uint32_t>{2});
  CHECK(std::vector<uint32_t>(proto.withheld().begin(), proto.withheld().end()) ==
        std::vector<uint32_t>{1, 3});
  REQUIRE(proto.basis_size() == 3);
  CHECK(proto.basis(1).entry() == "g2");
}

TEST_CASE("A negative entry wins over every grant, for the departments that it names") {
  PolicyObjects objects = OneResource();
  AddLine(&AddGrant(&objects, "g1"), "phone", PERMISSION_FULL);
  AddEntry(&objects, "e1", "phone").add_departments("psb");
  CHECK(MustCompile(objects)->Decide(Query()).allowed);
  AddEntry(&objects, "e2", "phone").add_departments("tax");
  const auto snapshot = MustCompile(objects);
  const PolicyDecision denied = snapshot->Decide(Query());
  CHECK_FALSE(denied.allowed);
  CHECK(denied.reason == Reason::kNegativeList);
  CHECK(denied.message.find("e2") != std::string::npos);
  CHECK(denied.message.find("Law of e2") != std::string::npos);
  objects.negative_list.erase("e2");
  CHECK(MustCompile(objects)->Decide(Query()).allowed);
}

TEST_CASE("A grant holds from its first to its last day in UTC+8, and is said to have ended afterwards") {
  PolicyObjects objects = OneResource();
  v1::Grant& grant = AddGrant(&objects, "g1");
  AddLine(&grant, "phone", PERMISSION_FULL);
  grant.set_valid_from("2026-03-01");
  grant.set_valid_until("2026-03-31");
  const auto snapshot = MustCompile(objects);
  const auto decide = [&](const char* instant) {
    DecisionQuery query = Query();
    query.now_us = ParseInstant(instant).value();
    return snapshot->Decide(query);
  };
  CHECK(decide("2026-02-28T23:59:59.999999+08:00").reason == Reason::kNoGrant);
  CHECK(decide("2026-03-01T00:00:00+08:00").allowed);
  CHECK(decide("2026-03-31T23:59:59.999999+08:00").allowed);
  CHECK(decide("2026-04-01T00:00:00+08:00").reason == Reason::kGrantExpired);
  CHECK(decide("2026-04-01T00:00:00+08:00").message.find("g1") != std::string::npos);
}

TEST_CASE("A case number is demanded where a grant that contributes says so") {
  PolicyObjects objects = OneResource();
  v1::Grant& grant = AddGrant(&objects, "g1");
  AddLine(&grant, "phone", PERMISSION_FULL);
  grant.set_case_number_required(true);
  CHECK(MustCompile(objects)->Decide(Query()).reason == Reason::kCaseNumberRequired);
  CHECK(MustCompile(objects)->Decide(Query("2026-1")).allowed);
  AddLine(&AddGrant(&objects, "g2"), "name", PERMISSION_FULL);
  AddEntry(&objects, "e1", "phone");
  // Now the grant that demands it gives nothing any more.
  CHECK(MustCompile(objects)->Decide(Query()).allowed);
}

TEST_CASE("A snapshot takes over the schemas that did not change") {
  PolicyObjects objects = OneResource();
  const auto first = MustCompile(objects);
  AddEntry(&objects, "e1", "phone");
  const auto second = PolicySnapshot::Compile(objects, 2, first.get()).value();
  CHECK(second->FindResource(kResident) == first->FindResource(kResident));
  CHECK(second->FindResource(7) == first->FindResource(7));
  objects.resources[kResident].mutable_fields(3)->set_max_length(20);
  const auto third = PolicySnapshot::Compile(objects, 3, second.get()).value();
  CHECK(third->FindResource(kResident) != first->FindResource(kResident));
  CHECK(third->FindResource("resources/psb.none") == nullptr);
  CHECK(third->FindResource(8) == nullptr);
}

namespace {

// Compares every decision of a catalog with the reference evaluator's.
void CheckAgainstReference(const PolicyObjects& objects) {
  const auto snapshot = MustCompile(objects);
  for (const std::string& department : RandomCatalog::Departments()) {
    for (const std::string& resource : RandomCatalog::Resources()) {
      for (const std::string& purpose : RandomCatalog::Purposes()) {
        for (const int64_t now_us : RandomCatalog::Instants()) {
          for (const char* case_number : {"", "2026-1"}) {
            const DecisionQuery query{department, resource, purpose, case_number, now_us};
            FieldRights rights;
            const PolicyDecision expected = DecideByReference(objects, query, &rights);
            const PolicyDecision decision = snapshot->Decide(query);
            INFO(department << " " << resource << " " << purpose << " at " << FormatInstant(now_us));
            REQUIRE(decision.allowed == expected.allowed);
            if (!decision.allowed) REQUIRE(decision.reason == expected.reason);
            REQUIRE((decision.rights == nullptr) == (expected.rights == nullptr));
            if (decision.rights == nullptr) continue;
            REQUIRE(decision.rights->permissions == rights.permissions);
            REQUIRE(decision.rights->decided_by == rights.decided_by);
            REQUIRE(decision.rights->any == rights.any);
            REQUIRE(decision.rights->case_number_required == rights.case_number_required);
            for (size_t i = 0; i < rights.basis.size(); ++i) {
              if (rights.permissions[i].level == FieldLevel::kFull) continue;
              REQUIRE(decision.rights->basis[i].reason == rights.basis[i].reason);
              REQUIRE(decision.rights->basis[i].entry == rights.basis[i].entry);
              REQUIRE(decision.rights->basis[i].legal_basis == rights.basis[i].legal_basis);
            }
          }
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("The compiled policy decides like the reference on random catalogs, also after removals") {
  const unsigned seed = std::random_device()();
  INFO("seed " << seed);
  RandomCatalog random(seed);
  for (int round = 0; round < 12; ++round) {
    PolicyObjects objects = random.Make();
    CheckAgainstReference(objects);
    if (!objects.negative_list.empty()) objects.negative_list.erase(objects.negative_list.begin());
    if (!objects.grants.empty()) objects.grants.erase(objects.grants.begin());
    CheckAgainstReference(objects);
  }
}

}  // namespace hangou

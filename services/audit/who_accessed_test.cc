#include "services/audit/who_accessed.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>

#include "libs/base/file.h"
#include "libs/policy/record_presenter.h"
#include "services/audit/office_for_test.h"

namespace hangou::audit_test {
namespace {

using hangou::audit::v1::WhoAccessedRequest;
using hangou::audit::v1::WhoAccessedResponse;
using hangou::record::v1::Entity;
using hangou::record::v1::EntityKind;

constexpr int32_t kToday = 20'600;
constexpr char kPerson[] = "11010519491231002X";

Entity EntityOf(EntityKind kind, const std::string& id) {
  Entity entity;
  entity.set_kind(kind);
  entity.set_id(id);
  return entity;
}

WhoAccessedRequest AskAbout(const std::string& id) {
  WhoAccessedRequest request;
  *request.mutable_entity() = EntityOf(hangou::record::v1::ENTITY_KIND_PERSON, id);
  return request;
}

std::string HashOf(const Office& office, const std::string& id) {
  const auto key = AuditedKeyOf(EntityOf(hangou::record::v1::ENTITY_KIND_PERSON, id), kToday);
  REQUIRE(key.ok());
  return AuditHash(office.keys, hangou::EntityKind::kPerson, *key);
}

TEST_CASE("All spellings of an identifier are one entity; one that is wrong is refused") {
  const auto key = [](EntityKind kind, const std::string& id) {
    return AuditedKeyOf(EntityOf(kind, id), kToday);
  };
  const auto person = hangou::record::v1::ENTITY_KIND_PERSON;
  const auto organisation = hangou::record::v1::ENTITY_KIND_ORGANISATION;
  const std::string canonical = key(person, kPerson).value();
  CHECK(key(person, "110105 19491231 002x").value() == canonical);
  CHECK(key(person, "110105491231002").value() == canonical);
  CHECK(ReasonOf(key(person, "110105194912310021").status()) == Reason::kCheckDigit);
  CHECK(key(person, "P1234567").value() == "P1234567");
  CHECK(key(organisation, "91350100M000100Y43").value() == "M000100Y4");
  CHECK(key(organisation, "m000100y-4").value() == "M000100Y4");
  CHECK(ReasonOf(key(organisation, "91350100M000100Y44").status()) == Reason::kCheckDigit);
  CHECK(key(hangou::record::v1::ENTITY_KIND_PLACE, "321002000000").value() == "321002");
  CHECK(ReasonOf(key(person, "").status()) == Reason::kInvalidRequest);
  CHECK(ReasonOf(key(hangou::record::v1::ENTITY_KIND_UNSPECIFIED, kPerson).status()) ==
        Reason::kInvalidRequest);
}

TEST_CASE("Who accessed an entity is told newest first, whoever it was and however it is spelled") {
  Office office;
  const std::string hash = HashOf(office, kPerson);
  for (const char* caller : {"tax", "civil", "hrss"}) {
    auto entry = Office::ReadEntry(hash);
    entry.set_caller(caller);
    office.Put(entry);
    office.Put(Office::ReadEntry(HashOf(office, "P1234567")));
  }
  WhoAccessedResponse response;
  REQUIRE(office.Who(AskAbout("110105491231002"), &response).ok());
  REQUIRE(response.entries_size() == 3);
  CHECK(Sequences(response.entries()) == std::vector<uint64_t>{6, 4, 2});
  CHECK(response.behind() == 0);
  CHECK(response.bulk_count() == 0);
  // The question is itself an access to what is known of the person, under its hash.
  CHECK(office.Newest().action() == audit::v1::ACTION_AUDIT);
  CHECK(office.Newest().entity_hashes(0) == hash);
  REQUIRE(office.Who(AskAbout(kPerson), &response).ok());
  CHECK(response.entries_size() == 4);
}

TEST_CASE("Accesses are told by resource and time, in pages that follow each other") {
  Office office;
  const std::string hash = HashOf(office, kPerson);
  for (int i = 0; i < 25; ++i) {
    auto entry = Office::ReadEntry(hash);
    entry.set_subject(i % 5 == 0 ? "resources/tax.payment" : "resources/psb.resident");
    office.Put(entry);
  }
  WhoAccessedRequest request = AskAbout(kPerson);
  request.set_resource("resources/psb.resident");
  request.set_page_size(7);
  std::vector<uint64_t> found;
  WhoAccessedResponse response;
  do {
    REQUIRE(office.Who(request, &response).ok());
    for (const uint64_t sequence : Sequences(response.entries())) found.push_back(sequence);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  CHECK(found.size() == 20);
  CHECK(std::is_sorted(found.rbegin(), found.rend()));
  request = AskAbout(kPerson);
  const auto first = office.chain->Read(2, 1);
  audit::v1::Entry entry;
  REQUIRE(entry.ParseFromString(first->front().entry));
  request.set_until_time_us(entry.time_us());
  REQUIRE(office.Who(request, &response).ok());
  CHECK(response.entries_size() == 0);
  request.set_from_time_us(entry.time_us());
  request.set_until_time_us(entry.time_us() + 1);
  REQUIRE(office.Who(request, &response).ok());
  CHECK(response.entries_size() >= 1);
}

TEST_CASE("Bulk accesses, which name nobody, are counted and listed apart") {
  Office office;
  auto list = Office::ReadEntry("");
  list.set_records(100);
  list.add_positions("partitions 0-3 by key");
  office.Put(list);
  list.set_subject("resources/tax.payment");
  office.Put(list);
  list.set_records(0);  // nothing was given
  office.Put(list);
  office.Put(Office::ReadEntry(HashOf(office, kPerson)));
  WhoAccessedRequest request = AskAbout(kPerson);
  WhoAccessedResponse response;
  REQUIRE(office.Who(request, &response).ok());
  CHECK(Sequences(response.entries()) == std::vector<uint64_t>{5});
  CHECK(response.bulk_count() == 2);
  request.set_bulk(true);
  request.set_resource("resources/psb.resident");
  REQUIRE(office.Who(request, &response).ok());
  CHECK(Sequences(response.entries()) == std::vector<uint64_t>{2});
  CHECK(response.bulk_count() == 1);
}

TEST_CASE("Accesses under older keys are found, merged by time with those under the newest") {
  Office office;
  TempFolder folder;
  const auto older = KeyRing::LoadOrCreate(folder.path() + "/ring", 1);
  REQUIRE(older.ok());
  const auto content = ReadFile(folder.path() + "/ring");
  std::ofstream(folder.path() + "/ring")
      << *content << "knew audit_subject 5 - " << std::string(64, 'a') << "\n";
  const auto newer = KeyRing::LoadOrCreate(folder.path() + "/ring", 2);
  REQUIRE(newer.ok());
  const auto key = AuditedKeyOf(EntityOf(hangou::record::v1::ENTITY_KIND_PERSON, kPerson), kToday);
  for (int i = 0; i < 5; ++i) {
    for (const auto* ring : {&*older, &*newer})
      office.Put(Office::ReadEntry(AuditHash(*ring, hangou::EntityKind::kPerson, *key)));
  }
  AuditReads reads(*office.chain, *office.shipper, *office.indexer, *newer);
  WhoAccessedRequest request = AskAbout(kPerson);
  request.set_page_size(4);
  std::vector<uint64_t> found;
  WhoAccessedResponse response;
  do {
    response.Clear();
    REQUIRE(RunRead(reads, CallerWithRole(roles::kAuditor), &response, [&](const AuditScope& scope) {
              return WhoAccessed(scope, request, kToday, &response);
            }).ok());
    for (const uint64_t sequence : Sequences(response.entries())) found.push_back(sequence);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  CHECK(found == std::vector<uint64_t>{11, 10, 9, 8, 7, 6, 5, 4, 3, 2});
}

}  // namespace
}  // namespace hangou::audit_test

// What an auditor is told: everything, once, within a second of the act, and over restarts.
#include <catch2/catch.hpp>
#include <set>

#include "hangou/audit/v1/audit.pb.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "tests/integration/city.h"

namespace hangou {
namespace {

constexpr char kResidents[] = "psb.resident";
constexpr char kPurpose[] = "household_check";

hangou::audit::v1::WhoAccessedResponse WhoAccessed(City& city, const std::string& id, bool bulk = false) {
  hangou::audit::v1::WhoAccessedRequest request;
  request.mutable_entity()->set_kind(hangou::record::v1::ENTITY_KIND_PERSON);
  request.mutable_entity()->set_id(id);
  request.set_resource("resources/psb.resident");
  request.set_page_size(1000);
  request.set_bulk(bulk);
  absl::StatusOr<hangou::audit::v1::WhoAccessedResponse> response;
  REQUIRE(Eventually([&] {
    response = city.Auditor().WhoAccessed(request);
    return !response.ok() || response->behind() == 0;
  }));
  INFO(Message(response.status()));
  REQUIRE(response.ok());
  return *response;
}

void PublishResidents(City& city, int count) {
  std::vector<std::string> payloads;
  for (int i = 1; i <= count; ++i)
    payloads.push_back(city.Payload(kResidents, Resident(CitizenId(i), "张三")));
  city.Publish("psb", kResidents, payloads, "audit-1");
}

TEST_CASE("A read is told within a second, and only about whom it was; a List is counted as a bulk access") {
  City city;
  PublishResidents(city, 3);
  const int64_t begin_us = SystemClock().BootUs();
  REQUIRE(city.Get("civil", kResidents, CitizenId(1), kPurpose).ok());
  auto told = WhoAccessed(city, CitizenId(1));
  CHECK(SystemClock().BootUs() - begin_us < kUsPerSecond);
  REQUIRE(told.entries_size() == 1);
  hangou::audit::v1::Entry entry;
  REQUIRE(entry.ParseFromString(told.entries(0).entry()));
  CHECK(entry.caller() == "civil");
  CHECK(entry.purpose() == kPurpose);
  // Of the others; a question about them would itself be told from then on.
  CHECK(WhoAccessed(city, CitizenId(3)).entries().empty());

  hangou::base_library::v1::ListRequest list;
  list.set_resource("resources/psb.resident");
  list.mutable_context()->set_purpose(kPurpose);
  REQUIRE(city.As("civil", "consumer").List(list).ok());
  told = WhoAccessed(city, CitizenId(2));
  CHECK(told.entries().empty());
  CHECK(told.bulk_count() == 1);
  CHECK(WhoAccessed(city, CitizenId(2), true).entries_size() == 1);
}

TEST_CASE("Over restarts every access is told once") {
  City city;
  PublishResidents(city, 1);
  for (int round = 1; round <= 4; ++round) {
    for (int i = 0; i < 10; ++i) REQUIRE(city.Get("civil", kResidents, CitizenId(1), kPurpose).ok());
    city.Restart();
    std::set<uint64_t> sequences;
    const auto told = WhoAccessed(city, CitizenId(1));
    for (const auto& chained : told.entries()) {
      hangou::audit::v1::Entry entry;
      REQUIRE(entry.ParseFromString(chained.entry()));
      if (entry.action() == hangou::audit::v1::ACTION_READ) CHECK(sequences.insert(entry.sequence()).second);
    }
    CHECK(sequences.size() == static_cast<size_t>(10 * round));
  }
  const auto heads = city.Auditor().ListHeads();
  REQUIRE(heads.ok());
  REQUIRE(heads->heads_size() == 1);
  CHECK(heads->heads(0).finding_count() == 0);
}

TEST_CASE("Who is no auditor is told nothing, and that is told") {
  City city;
  hangou::audit::v1::WhoAccessedRequest request;
  request.mutable_entity()->set_kind(hangou::record::v1::ENTITY_KIND_PERSON);
  request.mutable_entity()->set_id(CitizenId(1));
  for (const char* role : {"consumer", "publisher"}) {
    CHECK(ReasonOf(city.As("civil", role).WhoAccessed(request).status()) == Reason::kRoleRequired);
    CHECK(ReasonOf(city.As("civil", role).ListHeads().status()) == Reason::kRoleRequired);
  }
  int refused = 0;
  for (const auto& entry : city.AuditEntries())
    refused += entry.action() == hangou::audit::v1::ACTION_AUDIT && entry.reason() == "ROLE_REQUIRED";
  CHECK(refused == 4);
}

}  // namespace
}  // namespace hangou

// The policy in force: what is granted, masked, withheld, and how fast a change arrives.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "hangou/audit/v1/entry.pb.h"
#include "libs/base/status.h"
#include "services/catalog/catalog_service.h"
#include "tests/integration/city.h"

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;

uint32_t NumberOf(City& city, const std::string& resource, const std::string& field) {
  const auto schema = city.Manager().Schema(resource);
  REQUIRE(schema.ok());
  return (*schema)->fields()[(*schema)->IndexOfName(field)].number;
}

bool Names(const google::protobuf::RepeatedField<uint32_t>& numbers, uint32_t number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

TEST_CASE("Fields are given, masked and withheld as the policy says, and the reply names them") {
  City city;
  const std::string id = CitizenId(1);
  REQUIRE(
      city.Publish("psb", "psb.record",
                   {city.Payload("psb.record",
                                 {{"citizen_id", id}, {"serial", "A1"}, {"note", "x"}, {"fine", "200.00"}})},
                   "r1")
          .outcomes(0)
          .outcome() == v1::OUTCOME_ACCEPTED);
  CHECK(ReasonOf(city.Get("civil", "psb.record", id, "household_check").status()) ==
        Reason::kCaseNumberRequired);
  CHECK(ReasonOf(city.Get("tax", "psb.record", id, "tax_audit").status()) == Reason::kNoGrant);

  const auto read = city.Get("civil", "psb.record", id, "household_check", "2026-17");
  INFO(Message(read.status()));
  REQUIRE(read.ok());
  REQUIRE(read->records_size() == 1);
  auto fields = city.Fields("psb.record", read->records(0));
  CHECK(fields["citizen_id"] == id.substr(0, 6) + "********" + id.substr(14));
  CHECK(fields["serial"] == "A1");
  CHECK_FALSE(fields.contains("note"));
  CHECK_FALSE(fields.contains("fine"));
  CHECK(read->records(0).owner().id().starts_with("~"));
  CHECK(read->records(0).record_key() == "A1");
  const auto& decision = read->decision();
  CHECK(Names(decision.masked(), NumberOf(city, "resources/psb.record", "citizen_id")));
  CHECK(Names(decision.withheld(), NumberOf(city, "resources/psb.record", "note")));

  v1::VerifyRequest verify;
  verify.set_resource("resources/psb.record");
  verify.mutable_owner()->set_id(id);
  verify.mutable_context()->set_purpose("household_check");
  verify.mutable_context()->set_case_number("2026-17");
  verify.set_payload(city.Payload("psb.record", {{"note", "x"}, {"fine", "200.00"}}));
  const auto verdicts = city.As("civil", "consumer").Verify(verify);
  REQUIRE(verdicts.ok());
  CHECK(verdicts->verdicts(0).verdict() == v1::VerifyResponse::VERDICT_WITHHELD);
  CHECK(verdicts->verdicts(1).verdict() == v1::VerifyResponse::VERDICT_MATCH);
}

TEST_CASE("Guessing by Verify ends after five mismatches a day") {
  City city;
  const std::string id = CitizenId(1);
  city.Publish("psb", "psb.record",
               {city.Payload("psb.record", {{"citizen_id", id}, {"serial", "A1"}, {"fine", "200.00"}})},
               "r1");
  v1::VerifyRequest verify;
  verify.set_resource("resources/psb.record");
  verify.mutable_owner()->set_id(id);
  verify.mutable_context()->set_purpose("household_check");
  verify.mutable_context()->set_case_number("2026-17");
  for (int guess = 0; guess < 5; ++guess) {
    verify.set_payload(city.Payload("psb.record", {{"fine", std::to_string(guess) + ".00"}}));
    const auto verdict = city.As("civil", "consumer").Verify(verify);
    REQUIRE(verdict.ok());
    CHECK(verdict->verdicts(0).verdict() == v1::VerifyResponse::VERDICT_MISMATCH);
  }
  verify.set_payload(city.Payload("psb.record", {{"fine", "200.00"}}));
  CHECK(ReasonOf(city.As("civil", "consumer").Verify(verify).status()) == Reason::kQuotaExceeded);
  city.Restart();
  CHECK(ReasonOf(city.As("civil", "consumer").Verify(verify).status()) == Reason::kQuotaExceeded);
}

TEST_CASE("A provider reads its own rows back without a grant, and the audit has it") {
  City city;
  const std::string id = CitizenId(1);
  city.Publish("psb", "psb.record",
               {city.Payload("psb.record", {{"citizen_id", id}, {"serial", "A1"}, {"note", "x"}})}, "r1");
  v1::GetRequest request;
  request.set_resource("resources/psb.record");
  request.mutable_owner()->set_id(id);
  const auto read = city.As("psb", "publisher").Get(request);
  REQUIRE(read.ok());
  REQUIRE(read->records_size() == 1);
  CHECK(city.Fields("psb.record", read->records(0))["note"] == "x");
  CHECK(ReasonOf(city.As("civil", "publisher").Get(request).status()) == Reason::kNotProvider);
}

TEST_CASE("A loosening waits for a second manager; a tightening does not") {
  City city;
  hangou::catalog::v1::ApplyRequest request;
  auto* object = request.add_objects()->mutable_grant();
  object->set_name("tax-records");
  object->set_resource("resources/psb.record");
  object->set_department("tax");
  object->add_purposes("tax_audit");
  object->add_fields()->set_field("serial");
  object->mutable_fields(0)->set_permission(hangou::record::v1::PERMISSION_FULL);
  const auto applied = city.Manager(1).Apply(request);
  INFO(Message(applied.status()));
  REQUIRE(applied.ok());
  REQUIRE_FALSE(applied->waiting_change().empty());
  CHECK(ReasonOf(city.Get("tax", "psb.record", CitizenId(1), "tax_audit").status()) == Reason::kNoGrant);
  CHECK(ReasonOf(city.Manager(1).Approve(applied->waiting_change()).status()) ==
        Reason::kSecondManagerRequired);
  const auto approved = city.Manager(2).Approve(applied->waiting_change());
  REQUIRE(approved.ok());
  CHECK(approved->effective());
  CHECK(city.Get("tax", "psb.record", CitizenId(1), "tax_audit").ok());
  const auto tightened = city.Apply(kWithholdPhone);
  CHECK(tightened.effective());
}

TEST_CASE(
    "No reply handed over after EFFECTIVE contains a withheld field, nor does any that names the new epoch") {
  City city;
  const uint32_t phone = NumberOf(city, "resources/psb.resident", "phone");
  std::vector<std::string> ids;
  std::vector<std::string> payloads;
  for (int i = 0; i < 50; ++i) {
    ids.push_back(CitizenId(i));
    payloads.push_back(city.Payload("psb.resident", Resident(ids.back(), "张三")));
  }
  city.Publish("psb", "psb.resident", payloads, "r1");
  Client& consumer = city.As("civil", "consumer");
  REQUIRE(consumer.Schema("resources/psb.resident").ok());

  std::atomic<uint64_t> effective_epoch{0};
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::atomic<int> failed{0};
  std::atomic<int> before{0};
  std::atomic<int> after{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 4; ++reader) {
    readers.emplace_back([&, reader] {
      for (size_t i = static_cast<size_t>(reader); !stop; ++i) {
        v1::GetRequest request;
        request.set_resource("resources/psb.resident");
        request.mutable_owner()->set_id(ids[i % ids.size()]);
        request.mutable_context()->set_purpose("household_check");
        const uint64_t effective_when_asked = effective_epoch;
        const auto reply = consumer.Get(request);
        if (!reply.ok()) {
          ++failed;
          continue;
        }
        const auto fields = reply->records(0).payload().find("13800005678") != std::string::npos;
        const bool withheld = Names(reply->decision().withheld(), phone);
        if (fields == withheld) ++wrong;  // it says one thing and does another
        if (effective_when_asked != 0 && fields) ++wrong;
        (fields ? before : after)++;
      }
    });
  }
  REQUIRE(Eventually([&] { return before > 100; }));
  const auto applied = city.Apply(kWithholdPhone);
  REQUIRE(applied.effective());
  effective_epoch = applied.epoch();
  WARN("EFFECTIVE after " << applied.effective_after_ms() << " ms");
  REQUIRE(Eventually([&] { return after > 100; }));
  stop = true;
  for (auto& reader : readers) reader.join();
  CHECK(wrong == 0);
  CHECK(failed == 0);
}

TEST_CASE("When the catalog stops, sharing ends with the lease, says why, and recovers with the catalog") {
  City city;
  city.Publish("psb", "psb.resident", {city.Payload("psb.resident", Resident(CitizenId(1), "张三"))}, "r1");
  const auto read = [&] {
    return city.Get("civil", "psb.resident", CitizenId(1), "household_check").status();
  };
  city.As("civil", "consumer");
  REQUIRE(read().ok());
  // Endpoints are known to the clients: the catalog is not on the path of a read.
  city.standalone().catalog().SetServing(false);
  CHECK(read().ok());
  REQUIRE(Eventually([&] { return ReasonOf(read()) == Reason::kLeaseExpired; }));
  const auto entries_denied = [&] {
    city.standalone().catalog().SetServing(true);
    return Eventually([&] { return read().ok(); });
  };
  REQUIRE(entries_denied());
  bool audited = false;
  for (const auto& entry : city.AuditEntries()) audited |= entry.reason() == "LEASE_EXPIRED";
  CHECK(audited);
}

}  // namespace
}  // namespace hangou

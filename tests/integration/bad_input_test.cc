// What bad input gets: a clear status with a stable reason, an audit entry where it was an access, nothing lost.
#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>

#include "hangou/audit/v1/entry.pb.h"
#include "hangou/base_library/v1/base_library.grpc.pb.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/rpc/status.h"
#include "libs/schema/text_codec.h"
#include "tests/integration/city.h"

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;

const char kResidents[] = "psb.resident";
const char kPurpose[] = "household_check";

// Publishes one good row and one bad one, and expects that only the bad one is refused, for this reason and field.
void ExpectRefused(City& city, const std::string& bad_payload, const std::string& reason,
                   const std::string& field) {
  const std::string good = city.Payload(kResidents, Resident(CitizenId(900), "张三"));
  const auto answer = city.Publish("psb", kResidents, {good, bad_payload, good}, "bad-" + reason + field);
  REQUIRE(answer.outcomes_size() == 3);
  CHECK(answer.outcomes(0).outcome() == v1::OUTCOME_ACCEPTED);
  REQUIRE(answer.outcomes(1).outcome() == v1::OUTCOME_REFUSED);
  CHECK(answer.outcomes(1).violations(0).reason() == reason);
  CHECK(answer.outcomes(1).violations(0).field() == field);
  CHECK_FALSE(answer.outcomes(1).violations(0).message().empty());
  CHECK(answer.outcomes(2).outcome() == v1::OUTCOME_DUPLICATE);
}

// The newest audit entry of an action.
hangou::audit::v1::Entry Newest(City& city, hangou::audit::v1::Action action) {
  hangou::audit::v1::Entry newest;
  for (auto& entry : city.AuditEntries()) {
    if (entry.action() == action) newest = entry;
  }
  return newest;
}

TEST_CASE("An unknown resource is refused and audited, for reading and for publishing") {
  City city;
  // Not through the client, which asks the catalog first.
  const auto channel = city.As("civil", "consumer").ChannelTo("population");
  REQUIRE(channel.ok());
  v1::GetRequest request;
  request.set_resource("resources/psb.nothing");
  request.mutable_owner()->set_id(CitizenId(1));
  request.mutable_context()->set_purpose(kPurpose);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  v1::GetResponse response;
  const grpc::Status status = v1::BaseLibrary::NewStub(*channel)->Get(&context, request, &response);
  CHECK(ReasonOf(FromGrpc(status)) == Reason::kUnknownResource);
  const auto entry = Newest(city, hangou::audit::v1::ACTION_READ);
  CHECK_FALSE(entry.allowed());
  CHECK(entry.reason() == "UNKNOWN_RESOURCE");
  CHECK(entry.caller() == "civil");
  const auto answer = city.Publish("psb", "psb.nothing", {""}, "r1");
  CHECK(answer.refused().reason() == "UNKNOWN_RESOURCE");
  CHECK(Newest(city, hangou::audit::v1::ACTION_PUBLISH).reason() == "UNKNOWN_RESOURCE");
}

TEST_CASE("A department that is not a provider cannot publish") {
  City city;
  const auto answer =
      city.Publish("civil", kResidents, {city.Payload(kResidents, Resident(CitizenId(1), "张三"))}, "r1");
  CHECK(answer.refused().reason() == "NOT_PROVIDER");
  const auto entry = Newest(city, hangou::audit::v1::ACTION_PUBLISH);
  CHECK_FALSE(entry.allowed());
  CHECK(entry.caller() == "civil");
}

TEST_CASE("A bad field is refused by name, and the good rest of the batch goes in") {
  City city;
  Row row = Resident(CitizenId(1), "张三");
  for (auto& [name, text] : row) {
    if (name == "phone") text = "12345678901";
  }
  ExpectRefused(city, city.Payload(kResidents, row), "FIELD_INVALID", "phone");
}

TEST_CASE("A missing required field is refused by name") {
  City city;
  ExpectRefused(
      city, city.Payload(kResidents, {{"citizen_id", CitizenId(1)}, {"updated_at", "2024-01-01T00:00:00Z"}}),
      "FIELD_MISSING", "name");
}

TEST_CASE("A wrong check digit is refused, and the number stands in no message") {
  City city;
  std::string id = CitizenId(1);
  id.back() = id.back() == '1' ? '2' : '1';
  const std::string bad = city.Payload(kResidents, Resident(id, "张三"));
  ExpectRefused(city, bad, "CHECK_DIGIT", "citizen_id");
  const auto answer = city.Publish("psb", kResidents, {bad}, "again");
  CHECK(answer.DebugString().find(id) == std::string::npos);
}

TEST_CASE("A birth date that contradicts the citizen id is refused") {
  City city;
  Row row = Resident(CitizenId(1), "张三");
  row.emplace_back("birth_date", "1999-09-09");
  ExpectRefused(city, city.Payload(kResidents, row), "CROSS_FIELD", "birth_date");
}

TEST_CASE("Bytes of a wrong type are refused") {
  City city;
  // Field 1 as a varint, where text belongs.
  ExpectRefused(city, std::string("\x08\x01", 2), "PAYLOAD_MALFORMED", "citizen_id");
}

TEST_CASE("Truncated bytes are refused") {
  City city;
  std::string payload = city.Payload(kResidents, Resident(CitizenId(1), "张三"));
  payload.resize(payload.size() - 1);
  const auto answer = city.Publish("psb", kResidents, {payload}, "r1");
  CHECK(answer.outcomes(0).violations(0).reason() == "PAYLOAD_MALFORMED");
}

TEST_CASE("Overlong bytes are refused") {
  City city;
  // A length of 1 in two bytes.
  const auto answer = city.Publish("psb", kResidents, {std::string("\x0A\x81\x00X", 4)}, "r1");
  CHECK(answer.outcomes(0).violations(0).reason() == "PAYLOAD_MALFORMED");
}

TEST_CASE("A duplicated field is refused") {
  City city;
  const std::string payload = city.Payload(kResidents, Resident(CitizenId(1), "张三"));
  ExpectRefused(city, payload + city.Payload(kResidents, {{"name", "李四"}}), "PAYLOAD_MALFORMED", "name");
}

TEST_CASE("An unknown field is refused") {
  City city;
  std::string payload = city.Payload(kResidents, Resident(CitizenId(1), "张三"));
  AppendTextField(399, "x", &payload);
  const auto answer = city.Publish("psb", kResidents, {payload}, "r1");
  CHECK(answer.outcomes(0).violations(0).reason() == "FIELD_UNKNOWN");
}

TEST_CASE("Text that is not UTF-8 is refused") {
  City city;
  const auto schema = city.Manager().Schema("resources/psb.resident");
  std::string payload =
      city.Payload(kResidents, {{"citizen_id", CitizenId(1)}, {"updated_at", "2024-01-01T00:00:00Z"}});
  AppendTextField((*schema)->fields()[(*schema)->IndexOfName("name")].number, "\xD5\xC5", &payload);
  ExpectRefused(city, payload, "FIELD_INVALID", "name");
}

TEST_CASE("An oversized record is refused, and the good rest goes in") {
  City city;
  std::string payload = city.Payload(kResidents, Resident(CitizenId(1), "张三"));
  AppendTextField(399, std::string(limits::kRecordBytes, 'x'), &payload);
  const std::string good = city.Payload(kResidents, Resident(CitizenId(2), "李四"));
  const auto answer = city.Publish("psb", kResidents, {payload, good}, "r1");
  CHECK(answer.outcomes(0).violations(0).reason() == "RECORD_TOO_LARGE");
  CHECK(answer.outcomes(1).outcome() == v1::OUTCOME_ACCEPTED);
}

TEST_CASE("An oversized batch is refused as a whole, in number and in bytes") {
  City city;
  const std::string good = city.Payload(kResidents, Resident(CitizenId(1), "张三"));
  CHECK(city.Publish("psb", kResidents, std::vector<std::string>(limits::kBatchRecords + 1, good), "r1")
            .refused()
            .reason() == "BATCH_TOO_LARGE");
  const std::string large(60'000, 'x');
  CHECK(city.Publish("psb", kResidents, std::vector<std::string>(20, large), "r2").refused().reason() ==
        "BATCH_TOO_LARGE");
}

TEST_CASE("A stale, a conflicting and a future version are told apart, and the stored one stays") {
  City city;
  const std::string id = CitizenId(1);
  REQUIRE(city.Publish("psb", kResidents, {city.Payload(kResidents, Resident(id, "张三", 5))}, "r1")
              .outcomes(0)
              .outcome() == v1::OUTCOME_ACCEPTED);
  const auto stale =
      city.Publish("psb", kResidents, {city.Payload(kResidents, Resident(id, "张三", 4))}, "r2");
  CHECK(stale.outcomes(0).outcome() == v1::OUTCOME_STALE);
  const auto conflict =
      city.Publish("psb", kResidents, {city.Payload(kResidents, Resident(id, "李四", 5))}, "r3");
  CHECK(conflict.outcomes(0).outcome() == v1::OUTCOME_CONFLICT);
  CHECK(conflict.outcomes(0).violations(0).reason() == "VERSION_CONFLICT");
  Row ahead = Resident(id, "王五");
  ahead.back().second = FormatInstant(SystemClock().UtcUs() + limits::kVersionAheadUs + 60 * kUsPerSecond);
  const auto future = city.Publish("psb", kResidents, {city.Payload(kResidents, ahead)}, "r4");
  CHECK(future.outcomes(0).violations(0).reason() == "VERSION_IN_FUTURE");
  const auto read = city.Get("civil", kResidents, id, kPurpose);
  REQUIRE(read.ok());
  REQUIRE(read->records_size() == 1);
  CHECK(city.Fields(kResidents, read->records(0))["name"] == "张三");
}

TEST_CASE("A repeated batch counts once, also after a restart, and its id cannot be used for another") {
  City city;
  const Row row = {{"citizen_id", CitizenId(1)}, {"serial", "A1"}, {"fine", "200.00"}};
  const Row other = {{"citizen_id", CitizenId(2)}, {"serial", "A2"}};
  const auto payload = city.Payload("psb.record", row);
  CHECK(city.Publish("psb", "psb.record", {payload}, "batch-1").outcomes(0).outcome() ==
        v1::OUTCOME_ACCEPTED);
  CHECK(city.Publish("psb", "psb.record", {payload}, "batch-1").outcomes(0).outcome() ==
        v1::OUTCOME_DUPLICATE);
  city.Restart();
  CHECK(city.Publish("psb", "psb.record", {payload}, "batch-1").outcomes(0).outcome() ==
        v1::OUTCOME_DUPLICATE);
  CHECK(
      city.Publish("psb", "psb.record", {city.Payload("psb.record", other)}, "batch-1").refused().reason() ==
      "REQUEST_ID_REUSED");
  // Made anew under a schema revision that it does not concern, it is the same batch.
  v1::PublishRequest revised;
  revised.set_request_id("batch-1");
  revised.set_resource(FullResourceName("psb.record"));
  revised.add_records()->set_payload(payload);
  revised.mutable_records(0)->set_schema_revision(1);
  const auto repeated = city.PublishBatch("psb", revised);
  REQUIRE(repeated.outcomes_size() == 1);
  CHECK(repeated.outcomes(0).outcome() == v1::OUTCOME_DUPLICATE);
}

TEST_CASE("A version beside the field that carries it, or where the log orders, is refused") {
  City city;
  const auto with_field =
      city.Publish("psb", kResidents, {city.Payload(kResidents, Resident(CitizenId(1), "张三"))}, "r1", 77);
  CHECK(with_field.outcomes(0).violations(0).reason() == "CROSS_FIELD");
  const auto by_arrival =
      city.Publish("psb", "psb.record",
                   {city.Payload("psb.record", {{"citizen_id", CitizenId(1)}, {"serial", "A1"}})}, "r2", 77);
  CHECK(by_arrival.outcomes(0).violations(0).reason() == "CROSS_FIELD");
  const auto missing =
      city.Publish("tax", "tax.declaration",
                   {city.Payload("tax.declaration", {{"uscc", Uscc(1)}, {"period", "2024-01"}})}, "r3");
  CHECK(missing.outcomes(0).violations(0).reason() == "FIELD_MISSING");
}

TEST_CASE("A missing, an unknown and an unregistered purpose are refused and audited") {
  City city;
  CHECK(ReasonOf(city.Get("civil", kResidents, CitizenId(1), "").status()) == Reason::kPurposeRequired);
  CHECK(ReasonOf(city.Get("civil", kResidents, CitizenId(1), "curiosity").status()) ==
        Reason::kUnknownPurpose);
  CHECK(ReasonOf(city.Get("civil", kResidents, CitizenId(1), "tax_audit").status()) ==
        Reason::kPurposeNotRegistered);
  const auto entry = Newest(city, hangou::audit::v1::ACTION_READ);
  CHECK(entry.reason() == "PURPOSE_NOT_REGISTERED");
  CHECK(entry.purpose() == "tax_audit");
}

TEST_CASE("An unknown consumer is refused and audited") {
  City city;
  CHECK(ReasonOf(city.Get("bureau_of_nothing", kResidents, CitizenId(1), kPurpose).status()) ==
        Reason::kUnknownConsumer);
  CHECK(Newest(city, hangou::audit::v1::ACTION_READ).reason() == "UNKNOWN_CONSUMER");
}

TEST_CASE("A call with the wrong role is refused") {
  City city;
  v1::GetRequest request;
  request.set_resource("resources/psb.resident");
  CHECK(ReasonOf(city.As("civil", "manager").Get(request).status()) == Reason::kRoleRequired);
  CHECK(ReasonOf(city.As("civil", "consumer").Apply({}).status()) == Reason::kRoleRequired);
  CHECK(ReasonOf(city.As("civil", "consumer").ListEntries({}).status()) == Reason::kRoleRequired);
}

TEST_CASE("A call whose deadline has passed is not answered with data") {
  City city;
  const auto channel = city.As("civil", "consumer").ChannelTo("population");
  REQUIRE(channel.ok());
  const auto stub = v1::BaseLibrary::NewStub(*channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
  v1::GetRequest request;
  v1::GetResponse response;
  const grpc::Status status = stub->Get(&context, request, &response);
  CHECK(status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_CASE("A publish stream that is cut in the middle loses nothing that was answered") {
  City city;
  const auto channel = city.As("psb", "publisher").ChannelTo("population");
  REQUIRE(channel.ok());
  const auto stub = v1::BaseLibrary::NewStub(*channel);
  std::vector<std::string> answered;
  {
    grpc::ClientContext context;
    const auto stream = stub->Publish(&context);
    for (int batch = 0; batch < 5; ++batch) {
      v1::PublishRequest request;
      request.set_request_id("cut-" + std::to_string(batch));
      request.set_resource("resources/psb.resident");
      request.add_records()->set_payload(city.Payload(kResidents, Resident(CitizenId(batch), "张三")));
      REQUIRE(stream->Write(request));
      if (batch == 2) {
        v1::PublishResponse response;
        REQUIRE(stream->Read(&response));
        answered.push_back(CitizenId(0));
      }
    }
    context.TryCancel();
  }
  for (const std::string& id : answered) {
    const auto read = city.Get("civil", kResidents, id, kPurpose);
    REQUIRE(read.ok());
    CHECK(read->records_size() == 1);
  }
  // And the installation goes on.
  CHECK(city.Publish("psb", kResidents, {city.Payload(kResidents, Resident(CitizenId(50), "李四"))}, "after")
            .outcomes(0)
            .outcome() == v1::OUTCOME_ACCEPTED);
}

TEST_CASE("A malformed identifier in a read is refused before the look-up and named by its rule") {
  City city;
  const auto read = city.Get("civil", kResidents, "321002198507140017", kPurpose);
  CHECK(ReasonOf(read.status()) == Reason::kCheckDigit);
  CHECK(std::string(Message(read.status())).find("321002") == std::string::npos);
}

TEST_CASE("A position of another log is refused, and one that is applied is waited for") {
  City city;
  const auto answer =
      city.Publish("psb", kResidents, {city.Payload(kResidents, Resident(CitizenId(1), "张三"))}, "r1");
  v1::GetRequest request;
  request.set_resource("resources/psb.resident");
  request.mutable_owner()->set_id(CitizenId(1));
  request.mutable_context()->set_purpose(kPurpose);
  auto* position = request.mutable_context()->add_after();
  position->set_log_id(answer.log_id());
  position->set_topic(answer.topic());
  position->set_partition(answer.outcomes(0).partition());
  position->set_offset(answer.outcomes(0).offset());
  CHECK(city.As("civil", "consumer").Get(request).ok());
  position->set_offset(1 << 20);
  CHECK(ReasonOf(city.As("civil", "consumer").Get(request).status()) == Reason::kPositionUnknown);
  position->set_log_id("another");
  CHECK(ReasonOf(city.As("civil", "consumer").Get(request).status()) == Reason::kPositionUnknown);
}

}  // namespace
}  // namespace hangou

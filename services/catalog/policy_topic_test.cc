#include "services/catalog/policy_topic.h"

#include <catch2/catch.hpp>

#include "google/protobuf/util/message_differencer.h"
#include "libs/base/status.h"
#include "libs/log/memory_log.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

// The update that adds a department to the state of a topic.
v1::PolicyUpdate Adding(const PolicyTopic& topic, const std::string& department) {
  v1::CatalogObject object;
  object.mutable_department()->set_name(department);
  return topic.state().PlanApply({object}, "m1", 1)->update;
}

bool SameState(const PolicyTopic& a, const PolicyTopic& b) {
  return google::protobuf::util::MessageDifferencer::Equals(a.state().Full(), b.state().Full());
}

std::vector<LogRecord> AllRecords(Log& log) {
  auto reader = log.OpenReader(kPolicyTopic, {{0, 0}}).value();
  return reader->Poll(10'000).value();
}

}  // namespace

TEST_CASE("A topic that is opened again has the state that was appended") {
  MemoryLog log;
  PolicyTopic topic(log);
  REQUIRE(topic.Open().ok());
  REQUIRE(topic.BecomeWriter("catalog-0", "host:1").ok());
  CHECK(topic.state().epoch() == 0);
  int absorbed = 0;
  topic.SetAbsorbed([&](const CatalogState& state, const v1::PolicyUpdate& update) {
    CHECK(state.epoch() == update.epoch());
    ++absorbed;
  });
  for (const char* name : {"psb", "tax"}) REQUIRE(topic.Append(Adding(topic, name)).ok());
  CHECK(absorbed == 2);
  PolicyTopic again(log);
  REQUIRE(again.Open().ok());
  CHECK(again.state().epoch() == 2);
  CHECK(SameState(topic, again));
  CHECK(AllRecords(log)[2].key == "epoch/2");  // behind the start of the writer
}

TEST_CASE("Now and then the whole state is written, and the topic reads on from it") {
  MemoryLog log;
  PolicyTopic topic(log);
  REQUIRE(topic.Open().ok());
  REQUIRE(topic.BecomeWriter("catalog-0", "host:1").ok());
  for (int i = 0; i < 205; ++i) REQUIRE(topic.Append(Adding(topic, "d" + std::to_string(i))).ok());
  int full = 0;
  for (const LogRecord& record : AllRecords(log)) {
    v1::PolicyUpdate update;
    REQUIRE(update.ParseFromString(*record.value));
    full += update.full();
  }
  CHECK(full == 2);
  PolicyTopic again(log);
  REQUIRE(again.Open().ok());
  CHECK(SameState(topic, again));
}

TEST_CASE("After an append that failed, kept or lost, every reader comes to the same state") {
  const auto fate = GENERATE(MemoryLog::OnFailure::kLost, MemoryLog::OnFailure::kKept);
  MemoryLog log;
  PolicyTopic topic(log);
  REQUIRE(topic.Open().ok());
  REQUIRE(topic.BecomeWriter("catalog-0", "host:1").ok());
  REQUIRE(topic.Append(Adding(topic, "psb")).ok());
  log.FailAppends(MakeError(Reason::kLogUnavailable, "test"), fate);
  CHECK(ReasonOf(topic.Append(Adding(topic, "tax"))) == Reason::kLogUnavailable);
  // It stays unavailable until it is known what the newest epoch is.
  CHECK_FALSE(topic.CatchUp().ok());
  log.FailAppends(absl::OkStatus());
  REQUIRE(topic.CatchUp().ok());
  CHECK(topic.state().objects().departments.contains("tax") == (fate == MemoryLog::OnFailure::kKept));
  REQUIRE(topic.Append(Adding(topic, "civil")).ok());
  PolicyTopic again(log);
  REQUIRE(again.Open().ok());
  CHECK(SameState(topic, again));
  CHECK(again.state().objects().departments.contains("civil"));
}

TEST_CASE("A topic with a message that is not an update, or misses an epoch, is not opened") {
  v1::PolicyUpdate gap;
  gap.set_epoch(7);
  for (const std::string& value : {std::string("\xFF"), gap.SerializeAsString()}) {
    MemoryLog log;
    REQUIRE(log.EnsureTopic(kPolicyTopic, 1).ok());
    log.Append(kPolicyTopic, 0, {{"epoch/1", value}}, [](const absl::StatusOr<int64_t>&) {});
    const absl::Status status = PolicyTopic(log).Open();
    CHECK(ReasonOf(status) == Reason::kDataLoss);
    CHECK(std::string(Message(status)).find("offset 0") != std::string::npos);
  }
}

TEST_CASE("A damaged topic is not opened") {
  MemoryLog log;
  REQUIRE(log.EnsureTopic(kPolicyTopic, 1).ok());
  log.DamagePartition(kPolicyTopic, 0);
  CHECK(ReasonOf(PolicyTopic(log).Open()) == Reason::kDataLoss);
}

TEST_CASE(
    "What a former writer appends behind its successor's start is void for every reader, and it learns so") {
  MemoryLog log;
  PolicyTopic first(log);
  PolicyTopic second(log);
  PolicyTopic reader(log);
  for (PolicyTopic* topic : {&first, &second, &reader}) REQUIRE(topic->Open().ok());
  REQUIRE(first.BecomeWriter("catalog-0", "host:1").ok());
  REQUIRE(first.Append(Adding(first, "psb")).ok());
  const v1::PolicyUpdate late = Adding(first, "late");  // planned before it knows of its successor
  REQUIRE(second.BecomeWriter("catalog-1", "host:2").ok());
  CHECK(ReasonOf(first.Append(late)) == Reason::kNotOwner);
  CHECK_FALSE(first.IsWriter());
  REQUIRE(second.IsWriter());
  REQUIRE(second.Append(Adding(second, "tax")).ok());
  for (PolicyTopic* topic : {&first, &second, &reader}) {
    REQUIRE(topic->Read().ok());
    CHECK(topic->state().epoch() == 2);
    CHECK(topic->state().objects().departments.contains("tax"));
    CHECK_FALSE(topic->state().objects().departments.contains("late"));
    CHECK(topic->state().writer().replica() == "catalog-1");
  }
  // It writes again once it has begun anew.
  REQUIRE(first.BecomeWriter("catalog-0", "host:1").ok());
  REQUIRE(first.Append(Adding(first, "late")).ok());
  CHECK(ReasonOf(second.Append(Adding(second, "x"))) == Reason::kNotOwner);
}

TEST_CASE("Who is not the writer appends nothing") {
  MemoryLog log;
  PolicyTopic topic(log);
  REQUIRE(topic.Open().ok());
  CHECK(ReasonOf(topic.Append(Adding(topic, "psb"))) == Reason::kNotOwner);
  CHECK(AllRecords(log).empty());
}

TEST_CASE("The placement is part of the state, alone and in a whole one") {
  MemoryLog log;
  PolicyTopic topic(log);
  REQUIRE(topic.Open().ok());
  REQUIRE(topic.BecomeWriter("catalog-0", "host:1").ok());
  v1::Placement placement;
  placement.mutable_layout()->set_partitions(8);
  placement.mutable_layout()->set_groups(2);
  REQUIRE(topic.Append(topic.state().PlanPlacement(placement, 1)).ok());
  for (int i = 0; i < 101; ++i) REQUIRE(topic.Append(Adding(topic, "d" + std::to_string(i))).ok());
  PolicyTopic again(log);
  REQUIRE(again.Open().ok());
  CHECK(again.state().placement().layout().groups() == 2);
  CHECK(SameState(topic, again));
}

}  // namespace hangou

#include "libs/log/delivery_contract.h"

#include "libs/log/memory_delivery.h"

namespace hangou {
namespace {

using delivery_contract::Subject;

Subject InMemory() {
  auto topics = std::make_unique<MemoryDeliveryTopics>();
  MemoryDeliveryTopics* const raw = topics.get();
  return {std::move(topics), "User:tax.consumer.a", "User:tax.consumer.b",
          [raw](const std::string& topic, const std::string& principal, size_t) {
            return raw->Read(topic, principal);
          },
          [raw](const std::string& topic) { return raw->RetentionMs(topic); }};
}

TEST_CASE("Delivery topics in memory keep the contract") {
  delivery_contract::CheckDeliveryContract(InMemory);
}

TEST_CASE("What is held by the delivery topics in memory goes when released, or is recalled") {
  MemoryDeliveryTopics topics;
  REQUIRE(topics.Ensure("t", 1).ok());
  topics.Hold();
  std::vector<bool> answers;
  const auto done = [&answers](const absl::Status& status) { answers.push_back(status.ok()); };
  topics.Send("t", {{"k", "1", {}}}, done);
  CHECK(topics.held() == 1);
  topics.Recall();
  topics.Send("t", {{"k", "2", {}}}, done);
  topics.Release();
  CHECK(answers == std::vector<bool>{false, true});
  REQUIRE(topics.All("t").size() == 1);
  CHECK(topics.All("t")[0].value == "2");
  topics.Fail(MakeError(Reason::kLogUnavailable, "test"));
  CHECK_FALSE(topics.Ensure("t", 1).ok());
  topics.Send("t", {{"k", "3", {}}}, done);
  CHECK_FALSE(answers.back());
}

}  // namespace
}  // namespace hangou

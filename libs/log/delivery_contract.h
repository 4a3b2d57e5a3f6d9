// The contract of DeliveryTopics, for the twin in memory and for the brokers.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/log/delivery_topics.h"
#include "libs/log/log_for_test.h"

namespace hangou::delivery_contract {

constexpr int64_t kDayMs = 86'400'000;

// What the contract is checked with.
struct Subject {
  std::unique_ptr<DeliveryTopics> topics;
  // Two principals ("User:NAME") that have nothing at first.
  std::string reader;
  std::string other;
  // All messages of a topic as a principal reads them, in the order of each key, once there are so many.
  std::function<absl::StatusOr<std::vector<DeliveryMessage>>(const std::string& topic,
                                                             const std::string& principal, size_t count)>
      read;
  // Milliseconds for which a topic keeps messages.
  std::function<int64_t(const std::string& topic)> retention_ms;
};

inline absl::Status SendAndWait(DeliveryTopics& topics, const std::string& topic,
                                std::vector<DeliveryMessage> messages) {
  auto done = std::make_shared<std::promise<absl::Status>>();
  topics.Send(topic, std::move(messages),
              [done](absl::Status status) { done->set_value(std::move(status)); });
  return done->get_future().get();
}

// The values of one key, "-" for none, in their order.
inline std::vector<std::string> ValuesOf(const std::vector<DeliveryMessage>& messages,
                                         const std::string& key) {
  std::vector<std::string> values;
  for (const DeliveryMessage& message : messages) {
    if (message.key == key) values.push_back(message.value.value_or("-"));
  }
  return values;
}

// Reads as a principal that may: brokers let it in soon after Allow, not at once.
inline absl::StatusOr<std::vector<DeliveryMessage>> ReadAllowed(const Subject& subject,
                                                                const std::string& topic,
                                                                const std::string& principal, size_t count) {
  absl::StatusOr<std::vector<DeliveryMessage>> read;
  WaitUntil([&] {
    read = subject.read(topic, principal, count);
    return read.ok();
  });
  return read;
}

// True once the principal is kept out.
inline bool IsKeptOut(const Subject& subject, const std::string& topic, const std::string& principal) {
  return WaitUntil([&] { return !subject.read(topic, principal, 1).ok(); });
}

inline void CheckMessages(Subject subject) {
  REQUIRE(subject.topics->Ensure("tax.a", kDayMs).ok());
  REQUIRE(subject.topics->Allow("tax.a", subject.reader).ok());
  const std::string binary("\0\xff value", 8);
  REQUIRE(SendAndWait(
              *subject.topics, "tax.a",
              {{"k1", "1", {{"ce_id", "one"}, {"empty", ""}}}, {"k2", binary, {}}, {"k1", std::nullopt, {}}})
              .ok());
  REQUIRE(SendAndWait(*subject.topics, "tax.a", {}).ok());
  std::vector<DeliveryMessage> many;
  for (int i = 0; i < 256; ++i) many.push_back({"k" + std::to_string(i % 8), std::to_string(i), {}});
  REQUIRE(SendAndWait(*subject.topics, "tax.a", many).ok());
  const auto read = ReadAllowed(subject, "tax.a", subject.reader, 259);
  INFO(read.status());
  REQUIRE(read.ok());
  REQUIRE(read->size() == 259);
  CHECK(ValuesOf(*read, "k2").front() == binary);
  const auto values = ValuesOf(*read, "k1");
  REQUIRE(values.size() == 34);
  CHECK(std::vector<std::string>(values.begin(), values.begin() + 4) ==
        std::vector<std::string>{"1", "-", "1", "9"});
  CHECK(values.back() == "249");
  const auto first = std::find_if(read->begin(), read->end(), [](const auto& m) { return m.key == "k1"; });
  using Headers = std::vector<std::pair<std::string, std::string>>;
  CHECK(first->headers == Headers{{"ce_id", "one"}, {"empty", ""}});
}

inline void CheckAccess(Subject subject) {
  REQUIRE(subject.topics->Ensure("tax.a", kDayMs).ok());
  REQUIRE(subject.topics->Ensure("tax.ab", kDayMs).ok());
  REQUIRE(SendAndWait(*subject.topics, "tax.a", {{"k", "1", {}}}).ok());
  CHECK_FALSE(subject.read("tax.a", subject.reader, 1).ok());
  REQUIRE(subject.topics->Allow("tax.a", subject.reader).ok());
  REQUIRE(subject.topics->Allow("tax.a", subject.reader).ok());
  REQUIRE(ReadAllowed(subject, "tax.a", subject.reader, 1).ok());
  // That topic, and that principal.
  CHECK_FALSE(subject.read("tax.ab", subject.reader, 0).ok());
  CHECK_FALSE(subject.read("tax.a", subject.other, 1).ok());
  REQUIRE(subject.topics->Forbid("tax.a", subject.other).ok());
  REQUIRE(subject.topics->Forbid("tax.a", subject.reader).ok());
  REQUIRE(subject.topics->Forbid("tax.a", subject.reader).ok());
  CHECK(IsKeptOut(subject, "tax.a", subject.reader));
}

inline void CheckTopics(Subject subject) {
  REQUIRE(subject.topics->Ensure("tax.a", kDayMs).ok());
  CHECK(WaitUntil([&] { return subject.retention_ms("tax.a") == kDayMs; }));
  REQUIRE(subject.topics->Ensure("tax.a", kDayMs).ok());
  REQUIRE(subject.topics->Ensure("tax.a", 3 * kDayMs).ok());
  CHECK(WaitUntil([&] { return subject.retention_ms("tax.a") == 3 * kDayMs; }));
  REQUIRE(SendAndWait(*subject.topics, "tax.a", {{"k", "1", {}}}).ok());
  REQUIRE(subject.topics->Allow("tax.a", subject.reader).ok());
  REQUIRE(ReadAllowed(subject, "tax.a", subject.reader, 1).ok());
  REQUIRE(subject.topics->Remove("tax.a").ok());
  CHECK(WaitUntil([&] { return !subject.read("tax.a", subject.reader, 0).ok(); }));
  CHECK(subject.topics->Remove("tax.a").ok());
  CHECK(subject.topics->NameOf("tax.a").ends_with("tax.a"));
  CHECK_FALSE(subject.topics->bootstrap_servers().empty());
}

// What a recall leaves: everything that was sent is answered, and what is sent behind it goes.
inline void CheckRecall(Subject subject) {
  REQUIRE(subject.topics->Ensure("tax.a", kDayMs).ok());
  REQUIRE(subject.topics->Allow("tax.a", subject.reader).ok());
  subject.topics->Recall();
  std::vector<std::future<absl::Status>> answers;
  for (int i = 0; i < 20; ++i) {
    auto done = std::make_shared<std::promise<absl::Status>>();
    answers.push_back(done->get_future());
    subject.topics->Send("tax.a", {{"k", std::to_string(i), {}}},
                         [done](absl::Status status) { done->set_value(std::move(status)); });
    if (i % 5 == 4) subject.topics->Recall();
  }
  size_t acknowledged = 0;
  for (auto& answer : answers) acknowledged += answer.get().ok() ? 1 : 0;
  REQUIRE(SendAndWait(*subject.topics, "tax.a", {{"k", "last", {}}}).ok());
  const auto read = ReadAllowed(subject, "tax.a", subject.reader, acknowledged + 1);
  REQUIRE(read.ok());
  CHECK(read->size() >= acknowledged + 1);
  CHECK(read->back().value == "last");
}

// Checks the contract on fresh subjects.
inline void CheckDeliveryContract(const std::function<Subject()>& make) {
  SECTION("Messages come with key, value and headers, those of a key in order") { CheckMessages(make()); }
  SECTION("Nobody reads a topic but whom it was given to, and until it is taken away") {
    CheckAccess(make());
  }
  SECTION("A topic takes another retention, and is removed with what is in it") { CheckTopics(make()); }
  SECTION("A recall answers everything that was sent, and leaves no trace in what follows") {
    CheckRecall(make());
  }
}

}  // namespace hangou::delivery_contract

// The Kafka log at a broker that runs all the time.
#include "libs/log/kafka_log.h"

#include <algorithm>
#include <future>

#include "libs/log/kafka_conf.h"
#include "libs/log/log_contract.h"
#include "tests/kafka/broker_for_test.h"

namespace hangou {
namespace {

std::unique_ptr<KafkaLog> OpenKafka(const KafkaSettings& settings) {
  auto log = KafkaLog::Open(settings);
  INFO(log.status());
  REQUIRE(log.ok());
  return *std::move(log);
}

TEST_CASE("The Kafka log keeps the contract") {
  CheckLogContract([] { return OpenKafka(SharedKafka()); });
}

TEST_CASE("The identity of a Kafka log is made once") {
  const KafkaSettings settings = SharedKafka();
  SECTION("and stays when the log is opened again, also under another identity") {
    const std::string id = OpenKafka(settings)->log_id();
    CHECK(OpenKafka(settings)->log_id() == id);
    KafkaSettings other = settings;
    other.identity_folder = KafkaIdentity("exchange");
    CHECK(OpenKafka(other)->log_id() == id);
    CHECK(OpenKafka(SharedKafka())->log_id() != id);
  }
  SECTION("by the first of those that open it at once") {
    std::vector<std::future<std::string>> openers;
    for (int i = 0; i < 4; ++i) {
      openers.push_back(std::async(std::launch::async, [&settings] {
        const auto log = KafkaLog::Open(settings);
        return log.ok() ? (*log)->log_id() : log.status().ToString();
      }));
    }
    const std::string first = openers[0].get();
    CHECK(first.size() == 32);
    for (size_t i = 1; i < openers.size(); ++i) CHECK(openers[i].get() == first);
  }
}

// Makes a topic as somebody might who does not know what the log needs.
void MakeForeignTopic(const KafkaSettings& settings, const std::string& topic, const char* name,
                      const char* value) {
  const KafkaHandle client =
      MakeKafkaClient(RD_KAFKA_PRODUCER, MakeKafkaConf(settings, "test", {}).value()).value();
  char error[256];
  const KafkaNewTopic wanted(
      rd_kafka_NewTopic_new((settings.topic_prefix + topic).c_str(), 1, 1, error, sizeof error));
  rd_kafka_NewTopic_set_config(wanted.get(), "cleanup.policy", "compact");
  rd_kafka_NewTopic_set_config(wanted.get(), "retention.ms", "-1");
  rd_kafka_NewTopic_set_config(wanted.get(), "max.message.bytes", "20000000");
  rd_kafka_NewTopic_set_config(wanted.get(), "max.compaction.lag.ms", "39600000");
  rd_kafka_NewTopic_set_config(wanted.get(), "delete.retention.ms", "604800000");
  rd_kafka_NewTopic_set_config(wanted.get(), name, value);
  rd_kafka_NewTopic_t* topics[] = {wanted.get()};
  const KafkaQueue queue(rd_kafka_queue_new(client.get()));
  rd_kafka_CreateTopics(client.get(), topics, 1, nullptr, queue.get());
  const KafkaEvent event(rd_kafka_queue_poll(queue.get(), 20'000));
  REQUIRE(event != nullptr);
  REQUIRE(rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR_NO_ERROR);
}

TEST_CASE(
    "A topic whose settings would lose records, or keep what is erased, is refused with what is wrong") {
  const KafkaSettings settings = SharedKafka();
  const auto log = OpenKafka(settings);
  struct Case {
    const char* topic;
    const char* name;
    const char* value;
    const char* message;
  };
  const Case cases[] = {
      {"a", "cleanup.policy", "delete", "cleanup.policy delete, and needs compact"},
      {"b", "retention.ms", "3600000", "retention.ms 3600000, and needs -1"},
      {"c", "max.message.bytes", "1000000", "max.message.bytes 1000000, and needs at least"},
      {"e", "max.compaction.lag.ms", "86400000", "max.compaction.lag.ms 86400000, and needs 39600000"},
  };
  for (const Case& given : cases) {
    MakeForeignTopic(settings, given.topic, given.name, given.value);
    const auto ensured = log->EnsureTopic(given.topic, 1);
    CHECK(ReasonOf(ensured) == Reason::kInvalidRequest);
    CHECK_THAT(std::string(Message(ensured)), Catch::Contains(given.message) && Catch::Contains(given.topic));
  }
  MakeForeignTopic(settings, "d", "min.insync.replicas", "1");
  CHECK(log->EnsureTopic("d", 1).ok());
  CHECK(ReasonOf(log->EnsureTopic("d", 2)) == Reason::kInvalidRequest);
}

TEST_CASE("A topic that another process has made is used, and must be as the settings say") {
  const KafkaSettings settings = SharedKafka();
  const auto log = OpenKafka(settings);
  REQUIRE(log->EnsureTopic("t", 3).ok());
  CHECK(log->EnsureTopic("t", 3).ok());
  REQUIRE(AppendAndWait(*log, "t", 2, {{"k", "v"}}).ok());
  SECTION("A process that did not ensure it reads it") {
    const auto other = OpenKafka(settings);
    CHECK(EndOffsetOf(*other, "t", 2).value() == 1);
    CHECK(ReadPartition(*other, "t", 2).value().size() == 1);
  }
  SECTION("Wrong settings are refused by name") {
    KafkaSettings strict = settings;
    strict.replication_factor = 3;
    const auto missing_copies = KafkaLog::Open(strict).status();
    CHECK(ReasonOf(missing_copies) == Reason::kInvalidRequest);
    CHECK_THAT(std::string(Message(missing_copies)),
               Catch::Contains("hangou.log") && Catch::Contains("replication factor of 1, and needs 3"));
  }
}

TEST_CASE("More copies than there are brokers are refused when a topic is made") {
  KafkaSettings settings = SharedKafka();
  settings.replication_factor = 3;
  settings.min_insync_replicas = 2;
  const auto opened = KafkaLog::Open(settings).status();
  CHECK(ReasonOf(opened) == Reason::kInvalidRequest);
  CHECK_THAT(std::string(Message(opened)), Catch::Contains("INVALID_REPLICATION_FACTOR"));
}

TEST_CASE("A broker that does not know us is told apart from one that is away") {
  SECTION("a certificate of another CA") {
    const auto opened = KafkaLog::Open(SharedKafka("foreign"), 3000).status();
    CHECK(ReasonOf(opened) == Reason::kCertificateInvalid);
    CHECK_THAT(std::string(Message(opened)), Catch::Contains("SSL"));
  }
  SECTION("no certificate") {
    const TempFolder empty;
    KafkaSettings settings = SharedKafka();
    settings.identity_folder = empty.path();
    CHECK(ReasonOf(KafkaLog::Open(settings, 3000).status()) == Reason::kCertificateInvalid);
  }
  SECTION("an identity without ACLs") {
    const auto opened = KafkaLog::Open(SharedKafka("stranger"), 3000).status();
    CHECK(ReasonOf(opened) == Reason::kLogUnavailable);
    CHECK_THAT(std::string(Message(opened)), Catch::Contains("ACL") && Catch::Contains("Create"));
  }
  SECTION("another installation's topics") {
    KafkaSettings settings = SharedKafka();
    settings.topic_prefix = "elsewhere.";
    CHECK_THAT(std::string(Message(KafkaLog::Open(settings, 3000).status())), Catch::Contains("ACL"));
  }
  SECTION("nobody there") {
    const auto opened = KafkaLog::Open(KafkaSettingsForTest("127.0.0.1:1"), 1000).status();
    CHECK(ReasonOf(opened) == Reason::kLogUnavailable);
    CHECK_THAT(std::string(Message(opened)), Catch::Contains("127.0.0.1:1"));
  }
}

// Bytes that lz4 cannot make smaller.
std::string Incompressible(size_t size) {
  std::string bytes = RandomBytes(1 << 20);
  while (bytes.size() < size) bytes += bytes.substr(0, size - bytes.size());
  bytes.resize(size);
  return bytes;
}

TEST_CASE("The largest append goes through") {
  const auto log = OpenKafka(SharedKafka());
  REQUIRE(log->EnsureTopic("t", 1).ok());
  const std::string large = Incompressible((16 << 20) - 100);
  REQUIRE(AppendAndWait(*log, "t", 0, {{"large", large}}).value() == 0);
  REQUIRE(AppendAndWait(*log, "t", 0, {{"small", "v"}}).value() == 1);
  const auto records = ReadPartition(*log, "t", 0).value();
  REQUIRE(records.size() == 2);
  CHECK(records[0].value == large);
}

TEST_CASE("A partition with much to read keeps none from being read") {
  const auto log = OpenKafka(SharedKafka());
  REQUIRE(log->EnsureTopic("t", 16).ok());
  const std::string batch = Incompressible(100 << 10);
  auto answers = std::make_shared<AppendAnswers>(200);
  for (size_t i = 0; i < 200; ++i) log->Append("t", 0, {{"k", batch}}, AppendAnswers::At(answers, i));
  for (const auto& answer : answers->Wait()) {
    INFO(answer.status());
    REQUIRE(answer.ok());
  }
  std::map<int32_t, int64_t> from = {{0, 0}};
  for (int32_t partition = 1; partition < 16; ++partition) {
    REQUIRE(AppendAndWait(*log, "t", partition, {{"k", batch}}).ok());
    from[partition] = 0;
  }
  const auto reader = log->OpenReader("t", from).value();
  const auto records = ReadCount(*reader, 215).value();
  std::map<int32_t, size_t> first_at;
  for (size_t i = 0; i < records.size(); ++i) first_at.emplace(records[i].partition, i);
  REQUIRE(first_at.size() == 16);
  for (const auto& [partition, at] : first_at) CHECK(at < 100);
}

TEST_CASE("A topic takes appends as soon as it is ensured") {
  const auto log = OpenKafka(SharedKafka());
  const std::string value = Incompressible(50 << 10);
  for (int round = 0; round < 10; ++round) {
    const std::string topic = "t" + std::to_string(round);
    REQUIRE(log->EnsureTopic(topic, 16).ok());
    constexpr size_t kCount = 160;
    auto answers = std::make_shared<AppendAnswers>(kCount);
    for (size_t i = 0; i < kCount; ++i) {
      log->Append(topic, static_cast<int32_t>(i % 16), {{"k", value}}, AppendAnswers::At(answers, i));
    }
    const auto offsets = answers->Wait();
    for (size_t i = 0; i < kCount; ++i) {
      INFO(offsets[i].status());
      REQUIRE(offsets[i].ok());
      REQUIRE(*offsets[i] == static_cast<int64_t>(i / 16));
    }
  }
}

TEST_CASE("A process has so many readers and no more") {
  const auto log = OpenKafka(SharedKafka());
  REQUIRE(log->EnsureTopic("t", 1).ok());
  std::vector<std::unique_ptr<LogReader>> readers;
  for (int i = 0; i < 64; ++i) readers.push_back(log->OpenReader("t", {{0, 0}}).value());
  CHECK(ReasonOf(log->OpenReader("t", {{0, 0}}).status()) == Reason::kOverloaded);
  readers.pop_back();
  CHECK(log->OpenReader("t", {{0, 0}}).ok());
}

TEST_CASE("A queue that is full refuses on the caller's thread") {
  const auto log = OpenKafka(SharedKafka());
  REQUIRE(log->EnsureTopic("t", 1).ok());
  constexpr size_t kCount = 40;
  auto answers = std::make_shared<AppendAnswers>(kCount);
  // Made beforehand, and of what cannot be compressed, so that they come faster than any broker takes them.
  std::vector<std::vector<LogEntry>> appends(kCount, {{"k", RandomBytes(4 << 20)}});
  for (size_t i = 0; i < kCount; ++i) {
    log->Append("t", 0, std::move(appends[i]), AppendAnswers::At(answers, i));
  }
  size_t refused = 0;
  size_t kept = 0;
  for (const auto& answer : answers->Wait()) {
    kept += answer.ok() ? 1 : 0;
    refused += ReasonOf(answer.status()) == Reason::kOverloaded ? 1 : 0;
  }
  CHECK(refused > 0);
  CHECK(kept + refused == kCount);
  CHECK(EndOffsetOf(*log, "t", 0).value() == static_cast<int64_t>(kept));
}

TEST_CASE("A producer that librdkafka gives up is replaced") {
  const auto log = OpenKafka(SharedKafka());
  REQUIRE(log->EnsureTopic("t", 1).ok());
  REQUIRE(AppendAndWait(*log, "t", 0, {{"a", "v"}}).ok());
  log->FailProducerForTest();
  REQUIRE(WaitUntil([&log] { return AppendAndWait(*log, "t", 0, {{"b", "v"}}).ok(); }));
  CHECK(ReadPartition(*log, "t", 0).value().back().key == "b");
}

TEST_CASE("A process takes over from another that leads, and interrupts nobody by coming") {
  const KafkaSettings settings = SharedKafka();
  auto one = OpenKafka(settings);
  const auto two = OpenKafka(settings);
  log_contract::Leadership first, second;
  auto leader = log_contract::Candidate(*one, "duty", &first);
  REQUIRE(WaitUntil([&first] { return first.leads.load(); }));
  const auto next = log_contract::Candidate(*two, "duty", &second);
  // A third office, won behind the second candidate's coming, shows that the coordinator has had its time.
  log_contract::Leadership other;
  const auto elsewhere = log_contract::Candidate(*two, "other", &other);
  REQUIRE(WaitUntil([&other] { return other.leads.load(); }));
  CHECK(first.changes == 1);
  CHECK_FALSE(second.leads);
  leader.reset();
  one.reset();
  CHECK(WaitUntil([&second] { return second.leads.load(); }));
}

}  // namespace
}  // namespace hangou

// Delivery topics at a broker, and who may read them.
#include "libs/log/kafka_delivery.h"

#include "libs/base/clock.h"
#include "libs/log/delivery_contract.h"
#include "libs/log/kafka_client.h"
#include "libs/log/kafka_errors.h"
#include "libs/log/kafka_log.h"
#include "tests/kafka/broker_for_test.h"

namespace hangou {
namespace {

using delivery_contract::kDayMs;
using delivery_contract::SendAndWait;
using delivery_contract::Subject;

constexpr int64_t kReadMs = 60'000;

DeliveryMessage MessageOf(const rd_kafka_message_t& message) {
  DeliveryMessage read;
  read.key.assign(static_cast<const char*>(message.key), message.key_len);
  if (message.payload != nullptr) read.value.emplace(static_cast<const char*>(message.payload), message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return read;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    read.headers.emplace_back(name, std::string(static_cast<const char*>(value), size));
  }
  return read;
}

// Reads as a consumer in a group of its own, as consumers do.
absl::StatusOr<std::vector<DeliveryMessage>> ReadAs(const KafkaSettings& settings,
                                                    const std::string& identity, const std::string& topic,
                                                    size_t count) {
  KafkaSettings own = settings;
  own.identity_folder = KafkaIdentity(identity);
  ASSIGN_OR_RETURN(KafkaConf conf, MakeKafkaConf(own, "reader",
                                                 {{"group.id", topic + "-" + Hex(RandomBytes(4))},
                                                  {"auto.offset.reset", "earliest"},
                                                  {"enable.auto.commit", "false"}}));
  ASSIGN_OR_RETURN(KafkaHandle client, MakeKafkaClient(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_poll_set_consumer(client.get());
  const KafkaPartitions wanted(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  RETURN_IF_ERROR(KafkaStatus(rd_kafka_subscribe(client.get(), wanted.get()), "subscribe"));
  std::vector<DeliveryMessage> read;
  const int64_t deadline_us = SystemClock().BootUs() + kReadMs * kUsPerMs;
  absl::Status failed;
  while (failed.ok() && (read.size() < count || count == 0) && SystemClock().BootUs() < deadline_us) {
    const KafkaMessage message(rd_kafka_consumer_poll(client.get(), 100));
    if (message == nullptr) continue;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      failed = KafkaStatus(message->err, "read " + topic);
    } else {
      read.push_back(MessageOf(*message));
    }
  }
  // Without leaving its group: librdkafka 2.0 may wait for ever for the answer, where the topic has just gone.
  rd_kafka_destroy_flags(client.release(), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  RETURN_IF_ERROR(failed);
  return read;
}

Subject AtBroker() {
  const KafkaSettings settings = SharedKafka("exchange");
  auto topics = KafkaDeliveryTopics::Open(settings);
  INFO(topics.status());
  REQUIRE(topics.ok());
  const auto read = [settings](const std::string& topic, const std::string& principal, size_t count) {
    const std::string identity = principal.ends_with("desk") ? "tax-desk" : "tax-hall";
    return ReadAs(settings, identity, settings.topic_prefix + topic, count);
  };
  const auto retention = [settings](const std::string& topic) -> int64_t {
    const auto client = KafkaClient::Open(settings).value();
    const auto described = client->DescribeConfig(settings.topic_prefix + topic);
    REQUIRE(described.ok());
    CHECK(described->at("cleanup.policy") == "delete");
    return std::stoll(described->at("retention.ms"));
  };
  return {*std::move(topics), "User:tax.consumer.desk", "User:tax.consumer.hall", read, retention};
}

TEST_CASE("Delivery topics at a broker keep the contract") {
  delivery_contract::CheckDeliveryContract(AtBroker);
}

TEST_CASE("Who may not make delivery topics is told what to grant") {
  const auto topics = KafkaDeliveryTopics::Open(SharedKafka("catalog")).value();
  const auto allowed = topics->Allow("tax.a", "User:tax.consumer.desk");
  CHECK(ReasonOf(allowed) == Reason::kLogUnavailable);
  CHECK_THAT(std::string(Message(allowed)), Catch::Contains("Alter on the cluster"));
}

TEST_CASE("A consumer reads nothing but its delivery topic, and appends nowhere") {
  const KafkaSettings settings = SharedKafka("exchange");
  const auto log = KafkaLog::Open(settings).value();
  REQUIRE(log->EnsureTopic("hangou.population", 1).ok());
  const auto topics = KafkaDeliveryTopics::Open(settings).value();
  REQUIRE(topics->Ensure("tax.a", kDayMs).ok());
  REQUIRE(topics->Allow("tax.a", "User:tax.consumer.desk").ok());
  REQUIRE(SendAndWait(*topics, "tax.a", {{"k", "1", {}}}).ok());
  // Brokers let it in soon after Allow, not at once.
  REQUIRE(WaitUntil([&] { return ReadAs(settings, "tax-desk", settings.topic_prefix + "tax.a", 1).ok(); }));
  for (const char* topic : {"hangou.population", "hangou.log"}) {
    CHECK_FALSE(ReadAs(settings, "tax-desk", settings.topic_prefix + topic, 0).ok());
  }
  KafkaSettings own = settings;
  own.identity_folder = KafkaIdentity("tax-desk");
  const auto writer = KafkaDeliveryTopics::Open(own).value();
  CHECK_FALSE(SendAndWait(*writer, "tax.a", {{"k", "2", {}}}).ok());
}

}  // namespace
}  // namespace hangou

// What the Kafka log asks of the brokers beside reading and appending: metadata, ends, and its topics.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/mutex.h"
#include "libs/log/kafka_conf.h"

namespace hangou {

// What the brokers say of a topic.
struct KafkaTopicShape {
  int32_t partitions = 0;
  int replicas = 0;  // of the partition that has the fewest
  bool every_has_leader = false;
};

// Asks the brokers, and waits for the answers: each call takes at most its deadline. Thread-safe. Topic names
// are those at the broker, with the prefix.
class KafkaClient {
 public:
  // Makes a client; does not wait for the brokers.
  static absl::StatusOr<std::unique_ptr<KafkaClient>> Open(const KafkaSettings& settings);

  // Waits until a broker answers. CERTIFICATE_INVALID or LOG_UNAVAILABLE with the last failure where none does
  // within `timeout_ms`.
  absl::Status Connect(int64_t timeout_ms);
  // OBJECT_NOT_FOUND where there is no such topic.
  absl::StatusOr<KafkaTopicShape> ShapeOf(const std::string& topic);
  // Creates a topic of entries that compaction alone may remove, as the settings say, or checks that the one
  // that is there is such: INVALID_REQUEST names setting, found and wanted value. Waits until it can be used.
  absl::Status EnsureTopic(const std::string& topic, int32_t partitions);
  // Offsets behind the last durable record of each partition, in one request per broker.
  absl::StatusOr<std::map<int32_t, int64_t>> EndOffsets(const std::string& topic,
                                                        const std::vector<int32_t>& partitions);
  // Waits until every partition of a topic that was just made has a leader.
  absl::StatusOr<KafkaTopicShape> AwaitTopic(const std::string& topic);
  // The settings of a topic, by name.
  absl::StatusOr<std::map<std::string, std::string>> DescribeConfig(const std::string& topic);
  // For other administrative requests; lives as long as this.
  rd_kafka_t* handle() const { return client_.get(); }

 private:
  explicit KafkaClient(KafkaSettings settings) : settings_(std::move(settings)) {}
  static void KeepLine(const rd_kafka_t* client, int level, const char* facility, const char* text);
  rd_kafka_topic_t* TopicHandle(const std::string& topic);
  absl::Status CreateTopic(const std::string& topic, int32_t partitions);
  absl::Status CheckConfig(const std::string& topic);

  const KafkaSettings settings_;
  Mutex mutex_;
  // The client's threads write it until the client has gone.
  std::string last_failure_ HANGOU_GUARDED_BY(mutex_);
  KafkaHandle client_;
  std::map<std::string, KafkaTopicHandle> topics_ HANGOU_GUARDED_BY(mutex_);  // goes before the client
};

}  // namespace hangou

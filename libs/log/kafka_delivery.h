// The delivery topics of a Kafka installation.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/mutex.h"
#include "libs/log/delivery_topics.h"
#include "libs/log/kafka_conf.h"

namespace hangou {

class KafkaDeliveryAdmin;

// Delivers over mutual TLS, idempotently and with all in-sync copies. Thread-safe. Callbacks are called on its own
// thread, errors that are known at once on the caller's.
//
// A recall replaces the producer: the former one is emptied and takes nothing more, so that nothing it holds is sent.
class KafkaDeliveryTopics final : public DeliveryTopics {
 public:
  // Does not wait for the brokers. The identity needs Alter and Describe on the cluster (ACLs), and Create, Write,
  // Describe, DescribeConfigs, AlterConfigs and Delete on the topics.
  static absl::StatusOr<std::unique_ptr<KafkaDeliveryTopics>> Open(const KafkaSettings& settings);
  // Waits a few seconds for what is under way; what is not acknowledged then fails.
  ~KafkaDeliveryTopics() override;

  std::string NameOf(const std::string& topic) const override { return settings_.topic_prefix + topic; }
  std::string bootstrap_servers() const override { return settings_.bootstrap_servers; }
  absl::Status Ensure(const std::string& topic, int64_t retention_ms) override;
  absl::Status Allow(const std::string& topic, const std::string& principal) override;
  absl::Status Forbid(const std::string& topic, const std::string& principal) override;
  absl::Status Remove(const std::string& topic) override;
  void Send(const std::string& topic, std::vector<DeliveryMessage> messages, SendDone done) override;
  void Recall() override;

 private:
  struct Run;
  // One producer of librdkafka and its topics.
  struct Session {
    KafkaHandle client;
    std::map<std::string, KafkaTopicHandle> topics;  // go before the client
  };

  explicit KafkaDeliveryTopics(KafkaSettings settings);
  absl::StatusOr<std::shared_ptr<Session>> NewSession() const;
  static void OnDelivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);
  static void OnError(rd_kafka_t* client, int error, const char* text, void* opaque);
  static void Finish(Run* run, size_t messages);
  absl::StatusOr<size_t> Produce(const std::string& topic, std::vector<DeliveryMessage>& messages, Run* run);
  void Serve();
  void ServeFor(int timeout_ms);
  // All producers, the one in use last.
  std::vector<std::shared_ptr<Session>> Sessions();
  // Messages whose reports were not served yet.
  int Waiting();

  const KafkaSettings settings_;
  const std::unique_ptr<KafkaDeliveryAdmin> admin_;
  std::atomic<bool> given_up_ = false;  // by librdkafka
  std::atomic<bool> stopping_ = false;
  Mutex mutex_;
  std::shared_ptr<Session> session_
      HANGOU_GUARDED_BY(mutex_);  // null: none could be made; tried again when needed
  std::vector<std::shared_ptr<Session>> former_
      HANGOU_GUARDED_BY(mutex_);  // recalled; their reports are served
  std::thread thread_;            // serves the delivery reports
};

}  // namespace hangou

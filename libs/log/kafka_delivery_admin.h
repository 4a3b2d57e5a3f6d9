// Delivery topics as the brokers are asked for them: topics and the ACLs on them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "libs/log/kafka_client.h"

namespace hangou {

// Asks the brokers, and waits for the answers: each call takes some seconds at most. Thread-safe once it is open. Topic
// names are those at the broker, with the prefix; see DeliveryTopics for what the calls do.
class KafkaDeliveryAdmin {
 public:
  explicit KafkaDeliveryAdmin(KafkaSettings settings) : settings_(std::move(settings)) {}

  // Makes a client; does not wait for the brokers.
  absl::Status Open();
  absl::Status EnsureTopic(const std::string& topic, int64_t retention_ms);
  absl::Status RemoveTopic(const std::string& topic);
  absl::Status Allow(const std::string& topic, const std::string& principal);
  absl::Status Forbid(const std::string& topic, const std::string& principal);

 private:
  absl::Status CreateTopic(const std::string& topic, int64_t retention_ms);
  absl::Status AlterTopic(const std::string& topic, int64_t retention_ms);

  const KafkaSettings settings_;
  std::unique_ptr<KafkaClient> client_;
};

}  // namespace hangou

// The DeliveryTopics seam: topics at the brokers that belong to one consumer each, and what is sent to them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace hangou {

// Partitions of a delivery topic: a consumer may read it with as many processes; brokers pay for each.
constexpr int32_t kDeliveryPartitions = 3;

// A message for a consumer.
struct DeliveryMessage {
  std::string key;                   // messages of one key stand in one partition, in their order
  std::optional<std::string> value;  // none: the key has no value any more
  std::vector<std::pair<std::string, std::string>> headers;
};

// Delivery topics. Thread-safe; the names of topics are those of ours, without the prefix of the installation. All but
// Send and Recall wait for the brokers, some seconds at most, and may be repeated.
//
// Nobody but the platform may read a topic before Allow.
class DeliveryTopics {
 public:
  // Called once, from any thread; must not block. OK: every message is on all in-sync copies, in the order given where
  // the key is the same. An error: each may be there or not.
  using SendDone = std::function<void(absl::Status acknowledged)>;

  virtual ~DeliveryTopics() = default;
  // Name of a topic at the brokers, and where those are: what a consumer is told.
  virtual std::string NameOf(const std::string& topic) const = 0;
  virtual std::string bootstrap_servers() const = 0;
  // Makes a topic whose messages are removed after `retention_ms`, or gives the one that is there this retention.
  virtual absl::Status Ensure(const std::string& topic, int64_t retention_ms) = 0;
  // Lets a principal ("User:NAME") read the topic, and use consumer groups whose names begin with the topic's. Brokers
  // act on it, and on Forbid, within moments, not at once.
  virtual absl::Status Allow(const std::string& topic, const std::string& principal) = 0;
  // Takes that away. OK where it was never given.
  virtual absl::Status Forbid(const std::string& topic, const std::string& principal) = 0;
  // Removes a topic with all its messages. OK where there is none.
  virtual absl::Status Remove(const std::string& topic) = 0;
  // Sends messages to a topic that was ensured by this object. What is not acknowledged within 10 s fails.
  virtual void Send(const std::string& topic, std::vector<DeliveryMessage> messages, SendDone done) = 0;
  // Gives up everything that is not acknowledged: when it returns, nothing of it leaves this process any more, and its
  // `done` is called with an error soon. What had been written to a connection before may still arrive.
  virtual void Recall() = 0;
};

}  // namespace hangou

// The appending half of the Kafka log.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/mutex.h"
#include "libs/log/kafka_conf.h"
#include "libs/log/log.h"

namespace hangou {

// Appends, idempotently and with all in-sync copies. Thread-safe; owned by the log. Callbacks are called on
// its own thread, errors that are known at once on the caller's.
//
// A broker that is away is waited for up to kKafkaAppendMs; then appends fail. Where librdkafka gives its
// producer up (a fatal error), what is under way fails and another producer goes on.
class KafkaProducer {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaProducer>> Open(const KafkaSettings& settings);
  // Waits a few seconds for what is under way; what is not acknowledged then fails.
  ~KafkaProducer();

  // Makes a topic (its name at the broker) known, which must exist, so that Append need not ask for it.
  absl::Status AddTopic(const std::string& topic, int32_t partitions);
  // See Log::Append. `bytes` is the size that counts for the queue.
  void Append(const std::string& topic, int32_t partition, std::vector<LogEntry> entries, size_t bytes,
              Log::AppendDone done);
  // What the queue holds.
  size_t queued_bytes() const { return queued_bytes_; }
  // Makes librdkafka give up its producer, for tests.
  void FailForTest();

 private:
  struct Run;
  struct Topic {
    explicit Topic(int32_t partitions) : locks(static_cast<size_t>(partitions)) {}
    std::vector<Mutex> locks;  // held while a run is handed over, so that runs do not mix
  };
  // One producer of librdkafka and its topics.
  struct Session {
    KafkaHandle client;
    std::map<std::string, KafkaTopicHandle> topics;  // go before the client
  };

  explicit KafkaProducer(KafkaSettings settings) : settings_(std::move(settings)) {}
  absl::StatusOr<std::shared_ptr<Session>> NewSession(const std::vector<std::string>& topics);
  std::shared_ptr<Session> session();
  static void OnDelivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);
  static void OnError(rd_kafka_t* client, int error, const char* text, void* opaque);
  void Serve();
  void Replace();
  static void Drain(rd_kafka_t* client);
  void Finish(Run* run, size_t messages);

  const KafkaSettings settings_;
  std::atomic<size_t> queued_bytes_ = 0;
  std::atomic<bool> given_up_ = false;  // by librdkafka; set and cleared by the serving thread and tests
  std::atomic<bool> stopping_ = false;
  Mutex mutex_;
  std::map<std::string, std::unique_ptr<Topic>> topics_ HANGOU_GUARDED_BY(mutex_);
  std::shared_ptr<Session> session_ HANGOU_GUARDED_BY(mutex_);
  std::thread thread_;  // serves the delivery reports
};

}  // namespace hangou

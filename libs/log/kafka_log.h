// The Kafka log: the Log of an installation on several machines.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/mutex.h"
#include "libs/log/kafka_settings.h"
#include "libs/log/log.h"

namespace hangou {

class KafkaClient;
class KafkaNotifier;
class KafkaProducer;

// A log at Kafka brokers, over mutual TLS. Thread-safe; outlives its readers, its candidates, and what appends
// to it.
//
// Append and Poll never wait for the brokers; the other calls do, up to a deadline of some seconds. Appends go
// on where a broker restarts: each entry is in the log once and in order. Where the queue of appends is full,
// OVERLOADED is answered on the caller's thread. The process holds at most 64 readers, so that what they fetch
// ahead has a bound.
class KafkaLog final : public Log {
 public:
  // Connects to an installation; the first one ever makes the log's identity. CERTIFICATE_INVALID where the
  // brokers refuse ours, INVALID_REQUEST where settings or the topic of the identity are not as they must be,
  // LOG_UNAVAILABLE where no broker answers within `timeout_ms` or an ACL is missing.
  static absl::StatusOr<std::unique_ptr<KafkaLog>> Open(const KafkaSettings& settings,
                                                        int64_t timeout_ms = kOpenMs);
  // Waits a few seconds for appends under way, and calls all callbacks.
  ~KafkaLog() override;

  const std::string& log_id() const override { return log_id_; }
  absl::Status EnsureTopic(const std::string& topic, int32_t partitions) override;
  void Append(const std::string& topic, int32_t partition, std::vector<LogEntry> entries,
              AppendDone done) override;
  absl::StatusOr<std::map<int32_t, int64_t>> EndOffsets(const std::string& topic,
                                                        const std::vector<int32_t>& partitions) override;
  absl::StatusOr<std::unique_ptr<LogReader>> OpenReader(const std::string& topic,
                                                        std::map<int32_t, int64_t> from,
                                                        ReadPace pace = ReadPace::kPrompt) override;
  std::unique_ptr<Candidacy> Campaign(const std::string& name,
                                      std::function<void(bool leads)> changed) override;

  // Bytes of appends that the brokers have not acknowledged.
  size_t queued_bytes() const;
  // Makes librdkafka give up its producer, for tests of what comes then.
  void FailProducerForTest();

 private:
  // What a service waits at its start for brokers that start at the same time.
  static constexpr int64_t kOpenMs = 30'000;

  explicit KafkaLog(KafkaSettings settings);
  std::string NameOf(const std::string& topic) const { return settings_.topic_prefix + topic; }
  absl::Status OpenIdentity();
  absl::StatusOr<int32_t> PartitionsOf(const std::string& topic);
  absl::Status CheckPartitions(const std::string& topic, const std::vector<int32_t>& partitions);

  const KafkaSettings settings_;
  std::string log_id_;  // constant after opening
  Mutex mutex_;
  std::map<std::string, int32_t> partitions_ HANGOU_GUARDED_BY(mutex_);  // of the topics that are known here
  std::unique_ptr<KafkaClient> client_;
  std::unique_ptr<KafkaNotifier> notifier_;
  std::unique_ptr<KafkaProducer> producer_;
};

}  // namespace hangou

// The peer of publishing: librdkafka's producer alone, with the messages that our service wrote.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/log/kafka_log.h"
#include "tests/benchmarks/compare/installation.h"

namespace hangou {

// Produces to a topic of its own at the broker of the installation. One thread.
class KafkaPeer {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaPeer>> Open(const Installation& installation);

  // Notes where the records of population end now.
  absl::Status Mark();
  // The messages that were written behind the mark, `count` of them.
  absl::StatusOr<std::vector<LogRecord>> ReadFromMark(size_t count);
  // Sends these messages, one by one, each to the partition that it came from: acks=all, idempotent, with the
  // compression of ours and librdkafka's own batching. Seconds until the last acknowledgement.
  absl::StatusOr<double> Produce(const std::vector<LogRecord>& messages);

 private:
  explicit KafkaPeer(const Installation& installation) : installation_(installation) {}

  const Installation& installation_;
  std::unique_ptr<KafkaLog> ours_;  // the log of the installation, to read
  std::unique_ptr<KafkaLog> own_;   // makes the peer's topic
  std::map<int32_t, int64_t> mark_;
};

}  // namespace hangou

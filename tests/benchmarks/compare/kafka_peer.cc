#include "tests/benchmarks/compare/kafka_peer.h"

#include <atomic>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/log/kafka_conf.h"
#include "libs/log/record_topic.h"
#include "tests/benchmarks/compare/comparison.h"

namespace hangou {
namespace {

constexpr char kPeerPrefix[] = "benchmark.";
constexpr char kPeerTopic[] = "records";
constexpr size_t kPollRecords = 10'000;
constexpr int64_t kReadMs = 60'000;
constexpr int kPollMs = 10;
constexpr int kFlushMs = 60'000;

struct Reports {
  size_t kept = 0;
  size_t failed = 0;
};

void OnReport(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto* const reports = static_cast<Reports*>(opaque);
  ++(message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? reports->kept : reports->failed);
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaPeer>> KafkaPeer::Open(const Installation& installation) {
  std::unique_ptr<KafkaPeer> peer(new KafkaPeer(installation));
  ASSIGN_OR_RETURN(peer->ours_, KafkaLog::Open(installation.BrokerSettings("")));
  ASSIGN_OR_RETURN(peer->own_, KafkaLog::Open(installation.BrokerSettings(kPeerPrefix)));
  RETURN_IF_ERROR(peer->ours_->EnsureTopic(RecordTopic("population"), installation.partitions()));
  RETURN_IF_ERROR(peer->own_->EnsureTopic(kPeerTopic, installation.partitions()));
  return peer;
}

absl::Status KafkaPeer::Mark() {
  std::vector<int32_t> partitions;
  for (int32_t i = 0; i < installation_.partitions(); ++i) partitions.push_back(i);
  ASSIGN_OR_RETURN(mark_, ours_->EndOffsets(RecordTopic("population"), partitions));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<LogRecord>> KafkaPeer::ReadFromMark(size_t count) {
  ASSIGN_OR_RETURN(const auto reader, ours_->OpenReader(RecordTopic("population"), mark_));
  std::vector<LogRecord> messages;
  const int64_t deadline_us = SystemClock().BootUs() + kReadMs * kUsPerMs;
  while (messages.size() < count) {
    ASSIGN_OR_RETURN(std::vector<LogRecord> some, reader->Poll(kPollRecords));
    std::move(some.begin(), some.end(), std::back_inserter(messages));
    if (SystemClock().BootUs() > deadline_us)
      return absl::DeadlineExceededError("the log does not give back what was written");
  }
  return messages;
}

absl::StatusOr<double> KafkaPeer::Produce(const std::vector<LogRecord>& messages) {
  Reports reports;
  ASSIGN_OR_RETURN(KafkaConf conf, MakeKafkaConf(installation_.BrokerSettings(kPeerPrefix), "plain",
                                                 {{"enable.idempotence", "true"},
                                                  {"acks", "all"},
                                                  {"compression.codec", "lz4"},
                                                  {"queue.buffering.max.messages", "1000000"}}));
  rd_kafka_conf_set_opaque(conf.get(), &reports);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), OnReport);
  ASSIGN_OR_RETURN(const KafkaHandle client, MakeKafkaClient(RD_KAFKA_PRODUCER, std::move(conf)));
  const KafkaTopicHandle topic(
      rd_kafka_topic_new(client.get(), (std::string(kPeerPrefix) + kPeerTopic).c_str(), nullptr));
  // Connects and finds the leaders: not part of what is measured, as for ours.
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client.get(), 0, topic.get(), &metadata, kFlushMs) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return absl::UnavailableError("the broker does not answer");
  const KafkaMetadata owned(metadata);
  const Stopwatch watch;
  for (const LogRecord& message : messages) {
    while (rd_kafka_produce(topic.get(), message.partition, 0, const_cast<char*>(message.value->data()),
                            message.value->size(), message.key.data(), message.key.size(), nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
        return absl::InternalError("the producer refuses a message");
      rd_kafka_poll(client.get(), kPollMs);
    }
    rd_kafka_poll(client.get(), 0);
  }
  rd_kafka_flush(client.get(), kFlushMs);
  const double seconds = watch.Seconds();
  if (reports.kept != messages.size()) return absl::InternalError("the broker did not take every message");
  return seconds;
}

}  // namespace hangou

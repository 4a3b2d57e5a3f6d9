#include "libs/log/kafka_client.h"

#include <syslog.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/log/kafka_errors.h"

namespace hangou {
namespace {

// Of one question: a broker that was elected a leader answers within it, also when another one has just died.
constexpr int64_t kQuestionMs = 10'000;
// Of one attempt: a connection that hangs is given up in time for another one.
constexpr int64_t kAttemptMs = 3000;
constexpr auto kKafkaRetryEvery = std::chrono::milliseconds(50);

// Repeats `attempt(timeout_ms)` until it gives something else than a transient error, or the time is over.
template <class Attempt>
rd_kafka_resp_err_t AskUntilAnswered(int64_t timeout_ms, const Attempt& attempt) {
  const int64_t deadline_us = SystemClock().BootUs() + timeout_ms * kUsPerMs;
  for (;;) {
    const int64_t left_ms = std::max<int64_t>(1, (deadline_us - SystemClock().BootUs()) / kUsPerMs);
    const rd_kafka_resp_err_t error = attempt(static_cast<int>(std::min(left_ms, kAttemptMs)));
    if (!IsKafkaErrorTransient(error) || SystemClock().BootUs() >= deadline_us) return error;
    std::this_thread::sleep_for(kKafkaRetryEvery);  // waits: brokers offer only polling while leaders change
  }
}

rd_kafka_resp_err_t FirstError(const rd_kafka_topic_partition_list_t& list) {
  for (int i = 0; i < list.cnt; ++i) {
    if (list.elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) return list.elems[i].err;
    if (list.elems[i].offset < 0) return RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaClient>> KafkaClient::Open(const KafkaSettings& settings) {
  RETURN_IF_ERROR(CheckKafkaSettings(settings));
  std::unique_ptr<KafkaClient> client(new KafkaClient(settings));
  ASSIGN_OR_RETURN(KafkaConf conf, MakeKafkaConf(settings, "client", {}));
  rd_kafka_conf_set_opaque(conf.get(), client.get());
  rd_kafka_conf_set_log_cb(conf.get(), KeepLine);
  // A consumer's client, because asking for metadata must not create a topic as a producer's may.
  ASSIGN_OR_RETURN(client->client_, MakeKafkaClient(RD_KAFKA_CONSUMER, std::move(conf)));
  return client;
}

void KafkaClient::KeepLine(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  if (auto* self = static_cast<KafkaClient*>(rd_kafka_opaque(client)); self != nullptr && level <= LOG_ERR) {
    MutexLock lock(self->mutex_);
    self->last_failure_ = text;
  }
  PassOnKafkaLine(client, level, facility, text);
}

absl::Status KafkaClient::Connect(int64_t timeout_ms) {
  const rd_kafka_resp_err_t error = AskUntilAnswered(timeout_ms, [this](int attempt_ms) {
    const rd_kafka_metadata_t* metadata = nullptr;
    const rd_kafka_resp_err_t answer = rd_kafka_metadata(client_.get(), 0, nullptr, &metadata, attempt_ms);
    const KafkaMetadata owned(metadata);
    return answer;
  });
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  std::string failure;
  {
    MutexLock lock(mutex_);
    failure = last_failure_;
  }
  // librdkafka tells of a handshake that failed in its log only.
  const bool refused = failure.find("SSL") != std::string::npos || failure.find("SASL") != std::string::npos;
  absl::Status status = KafkaStatus(refused ? RD_KAFKA_RESP_ERR__AUTHENTICATION : error,
                                    "connect to " + settings_.bootstrap_servers);
  return failure.empty() ? status : Annotate(status, failure);
}

rd_kafka_topic_t* KafkaClient::TopicHandle(const std::string& topic) {
  MutexLock lock(mutex_);
  KafkaTopicHandle& handle = topics_[topic];
  if (handle == nullptr) handle.reset(rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr));
  return handle.get();
}

absl::StatusOr<KafkaTopicShape> KafkaClient::ShapeOf(const std::string& topic) {
  rd_kafka_topic_t* const handle = TopicHandle(topic);
  KafkaTopicShape shape;
  const rd_kafka_resp_err_t error = AskUntilAnswered(kQuestionMs, [&](int attempt_ms) {
    const rd_kafka_metadata_t* metadata = nullptr;
    const rd_kafka_resp_err_t answer = rd_kafka_metadata(client_.get(), 0, handle, &metadata, attempt_ms);
    if (answer != RD_KAFKA_RESP_ERR_NO_ERROR) return answer;
    const KafkaMetadata owned(metadata);
    if (metadata->topic_cnt != 1) return RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    const rd_kafka_metadata_topic_t& found = metadata->topics[0];
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return found.err;
    shape = {found.partition_cnt, found.partition_cnt == 0 ? 0 : found.partitions[0].replica_cnt, true};
    for (int i = 0; i < found.partition_cnt; ++i) {
      shape.replicas = std::min(shape.replicas, found.partitions[i].replica_cnt);
      shape.every_has_leader &= found.partitions[i].leader >= 0;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  });
  RETURN_IF_ERROR(KafkaStatus(error, "look at topic " + topic));
  return shape;
}

absl::StatusOr<std::map<int32_t, int64_t>> KafkaClient::EndOffsets(const std::string& topic,
                                                                   const std::vector<int32_t>& partitions) {
  std::map<int32_t, int64_t> ends;
  if (partitions.empty()) return ends;
  KafkaPartitions list;
  const rd_kafka_resp_err_t error = AskUntilAnswered(kQuestionMs, [&](int attempt_ms) {
    list.reset(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
    // A "time" of -1 asks for the end: what the leader knows to be on all in-sync copies. Every acknowledged
    // append is below it, also just after a leader was elected: until that one knows, it gives no answer.
    for (const int32_t partition : partitions) {
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = RD_KAFKA_OFFSET_END;
    }
    const rd_kafka_resp_err_t answer = rd_kafka_offsets_for_times(client_.get(), list.get(), attempt_ms);
    return answer != RD_KAFKA_RESP_ERR_NO_ERROR ? answer : FirstError(*list);
  });
  RETURN_IF_ERROR(KafkaStatus(error, "find the end of topic " + topic));
  for (int i = 0; i < list->cnt; ++i) ends[list->elems[i].partition] = list->elems[i].offset;
  return ends;
}

}  // namespace hangou

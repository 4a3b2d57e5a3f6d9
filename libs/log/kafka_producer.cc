#include "libs/log/kafka_producer.h"

#include <pthread.h>
#include <syslog.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/log/kafka_errors.h"

namespace hangou {
namespace {

// How long an append waits for a broker that is away: through a restart, or the election of another leader.
constexpr char kKafkaAppendMs[] = "30000";
// How long a batch waits for company: gathers the runs of concurrent appends, because what a broker costs follows the
// number of batches; an acknowledgement under load takes several times as long (tests/benchmarks/run.sh publish).
constexpr char kLingerMs[] = "5";
// Several runs of 256 records, because the broker's cost follows the number of batches; and a part of what a reader
// takes at once (kAnswerBytes), so that the batches of one partition leave room for those of others.
constexpr char kBatchBytes[] = "262144";
// Appends under way, as in the embedded log: some batches per partition; beyond that the brokers are behind.
constexpr size_t kProducerBytes = 32 << 20;
// What a message costs beside its payload, in librdkafka and here.
constexpr size_t kMessageOverheadBytes = 256;
// Never reached: the bound is kept before.
constexpr char kClientQueueKilobytes[] = "131072";
constexpr char kClientQueueMessages[] = "1000000";
// Of one wait for delivery reports; they end it.
constexpr int kServeMs = 100;
// What the end of a process waits for acknowledgements.
constexpr int kFlushMs = 5000;
constexpr int kDrainMs = 5000;
// Of one look for the leaders of a topic.
constexpr int kTopicMs = 10'000;

}  // namespace

// One append under way. The delivery reports of its messages count it down.
struct KafkaProducer::Run {
  Log::AppendDone done;
  size_t count;
  size_t cost;
  std::atomic<size_t> left;
  std::atomic<int> error = RD_KAFKA_RESP_ERR_NO_ERROR;  // the first one
  // Of the thread that serves.
  int64_t first_offset = std::numeric_limits<int64_t>::max();
  int64_t last_offset = -1;
};

absl::StatusOr<std::unique_ptr<KafkaProducer>> KafkaProducer::Open(const KafkaSettings& settings) {
  std::unique_ptr<KafkaProducer> producer(new KafkaProducer(settings));
  ASSIGN_OR_RETURN(auto session, producer->NewSession({}));
  {
    MutexLock lock(producer->mutex_);
    producer->session_ = std::move(session);
  }
  producer->thread_ = std::thread([raw = producer.get()] { raw->Serve(); });
  pthread_setname_np(producer->thread_.native_handle(), "kafka-acks");
  return producer;
}

KafkaProducer::~KafkaProducer() {
  if (!thread_.joinable()) return;  // it never opened
  stopping_ = true;
  thread_.join();
}

absl::StatusOr<std::shared_ptr<KafkaProducer::Session>> KafkaProducer::NewSession(
    const std::vector<std::string>& topics) {
  ASSIGN_OR_RETURN(KafkaConf conf, MakeKafkaConf(settings_, "producer",
                                                 {{"enable.idempotence", "true"},
                                                  {"acks", "all"},
                                                  {"compression.codec", "lz4"},
                                                  {"linger.ms", kLingerMs},
                                                  {"batch.size", kBatchBytes},
                                                  {"message.max.bytes", std::to_string(kKafkaMessageBytes)},
                                                  {"message.timeout.ms", kKafkaAppendMs},
                                                  {"queue.buffering.max.kbytes", kClientQueueKilobytes},
                                                  {"queue.buffering.max.messages", kClientQueueMessages}}));
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), OnDelivery);
  rd_kafka_conf_set_error_cb(conf.get(), OnError);
  auto session = std::make_shared<Session>();
  ASSIGN_OR_RETURN(session->client, MakeKafkaClient(RD_KAFKA_PRODUCER, std::move(conf)));
  for (const std::string& topic : topics) {
    session->topics[topic].reset(rd_kafka_topic_new(session->client.get(), topic.c_str(), nullptr));
  }
  return session;
}

std::shared_ptr<KafkaProducer::Session> KafkaProducer::session() {
  MutexLock lock(mutex_);
  return session_;
}

absl::Status KafkaProducer::AddTopic(const std::string& topic, int32_t partitions) {
  std::shared_ptr<Session> session;
  rd_kafka_topic_t* handle = nullptr;
  {
    MutexLock lock(mutex_);
    session = session_;
    std::unique_ptr<Topic>& added = topics_[topic];
    if (added != nullptr) return absl::OkStatus();
    KafkaTopicHandle& owned = session->topics[topic];
    owned.reset(rd_kafka_topic_new(session->client.get(), topic.c_str(), nullptr));
    handle = owned.get();
    added = std::make_unique<Topic>(partitions);
  }
  // Appends do not wait for it; but the first ones need not either where the leaders are known.
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(session->client.get(), 0, handle, &metadata, kTopicMs);
  const KafkaMetadata owned(metadata);
  return KafkaStatus(error, "look at topic " + topic);
}

void KafkaProducer::Append(const std::string& topic, int32_t partition, std::vector<LogEntry> entries,
                           size_t bytes, Log::AppendDone done) {
  const size_t cost = bytes + entries.size() * kMessageOverheadBytes;
  const size_t before = queued_bytes_.fetch_add(cost);
  if (before != 0 && before + cost > kProducerBytes) {
    queued_bytes_ -= cost;
    return done(MakeError(Reason::kOverloaded, "the brokers of the log are behind; retry shortly"));
  }
  std::shared_ptr<Session> session;
  Topic* found = nullptr;
  rd_kafka_topic_t* handle = nullptr;
  {
    MutexLock lock(mutex_);
    session = session_;
    found = topics_.at(topic).get();
    handle = session->topics.at(topic).get();
  }
  auto* const run = new Run{std::move(done), entries.size(), cost, entries.size()};  // until its last report
  std::vector<rd_kafka_message_t> messages(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    LogEntry& entry = entries[i];
    messages[i].key = entry.key.data();  // empty ones too have an address: they are not null to the broker
    messages[i].key_len = entry.key.size();
    messages[i].payload = entry.value ? entry.value->data() : nullptr;
    messages[i].len = entry.value ? entry.value->size() : 0;
    messages[i]._private = run;
  }
  {
    MutexLock lock(found->locks[static_cast<size_t>(partition)]);
    rd_kafka_produce_batch(handle, partition, RD_KAFKA_MSG_F_COPY, messages.data(),
                           static_cast<int>(messages.size()));
  }
  size_t refused = 0;
  for (const rd_kafka_message_t& message : messages) {
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    ++refused;
    run->error = message.err;
  }
  if (refused > 0) Finish(run, refused);
}

void KafkaProducer::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto* const run = static_cast<Run*>(message->_private);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    int none = RD_KAFKA_RESP_ERR_NO_ERROR;
    run->error.compare_exchange_strong(none, message->err);
  }
  run->first_offset = std::min(run->first_offset, message->offset);
  run->last_offset = std::max(run->last_offset, message->offset);
  static_cast<KafkaProducer*>(opaque)->Finish(run, 1);
}

void KafkaProducer::Finish(Run* run, size_t messages) {
  if (run->left.fetch_sub(messages) != messages) return;
  const std::unique_ptr<Run> owned(run);
  queued_bytes_ -= run->cost;
  const auto error = static_cast<rd_kafka_resp_err_t>(run->error.load());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return run->done(KafkaStatus(error, "append to the log"));
  // A run of several batches may have been mixed with another process's. And librdkafka 2.0 reports a message as
  // delivered, without an offset, when one behind it was acknowledged, although a broker that knows nothing of this
  // producer takes a later message after it refused an earlier one: such a message is not in the log.
  const bool whole =
      run->first_offset >= 0 && run->last_offset - run->first_offset + 1 == static_cast<int64_t>(run->count);
  if (whole) return run->done(run->first_offset);
  run->done(MakeError(Reason::kLogUnavailable,
                      "the brokers do not say where the append is, or whether it was kept; read on to see"));
}

void KafkaProducer::OnError(rd_kafka_t* client, int error, const char* text, void* opaque) {
  PassOnKafkaLine(client, LOG_ERR, rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(error)), text);
  if (error == RD_KAFKA_RESP_ERR__FATAL) static_cast<KafkaProducer*>(opaque)->given_up_ = true;
}

void KafkaProducer::FailForTest() {
  rd_kafka_test_fatal_error(session()->client.get(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "test");
}

void KafkaProducer::Serve() {
  while (!stopping_) {
    rd_kafka_poll(session()->client.get(), kServeMs);
    if (given_up_) Replace();
  }
  rd_kafka_t* const client = session()->client.get();
  const int64_t deadline_us = SystemClock().BootUs() + kFlushMs * kUsPerMs;
  while (rd_kafka_outq_len(client) > 0 && SystemClock().BootUs() < deadline_us)
    rd_kafka_poll(client, kServeMs);
  Drain(client);
}

// The former producer takes no more, so that what is under way at it can be counted to its end.
void KafkaProducer::Replace() {
  std::vector<std::string> topics;
  {
    MutexLock lock(mutex_);
    for (const auto& [name, topic] : topics_) topics.push_back(name);
  }
  absl::StatusOr<std::shared_ptr<Session>> next = NewSession(topics);
  if (!next.ok()) return;  // the identity cannot be read just now; tried again at the next turn
  given_up_ = false;
  std::shared_ptr<Session> former;
  {
    MutexLock lock(mutex_);
    former = std::exchange(session_, *std::move(next));
  }
  Drain(former->client.get());
}

void KafkaProducer::Drain(rd_kafka_t* client) {
  rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  const int64_t deadline_us = SystemClock().BootUs() + kDrainMs * kUsPerMs;
  while (rd_kafka_outq_len(client) > 0 && SystemClock().BootUs() < deadline_us)
    rd_kafka_poll(client, kServeMs);
}

}  // namespace hangou

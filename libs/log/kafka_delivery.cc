#include "libs/log/kafka_delivery.h"

#include <pthread.h>
#include <syslog.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/log/kafka_delivery_admin.h"
#include "libs/log/kafka_errors.h"

namespace hangou {
namespace {

// What is not acknowledged by then is sent again later; a broker that restarts is back before or long after.
constexpr char kDeliverySendMs[] = "10000";
// Several batches of 256 records may be under way to one partition at once; a few ms gather them.
constexpr char kDeliveryLingerMs[] = "2";
// A batch of every subscription of a process.
constexpr char kDeliveryQueueKilobytes[] = "65536";
// Of one wait for delivery reports; they end it. A recall shortens it no further: it is answered at the next turn.
constexpr int kDeliveryServeMs = 20;
// What the end of a process waits for acknowledgements.
constexpr int64_t kDeliveryFlushMs = 3000;

}  // namespace

// One Send under way. The delivery reports of its messages count it down.
struct KafkaDeliveryTopics::Run {
  SendDone done;
  std::atomic<size_t> left;
  std::atomic<int> error = RD_KAFKA_RESP_ERR_NO_ERROR;  // the first one
};

KafkaDeliveryTopics::KafkaDeliveryTopics(KafkaSettings settings)
    : settings_(std::move(settings)), admin_(std::make_unique<KafkaDeliveryAdmin>(settings_)) {}

absl::StatusOr<std::unique_ptr<KafkaDeliveryTopics>> KafkaDeliveryTopics::Open(
    const KafkaSettings& settings) {
  RETURN_IF_ERROR(CheckKafkaSettings(settings));
  std::unique_ptr<KafkaDeliveryTopics> topics(new KafkaDeliveryTopics(settings));
  RETURN_IF_ERROR(topics->admin_->Open());
  ASSIGN_OR_RETURN(auto session, topics->NewSession());
  {
    MutexLock lock(topics->mutex_);
    topics->session_ = std::move(session);
  }
  topics->thread_ = std::thread([raw = topics.get()] { raw->Serve(); });
  pthread_setname_np(topics->thread_.native_handle(), "delivery-acks");
  return topics;
}

KafkaDeliveryTopics::~KafkaDeliveryTopics() {
  if (!thread_.joinable()) return;  // it never opened
  stopping_ = true;
  thread_.join();
}

absl::StatusOr<std::shared_ptr<KafkaDeliveryTopics::Session>> KafkaDeliveryTopics::NewSession() const {
  ASSIGN_OR_RETURN(KafkaConf conf, MakeKafkaConf(settings_, "delivery",
                                                 {{"enable.idempotence", "true"},
                                                  {"acks", "all"},
                                                  {"compression.codec", "lz4"},
                                                  // As the clients in other languages place keys.
                                                  {"partitioner", "murmur2_random"},
                                                  {"linger.ms", kDeliveryLingerMs},
                                                  {"message.max.bytes", std::to_string(kKafkaMessageBytes)},
                                                  {"message.timeout.ms", kDeliverySendMs},
                                                  {"queue.buffering.max.kbytes", kDeliveryQueueKilobytes}}));
  rd_kafka_conf_set_opaque(conf.get(), const_cast<KafkaDeliveryTopics*>(this));
  rd_kafka_conf_set_dr_msg_cb(conf.get(), OnDelivery);
  rd_kafka_conf_set_error_cb(conf.get(), OnError);
  auto session = std::make_shared<Session>();
  ASSIGN_OR_RETURN(session->client, MakeKafkaClient(RD_KAFKA_PRODUCER, std::move(conf)));
  return session;
}

absl::Status KafkaDeliveryTopics::Ensure(const std::string& topic, int64_t retention_ms) {
  return admin_->EnsureTopic(NameOf(topic), retention_ms);
}

absl::Status KafkaDeliveryTopics::Allow(const std::string& topic, const std::string& principal) {
  return admin_->Allow(NameOf(topic), principal);
}

absl::Status KafkaDeliveryTopics::Forbid(const std::string& topic, const std::string& principal) {
  return admin_->Forbid(NameOf(topic), principal);
}

absl::Status KafkaDeliveryTopics::Remove(const std::string& topic) {
  return admin_->RemoveTopic(NameOf(topic));
}

void KafkaDeliveryTopics::Send(const std::string& topic, std::vector<DeliveryMessage> messages,
                               SendDone done) {
  if (messages.empty()) return done(absl::OkStatus());
  auto* const run = new Run{std::move(done), messages.size()};  // until its last report
  const absl::StatusOr<size_t> taken = Produce(NameOf(topic), messages, run);
  if (!taken.ok()) {
    const std::unique_ptr<Run> owned(run);
    return owned->done(taken.status());
  }
  if (*taken < messages.size()) Finish(run, messages.size() - *taken);
}

// How many messages were taken; those behind the first that was not are not offered, to keep the order. The lock is
// held so that a recall comes before or behind all of them.
absl::StatusOr<size_t> KafkaDeliveryTopics::Produce(const std::string& topic,
                                                    std::vector<DeliveryMessage>& messages, Run* run) {
  MutexLock lock(mutex_);
  if (session_ == nullptr) {
    ASSIGN_OR_RETURN(session_, NewSession());
  }
  KafkaTopicHandle& handle = session_->topics[topic];
  if (handle == nullptr) handle.reset(rd_kafka_topic_new(session_->client.get(), topic.c_str(), nullptr));
  size_t taken = 0;
  for (DeliveryMessage& message : messages) {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(message.headers.size());
    for (const auto& [name, value] : message.headers) {
      rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                          static_cast<ssize_t>(value.size()));
    }
    const std::string* value = message.value ? &*message.value : nullptr;
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u = {.rkt = handle.get()}},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u = {.mem = {message.key.data(), message.key.size()}}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u = {.mem = {value == nullptr ? nullptr : const_cast<char*>(value->data()),
                       value == nullptr ? 0 : value->size()}}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u = {.headers = headers}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u = {.i = RD_KAFKA_MSG_F_COPY}},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u = {.ptr = run}},
    };
    const KafkaErrorObject error(rd_kafka_produceva(session_->client.get(), parts, std::size(parts)));
    if (error != nullptr) {
      rd_kafka_headers_destroy(headers);  // a message that is refused does not take them
      run->error = rd_kafka_error_code(error.get());
      break;
    }
    ++taken;
  }
  return taken;
}

void KafkaDeliveryTopics::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  auto* const run = static_cast<Run*>(message->_private);
  rd_kafka_resp_err_t error = message->err;
  // librdkafka 2.0 reports some messages as delivered, without an offset, of which the broker kept nothing.
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset < 0) error = RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    int none = RD_KAFKA_RESP_ERR_NO_ERROR;
    run->error.compare_exchange_strong(none, error);
  }
  Finish(run, 1);
}

void KafkaDeliveryTopics::Finish(Run* run, size_t messages) {
  if (run->left.fetch_sub(messages) != messages) return;
  const std::unique_ptr<Run> owned(run);
  run->done(KafkaStatus(static_cast<rd_kafka_resp_err_t>(run->error.load()), "deliver"));
}

void KafkaDeliveryTopics::OnError(rd_kafka_t* client, int error, const char* text, void* opaque) {
  PassOnKafkaLine(client, LOG_ERR, rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(error)), text);
  if (error == RD_KAFKA_RESP_ERR__FATAL) static_cast<KafkaDeliveryTopics*>(opaque)->given_up_ = true;
}

void KafkaDeliveryTopics::Recall() {
  std::shared_ptr<Session> former;
  {
    MutexLock lock(mutex_);
    former = std::exchange(session_, nullptr);
    if (former == nullptr) return;
    former_.push_back(former);
  }
  // Waits until the threads of the producer have emptied their queues; a request that was being written is cut off with
  // its connection.
  rd_kafka_purge(former->client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

void KafkaDeliveryTopics::Serve() {
  while (!stopping_) {
    if (given_up_.exchange(false)) Recall();
    ServeFor(kDeliveryServeMs);
  }
  const int64_t deadline_us = SystemClock().BootUs() + kDeliveryFlushMs * kUsPerMs;
  while (Waiting() > 0 && SystemClock().BootUs() < deadline_us) ServeFor(kDeliveryServeMs);
  Recall();
  while (Waiting() > 0 && SystemClock().BootUs() < deadline_us + kDeliveryFlushMs * kUsPerMs) ServeFor(0);
}

std::vector<std::shared_ptr<KafkaDeliveryTopics::Session>> KafkaDeliveryTopics::Sessions() {
  MutexLock lock(mutex_);
  std::vector<std::shared_ptr<Session>> sessions = former_;
  if (session_ != nullptr) sessions.push_back(session_);
  return sessions;
}

int KafkaDeliveryTopics::Waiting() {
  int waiting = 0;
  for (const auto& session : Sessions()) waiting += rd_kafka_outq_len(session->client.get());
  return waiting;
}

// Serves the reports of all producers. A former one that has none left goes; a new one is made where there is none, so
// that the next batch finds it connected.
void KafkaDeliveryTopics::ServeFor(int timeout_ms) {
  std::vector<std::shared_ptr<Session>> gone;  // destroyed outside of the lock
  {
    MutexLock lock(mutex_);
    if (session_ == nullptr && !stopping_) session_ = NewSession().value_or(nullptr);
    const auto empty = [](const auto& session) { return rd_kafka_outq_len(session->client.get()) == 0; };
    std::copy_if(former_.begin(), former_.end(), std::back_inserter(gone), empty);
    for (const auto& session : gone) std::erase(former_, session);
  }
  const auto sessions = Sessions();
  for (const auto& session : sessions)
    rd_kafka_poll(session->client.get(), &session == &sessions.back() ? timeout_ms : 0);
}

}  // namespace hangou

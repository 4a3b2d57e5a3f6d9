#include "libs/log/kafka_reader.h"

#include <pthread.h>
#include <syslog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "libs/base/status.h"
#include "libs/log/kafka_errors.h"

namespace hangou {
namespace {

// What a process holds of messages that were fetched and not yet polled: 16 MiB, divided among its readers. A
// reader exceeds its part by one answer of a broker: as much again, or one batch that is larger.
constexpr size_t kKafkaPrefetchBytes = 16 << 20;
constexpr int kKafkaReaders = 64;
constexpr size_t kReaderPrefetchBytes = kKafkaPrefetchBytes / kKafkaReaders;
// librdkafka counts values only; with small ones the number of messages bounds what they take.
constexpr size_t kReaderPrefetchRecords = 2000;
// One answer of a broker: the parts of all partitions, or some batches where they are large.
constexpr size_t kAnswerBytes = 1 << 20;
// A partition's part of an answer, at least; the reader's share is divided among its partitions, so that none waits
// for another (librdkafka asks for them in the same order each time when its queue was full). librdkafka doubles it
// for a partition whose batch does not fit. Only where a partition has batches larger than an answer, those behind
// it wait.
constexpr size_t kPartitionFetchBytes = 16 << 10;
// A broker holds a request for new messages so long; new ones end it.
constexpr char kFetchWaitMs[] = "500";
// The same for a relaxed reader, whose request new messages end only when they are so many bytes.
constexpr char kRelaxedFetchWaitMs[] = "100";
constexpr char kRelaxedFetchBytes[] = "262144";
constexpr char kFetchErrorMs[] = "100";
// Bytes after which one Poll ends: bounds what a reader of large records holds at once.
constexpr size_t kKafkaPollBytes = 8 << 20;
constexpr size_t kPollMessages = 256;
constexpr int64_t kNotifierIdleMs = 60'000;  // an upper bound of one wait; wake-ups come from librdkafka

std::atomic<int> kafka_readers = 0;

// True where the partition cannot be read on; anything else librdkafka repeats by itself.
bool EndsReading(Reason reason) {
  return reason == Reason::kDataLoss || reason == Reason::kPositionUnknown ||
         reason == Reason::kObjectNotFound;
}

}  // namespace

KafkaNotifier::KafkaNotifier() : thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "kafka-notify");
}

KafkaNotifier::~KafkaNotifier() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    woken_.NotifyAll();
  }
  thread_.join();
}

void KafkaNotifier::Wake(const std::shared_ptr<ReaderNotify>& notify) {
  MutexLock lock(mutex_);
  due_.push_back(notify);
  woken_.NotifyOne();
}

void KafkaNotifier::Run() {
  for (;;) {
    std::vector<std::shared_ptr<ReaderNotify>> due;
    {
      MutexLock lock(mutex_);
      while (due_.empty() && !stopping_) woken_.WaitFor(mutex_, kNotifierIdleMs);
      if (stopping_) return;
      due.swap(due_);
    }
    for (const auto& notify : due) notify->Call();
  }
}

class KafkaReader::Place {
 public:
  Place() : number_(++kafka_readers) {}
  ~Place() { --kafka_readers; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool is_free() const { return number_ <= kKafkaReaders; }

 private:
  const int number_;
};

absl::StatusOr<std::unique_ptr<KafkaReader>> KafkaReader::Open(const KafkaSettings& settings,
                                                               const std::string& topic,
                                                               const std::map<int32_t, int64_t>& from,
                                                               ReadPace pace, KafkaNotifier* notifier) {
  auto place = std::make_unique<Place>();
  if (!place->is_free()) {
    return MakeError(Reason::kOverloaded, "this process reads the log in 64 places already; retry later");
  }
  std::unique_ptr<KafkaReader> reader(new KafkaReader(std::move(place), topic, notifier));
  RETURN_IF_ERROR(reader->Start(settings, from, pace));
  return reader;
}

KafkaReader::KafkaReader(std::unique_ptr<Place> place, std::string topic, KafkaNotifier* notifier)
    : place_(std::move(place)),
      topic_name_(std::move(topic)),
      notifier_(notifier),
      notify_(std::make_shared<ReaderNotify>()) {}

KafkaReader::~KafkaReader() {
  notify_->Set({});
  if (queue_ == nullptr) return;  // it never started
  rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
  for (const int32_t partition : partitions_) rd_kafka_consume_stop(topic_.get(), partition);
}

absl::Status KafkaReader::Start(const KafkaSettings& settings, const std::map<int32_t, int64_t>& from,
                                ReadPace pace) {
  const bool relaxed = pace == ReadPace::kRelaxed;
  const size_t partition_bytes =
      std::max(kReaderPrefetchBytes / std::max<size_t>(1, from.size()), kPartitionFetchBytes);
  ASSIGN_OR_RETURN(
      KafkaConf conf,
      MakeKafkaConf(settings, "reader",
                    {{"enable.auto.commit", "false"},
                     {"enable.auto.offset.store", "false"},
                     {"auto.offset.reset", "error"},
                     {"check.crcs", "true"},
                     {"queued.max.messages.kbytes", std::to_string(kReaderPrefetchBytes >> 10)},
                     {"queued.min.messages", std::to_string(kReaderPrefetchRecords)},
                     // The broker sends one batch at least, so that any message is read whatever these say.
                     {"message.max.bytes", std::to_string(kAnswerBytes)},
                     {"fetch.message.max.bytes", std::to_string(partition_bytes)},
                     {"fetch.max.bytes", std::to_string(kAnswerBytes)},
                     {"receive.message.max.bytes", std::to_string(2 * kKafkaMessageBytes)},
                     {"fetch.min.bytes", relaxed ? kRelaxedFetchBytes : "1"},
                     {"fetch.wait.max.ms", relaxed ? kRelaxedFetchWaitMs : kFetchWaitMs},
                     {"fetch.error.backoff.ms", kFetchErrorMs}}));
  ASSIGN_OR_RETURN(client_, MakeKafkaClient(RD_KAFKA_CONSUMER, std::move(conf)));
  topic_.reset(rd_kafka_topic_new(client_.get(), topic_name_.c_str(), nullptr));
  queue_.reset(rd_kafka_queue_new(client_.get()));
  rd_kafka_queue_cb_event_enable(queue_.get(), OnMessages, this);
  for (const auto& [partition, offset] : from) {
    if (rd_kafka_consume_start_queue(topic_.get(), partition, offset, queue_.get()) != 0) {
      return KafkaStatus(rd_kafka_last_error(), "read topic " + topic_name_);
    }
    partitions_.push_back(partition);
  }
  return absl::OkStatus();
}

// Called when the queue begins to hold something, with its lock held.
void KafkaReader::OnMessages(rd_kafka_t*, void* opaque) {
  auto* const self = static_cast<KafkaReader*>(opaque);
  self->notifier_->Wake(self->notify_);
}

void KafkaReader::SkipTo(int32_t partition, int64_t offset) {
  int64_t& from = wanted_from_[partition];
  from = std::max(from, offset);
}

void KafkaReader::SetNotify(std::function<void()> notify) {
  const bool wanted = notify != nullptr;
  notify_->Set(std::move(notify));
  // What came before was told to nobody.
  if (wanted && rd_kafka_queue_length(queue_.get()) > 0) notifier_->Wake(notify_);
}

absl::StatusOr<std::vector<LogRecord>> KafkaReader::Poll(size_t max_records) {
  RETURN_IF_ERROR(failure_);
  std::vector<LogRecord> records;
  poll_bytes_ = 0;
  bool emptied = false;
  while (!emptied && failure_.ok() && records.size() < max_records && poll_bytes_ < kKafkaPollBytes) {
    std::array<rd_kafka_message_t*, kPollMessages> messages;
    const size_t wanted = std::min(messages.size(), max_records - records.size());
    const ssize_t count = rd_kafka_consume_batch_queue(queue_.get(), 0, messages.data(), wanted);
    for (ssize_t i = 0; i < count; ++i) TakeMessage(messages[static_cast<size_t>(i)], &records);
    emptied = count < static_cast<ssize_t>(wanted);
  }
  streak_bytes_ += poll_bytes_;
  if (emptied) ResumeFetching();
  if (records.empty()) RETURN_IF_ERROR(failure_);
  return records;
}

void KafkaReader::TakeMessage(rd_kafka_message_t* message, std::vector<LogRecord>* records) {
  const KafkaMessage owned(message);
  if (!failure_.ok()) return;  // nothing behind a gap
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const absl::Status status =
        KafkaStatus(message->err, topic_name_ + ", partition " + std::to_string(message->partition) +
                                      ", offset " + std::to_string(message->offset));
    PassOnKafkaLine(client_.get(), LOG_ERR, "CONSUME", rd_kafka_message_errstr(message));
    if (EndsReading(*ReasonOf(status))) failure_ = status;
    return;
  }
  poll_bytes_ += message->key_len + message->len;
  ++streak_records_;
  if (const auto wanted = wanted_from_.find(message->partition);
      wanted != wanted_from_.end() && message->offset < wanted->second) {
    return;
  }
  LogRecord record{message->partition, message->offset,
                   std::string(static_cast<const char*>(message->key), message->key_len), std::nullopt};
  if (message->payload != nullptr)
    record.value.emplace(static_cast<const char*>(message->payload), message->len);
  records->push_back(std::move(record));
}

// librdkafka 2.0 looks whether its queue has room again only when something else wakes the thread of the broker,
// else once a second. A request that we do not wait for wakes it.
void KafkaReader::ResumeFetching() {
  const bool may_have_stopped =
      streak_bytes_ >= kReaderPrefetchBytes / 2 || streak_records_ >= kReaderPrefetchRecords / 2;
  streak_bytes_ = 0;
  streak_records_ = 0;
  if (!may_have_stopped) return;
  const KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
  for (const int32_t partition : partitions_) {
    rd_kafka_topic_partition_list_add(list.get(), topic_name_.c_str(), partition)->offset =
        RD_KAFKA_OFFSET_END;
  }
  rd_kafka_offsets_for_times(client_.get(), list.get(), 0);
}

}  // namespace hangou

#include "libs/log/kafka_log.h"

#include <algorithm>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/keys.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/log/argument_checks.h"
#include "libs/log/kafka_client.h"
#include "libs/log/kafka_election.h"
#include "libs/log/kafka_producer.h"
#include "libs/log/kafka_reader.h"
#include "libs/log/log_format.h"

namespace hangou {
namespace {

// Holds the log's identity, and stands for the offices that are elected.
constexpr char kIdentityTopic[] = "hangou.log";
constexpr char kOfficePrefix[] = "hangou.";
constexpr size_t kLogIdBytes = 16;
// How long the first record of a new log may take until it is read.
constexpr int64_t kIdentityMs = 40'000;

// Waits for one thing from another thread.
class Signal {
 public:
  void Set() {
    MutexLock lock(mutex_);
    set_ = true;
    changed_.NotifyAll();
  }
  // True where it came in time; takes it.
  bool Await(int64_t timeout_ms) {
    MutexLock lock(mutex_);
    if (!set_) changed_.WaitFor(mutex_, timeout_ms);
    return std::exchange(set_, false);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool set_ HANGOU_GUARDED_BY(mutex_) = false;
};

// The value of the first record of a topic of one partition.
absl::StatusOr<std::string> FirstValue(LogReader* reader) {
  Signal arrived;
  reader->SetNotify([&arrived] { arrived.Set(); });
  const int64_t deadline_us = SystemClock().BootUs() + kIdentityMs * kUsPerMs;
  absl::StatusOr<std::vector<LogRecord>> first = reader->Poll(1);
  while (first.ok() && first->empty() && SystemClock().BootUs() < deadline_us) {
    arrived.Await(kIdentityMs / 40);
    first = reader->Poll(1);
  }
  reader->SetNotify({});
  RETURN_IF_ERROR(first.status());
  if (first->empty())
    return MakeError(Reason::kLogUnavailable, "the brokers do not give back the log's identity");
  if (first->front().offset != 0 || !first->front().value) {
    return MakeError(Reason::kDataLoss, "the log's identity is gone from topic hangou.log; restore it");
  }
  return *first->front().value;
}

}  // namespace

KafkaLog::KafkaLog(KafkaSettings settings)
    : settings_(std::move(settings)), notifier_(std::make_unique<KafkaNotifier>()) {}

KafkaLog::~KafkaLog() = default;

absl::StatusOr<std::unique_ptr<KafkaLog>> KafkaLog::Open(const KafkaSettings& settings, int64_t timeout_ms) {
  std::unique_ptr<KafkaLog> log(new KafkaLog(settings));
  ASSIGN_OR_RETURN(log->client_, KafkaClient::Open(settings));
  RETURN_IF_ERROR(log->client_->Connect(timeout_ms));
  ASSIGN_OR_RETURN(log->producer_, KafkaProducer::Open(settings));
  RETURN_IF_ERROR(log->OpenIdentity());
  return log;
}

// Where several processes open a new log at once, each offers an identity, and all take the one that came first.
// Every offer has a key of its own, so that compaction does not replace it by a later one.
absl::Status KafkaLog::OpenIdentity() {
  RETURN_IF_ERROR(EnsureTopic(kIdentityTopic, 1));
  ASSIGN_OR_RETURN(const auto ends, EndOffsets(kIdentityTopic, {0}));
  if (ends.at(0) == 0) {
    const std::string offer = settings_.log_id.empty() ? Hex(RandomBytes(kLogIdBytes)) : settings_.log_id;
    auto appended = std::make_shared<Signal>();
    Append(kIdentityTopic, 0, {{offer, offer}},
           [appended](const absl::StatusOr<int64_t>&) { appended->Set(); });
    appended->Await(kIdentityMs);
  }
  ASSIGN_OR_RETURN(const auto reader, OpenReader(kIdentityTopic, {{0, 0}}));
  ASSIGN_OR_RETURN(log_id_, FirstValue(reader.get()));
  if (settings_.log_id.empty() || settings_.log_id == log_id_) return absl::OkStatus();
  return MakeError(Reason::kInvalidRequest, "the brokers hold another log under this topic prefix");
}

absl::Status KafkaLog::EnsureTopic(const std::string& topic, int32_t partitions) {
  RETURN_IF_ERROR(CheckTopic(topic, partitions));
  RETURN_IF_ERROR(client_->EnsureTopic(NameOf(topic), partitions));
  RETURN_IF_ERROR(producer_->AddTopic(NameOf(topic), partitions));
  MutexLock lock(mutex_);
  partitions_[topic] = partitions;
  return absl::OkStatus();
}

// Of a topic that another process has ensured, the brokers know.
absl::StatusOr<int32_t> KafkaLog::PartitionsOf(const std::string& topic) {
  {
    MutexLock lock(mutex_);
    if (const auto found = partitions_.find(topic); found != partitions_.end()) return found->second;
  }
  const absl::StatusOr<KafkaTopicShape> shape = client_->ShapeOf(NameOf(topic));
  if (ReasonOf(shape.status()) == Reason::kObjectNotFound) return UnknownTopic(topic);
  RETURN_IF_ERROR(shape.status());
  return shape->partitions;
}

absl::Status KafkaLog::CheckPartitions(const std::string& topic, const std::vector<int32_t>& partitions) {
  ASSIGN_OR_RETURN(const int32_t count, PartitionsOf(topic));
  for (const int32_t partition : partitions) RETURN_IF_ERROR(CheckPartition(partition, count));
  return absl::OkStatus();
}

void KafkaLog::Append(const std::string& topic, int32_t partition, std::vector<LogEntry> entries,
                      AppendDone done) {
  int32_t count = 0;
  {
    MutexLock lock(mutex_);
    if (const auto found = partitions_.find(topic); found != partitions_.end()) count = found->second;
  }
  if (count == 0) return done(UnknownTopic(topic));
  if (absl::Status there = CheckPartition(partition, count); !there.ok()) return done(there);
  size_t bytes = 0;
  for (const LogEntry& entry : entries) bytes += EntryBound(entry);
  if (absl::Status size = CheckAppend(entries.size(), bytes); !size.ok()) return done(size);
  producer_->Append(NameOf(topic), partition, std::move(entries), bytes, std::move(done));
}

absl::StatusOr<std::map<int32_t, int64_t>> KafkaLog::EndOffsets(const std::string& topic,
                                                                const std::vector<int32_t>& partitions) {
  RETURN_IF_ERROR(CheckPartitions(topic, partitions));
  return client_->EndOffsets(NameOf(topic), partitions);
}

absl::StatusOr<std::unique_ptr<LogReader>> KafkaLog::OpenReader(const std::string& topic,
                                                                std::map<int32_t, int64_t> from,
                                                                ReadPace pace) {
  std::vector<int32_t> partitions;
  for (const auto& [partition, offset] : from) partitions.push_back(partition);
  ASSIGN_OR_RETURN(const auto ends, EndOffsets(topic, partitions));
  for (const auto& [partition, offset] : from)
    RETURN_IF_ERROR(CheckStart(partition, offset, ends.at(partition)));
  return KafkaReader::Open(settings_, NameOf(topic), from, pace, notifier_.get());
}

std::unique_ptr<Candidacy> KafkaLog::Campaign(const std::string& name,
                                              std::function<void(bool leads)> changed) {
  HANGOU_CHECK(CheckTopic(name, 1).ok(), "an office has a name that could be a topic's");
  return std::make_unique<KafkaCandidacy>(settings_, NameOf(kOfficePrefix + name), NameOf(kIdentityTopic),
                                          std::move(changed));
}

size_t KafkaLog::queued_bytes() const { return producer_->queued_bytes(); }

void KafkaLog::FailProducerForTest() { producer_->FailForTest(); }

}  // namespace hangou

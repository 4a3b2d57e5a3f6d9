// The reading half of the Kafka log.
#pragma once

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
#include "libs/log/reader_notify.h"

namespace hangou {

// Calls the notifications of readers on a thread of its own: librdkafka tells of new messages while it holds a
// lock that Poll needs. Thread-safe; outlives the readers.
class KafkaNotifier {
 public:
  KafkaNotifier();
  ~KafkaNotifier();
  // Has a notification called soon. Does not block.
  void Wake(const std::shared_ptr<ReaderNotify>& notify);

 private:
  void Run();

  Mutex mutex_;
  CondVar woken_;
  std::vector<std::shared_ptr<ReaderNotify>> due_ HANGOU_GUARDED_BY(mutex_);
  bool stopping_ HANGOU_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// Reads partitions of a topic with a consumer of its own, which belongs to no group and stores no offsets.
// Used by one thread at a time; the notifier must outlive it.
class KafkaReader final : public LogReader {
 public:
  // Starts at the offsets given, which must not lie beyond the ends. OVERLOADED where the process has
  // kKafkaReaders already. `topic` is its name at the broker.
  static absl::StatusOr<std::unique_ptr<KafkaReader>> Open(const KafkaSettings& settings,
                                                           const std::string& topic,
                                                           const std::map<int32_t, int64_t>& from,
                                                           ReadPace pace, KafkaNotifier* notifier);
  ~KafkaReader() override;

  absl::StatusOr<std::vector<LogRecord>> Poll(size_t max_records) override;
  void SkipTo(int32_t partition, int64_t offset) override;
  void SetNotify(std::function<void()> notify) override;

 private:
  // A place among the readers of the process.
  class Place;

  KafkaReader(std::unique_ptr<Place> place, std::string topic, KafkaNotifier* notifier);
  absl::Status Start(const KafkaSettings& settings, const std::map<int32_t, int64_t>& from, ReadPace pace);
  static void OnMessages(rd_kafka_t* client, void* opaque);
  void TakeMessage(rd_kafka_message_t* message, std::vector<LogRecord>* records);
  void ResumeFetching();

  const std::unique_ptr<Place> place_;
  const std::string topic_name_;
  KafkaNotifier* const notifier_;
  const std::shared_ptr<ReaderNotify> notify_;
  std::vector<int32_t> partitions_;
  KafkaHandle client_;
  KafkaTopicHandle topic_;  // goes before the client, as does the queue
  KafkaQueue queue_;
  std::map<int32_t, int64_t> wanted_from_;  // by partition: what lies before is passed over
  absl::Status failure_;                    // once a partition cannot be read any more
  size_t poll_bytes_ = 0;                   // taken by the Poll under way
  size_t streak_bytes_ = 0;                 // taken since the queue was last seen empty
  size_t streak_records_ = 0;
};

}  // namespace hangou

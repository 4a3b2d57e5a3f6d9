// Delivery topics in memory: the twin of those at the brokers, for tests. They can be made to fail and to delay.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/mutex.h"
#include "libs/log/delivery_topics.h"

namespace hangou {

// Delivery topics without brokers. Thread-safe. Callbacks are called on the thread that sends, releases or recalls.
class MemoryDeliveryTopics final : public DeliveryTopics {
 public:
  std::string NameOf(const std::string& topic) const override { return topic; }
  std::string bootstrap_servers() const override { return "memory:9092"; }
  absl::Status Ensure(const std::string& topic, int64_t retention_ms) override;
  absl::Status Allow(const std::string& topic, const std::string& principal) override;
  absl::Status Forbid(const std::string& topic, const std::string& principal) override;
  absl::Status Remove(const std::string& topic) override;
  void Send(const std::string& topic, std::vector<DeliveryMessage> messages, SendDone done) override;
  void Recall() override;

  // All messages of a topic, as `principal` reads them; LOG_UNAVAILABLE where it may not, OBJECT_NOT_FOUND where there
  // is no such topic.
  absl::StatusOr<std::vector<DeliveryMessage>> Read(const std::string& topic,
                                                    const std::string& principal) const;
  // The same for the test itself, which may read everything; empty where there is no such topic.
  std::vector<DeliveryMessage> All(const std::string& topic) const;
  // Retention of a topic; 0 where there is none.
  int64_t RetentionMs(const std::string& topic) const;
  // From now on every call is answered with `error`; OK makes them work again.
  void Fail(absl::Status error);
  // From now on what is sent waits: it is neither there nor answered.
  void Hold();
  // Lets all that waits go, and ends the waiting.
  void Release();
  // Batches that wait, and calls of Recall so far.
  size_t held() const;
  int recalls() const;

 private:
  struct Topic {
    int64_t retention_ms = 0;
    std::set<std::string> readers;
    std::vector<DeliveryMessage> messages;
  };
  struct Pending {
    std::string topic;
    std::vector<DeliveryMessage> messages;
    SendDone done;
  };

  absl::Status Keep(Pending* pending);

  mutable Mutex mutex_;
  std::map<std::string, Topic> topics_ HANGOU_GUARDED_BY(mutex_);
  absl::Status failure_ HANGOU_GUARDED_BY(mutex_);
  bool holding_ HANGOU_GUARDED_BY(mutex_) = false;
  std::deque<Pending> pending_ HANGOU_GUARDED_BY(mutex_);
  int recalls_ HANGOU_GUARDED_BY(mutex_) = 0;
};

}  // namespace hangou

// The log in memory: the twin of the embedded log, for tests. It can be made to fail and to delay.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/mutex.h"
#include "libs/log/local_election.h"
#include "libs/log/log.h"
#include "libs/log/reader_notify.h"

namespace hangou {

// A log without a disk. Thread-safe; outlives its readers. Readers are notified, and callbacks are called, on
// the thread that appends or releases, in the order of the appends of a partition.
class MemoryLog final : public Log {
 public:
  // What becomes of the entries of an append that is answered with an error.
  enum class OnFailure { kLost, kKept };

  explicit MemoryLog(std::string log_id = "memory");
  ~MemoryLog() override;

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
                                      std::function<void(bool leads)> changed) override {
    return elections_.Campaign(name, std::move(changed));
  }

  // From now on appends are answered with `error`; OK makes them work again.
  void FailAppends(absl::Status error, OnFailure on_failure = OnFailure::kLost);
  // From now on appends wait: they are neither durable nor answered.
  void Hold();
  // Lets the oldest `count` waiting appends go; those behind them, and new ones, go on waiting.
  void ReleaseSome(size_t count);
  // Lets all go, and ends the waiting.
  void Release();
  // Appends that wait.
  size_t held() const;
  // From now on a partition answers DATA_LOSS.
  void DamagePartition(const std::string& topic, int32_t partition);

 private:
  friend class MemoryReader;
  struct Partition {
    std::vector<LogEntry> entries;
    bool damaged = false;
  };
  struct Listener {
    std::weak_ptr<ReaderNotify> notify;
    std::set<int32_t> partitions;
  };
  struct Topic {
    std::vector<Partition> partitions;
    std::vector<Listener> listeners;
  };
  struct Pending {
    std::string topic;
    int32_t partition;
    std::vector<LogEntry> entries;
    AppendDone done;
  };

  absl::StatusOr<Partition*> Find(const std::string& topic, int32_t partition) HANGOU_REQUIRES(mutex_);
  void Apply(Pending pending);
  void Drain();

  const std::string log_id_;
  LocalElections elections_;
  mutable Mutex mutex_;
  std::map<std::string, Topic> topics_ HANGOU_GUARDED_BY(mutex_);
  absl::Status failure_ HANGOU_GUARDED_BY(mutex_);
  OnFailure on_failure_ HANGOU_GUARDED_BY(mutex_) = OnFailure::kLost;
  bool holding_ HANGOU_GUARDED_BY(mutex_) = false;
  size_t allowance_ HANGOU_GUARDED_BY(mutex_) = 0;  // held appends that may go
  bool draining_ HANGOU_GUARDED_BY(mutex_) = false;
  std::deque<Pending> pending_ HANGOU_GUARDED_BY(mutex_);
};

}  // namespace hangou

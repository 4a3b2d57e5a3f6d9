#include "libs/log/memory_log.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/log/argument_checks.h"
#include "libs/log/log_format.h"

namespace hangou {

// Reads partitions in turns, record by record.
class MemoryReader final : public LogReader {
 public:
  MemoryReader(MemoryLog* log, std::string topic, const std::map<int32_t, int64_t>& from)
      : log_(log),
        topic_(std::move(topic)),
        next_(from.begin(), from.end()),
        notify_(std::make_shared<ReaderNotify>()) {}
  ~MemoryReader() override { notify_->Set({}); }

  absl::StatusOr<std::vector<LogRecord>> Poll(size_t max_records) override {
    std::vector<LogRecord> records;
    MutexLock lock(log_->mutex_);
    size_t idle = 0;
    while (idle < next_.size() && records.size() < max_records) {
      auto& [partition, next] = next_[turn_];
      turn_ = (turn_ + 1) % next_.size();
      ASSIGN_OR_RETURN(const MemoryLog::Partition* found, log_->Find(topic_, partition));
      if (next >= static_cast<int64_t>(found->entries.size())) {
        ++idle;
        continue;
      }
      idle = 0;
      const LogEntry& entry = found->entries[static_cast<size_t>(next)];
      records.push_back({partition, next++, entry.key, entry.value});
    }
    return records;
  }
  void SkipTo(int32_t partition, int64_t offset) override {
    for (auto& [own, next] : next_) {
      if (own == partition) next = std::max(next, offset);
    }
  }
  void SetNotify(std::function<void()> notify) override { notify_->Set(std::move(notify)); }

  const std::shared_ptr<ReaderNotify>& notify() const { return notify_; }

 private:
  MemoryLog* const log_;
  const std::string topic_;
  std::vector<std::pair<int32_t, int64_t>> next_;  // partition and its next offset
  size_t turn_ = 0;
  const std::shared_ptr<ReaderNotify> notify_;
};

MemoryLog::MemoryLog(std::string log_id) : log_id_(std::move(log_id)) {}

MemoryLog::~MemoryLog() { Release(); }

absl::Status MemoryLog::EnsureTopic(const std::string& topic, int32_t partitions) {
  RETURN_IF_ERROR(CheckTopic(topic, partitions));
  MutexLock lock(mutex_);
  Topic& found = topics_[topic];
  if (found.partitions.empty()) found.partitions.resize(static_cast<size_t>(partitions));
  return CheckPartitionCount(topic, static_cast<int32_t>(found.partitions.size()), partitions);
}

absl::StatusOr<MemoryLog::Partition*> MemoryLog::Find(const std::string& topic, int32_t partition) {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return UnknownTopic(topic);
  RETURN_IF_ERROR(CheckPartition(partition, static_cast<int32_t>(found->second.partitions.size())));
  Partition* result = &found->second.partitions[static_cast<size_t>(partition)];
  if (!result->damaged) return result;
  return MakeError(Reason::kDataLoss, "partition " + std::to_string(partition) + " of the log is damaged");
}

void MemoryLog::Append(const std::string& topic, int32_t partition, std::vector<LogEntry> entries,
                       AppendDone done) {
  size_t bound = 0;
  for (const LogEntry& entry : entries) bound += EntryBound(entry);
  absl::Status checked = CheckAppend(entries.size(), bound);
  if (checked.ok()) {
    MutexLock lock(mutex_);
    checked = Find(topic, partition).status();
    if (checked.ok()) pending_.push_back({topic, partition, std::move(entries), std::move(done)});
  }
  if (!checked.ok()) return done(checked);
  Drain();
}

// Applies what may go, one append at a time: appends made by callbacks come behind those that wait already.
void MemoryLog::Drain() {
  MutexLock lock(mutex_);
  if (draining_) return;
  draining_ = true;
  while (!pending_.empty() && (!holding_ || allowance_ > 0)) {
    if (holding_) --allowance_;
    Pending next = std::move(pending_.front());
    pending_.pop_front();
    mutex_.Unlock();
    Apply(std::move(next));
    mutex_.Lock();
  }
  draining_ = false;
}

void MemoryLog::Apply(Pending pending) {
  absl::Status failure;
  int64_t first = 0;
  std::vector<std::shared_ptr<ReaderNotify>> concerned;
  {
    MutexLock lock(mutex_);
    failure = failure_;
    Topic& topic = topics_[pending.topic];
    std::vector<LogEntry>& stored = topic.partitions[static_cast<size_t>(pending.partition)].entries;
    first = static_cast<int64_t>(stored.size());
    if (failure.ok() || on_failure_ == OnFailure::kKept) {
      for (LogEntry& entry : pending.entries) stored.push_back(std::move(entry));
      for (const Listener& listener : topic.listeners) {
        auto notify = listener.notify.lock();
        if (notify && listener.partitions.count(pending.partition) > 0)
          concerned.push_back(std::move(notify));
      }
    }
  }
  for (const auto& notify : concerned) notify->Call();
  if (failure.ok()) {
    pending.done(first);
  } else {
    pending.done(failure);
  }
}

absl::StatusOr<std::map<int32_t, int64_t>> MemoryLog::EndOffsets(const std::string& topic,
                                                                 const std::vector<int32_t>& partitions) {
  MutexLock lock(mutex_);
  if (topics_.find(topic) == topics_.end()) return UnknownTopic(topic);
  std::map<int32_t, int64_t> ends;
  for (const int32_t partition : partitions) {
    ASSIGN_OR_RETURN(const Partition* found, Find(topic, partition));
    ends[partition] = static_cast<int64_t>(found->entries.size());
  }
  return ends;
}

absl::StatusOr<std::unique_ptr<LogReader>> MemoryLog::OpenReader(const std::string& topic,
                                                                 std::map<int32_t, int64_t> from, ReadPace) {
  MutexLock lock(mutex_);
  if (topics_.find(topic) == topics_.end()) return UnknownTopic(topic);
  std::set<int32_t> partitions;
  for (const auto& [partition, offset] : from) {
    ASSIGN_OR_RETURN(const Partition* found, Find(topic, partition));
    RETURN_IF_ERROR(CheckStart(partition, offset, static_cast<int64_t>(found->entries.size())));
    partitions.insert(partition);
  }
  auto reader = std::make_unique<MemoryReader>(this, topic, from);
  std::vector<Listener>& listeners = topics_[topic].listeners;
  std::erase_if(listeners, [](const Listener& listener) { return listener.notify.expired(); });
  listeners.push_back({reader->notify(), std::move(partitions)});
  return reader;
}

void MemoryLog::FailAppends(absl::Status error, OnFailure on_failure) {
  MutexLock lock(mutex_);
  failure_ = std::move(error);
  on_failure_ = on_failure;
}

void MemoryLog::Hold() {
  MutexLock lock(mutex_);
  holding_ = true;
  allowance_ = 0;
}

void MemoryLog::ReleaseSome(size_t count) {
  {
    MutexLock lock(mutex_);
    allowance_ = std::min(count, pending_.size());
  }
  Drain();
}

void MemoryLog::Release() {
  {
    MutexLock lock(mutex_);
    holding_ = false;
  }
  Drain();
}

size_t MemoryLog::held() const {
  MutexLock lock(mutex_);
  return pending_.size();
}

void MemoryLog::DamagePartition(const std::string& topic, int32_t partition) {
  MutexLock lock(mutex_);
  topics_[topic].partitions[static_cast<size_t>(partition)].damaged = true;
}

}  // namespace hangou

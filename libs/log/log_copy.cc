#include "libs/log/log_copy.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

// Read and appended at once: large enough for a broker to be busy, small enough for the memory.
constexpr size_t kCopyRecords = 1024;
// Entries under way at the target, over all partitions.
constexpr int64_t kCopyUnderWay = 16'384;
constexpr size_t kCopyAppendBytes = 1 << 20;
// How long a target may take before the copy is given up.
constexpr int64_t kCopyWaitMs = 60'000;

// Appends that the target has not acknowledged. Shared with its callbacks.
class UnderWay {
 public:
  void Add(int64_t entries) {
    MutexLock lock(mutex_);
    entries_ += entries;
  }
  void Done(int64_t entries, const absl::Status& status) {
    MutexLock lock(mutex_);
    entries_ -= entries;
    if (first_.ok()) first_ = status;
    changed_.NotifyAll();
  }
  // Waits until at most so many are left; the first error.
  absl::Status Await(int64_t at_most) {
    const int64_t deadline_us = SystemClock().BootUs() + kCopyWaitMs * kUsPerMs;
    MutexLock lock(mutex_);
    while (first_.ok() && entries_ > at_most) {
      if (SystemClock().BootUs() > deadline_us)
        return MakeError(Reason::kLogUnavailable, "the target log does not answer; copy again to go on");
      changed_.WaitFor(mutex_, 1000);
    }
    return first_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int64_t entries_ HANGOU_GUARDED_BY(mutex_) = 0;
  absl::Status first_ HANGOU_GUARDED_BY(mutex_);
};

// Everything of one partition, in order, up to an end that was seen.
class PartitionReader {
 public:
  PartitionReader(Log& log, std::string topic, int32_t partition, int64_t end)
      : log_(log), topic_(std::move(topic)), partition_(partition), end_(end) {}

  bool AtEnd() const { return next_ >= end_; }
  // The next records, at least one, and not beyond the end.
  absl::StatusOr<std::vector<LogRecord>> Next() {
    if (!reader_) {
      ASSIGN_OR_RETURN(reader_, log_.OpenReader(topic_, {{partition_, next_}}));
    }
    const int64_t deadline_us = SystemClock().BootUs() + kCopyWaitMs * kUsPerMs;
    for (;;) {
      ASSIGN_OR_RETURN(std::vector<LogRecord> records, reader_->Poll(kCopyRecords));
      while (!records.empty() && records.back().offset >= end_) records.pop_back();
      for (const LogRecord& record : records) {
        if (record.offset != next_++) return Missing(record.offset);
      }
      if (!records.empty()) return records;
      if (SystemClock().BootUs() > deadline_us)
        return MakeError(Reason::kLogUnavailable, "a log does not give back what it holds");
      Mutex mutex;
      CondVar never;
      MutexLock lock(mutex);
      never.WaitFor(mutex, 1);  // a broker's answer is on its way
    }
  }

 private:
  absl::Status Missing(int64_t offset) const {
    return MakeError(Reason::kDataLoss, topic_ + " lacks offsets before " + std::to_string(offset) +
                                            " of partition " + std::to_string(partition_) +
                                            ": it was compacted, and cannot be copied offset by offset");
  }

  Log& log_;
  const std::string topic_;
  const int32_t partition_;
  const int64_t end_;
  int64_t next_ = 0;
  std::unique_ptr<LogReader> reader_;
};

// One topic on its way.
class TopicCopy {
 public:
  TopicCopy(Log& from, Log& to, std::string topic, LogCopyResult* result,
            const std::function<void(int64_t)>& progress)
      : from_(from),
        to_(to),
        topic_(std::move(topic)),
        result_(*result),
        progress_(progress),
        under_way_(std::make_shared<UnderWay>()) {}

  absl::Status Run(int32_t partitions) {
    RETURN_IF_ERROR(to_.EnsureTopic(topic_, partitions));
    std::vector<int32_t> all(static_cast<size_t>(partitions));
    for (int32_t partition = 0; partition < partitions; ++partition)
      all[static_cast<size_t>(partition)] = partition;
    ASSIGN_OR_RETURN(const auto ends, from_.EndOffsets(topic_, all));
    ASSIGN_OR_RETURN(const auto there, to_.EndOffsets(topic_, all));
    for (const int32_t partition : all)
      RETURN_IF_ERROR(CopyPartition(partition, ends.at(partition), there.at(partition)));
    return under_way_->Await(0);
  }

 private:
  absl::Status CopyPartition(int32_t partition, int64_t end, int64_t there) {
    if (there > end) return Different(partition);
    PartitionReader source(from_, topic_, partition, end);
    PartitionReader target(to_, topic_, partition, there);
    std::vector<LogRecord> known;  // of the target, and not yet compared
    while (!source.AtEnd()) {
      ASSIGN_OR_RETURN(std::vector<LogRecord> records, source.Next());
      std::vector<LogEntry> entries;
      const int64_t first = records.front().offset;
      for (LogRecord& record : records) {
        if (record.offset >= there) {
          entries.push_back({std::move(record.key), std::move(record.value)});
          continue;
        }
        if (known.empty()) {
          ASSIGN_OR_RETURN(known, target.Next());
          std::reverse(known.begin(), known.end());
        }
        if (known.back().key != record.key || known.back().value != record.value) return Different(partition);
        known.pop_back();
        ++result_.skipped;
      }
      RETURN_IF_ERROR(AppendAll(partition, std::max(first, there), std::move(entries)));
      progress_(result_.entries + result_.skipped);
    }
    return absl::OkStatus();
  }

  absl::Status AppendAll(int32_t partition, int64_t offset, std::vector<LogEntry> entries) {
    std::vector<LogEntry> part;
    size_t bytes = 0;
    for (LogEntry& entry : entries) {
      bytes += entry.key.size() + (entry.value ? entry.value->size() : 0);
      part.push_back(std::move(entry));
      if (bytes < kCopyAppendBytes) continue;
      const auto count = static_cast<int64_t>(part.size());
      RETURN_IF_ERROR(AppendPart(partition, offset, std::exchange(part, {})));
      offset += count;
      bytes = 0;
    }
    return part.empty() ? absl::OkStatus() : AppendPart(partition, offset, std::move(part));
  }

  absl::Status AppendPart(int32_t partition, int64_t offset, std::vector<LogEntry> part) {
    const auto count = static_cast<int64_t>(part.size());
    under_way_->Add(count);
    to_.Append(topic_, partition, std::move(part),
               [under_way = under_way_, count, offset](const absl::StatusOr<int64_t>& first) {
                 const bool in_place = first.ok() && *first == offset;
                 under_way->Done(count,
                                 in_place || !first.ok()
                                     ? first.status()
                                     : MakeError(Reason::kInvalidRequest,
                                                 "somebody else appends to the target; stop it, and copy to "
                                                 "empty topics"));
               });
    result_.entries += count;
    return under_way_->Await(kCopyUnderWay);
  }

  absl::Status Different(int32_t partition) const {
    return MakeError(Reason::kInvalidRequest,
                     "partition " + std::to_string(partition) + " of " + topic_ +
                         " of the target holds something else; copy to empty topics");
  }

  Log& from_;
  Log& to_;
  const std::string topic_;
  LogCopyResult& result_;
  const std::function<void(int64_t)>& progress_;
  const std::shared_ptr<UnderWay> under_way_;
};

}  // namespace

absl::StatusOr<LogCopyResult> CopyLog(Log& from, const std::map<std::string, int32_t>& topics, Log& to,
                                      const std::function<void(int64_t entries)>& progress) {
  LogCopyResult result;
  for (const auto& [topic, partitions] : topics) {
    TopicCopy copy(from, to, topic, &result, progress);
    RETURN_IF_ERROR(copy.Run(partitions));
  }
  return result;
}

}  // namespace hangou

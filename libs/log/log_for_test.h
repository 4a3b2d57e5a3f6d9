// What tests of logs, and of what stands on a log, need of them.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/log/log.h"

namespace hangou {

// Answers of appends, to be waited for. Thread-safe; shared with the callbacks.
class AppendAnswers {
 public:
  // A callback that stores its answer at place `place`.
  static Log::AppendDone At(const std::shared_ptr<AppendAnswers>& answers, size_t place) {
    return [answers, place](absl::StatusOr<int64_t> answer) {
      MutexLock lock(answers->mutex_);
      HANGOU_CHECK(!answers->done_[place], "an append was answered twice");
      answers->done_[place] = true;
      answers->answers_[place] = std::move(answer);
      answers->changed_.NotifyAll();
    };
  }
  explicit AppendAnswers(size_t count) : done_(count), answers_(count, absl::UnknownError("no answer yet")) {}

  // All answers; crashes where one does not come within a minute.
  std::vector<absl::StatusOr<int64_t>> Wait() {
    const int64_t deadline_us = SystemClock().BootUs() + 60 * kUsPerSecond;
    MutexLock lock(mutex_);
    while (SystemClock().BootUs() < deadline_us) {
      if (std::find(done_.begin(), done_.end(), false) == done_.end()) return answers_;
      changed_.WaitFor(mutex_, 1000);
    }
    HANGOU_CHECK(false, "an append was not answered");
  }
  // Answers that have come.
  size_t count() {
    MutexLock lock(mutex_);
    return static_cast<size_t>(std::count(done_.begin(), done_.end(), true));
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<bool> done_ HANGOU_GUARDED_BY(mutex_);
  std::vector<absl::StatusOr<int64_t>> answers_ HANGOU_GUARDED_BY(mutex_);
};

// Appends and waits for the answer.
inline absl::StatusOr<int64_t> AppendAndWait(Log& log, const std::string& topic, int32_t partition,
                                             std::vector<LogEntry> entries) {
  auto answers = std::make_shared<AppendAnswers>(1);
  log.Append(topic, partition, std::move(entries), AppendAnswers::At(answers, 0));
  return answers->Wait().front();
}

// The offset behind the last durable record of one partition.
inline absl::StatusOr<int64_t> EndOffsetOf(Log& log, const std::string& topic, int32_t partition) {
  ASSIGN_OR_RETURN(const auto ends, log.EndOffsets(topic, {partition}));
  return ends.at(partition);
}

// Everything that a reader has now, in polls of `max_records`.
inline absl::StatusOr<std::vector<LogRecord>> ReadAll(LogReader& reader, size_t max_records = 100) {
  std::vector<LogRecord> all;
  for (;;) {
    ASSIGN_OR_RETURN(std::vector<LogRecord> some, reader.Poll(max_records));
    if (some.empty()) return all;
    HANGOU_CHECK(some.size() <= max_records, "a poll gave more than it was asked for");
    all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
}

// True as soon as `condition` holds; false where it does not within a minute.
inline bool WaitUntil(const std::function<bool()>& condition) {
  const int64_t deadline_us = SystemClock().BootUs() + 60 * kUsPerSecond;
  Mutex mutex;
  CondVar never;
  MutexLock lock(mutex);
  while (!condition()) {
    if (SystemClock().BootUs() > deadline_us) return false;
    never.WaitFor(mutex, 1);
  }
  return true;
}

// The next records of a reader, as they come, until `enough` of them; LOG_UNAVAILABLE where they do not come.
inline absl::StatusOr<std::vector<LogRecord>> ReadUntil(
    LogReader& reader, const std::function<bool(const std::vector<LogRecord>&)>& enough) {
  std::vector<LogRecord> all;
  absl::Status status;
  const bool came = WaitUntil([&] {
    while (status.ok() && !enough(all)) {
      auto some = reader.Poll(100);
      if (some.ok() && some->empty()) return false;
      status = some.status();
      if (some.ok()) all.insert(all.end(), some->begin(), some->end());
    }
    return true;
  });
  RETURN_IF_ERROR(status);
  if (came) return all;
  return MakeError(Reason::kLogUnavailable, "only " + std::to_string(all.size()) + " records came");
}

// The next `count` records of a reader, or some more.
inline absl::StatusOr<std::vector<LogRecord>> ReadCount(LogReader& reader, size_t count) {
  return ReadUntil(reader, [count](const auto& records) { return records.size() >= count; });
}

// Everything in one partition from an offset on.
inline absl::StatusOr<std::vector<LogRecord>> ReadPartition(Log& log, const std::string& topic,
                                                            int32_t partition, int64_t from = 0) {
  ASSIGN_OR_RETURN(const std::unique_ptr<LogReader> reader, log.OpenReader(topic, {{partition, from}}));
  ASSIGN_OR_RETURN(const int64_t end, EndOffsetOf(log, topic, partition));
  return ReadUntil(*reader, [from, end](const auto& records) {
    return (records.empty() ? from : records.back().offset + 1) >= end;
  });
}

}  // namespace hangou

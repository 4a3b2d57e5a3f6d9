#include "services/comparison/book.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "libs/base/clock.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

constexpr int64_t kOpenMs = 60'000;
constexpr char kRunPrefix[] = "runs/";

// What compaction keeps the newest of.
std::string KeyOf(const v1::ComparisonEvent& event) {
  switch (event.event_case()) {
    case v1::ComparisonEvent::kRule:
      return event.department() + "/" + event.rule().rule().name();
    case v1::ComparisonEvent::kParameter:
      return event.department() + "/" + event.parameter().name();
    case v1::ComparisonEvent::kRun:
      return event.department() + "/" + event.run().name();
    default:
      return event.department() + "/" + event.clue().name();
  }
}

}  // namespace

absl::Status ComparisonBook::Open() {
  RETURN_IF_ERROR(log_.EnsureTopic(kComparisonTopic, 1));
  ASSIGN_OR_RETURN(const auto ends, log_.EndOffsets(kComparisonTopic, {0}));
  ASSIGN_OR_RETURN(const auto reader, log_.OpenReader(kComparisonTopic, {{0, 0}}));
  // What a log of other machines holds comes a little later: the end of the reader's wait is told by its notification.
  Mutex mutex;
  CondVar more;
  bool notified = false;
  reader->SetNotify([&] {
    MutexLock lock(mutex);
    notified = true;
    more.NotifyAll();
  });
  const int64_t deadline_us = SystemClock().BootUs() + kOpenMs * kUsPerMs;
  int64_t next = 0;
  absl::Status status;
  while (status.ok() && next < ends.at(0)) {
    auto records = reader->Poll(limits::kBatchRecords);
    if (!records.ok()) {
      status = records.status();
      break;
    }
    if (records->empty()) {
      MutexLock lock(mutex);
      if (!notified) more.WaitFor(mutex, 100);
      notified = false;
      if (SystemClock().BootUs() > deadline_us)
        status = MakeError(Reason::kLogUnavailable, "the topic of comparison is not read in time; retry");
      continue;
    }
    MutexLock lock(mutex_);
    for (const LogRecord& record : *records) {
      next = record.offset + 1;
      v1::ComparisonEvent event;
      if (!record.value) continue;
      if (!event.ParseFromString(*record.value)) {
        status =
            MakeError(Reason::kDataLoss, "the record at offset " + std::to_string(record.offset) + " of " +
                                             kComparisonTopic + " cannot be read; restore the log");
        break;
      }
      Take(event);
    }
  }
  reader->SetNotify({});
  return status;
}

void ComparisonBook::Take(const v1::ComparisonEvent& event) {
  OfDepartment& of = departments_[event.department()];
  switch (event.event_case()) {
    case v1::ComparisonEvent::kRule:
      of.rules[event.rule().rule().name()] = event.rule();
      return;
    case v1::ComparisonEvent::kParameter:
      of.parameters[event.parameter().name()] = event.parameter();
      return;
    case v1::ComparisonEvent::kRun: {
      uint64_t number = 0;
      if (absl::SimpleAtoi(event.run().name().substr(sizeof kRunPrefix - 1), &number))
        runs_ = std::max(runs_, number);
      return;
    }
    case v1::ComparisonEvent::kClue:
      of.clues[event.clue().name()] = event.clue();
      return;
    case v1::ComparisonEvent::EVENT_NOT_SET:
      return;
  }
}

absl::Status ComparisonBook::Write(const std::vector<v1::ComparisonEvent>& events, int64_t timeout_ms) {
  struct Waiting {
    Mutex mutex;
    CondVar done;
    size_t left HANGOU_GUARDED_BY(mutex) = 0;
    absl::Status failed HANGOU_GUARDED_BY(mutex);
  };
  const auto waiting = std::make_shared<Waiting>();
  for (size_t begin = 0; begin < events.size(); begin += limits::kBatchRecords) {
    std::vector<LogEntry> entries;
    for (size_t i = begin; i < std::min(events.size(), begin + limits::kBatchRecords); ++i)
      entries.push_back({KeyOf(events[i]), events[i].SerializeAsString()});
    {
      MutexLock lock(waiting->mutex);
      ++waiting->left;
    }
    log_.Append(kComparisonTopic, 0, std::move(entries), [waiting](absl::StatusOr<int64_t> first) {
      MutexLock lock(waiting->mutex);
      --waiting->left;
      if (!first.ok() && waiting->failed.ok()) waiting->failed = first.status();
      waiting->done.NotifyAll();
    });
  }
  const int64_t deadline_us = SystemClock().BootUs() + timeout_ms * kUsPerMs;
  {
    MutexLock lock(waiting->mutex);
    while (waiting->left > 0) {
      if (SystemClock().BootUs() > deadline_us)
        return MakeError(Reason::kLogUnavailable, "the log has not taken what is to be kept in time; retry");
      waiting->done.WaitFor(waiting->mutex, 100);
    }
    RETURN_IF_ERROR(waiting->failed);
  }
  MutexLock lock(mutex_);
  for (const v1::ComparisonEvent& event : events) Take(event);
  return absl::OkStatus();
}

std::vector<v1::StoredRule> ComparisonBook::Rules(const std::string& department) const {
  MutexLock lock(mutex_);
  std::vector<v1::StoredRule> rules;
  const auto found = departments_.find(department);
  if (found == departments_.end()) return rules;
  for (const auto& [name, rule] : found->second.rules) rules.push_back(rule);
  return rules;
}

std::vector<v1::ComparisonParameter> ComparisonBook::Parameters(const std::string& department) const {
  MutexLock lock(mutex_);
  std::vector<v1::ComparisonParameter> parameters;
  const auto found = departments_.find(department);
  if (found == departments_.end()) return parameters;
  for (const auto& [name, parameter] : found->second.parameters) parameters.push_back(parameter);
  return parameters;
}

std::vector<std::string> ComparisonBook::Departments() const {
  MutexLock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, of] : departments_) names.push_back(name);
  return names;
}

std::vector<v1::Clue> ComparisonBook::Clues(const std::string& department,
                                            const std::function<bool(const v1::Clue&)>& wanted) const {
  MutexLock lock(mutex_);
  std::vector<v1::Clue> clues;
  const auto found = departments_.find(department);
  if (found == departments_.end()) return clues;
  for (const auto& [name, clue] : found->second.clues) {
    if (wanted(clue)) clues.push_back(clue);
  }
  return clues;
}

uint64_t ComparisonBook::runs() const {
  MutexLock lock(mutex_);
  return runs_;
}

}  // namespace hangou

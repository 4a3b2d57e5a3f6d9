// The embedded log: the Log of an installation on one machine, in a folder of its own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/log/local_election.h"
#include "libs/log/log.h"
#include "libs/log/log_topic.h"

namespace hangou {

// A log in files (their format: log_format.cc). Thread-safe; owned by the process, outlives its readers and
// what appends to it.
//
// Appends are encoded by their callers and queued; one flusher thread gathers what is queued, writes one
// block per topic, commits it with one fdatasync, shows it to the readers and then calls the callbacks. Where
// the queue is full, OVERLOADED is answered on the caller's thread. Where the disk is full, appends are
// refused with STORE_FULL until there is room again. Where a commit fails, the process crashes: nothing that
// may be lost is acknowledged.
//
// What tombstones erase is taken out of the files by a thread of its own, some time after they were appended.
//
// On opening, a torn tail is cut and kept beside as *.torn. Damage before the tail is never cut: the
// partitions concerned answer DATA_LOSS with the place, the others go on.
class EmbeddedLog final : public Log {
 public:
  // Opens or creates a log in `folder`; `clock` dates a new log, and is not kept. LOG_UNAVAILABLE where
  // another process has it open; INVALID_REQUEST where it was retired; DATA_LOSS where its identity or the
  // declaration of a topic is damaged.
  static absl::StatusOr<std::unique_ptr<EmbeddedLog>> Open(const std::string& folder, const Clock& clock,
                                                           const EmbeddedLogSizes& sizes = {});
  // Commits what is queued, calls the callbacks, and closes the topics.
  ~EmbeddedLog() override;

  // Names and partition counts of all topics.
  std::map<std::string, int32_t> Topics();
  // Says that the log has moved elsewhere: from now on it cannot be opened, until somebody removes the file `moved`.
  absl::Status Retire(const std::string& where);
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

 private:
  // An append that waits for the flusher.
  struct Pending {
    LogTopic* topic;
    EncodedEntries entries;
    AppendDone done;
  };

  EmbeddedLog(std::string folder, const EmbeddedLogSizes& sizes);
  absl::Status Lock();
  absl::Status OpenIdentity(const Clock& clock);
  absl::Status OpenTopics();
  absl::StatusOr<LogTopic*> FindTopic(const std::string& topic);
  std::vector<Pending> TakeQueue(bool* stop);
  void Flush();
  void ScrubNowAndThen();
  static void Commit(std::vector<Pending> group);

  // Constant after opening.
  const std::string folder_;
  const EmbeddedLogSizes sizes_;
  FileHandle lock_;
  std::string log_id_;

  LocalElections elections_;

  Mutex topics_mutex_;  // held while a topic is created
  std::map<std::string, std::unique_ptr<LogTopic>> topics_ HANGOU_GUARDED_BY(topics_mutex_);

  Mutex queue_mutex_;
  CondVar queued_;
  std::vector<Pending> queue_ HANGOU_GUARDED_BY(queue_mutex_);
  size_t queue_bytes_ HANGOU_GUARDED_BY(queue_mutex_) = 0;
  bool stopping_ HANGOU_GUARDED_BY(queue_mutex_) = false;
  CondVar scrub_stops_;
  std::thread flusher_;
  std::thread scrubber_;
};

}  // namespace hangou

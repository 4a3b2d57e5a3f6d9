#include "libs/log/embedded_log.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "libs/base/file.h"
#include "libs/base/keys.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/log/argument_checks.h"
#include "libs/log/embedded_reader.h"
#include "libs/log/sealed_text.h"

namespace hangou {
namespace {

// What a queued append costs beside its payload: the callback and the bookkeeping.
constexpr size_t kPendingBytes = 128;
constexpr size_t kIdBytes = 16;
// Present where the log was copied elsewhere; says where.
constexpr char kMovedFile[] = "moved";
constexpr char kIdentityLine[] = "hangou-log 1";
constexpr int64_t kIdleMs = 60'000;  // an upper bound of one wait; wake-ups come from Append

}  // namespace

EmbeddedLog::EmbeddedLog(std::string folder, const EmbeddedLogSizes& sizes)
    : folder_(std::move(folder)), sizes_(sizes) {}

absl::StatusOr<std::unique_ptr<EmbeddedLog>> EmbeddedLog::Open(const std::string& folder, const Clock& clock,
                                                               const EmbeddedLogSizes& sizes) {
  RETURN_IF_ERROR(MakeFolders(folder + "/topics"));
  std::unique_ptr<EmbeddedLog> log(new EmbeddedLog(folder, sizes));
  RETURN_IF_ERROR(log->Lock());
  RETURN_IF_ERROR(log->OpenIdentity(clock));
  RETURN_IF_ERROR(log->OpenTopics());
  log->flusher_ = std::thread([raw = log.get()] { raw->Flush(); });
  pthread_setname_np(log->flusher_.native_handle(), "log-flusher");
  log->scrubber_ = std::thread([raw = log.get()] { raw->ScrubNowAndThen(); });
  pthread_setname_np(log->scrubber_.native_handle(), "log-scrubber");
  return log;
}

EmbeddedLog::~EmbeddedLog() {
  if (!flusher_.joinable()) return;  // it never opened
  {
    MutexLock lock(queue_mutex_);
    stopping_ = true;
    queued_.NotifyAll();
    scrub_stops_.NotifyAll();
  }
  scrubber_.join();
  flusher_.join();
  MutexLock lock(topics_mutex_);
  for (auto& [name, topic] : topics_) topic->Close();
}

absl::Status EmbeddedLog::Lock() {
  const std::string path = folder_ + "/lock";
  lock_ = FileHandle(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock_.is_open()) return ErrnoError(errno, "open " + path);
  if (::flock(lock_.fd(), LOCK_EX | LOCK_NB) == 0) return absl::OkStatus();
  if (errno != EWOULDBLOCK) return ErrnoError(errno, "lock " + path);
  return MakeError(Reason::kLogUnavailable,
                   "the log in " + folder_ + " is open in another process; stop that first");
}

absl::Status EmbeddedLog::OpenIdentity(const Clock& clock) {
  if (const auto moved = ReadFile(folder_ + "/" + kMovedFile); moved.ok()) {
    return MakeError(Reason::kInvalidRequest, "this log has moved to " + moved->substr(0, moved->find('\n')) +
                                                  "; what was written there since is not here. Remove " +
                                                  folder_ + "/" + kMovedFile + " only where nothing was");
  }
  const std::string path = folder_ + "/log_id";
  std::error_code error;
  if (!std::filesystem::exists(path, error) && std::filesystem::is_empty(folder_ + "/topics", error)) {
    log_id_ = Hex(RandomBytes(kIdBytes));
    RETURN_IF_ERROR(WriteSealedText(path, std::string(kIdentityLine) + "\nid " + log_id_ + "\ncreated " +
                                              FormatInstant(clock.UtcUs()) + "\n"));
    const size_t slash = folder_.rfind('/');
    return slash == std::string::npos ? absl::OkStatus() : SyncFolder(folder_.substr(0, slash + 1));
  }
  ASSIGN_OR_RETURN(const std::string lines, ReadSealedText(path, kIdentityLine));
  log_id_ = lines.substr(sizeof kIdentityLine + 3, 2 * kIdBytes);
  return absl::OkStatus();
}

absl::Status EmbeddedLog::OpenTopics() {
  MutexLock lock(topics_mutex_);
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/topics", error)) {
    const std::string path = entry.path().string();
    ASSIGN_OR_RETURN(const std::vector<uint32_t> segments, ListSegments(path));
    // A topic whose creation was cut short was never answered for.
    if (segments.empty() && !std::filesystem::exists(path + "/topic", error)) continue;
    ASSIGN_OR_RETURN(topics_[entry.path().filename().string()], LogTopic::Open(path, sizes_));
  }
  if (error) return ErrnoError(error.value(), "list " + folder_ + "/topics");
  return absl::OkStatus();
}

std::map<std::string, int32_t> EmbeddedLog::Topics() {
  std::map<std::string, int32_t> topics;
  MutexLock lock(topics_mutex_);
  for (const auto& [name, topic] : topics_) topics[name] = topic->partitions();
  return topics;
}

absl::Status EmbeddedLog::Retire(const std::string& where) {
  return WriteFileDurably(folder_ + "/" + kMovedFile, where + "\n", 0600);
}

absl::Status EmbeddedLog::EnsureTopic(const std::string& topic, int32_t partitions) {
  RETURN_IF_ERROR(CheckTopic(topic, partitions));
  MutexLock lock(topics_mutex_);
  const auto found = topics_.find(topic);
  if (found != topics_.end()) return CheckPartitionCount(topic, found->second->partitions(), partitions);
  ASSIGN_OR_RETURN(topics_[topic], LogTopic::Create(folder_ + "/topics/" + topic, partitions, sizes_));
  return absl::OkStatus();
}

absl::StatusOr<LogTopic*> EmbeddedLog::FindTopic(const std::string& topic) {
  MutexLock lock(topics_mutex_);
  const auto found = topics_.find(topic);
  if (found == topics_.end() || !found->second) return UnknownTopic(topic);
  return found->second.get();
}

void EmbeddedLog::Append(const std::string& topic, int32_t partition, std::vector<LogEntry> entries,
                         AppendDone done) {
  const auto found = FindTopic(topic);
  if (!found.ok()) return done(found.status());
  if (absl::Status whole = (*found)->CheckPartition(partition); !whole.ok()) return done(whole);
  size_t bound = 0;
  for (const LogEntry& entry : entries) bound += EntryBound(entry);
  if (absl::Status size = CheckAppend(entries.size(), bound); !size.ok()) return done(size);

  const bool tombstones =
      std::any_of(entries.begin(), entries.end(), [](const LogEntry& entry) { return !entry.value; });
  Pending pending{
      *found, {partition, static_cast<uint32_t>(entries.size()), {}, tombstones}, std::move(done)};
  pending.entries.payload.reserve(bound);
  for (const LogEntry& entry : entries) AppendEntry(&pending.entries.payload, entry);
  const size_t cost = pending.entries.payload.size() + kPendingBytes;
  {
    MutexLock lock(queue_mutex_);
    if (!stopping_ && queue_bytes_ + cost <= sizes_.queue_bytes) {
      queue_bytes_ += cost;
      queue_.push_back(std::move(pending));
      if (queue_.size() == 1) queued_.NotifyOne();
      return;
    }
  }
  pending.done(MakeError(Reason::kOverloaded, "the disk of the log is behind; retry shortly"));
}

std::vector<EmbeddedLog::Pending> EmbeddedLog::TakeQueue(bool* stop) {
  MutexLock lock(queue_mutex_);
  while (queue_.empty() && !stopping_) queued_.WaitFor(queue_mutex_, kIdleMs);
  *stop = stopping_ && queue_.empty();
  queue_bytes_ = 0;
  return std::exchange(queue_, {});
}

void EmbeddedLog::Flush() {
  for (;;) {
    bool stop = false;
    std::vector<Pending> taken = TakeQueue(&stop);
    if (stop) return;
    std::map<LogTopic*, std::vector<Pending>> by_topic;
    for (Pending& pending : taken) by_topic[pending.topic].push_back(std::move(pending));
    for (auto& [topic, all] : by_topic) {
      std::vector<Pending> group;
      size_t bytes = 0;
      for (Pending& pending : all) {
        bytes += pending.entries.payload.size();
        group.push_back(std::move(pending));
        if (bytes < kAppendBytes) continue;
        Commit(std::exchange(group, {}));
        bytes = 0;
      }
      if (!group.empty()) Commit(std::move(group));
    }
  }
}

void EmbeddedLog::ScrubNowAndThen() {
  for (;;) {
    const int64_t until_us = SystemClock().BootUs() + sizes_.scrub_every_ms * kUsPerMs;
    {
      MutexLock lock(queue_mutex_);
      while (!stopping_) {
        const int64_t left_ms = (until_us - SystemClock().BootUs()) / kUsPerMs;
        if (left_ms <= 0) break;
        scrub_stops_.WaitFor(queue_mutex_, left_ms);
      }
      if (stopping_) return;
    }
    std::vector<LogTopic*> topics;
    {
      MutexLock lock(topics_mutex_);
      for (const auto& [name, topic] : topics_) {
        if (topic) topics.push_back(topic.get());
      }
    }
    // Where there is no room it is tried again the next time.
    for (LogTopic* topic : topics) topic->Scrub().IgnoreError();
  }
}

void EmbeddedLog::Commit(std::vector<Pending> group) {
  std::vector<std::pair<int32_t, size_t>> order;  // by partition, those of one partition as they came
  for (size_t i = 0; i < group.size(); ++i) order.emplace_back(group[i].entries.partition, i);
  std::sort(order.begin(), order.end());
  std::vector<EncodedEntries> appends;
  appends.reserve(group.size());
  for (const auto& [partition, i] : order) appends.push_back(std::move(group[i].entries));
  std::vector<int64_t> first_offsets;
  const absl::Status written = group.front().topic->Write(appends, &first_offsets);
  for (size_t i = 0; i < order.size(); ++i) {
    const AppendDone& done = group[order[i].second].done;
    if (written.ok()) {
      done(first_offsets[i]);
    } else {
      done(written);
    }
  }
}

absl::StatusOr<std::map<int32_t, int64_t>> EmbeddedLog::EndOffsets(const std::string& topic,
                                                                   const std::vector<int32_t>& partitions) {
  ASSIGN_OR_RETURN(LogTopic * found, FindTopic(topic));
  std::map<int32_t, int64_t> ends;
  for (const int32_t partition : partitions) {
    RETURN_IF_ERROR(found->CheckPartition(partition));
    ends[partition] = found->End(partition);
  }
  return ends;
}

absl::StatusOr<std::unique_ptr<LogReader>> EmbeddedLog::OpenReader(const std::string& topic,
                                                                   std::map<int32_t, int64_t> from,
                                                                   ReadPace) {
  ASSIGN_OR_RETURN(LogTopic * found, FindTopic(topic));
  for (const auto& [partition, offset] : from) {
    RETURN_IF_ERROR(found->CheckPartition(partition));
    RETURN_IF_ERROR(CheckStart(partition, offset, found->End(partition)));
  }
  return std::make_unique<EmbeddedReader>(found, from);
}

}  // namespace hangou

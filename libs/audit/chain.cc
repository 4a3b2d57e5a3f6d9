#include "libs/audit/chain.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <optional>
#include <thread>

#include "libs/audit/chain_files.h"
#include "libs/audit/segment_reader.h"
#include "libs/audit/segment_writer.h"
#include "libs/base/file.h"
#include "libs/base/keys.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

// Entries that wait for the disk: a tenth of a second of the fastest disk seen, and a small part of the
// memory.
constexpr size_t kQueueEntries = 32'768;
constexpr size_t kQueueBytes = 8 << 20;
// What the flusher adds to an entry: sequence, time and the name of the process.
constexpr size_t kAddedBytes = 256;
constexpr size_t kProcessName = 128;
// A segment, before the next is begun: opening verifies files of this size one by one, and copies move them.
constexpr uint64_t kSegmentBytes = 64 << 20;
// Longest wait of AppendAndWait.
constexpr int64_t kAppendWaitMs = 10'000;
// How long the flusher sleeps at most before it looks again.
constexpr int64_t kIdleMs = 1000;

// An entry that waits for the disk.
struct Waiting {
  hangou::audit::v1::Entry entry;
  size_t bytes;
  AuditChain::Done done;
};

// True where every text of an entry is UTF-8: protobuf would write another one, and then refuse to read it.
bool IsText(const hangou::audit::v1::Entry& entry) {
  for (const std::string* text : {&entry.reason(), &entry.caller(), &entry.role(), &entry.workload(),
                                  &entry.purpose(), &entry.case_number(), &entry.subject(), &entry.note()}) {
    if (!IsValidUtf8(*text)) return false;
  }
  const auto valid = [](const std::string& text) { return IsValidUtf8(text); };
  return std::all_of(entry.decided_by().begin(), entry.decided_by().end(), valid) &&
         std::all_of(entry.entity_hashes().begin(), entry.entity_hashes().end(), valid) &&
         std::all_of(entry.positions().begin(), entry.positions().end(), valid);
}

// Keeps a second process out of a folder while it lives.
class FolderLock {
 public:
  FolderLock() = default;
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  static absl::StatusOr<FolderLock> Take(const std::string& folder) {
    FolderLock lock;
    lock.fd_ = ::open((folder + "/LOCK").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock.fd_ < 0) return ErrnoError(errno, "open " + folder + "/LOCK");
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
      return MakeError(Reason::kInternal,
                       "audit chain " + folder + " is in use by another process; stop that first");
    }
    return lock;
  }

 private:
  int fd_ = -1;
};

// Thread-safe. The flusher thread alone writes; it takes all that waits as one group.
class DiskChain : public AuditChain {
 public:
  DiskChain(std::string folder, std::string process, const Clock& clock, FolderLock lock, ChainFiles files,
            std::unique_ptr<AuditSegmentWriter> writer)
      : folder_(std::move(folder)),
        process_(std::move(process)),
        clock_(clock),
        lock_(std::move(lock)),
        head_(files.head),
        writer_(std::move(writer)),
        files_(std::move(files)) {
    flusher_ = std::thread([this] { RunFlusher(); });
    ::pthread_setname_np(flusher_.native_handle(), "audit");
  }

  // What waits is written first.
  ~DiskChain() override {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
    }
    wake_.NotifyAll();
    flusher_.join();
  }

  void Append(hangou::audit::v1::Entry entry, Done done) override {
    const size_t bytes = entry.ByteSizeLong() + kAddedBytes;
    absl::Status refused;
    if (!IsText(entry))
      refused = MakeError(Reason::kAuditUnavailable, "the audit entry has text that is not UTF-8");
    if (refused.ok()) {
      MutexLock lock(mutex_);
      refused = CheckRoom(bytes);
      if (refused.ok()) {
        queued_bytes_ += bytes;
        queue_.push_back({std::move(entry), bytes, std::move(done)});
      }
    }
    if (refused.ok()) {
      wake_.NotifyOne();
    } else {
      done(refused);
    }
  }

  absl::Status AppendAndWait(hangou::audit::v1::Entry entry) override {
    // Shared, because the answer may come after the wait has been given up.
    struct Answer {
      Mutex mutex;
      CondVar given;
      std::optional<absl::Status> status HANGOU_GUARDED_BY(mutex);
    };
    const auto answer = std::make_shared<Answer>();
    Append(std::move(entry), [answer](absl::Status status) {
      MutexLock lock(answer->mutex);
      answer->status = std::move(status);
      answer->given.NotifyOne();
    });
    const int64_t give_up_us = SystemClock().BootUs() + kAppendWaitMs * kUsPerMs;
    MutexLock lock(answer->mutex);
    while (!answer->status.has_value()) {
      const int64_t left_ms = (give_up_us - SystemClock().BootUs()) / kUsPerMs;
      if (left_ms <= 0) {
        return MakeError(Reason::kAuditUnavailable,
                         "the disk of the audit chain does not answer; look at it");
      }
      answer->given.WaitFor(answer->mutex, left_ms);
    }
    return *answer->status;
  }

  absl::StatusOr<std::vector<StoredAuditEntry>> Read(uint64_t from_sequence,
                                                     size_t max_entries) const override;

  uint64_t newest_sequence() const override {
    MutexLock lock(mutex_);
    return files_.newest_sequence;
  }

 private:
  absl::Status CheckRoom(size_t bytes) const HANGOU_REQUIRES(mutex_) {
    if (stopping_) return MakeError(Reason::kAuditUnavailable, "the audit chain is closing; retry elsewhere");
    if (bytes > kEntryBytes) {
      return MakeError(Reason::kAuditUnavailable, "the audit entry is too large; ask for less at a time");
    }
    if (queue_.size() >= kQueueEntries || queued_bytes_ + bytes > kQueueBytes) {
      return MakeError(Reason::kAuditUnavailable, "too many audit entries wait for the disk; retry later");
    }
    return absl::OkStatus();
  }

  void RunFlusher() {
    for (std::deque<Waiting> group = TakeGroup(); !group.empty(); group = TakeGroup()) {
      const absl::Status status = WriteGroup(group);
      for (Waiting& waiting : group) waiting.done(status);
    }
  }

  // All that waits; empty when the chain closes.
  std::deque<Waiting> TakeGroup() {
    MutexLock lock(mutex_);
    while (queue_.empty() && !stopping_) wake_.WaitFor(mutex_, kIdleMs);
    queued_bytes_ = 0;
    return std::exchange(queue_, {});
  }

  absl::Status WriteGroup(std::deque<Waiting>& group);
  absl::Status RollIfFull(size_t bytes);
  void Publish(const std::vector<uint64_t>& positions);

  // Constant after construction.
  const std::string folder_;
  const std::string process_;
  const Clock& clock_;  // outlives the chain
  const FolderLock lock_;

  // Of the flusher thread.
  std::string head_;
  std::unique_ptr<AuditSegmentWriter> writer_;

  mutable Mutex mutex_;
  CondVar wake_;
  std::deque<Waiting> queue_ HANGOU_GUARDED_BY(mutex_);
  size_t queued_bytes_ HANGOU_GUARDED_BY(mutex_) = 0;
  bool stopping_ HANGOU_GUARDED_BY(mutex_) = false;
  ChainFiles files_ HANGOU_GUARDED_BY(mutex_);  // what is durable

  std::thread flusher_;
};

absl::Status DiskChain::WriteGroup(std::deque<Waiting>& group) {
  size_t bytes = 0;
  for (const Waiting& waiting : group) bytes += waiting.bytes + kFrameBytes;
  RETURN_IF_ERROR(RollIfFull(bytes));

  std::string frames;
  frames.reserve(bytes);
  std::vector<uint64_t> positions;
  std::string hash = head_;
  uint64_t sequence = newest_sequence();
  const int64_t now_us = clock_.UtcUs();
  for (Waiting& waiting : group) {
    waiting.entry.set_sequence(++sequence);
    waiting.entry.set_time_us(now_us);
    waiting.entry.set_process(process_);
    const std::string entry = waiting.entry.SerializeAsString();
    hash = ChainHash(hash, entry);
    const auto place = static_cast<uint32_t>(positions.size());
    positions.push_back(writer_->end() + frames.size());
    AppendFrame({sequence, place, entry, hash}, writer_->salt(), &frames);
  }
  RETURN_IF_ERROR(writer_->Append(frames));
  head_ = hash;
  Publish(positions);
  return absl::OkStatus();
}

absl::Status DiskChain::RollIfFull(size_t bytes) {
  if (writer_ != nullptr && writer_->end() + bytes <= kSegmentBytes) return absl::OkStatus();
  const SegmentHeader header{newest_sequence() + 1, ReadBigEndian(RandomBytes(8)), head_};
  ASSIGN_OR_RETURN(std::unique_ptr<AuditSegmentWriter> next, AuditSegmentWriter::Create(folder_, header));
  if (writer_ != nullptr) writer_->Seal();
  writer_ = std::move(next);
  MutexLock lock(mutex_);
  files_.segments.push_back({writer_->path(), writer_->salt(), writer_->end()});
  return absl::OkStatus();
}

// Lets readers see the entries that have become durable at these positions.
void DiskChain::Publish(const std::vector<uint64_t>& positions) {
  MutexLock lock(mutex_);
  for (const uint64_t position : positions) files_.AddPlace(++files_.newest_sequence, position);
  files_.segments.back().end = writer_->end();
  files_.head = head_;
}

absl::StatusOr<std::vector<StoredAuditEntry>> DiskChain::Read(uint64_t from_sequence,
                                                              size_t max_entries) const {
  std::vector<StoredAuditEntry> entries;
  ChainPlace place;
  std::vector<ChainSegment> segments;
  {
    MutexLock lock(mutex_);
    if (from_sequence == 0 || from_sequence > files_.newest_sequence) return entries;
    const auto behind = std::upper_bound(
        files_.places.begin(), files_.places.end(), from_sequence,
        [](uint64_t sequence, const ChainPlace& candidate) { return sequence < candidate.sequence; });
    place = *std::prev(behind);
    segments.assign(files_.segments.begin() + static_cast<std::ptrdiff_t>(place.segment),
                    files_.segments.end());
  }
  for (const ChainSegment& segment : segments) {
    ASSIGN_OR_RETURN(const std::unique_ptr<AuditSegmentReader> reader,
                     AuditSegmentReader::Open(segment.path));
    if (&segment == segments.data()) reader->Seek(place.position);
    while (reader->position() < segment.end) {
      if (entries.size() == max_entries) return entries;
      ASSIGN_OR_RETURN(const std::optional<AuditFrame> frame, reader->Next());
      if (!frame.has_value()) {
        return MakeError(Reason::kDataLoss, "audit chain " + segment.path + " at byte " +
                                                std::to_string(reader->position()) +
                                                ": damaged since it was opened; restore it from a copy");
      }
      if (frame->sequence < from_sequence) continue;
      entries.push_back({frame->sequence, std::string(frame->entry), std::string(frame->hash)});
    }
  }
  return entries;
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditChain>> AuditChain::Open(const std::string& folder,
                                                             const std::string& process, const Clock& clock) {
  if (process.size() > kProcessName) {
    return MakeError(Reason::kInvalidRequest, "the name of the process is too long for the audit chain");
  }
  RETURN_IF_ERROR(MakeFolders(folder));
  ASSIGN_OR_RETURN(FolderLock lock, FolderLock::Take(folder));
  ASSIGN_OR_RETURN(ChainFiles files, OpenChainFiles(folder));
  std::unique_ptr<AuditSegmentWriter> writer;
  if (!files.segments.empty()) {
    const ChainSegment& newest = files.segments.back();
    ASSIGN_OR_RETURN(writer, AuditSegmentWriter::Reopen(newest.path, newest.salt, newest.end));
  }
  auto chain = std::make_unique<DiskChain>(folder, process, clock, std::move(lock), std::move(files),
                                           std::move(writer));
  hangou::audit::v1::Entry start;
  start.set_action(hangou::audit::v1::ACTION_START);
  start.set_allowed(true);
  RETURN_IF_ERROR(chain->AppendAndWait(std::move(start)));
  return chain;
}

absl::StatusOr<VerifiedChain> VerifyChainFolder(const std::string& folder,
                                                const std::function<void(const StoredAuditEntry&)>& visit) {
  // A copy of the files need not have the lock's file, and must not get one.
  std::optional<FolderLock> lock;
  if (::access((folder + "/LOCK").c_str(), F_OK) == 0) {
    ASSIGN_OR_RETURN(FolderLock taken, FolderLock::Take(folder));
    lock.emplace(std::move(taken));
  }
  ASSIGN_OR_RETURN(const ChainFiles files, OpenChainFiles(folder, TornChain::kLeave, visit));
  if (files.segments.empty() && files.torn_bytes == 0) {
    return MakeError(Reason::kObjectNotFound, "there is no audit chain in " + folder);
  }
  return VerifiedChain{files.newest_sequence, files.head, files.torn_bytes};
}

}  // namespace hangou

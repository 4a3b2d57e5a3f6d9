#include "services/audit/audit_indexer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>

#include "libs/audit_topic/audit_topic.h"
#include "libs/audit_topic/signed_head.h"
#include "libs/base/file.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

// Messages that are applied at once: at most 4 MiB of entries.
constexpr size_t kApplyMessages = 8;
constexpr int64_t kTickMs = 100;
// Between two tries of what failed: a log or a store that is not there comes back in its own time.
constexpr int64_t kRetryUs = kUsPerSecond;
// Between flushes of the view: what is read again after a crash.
constexpr int64_t kFlushUs = 30 * kUsPerSecond;

// The newest of the numbered folders below `folder`, 0 where there is none.
int NewestView(const std::string& folder) {
  int newest = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    int number = 0;
    const auto result = std::from_chars(name.data(), name.data() + name.size(), number);
    if (result.ec == std::errc() && result.ptr == name.data() + name.size())
      newest = std::max(newest, number);
  }
  return newest;
}

void RemoveViewsBefore(const std::string& folder, int number) {
  for (int old = number - 1; old > 0; --old) {
    std::error_code error;
    if (std::filesystem::remove_all(folder + "/" + std::to_string(old), error) == 0) return;
  }
}

}  // namespace

AuditIndexer::AuditIndexer(AuditIndexerOptions options, Log& log, const KeyRing& keys, const Clock& clock)
    : options_(std::move(options)),
      log_(log),
      keys_(keys),
      clock_(clock),
      public_keys_(HeadKeysOf(keys)),
      status_(MakeError(Reason::kDraining, "the audit service is starting; retry")) {}

AuditIndexer::~AuditIndexer() { Stop(); }

void AuditIndexer::Start() {
  loop_.Post([this] { OpenOnLoop(/*fresh=*/false); });
  loop_.Post([this] { TickOnLoop(); });
}

void AuditIndexer::Stop() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(stopped_, true)) return;
  }
  loop_.Run([this] {
    sources_.clear();
    if (open_) open_->Flush().IgnoreError();
  });
  loop_.Stop();
  SetStatus(MakeError(Reason::kDraining, "the service is stopping; retry"));
  TellWaiters(/*all=*/true);
}

std::shared_ptr<const AuditIndex> AuditIndexer::index() const {
  MutexLock lock(mutex_);
  return index_;
}

absl::Status AuditIndexer::status() const {
  MutexLock lock(mutex_);
  return status_;
}

void AuditIndexer::SetStatus(const absl::Status& status) {
  MutexLock lock(mutex_);
  status_ = status;
  if (!status.ok()) index_.reset();
}

void AuditIndexer::Await(const std::string& chain_id, uint64_t sequence, int64_t timeout_ms,
                         std::function<void()> done) {
  {
    MutexLock lock(mutex_);
    const bool there = index_ && index_->NewestSequence(chain_id) >= sequence;
    if (!there && !stopped_) {
      waiters_.push_back(
          {chain_id, sequence, SystemClock().BootUs() + timeout_ms * kUsPerMs, std::move(done)});
      return;
    }
  }
  done();
}

void AuditIndexer::TellWaiters(bool all) {
  std::list<Waiter> ready;
  {
    MutexLock lock(mutex_);
    const int64_t now_us = SystemClock().BootUs();
    for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
      const auto next = std::next(waiter);
      const bool there = index_ && index_->NewestSequence(waiter->chain_id) >= waiter->sequence;
      if (all || there || waiter->until_us <= now_us) ready.splice(ready.end(), waiters_, waiter);
      waiter = next;
    }
  }
  for (const Waiter& waiter : ready) waiter.done();
}

void AuditIndexer::ReportDamage() {
  loop_.Post([this] {
    if (index()) Mend(MakeError(Reason::kDataLoss, "a reader has found the view of the audit damaged"));
  });
}

void AuditIndexer::OpenOnLoop(bool fresh) {
  sources_.clear();
  absl::Status opened = EnsureAuditTopics(log_);
  if (opened.ok()) opened = OpenView(fresh);
  if (ReasonOf(opened) == Reason::kDataLoss && !fresh) {
    spdlog::warn("{}; it is built anew from the topics", Message(opened));
    opened = OpenView(/*fresh=*/true);
  }
  if (!opened.ok()) {
    SetStatus(Annotate(opened, "the audit service cannot start"));
    reopen_us_ = SystemClock().BootUs() + kRetryUs;
    return;
  }
  for (int32_t partition = 0; partition < kAuditPartitions; ++partition) {
    sources_.push_back({kAuditTopic, partition, nullptr, -1, 0, false, {}});
  }
  sources_.push_back({kAuditHeadsTopic, 0, nullptr, -1, 0, false, {}});
  PumpOnLoop();
}

absl::Status AuditIndexer::OpenView(bool fresh) {
  open_.reset();
  reopen_us_ = 0;
  RETURN_IF_ERROR(MakeFolders(options_.folder));
  const int newest = NewestView(options_.folder);
  const int number = fresh || newest == 0 ? newest + 1 : newest;
  ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                   OpenRocksStore(options_.folder + "/" + std::to_string(number), kAuditTables,
                                  StoreKind::kView, options_.budget));
  ASSIGN_OR_RETURN(open_, AuditIndex::Open(std::move(store), log_.log_id()));
  RemoveViewsBefore(options_.folder, number);
  return absl::OkStatus();
}

absl::Status AuditIndexer::OpenSource(Source& source) {
  const int64_t from = open_->NextOffset(source.topic, source.partition);
  if (source.end_at_start < 0) {
    ASSIGN_OR_RETURN(source.end_at_start, EndOfPartition(log_, source.topic, source.partition));
  }
  ASSIGN_OR_RETURN(source.reader, log_.OpenReader(source.topic, {{source.partition, from}}));
  source.reader->SetNotify([this] {
    if (!pump_posted_.exchange(true)) loop_.Post([this] { PumpOnLoop(); });
  });
  source.unreadable = false;
  return absl::OkStatus();
}

void AuditIndexer::PumpOnLoop() {
  pump_posted_ = false;
  bool more = false;
  for (Source& source : sources_) {
    const auto again = PumpSource(source);
    if (!again.ok()) return Mend(again.status());
    more = more || *again;
  }
  ServeWhenCaughtUp();
  TellWaiters(/*all=*/false);
  if (more && !pump_posted_.exchange(true)) loop_.Post([this] { PumpOnLoop(); });
}

// Applies what a source has; true where it may have more. Errors are those of the view.
absl::StatusOr<bool> AuditIndexer::PumpSource(Source& source) {
  if (source.retry_us > SystemClock().BootUs()) return false;
  if (!source.reader) {
    const absl::Status opened = OpenSource(source);
    // The view is ahead of the log: the log is the truth.
    if (ReasonOf(opened) == Reason::kPositionUnknown) return MakeError(Reason::kDataLoss, Message(opened));
    if (!opened.ok()) return DropSource(source, opened);
  }
  if (source.pending.empty()) {
    auto records = source.reader->Poll(kApplyMessages);
    if (!records.ok()) return DropSource(source, records.status());
    source.pending = std::move(*records);
  }
  if (source.pending.empty()) return false;
  RETURN_IF_ERROR(Apply(source));
  source.pending.clear();
  unflushed_ = true;
  return true;
}

absl::Status AuditIndexer::Apply(const Source& source) {
  const int64_t now_us = clock_.UtcUs();
  if (source.topic == kAuditTopic) return open_->ApplyBatches(source.pending, now_us);
  return open_->ApplyHeads(source.pending, public_keys_, now_us);
}

// Leaves a source alone for a while: it has no more now. Damage of its log is a finding.
absl::StatusOr<bool> AuditIndexer::DropSource(Source& source, const absl::Status& status) {
  source.reader.reset();
  source.retry_us = SystemClock().BootUs() + kRetryUs;
  if (ReasonOf(status) != Reason::kDataLoss || source.unreadable) return false;
  source.unreadable = true;
  const std::string place = source.topic + "/" + std::to_string(source.partition);
  spdlog::error("{} cannot be read: {}", place, Message(status));
  RETURN_IF_ERROR(open_->NoteUnreadable(place, Message(status), clock_.UtcUs()));
  return false;
}

void AuditIndexer::Mend(const absl::Status& status) {
  if (ReasonOf(status) == Reason::kDataLoss) {
    spdlog::warn("{}; the view of the audit is built anew", Message(status));
    SetStatus(MakeError(Reason::kDraining, "the view of the audit is built anew; retry"));
    return OpenOnLoop(/*fresh=*/true);
  }
  // A store that is full works again when there is room; what was read waits until then.
  const int64_t retry_us = SystemClock().BootUs() + kRetryUs;
  for (Source& source : sources_) source.retry_us = std::max(source.retry_us, retry_us);
  spdlog::error("the view of the audit does not go on: {}", Message(status));
}

void AuditIndexer::ServeWhenCaughtUp() {
  if (!open_ || index()) return;
  const bool caught_up = std::all_of(sources_.begin(), sources_.end(), [this](const Source& source) {
    return source.unreadable || (source.end_at_start >= 0 &&
                                 open_->NextOffset(source.topic, source.partition) >= source.end_at_start);
  });
  if (!caught_up) return;
  MutexLock lock(mutex_);
  index_ = open_;
  status_ = absl::OkStatus();
}

void AuditIndexer::TickOnLoop() {
  const int64_t now_us = SystemClock().BootUs();
  if (reopen_us_ != 0 && now_us > reopen_us_) OpenOnLoop(/*fresh=*/false);
  if (open_) PumpOnLoop();
  if (now_us - last_signed_us_ > options_.anchor_ms * kUsPerMs && index()) {
    last_signed_us_ = now_us;
    SignHeads();
  }
  FlushWhenDue();
  TellWaiters(/*all=*/false);
  loop_.PostAfter(kTickMs, [this] { TickOnLoop(); });
}

// What is appended here is read back like any other message; what fails is signed again next time.
void AuditIndexer::SignHeads() {
  for (const auto& chain : open_->Chains()) {
    const auto& head = chain->head;
    if (head.sequence() <= head.signed_head().sequence()) continue;
    hangou::audit::v1::SignedHead anchor;
    anchor.set_chain_id(head.chain_id());
    anchor.set_sequence(head.sequence());
    anchor.set_hash(head.hash());
    anchor.set_signed_us(clock_.UtcUs());
    std::vector<LogEntry> entries;
    entries.push_back(
        {AuditKey(head.chain_id(), head.sequence()), SignHead(keys_, std::move(anchor)).SerializeAsString()});
    log_.Append(kAuditHeadsTopic, 0, std::move(entries), [](const absl::StatusOr<int64_t>&) {});
  }
}

void AuditIndexer::FlushWhenDue() {
  const int64_t now_us = SystemClock().BootUs();
  if (!open_ || !unflushed_ || now_us - last_flush_us_ < kFlushUs) return;
  last_flush_us_ = now_us;
  unflushed_ = false;
  if (const absl::Status flushed = open_->Flush(); !flushed.ok()) Mend(flushed);
}

}  // namespace hangou

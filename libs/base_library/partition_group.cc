#include "libs/base_library/partition_group.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "libs/base/file.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

// Records read back and applied as one batch of the store: large enough to be cheap, small enough to answer soon.
constexpr size_t kApplyRecords = 1024;
// A view is flushed when so much would have to be applied again after a crash.
constexpr int64_t kFlushRecords = 200'000;
constexpr int64_t kFlushUs = 60 * kUsPerSecond;
// How often a view says that it still follows the log, where it has nothing to apply.
constexpr int64_t kFollowedUs = 3600 * kUsPerSecond;
// Memory of repeated requests is looked through in small steps.
constexpr int64_t kTickMs = 1000;
constexpr int64_t kExpiryUs = 60 * kUsPerSecond;
constexpr size_t kExpiryRows = 2000;
// Entries of one append: with keys of 1 KiB far below what a log takes.
constexpr size_t kAppendEntries = 4096;

absl::Status Starting() { return MakeError(Reason::kDraining, "the service is starting; retry"); }
absl::Status NotTheOwner() {
  return MakeError(Reason::kNotOwner, "another replica owns the partition group; retry");
}

// Numbers of the view folders below `folder`, ascending.
std::vector<int> ViewNumbers(const std::string& folder) {
  std::vector<int> numbers;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    int number = 0;
    const auto result = std::from_chars(name.data(), name.data() + name.size(), number);
    if (result.ec == std::errc() && result.ptr == name.data() + name.size()) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

PartitionGroup::PartitionGroup(PartitionGroupOptions options, Log& log, const Clock& clock)
    : options_(std::move(options)),
      log_(log),
      clock_(clock),
      reach_(std::make_shared<Reach>()),
      loop_(options_.name) {
  MutexLock lock(reach_->mutex);
  reach_->group = this;
}

PartitionGroup::~PartitionGroup() { Stop(); }

void PartitionGroup::Start() {
  loop_.Post([this] {
    absl::Status opened = OpenView(/*fresh=*/false);
    if (const auto reason = ReasonOf(opened);
        reason == Reason::kDataLoss || reason == Reason::kPositionUnknown) {
      return RebuildOnLoop();
    }
    if (opened.ok()) opened = OpenReader();
    // The view is ahead of the log: the log is the truth.
    if (ReasonOf(opened) == Reason::kPositionUnknown) return RebuildOnLoop();
    if (!opened.ok()) return FailOnLoop(opened);
    PumpOnLoop();
  });
  loop_.Post([this] { TickOnLoop(); });
}

absl::Status PartitionGroup::AwaitCopy(int64_t timeout_ms) {
  const int64_t deadline_us = SystemClock().BootUs() + timeout_ms * kUsPerMs;
  MutexLock lock(mutex_);
  while (!copy_status_) {
    const int64_t left_ms = (deadline_us - SystemClock().BootUs()) / kUsPerMs;
    if (left_ms <= 0)
      return MakeError(Reason::kDraining, options_.name + " did not catch up with the log in time");
    status_changed_.WaitFor(mutex_, left_ms);
  }
  return *copy_status_;
}

absl::Status PartitionGroup::AwaitServing(int64_t timeout_ms) {
  const int64_t deadline_us = SystemClock().BootUs() + timeout_ms * kUsPerMs;
  MutexLock lock(mutex_);
  for (;;) {
    const bool failed = copy_status_ && !copy_status_->ok();
    if (failed) return *copy_status_;
    if (status_ && status_->ok()) return absl::OkStatus();
    const int64_t left_ms = (deadline_us - SystemClock().BootUs()) / kUsPerMs;
    if (left_ms <= 0) return status_.value_or(Starting());
    status_changed_.WaitFor(mutex_, left_ms);
  }
}

void PartitionGroup::SetOwnership(uint64_t policy_epoch, uint64_t placement_epoch) {
  loop_.Post([=, this] {
    if (policy_epoch < policy_epoch_) return;
    policy_epoch_ = policy_epoch;
    wanted_epoch_ = placement_epoch;
    ReviewOwnership();
  });
}

void PartitionGroup::ReviewOwnership() {
  if (!machine_ || !caught_up_ || !copy_status().ok() || wanted_epoch_ == begun_epoch_) return;
  if (begun_epoch_ != 0) {
    Perform(machine_->EndOwnership());
    LoseOwnership();
  }
  if (wanted_epoch_ == 0) return SetStatus(NotTheOwner());
  auto effects = machine_->BeginOwnership(wanted_epoch_, clock_.UtcUs());
  if (!effects.ok()) return SetStatus(effects.status());
  begun_epoch_ = wanted_epoch_;
  Perform(std::move(*effects));
}

void PartitionGroup::LoseOwnership() {
  begun_epoch_ = 0;
  MutexLock lock(mutex_);
  view_.reset();
  status_ = NotTheOwner();
}

void PartitionGroup::ServeWhenOwner() {
  if (!machine_->Owns() || view() || !IsErasedAgain()) return;
  MutexLock lock(mutex_);
  view_ = store_;
  status_ = absl::OkStatus();
  status_changed_.NotifyAll();
}

bool PartitionGroup::IsErasedAgain() {
  if (!options_.replay->due()) return true;
  if (machine_->PendingCount() > 0) return false;
  SetStatus(
      MakeError(Reason::kDraining, "what a restored copy of the log brought back is being erased; retry"));
  auto found = options_.replay->Find(*store_);
  if (!found.ok()) {
    MendOnLoop(found.status());
    return false;
  }
  if (found->empty()) {
    const absl::Status ended = options_.replay->End();
    if (!ended.ok()) MendOnLoop(ended);
    return ended.ok();
  }
  auto effects = machine_->Decide(std::move(*found), clock_.UtcUs());
  if (effects.ok()) {
    Perform(std::move(*effects));
  } else {
    MendOnLoop(effects.status());
  }
  return false;
}

void PartitionGroup::Stop() {
  if (stopped_.exchange(true)) return;
  {
    MutexLock lock(reach_->mutex);
    reach_->group = nullptr;
  }
  loop_.Run([this] {
    if (reader_) reader_->SetNotify({});
    if (machine_) Perform(machine_->Abandon(MakeError(Reason::kDraining, "the service is stopping; retry")));
    if (store_) store_->Flush().IgnoreError();
  });
  loop_.Stop();
  SetStatus(MakeError(Reason::kDraining, "the service is stopping; retry"));
  std::vector<std::shared_ptr<Waiter>> waiting;
  {
    MutexLock lock(mutex_);
    for (auto& [partition, list] : waiters_) waiting.insert(waiting.end(), list.begin(), list.end());
    waiters_.clear();
  }
  for (auto& waiter : waiting) waiter->done(MakeError(Reason::kDraining, "the service is stopping; retry"));
}

absl::Status PartitionGroup::OpenView(bool fresh) {
  RETURN_IF_ERROR(MakeFolders(options_.folder));
  machine_.reset();
  store_.reset();
  const std::vector<int> numbers = ViewNumbers(options_.folder);
  int number = numbers.empty() ? 1 : numbers.back();
  if (fresh && !numbers.empty()) ++number;
  ASSIGN_OR_RETURN(store_, OpenRocksStore(options_.folder + "/" + std::to_string(number), kViewTables,
                                          StoreKind::kView, options_.budget, ViewPrefixLength));
  machine_ = std::make_unique<GroupMachine>(*store_, options_.partitions, options_.ledger);
  RETURN_IF_ERROR(machine_->Load(log_.log_id()));
  ASSIGN_OR_RETURN(const int64_t followed_us, machine_->FollowedUs());
  if (followed_us != 0 && clock_.UtcUs() - followed_us > kTombstonesLiveMs * kUsPerMs - kUsPerDay) {
    return MakeError(
        Reason::kPositionUnknown,
        "the view was away for longer than the log keeps tombstones, and may hold what was erased");
  }
  // Older views are of no use once a newer one is begun.
  for (int old : numbers) {
    std::error_code error;
    if (old < number) {
      std::filesystem::remove_all(options_.folder + "/" + std::to_string(old), error);
    }
  }
  return absl::OkStatus();
}

absl::Status PartitionGroup::OpenReader() {
  ASSIGN_OR_RETURN(ends_at_start_, log_.EndOffsets(options_.topic, options_.partitions));
  ASSIGN_OR_RETURN(reader_, log_.OpenReader(options_.topic, machine_->ReadFrom(), ReadPace::kRelaxed));
  reader_->SetNotify([this] {
    if (!pump_posted_.exchange(true)) loop_.Post([this] { PumpOnLoop(); });
  });
  PublishProgress();
  return absl::OkStatus();
}

void PartitionGroup::PumpOnLoop() {
  pump_posted_ = false;
  if (!machine_) return;
  // What was acknowledged here is applied.
  if (reader_) {
    for (const auto& [partition, next] : machine_->ReadFrom()) reader_->SkipTo(partition, next);
  }
  const auto records = reader_ ? reader_->Poll(kApplyRecords) : std::vector<LogRecord>();
  // Damage of the log: nothing mends it here, and the view may be the only good copy of what is lost there.
  if (ReasonOf(records.status()) == Reason::kPositionUnknown) return RebuildOnLoop();
  if (!records.ok()) return FailOnLoop(records.status());
  if (const absl::Status applied = ApplyRecords(*records); !applied.ok()) return MendOnLoop(applied);
  if (records->size() == kApplyRecords && !pump_posted_.exchange(true)) loop_.Post([this] { PumpOnLoop(); });
}

absl::Status PartitionGroup::ApplyRecords(const std::vector<LogRecord>& records) {
  if (!records.empty()) {
    ASSIGN_OR_RETURN(GroupMachine::Effects effects, machine_->Apply(records));
    TakeApplied(std::move(effects));
  }
  if (!caught_up_) NoteCaughtUp();
  ServeWhenOwner();
  return absl::OkStatus();
}

void PartitionGroup::TakeApplied(GroupMachine::Effects effects) {
  applied_count_ += static_cast<int64_t>(effects.applied);
  applied_since_flush_ += static_cast<int64_t>(effects.applied);
  PublishProgress();
  for (const ErasureEvent& erasure : effects.erased) options_.on_erased(erasure);
  if (effects.deposed) LoseOwnership();
  Perform(std::move(effects));
}

void PartitionGroup::OnAppended(GroupMachine::AcknowledgedAppend append) {
  {
    MutexLock lock(mutex_);
    acknowledged_.push_back(std::move(append));
  }
  if (!acknowledged_posted_.exchange(true)) loop_.Post([this] { ApplyAcknowledgedOnLoop(); });
}

void PartitionGroup::ApplyAcknowledgedOnLoop() {
  acknowledged_posted_ = false;
  std::vector<GroupMachine::AcknowledgedAppend> appends;
  bool more = false;
  {
    MutexLock lock(mutex_);
    for (size_t records = 0; !acknowledged_.empty() && records < kApplyRecords;) {
      records += acknowledged_.front().entries->size();
      appends.push_back(std::move(acknowledged_.front()));
      acknowledged_.pop_front();
    }
    more = !acknowledged_.empty();
  }
  if (more && !acknowledged_posted_.exchange(true)) loop_.Post([this] { ApplyAcknowledgedOnLoop(); });
  if (!machine_) return;
  auto effects = machine_->ApplyAcknowledged(appends);
  if (!effects.ok()) return MendOnLoop(effects.status());
  TakeApplied(*std::move(effects));
}

void PartitionGroup::NoteCaughtUp() {
  caught_up_ = std::all_of(ends_at_start_.begin(), ends_at_start_.end(),
                           [this](const auto& end) { return machine_->NextOffset(end.first) >= end.second; });
  if (!caught_up_) return;
  {
    MutexLock lock(mutex_);
    copy_ = store_;
    copy_status_ = absl::OkStatus();
    status_changed_.NotifyAll();
  }
  ReviewOwnership();
}

void PartitionGroup::Perform(GroupMachine::Effects effects) {
  for (auto& [partition, entries] : effects.appends) {
    for (size_t first = 0; first < entries.size(); first += kAppendEntries) {
      const auto begin = entries.begin() + static_cast<std::ptrdiff_t>(first);
      const auto end =
          entries.begin() + static_cast<std::ptrdiff_t>(std::min(entries.size(), first + kAppendEntries));
      AppendToLog(partition, {std::make_move_iterator(begin), std::make_move_iterator(end)});
    }
  }
  oldest_pending_us_ = machine_ ? machine_->OldestPendingUs() : 0;
  for (GroupMachine::Answer& answer : effects.answers) {
    answer.sink->OnOutcome(answer.place, std::move(answer.outcome));
  }
}

void PartitionGroup::AppendToLog(int32_t partition, std::vector<LogEntry> entries) {
  GroupMachine::AcknowledgedAppend append{partition, -1,
                                          std::make_shared<const std::vector<LogEntry>>(entries)};
  log_.Append(options_.topic, partition, std::move(entries),
              [reach = reach_, append = std::move(append)](absl::StatusOr<int64_t> offset) mutable {
                MutexLock lock(reach->mutex);
                if (reach->group == nullptr) return;
                if (!offset.ok()) return reach->group->OnAppendFailed(append, offset.status());
                append.first_offset = *offset;
                reach->group->OnAppended(std::move(append));
              });
}

void PartitionGroup::OnAppendFailed(const GroupMachine::AcknowledgedAppend& append,
                                    const absl::Status& status) {
  loop_.Post([this, append, status] {
    if (!machine_) return;
    if (machine_->Owns()) return Perform(machine_->AppendFailed(*append.entries, status));
    if (begun_epoch_ == 0) return;
    // Without its owner epoch in the log it cannot begin: it tries again, under a higher one.
    machine_->EndOwnership();
    begun_epoch_ = 0;
    SetStatus(status);
    loop_.PostAfter(kTickMs, [this] { ReviewOwnership(); });
  });
}

void PartitionGroup::Submit(std::vector<Submission> submissions) {
  loop_.Post(
      [this, submissions = std::move(submissions)]() mutable { SubmitOnLoop(std::move(submissions)); });
}

void PartitionGroup::SubmitOnLoop(std::vector<Submission> submissions) {
  std::vector<std::pair<std::shared_ptr<OutcomeSink>, uint32_t>> places;
  for (const Submission& submission : submissions) {
    const hangou::record::v1::Envelope& envelope = submission.envelope;
    places.emplace_back(submission.sink, HeadOf(envelope).request_place());
  }
  absl::Status refusal = status();
  if (refusal.ok() && machine_ && machine_->Owns()) {
    auto effects = machine_->Decide(std::move(submissions), clock_.UtcUs());
    if (effects.ok()) return Perform(std::move(*effects));
    refusal = effects.status();
    MendOnLoop(refusal);
  }
  if (refusal.ok()) refusal = Starting();
  const Reason reason = ReasonOf(refusal).value_or(Reason::kDraining);
  for (const auto& [sink, place] : places)
    sink->OnOutcome(place, RefusedOutcome(reason, "", Message(refusal)));
}

void PartitionGroup::FailOnLoop(const absl::Status& status) {
  if (stopped_) return;
  {
    MutexLock lock(mutex_);
    status_ = copy_status_ = Annotate(status, options_.name);
    status_changed_.NotifyAll();
  }
  if (machine_) Perform(machine_->Abandon(status));
}

void PartitionGroup::MendOnLoop(const absl::Status& status) {
  const auto reason = ReasonOf(status);
  if (reason == Reason::kDataLoss) return RebuildOnLoop();
  if (reason != Reason::kStoreFull) return FailOnLoop(status);
  // A store that is full works again when there is room: then the same records are read and applied again.
  SetStatus(status);
  if (const absl::Status opened = OpenReader(); !opened.ok()) return FailOnLoop(opened);
  loop_.PostAfter(kTickMs, [this] {
    SetStatus(machine_ && machine_->Owns() ? absl::OkStatus() : NotTheOwner());
    PumpOnLoop();
  });
}

void PartitionGroup::ReportDamage() {
  loop_.Post([this] {
    if (copy()) RebuildOnLoop();
  });
}

void PartitionGroup::RebuildOnLoop() {
  {
    MutexLock lock(mutex_);
    view_.reset();
    copy_.reset();
    // While it starts, whoever waits for the start goes on waiting.
    if (status_) status_.emplace(MakeError(Reason::kDraining, "the view is rebuilt from the log; retry"));
  }
  if (reader_) reader_->SetNotify({});
  reader_.reset();
  if (machine_)
    Perform(machine_->Abandon(MakeError(Reason::kDraining, "the view is rebuilt from the log; retry")));
  caught_up_ = false;
  begun_epoch_ = 0;
  ends_at_start_.clear();
  // The damaged view goes only where the log can be read from its start.
  std::map<int32_t, int64_t> whole_log;
  for (int32_t partition : options_.partitions) whole_log[partition] = 0;
  if (const auto readable = log_.OpenReader(options_.topic, whole_log); !readable.ok()) {
    return RebuildLater(readable.status());
  }
  absl::Status opened = OpenView(/*fresh=*/true);
  if (opened.ok()) opened = OpenReader();
  if (!opened.ok()) return RebuildLater(opened);
  PumpOnLoop();
}

void PartitionGroup::RebuildLater(const absl::Status& status) {
  if (ReasonOf(status) != Reason::kLogUnavailable) return FailOnLoop(status);
  loop_.PostAfter(kTickMs, [this] { RebuildOnLoop(); });
}

void PartitionGroup::TickOnLoop() {
  FlushWhenDue();
  if (machine_) ServeWhenOwner();
  const int64_t now_boot_us = clock_.BootUs();
  if (machine_ && machine_->Owns() && now_boot_us - last_expiry_boot_us_ > kExpiryUs) {
    last_expiry_boot_us_ = now_boot_us;
    if (const absl::Status expired = ExpireOnLoop(); !expired.ok()) MendOnLoop(expired);
  }
  loop_.PostAfter(kTickMs, [this] { TickOnLoop(); });
}

absl::Status PartitionGroup::ExpireOnLoop() {
  const int64_t now_us = clock_.UtcUs();
  RETURN_IF_ERROR(machine_->ExpireRequests(now_us - limits::kRequestMemoryUs, kExpiryRows).status());
  ASSIGN_OR_RETURN(auto ended, machine_->EndErasures(now_us - limits::kErasureNoticeUs, kExpiryRows));
  Perform(std::move(ended));
  return absl::OkStatus();
}

void PartitionGroup::FlushWhenDue() {
  const int64_t now_us = clock_.BootUs();
  const bool due = applied_since_flush_ >= kFlushRecords ||
                   (applied_since_flush_ > 0 && now_us - last_flush_boot_us_ > kFlushUs) ||
                   now_us - last_flush_boot_us_ > kFollowedUs;
  if (!due || !store_ || !machine_) return;
  applied_since_flush_ = 0;
  last_flush_boot_us_ = now_us;
  if (caught_up_) {
    if (const absl::Status noted = machine_->NoteFollowed(clock_.UtcUs()); !noted.ok())
      return MendOnLoop(noted);
  }
  if (const absl::Status status = store_->Flush(); !status.ok()) MendOnLoop(status);
}

void PartitionGroup::PublishProgress() {
  std::vector<std::shared_ptr<Waiter>> ready;
  {
    MutexLock lock(mutex_);
    for (int32_t partition : options_.partitions) applied_end_[partition] = machine_->NextOffset(partition);
    for (auto& [partition, list] : waiters_) {
      const int64_t end = applied_end_[partition];
      std::erase_if(list, [&](const std::shared_ptr<Waiter>& waiter) {
        if (waiter->offset >= end) return false;
        ready.push_back(waiter);
        return true;
      });
    }
  }
  for (auto& waiter : ready) waiter->done(absl::OkStatus());
}

void PartitionGroup::SetStatus(absl::Status status) {
  MutexLock lock(mutex_);
  status_ = std::move(status);
  status_changed_.NotifyAll();
}

std::shared_ptr<const Store> PartitionGroup::view() const {
  MutexLock lock(mutex_);
  return view_;
}

std::shared_ptr<const Store> PartitionGroup::copy() const {
  MutexLock lock(mutex_);
  return copy_;
}

absl::Status PartitionGroup::copy_status() const {
  MutexLock lock(mutex_);
  return copy_status_.value_or(Starting());
}

absl::Status PartitionGroup::status() const {
  MutexLock lock(mutex_);
  return status_.value_or(Starting());
}

int64_t PartitionGroup::lag_us() const {
  const int64_t oldest_us = oldest_pending_us_.load();
  return oldest_us == 0 ? 0 : std::max<int64_t>(0, clock_.UtcUs() - oldest_us);
}

absl::Status PartitionGroup::CheckLag() const {
  if (lag_us() < limits::kApplyLagMs * kUsPerMs) return absl::OkStatus();
  return MakeError(Reason::kOverloaded, "applying lags behind; retry in a second");
}

int64_t PartitionGroup::AppliedEnd(int32_t partition) const {
  MutexLock lock(mutex_);
  const auto found = applied_end_.find(partition);
  return found == applied_end_.end() ? 0 : found->second;
}

void PartitionGroup::WaitApplied(int32_t partition, int64_t offset, int64_t timeout_ms,
                                 std::function<void(absl::Status)> done) {
  const auto registered = std::make_shared<Waiter>(Waiter{offset, std::move(done)});
  bool applied = false;
  {
    MutexLock lock(mutex_);
    applied = applied_end_[partition] > offset;
    if (!applied) waiters_[partition].push_back(registered);
  }
  if (applied) return registered->done(absl::OkStatus());
  loop_.PostAfter(timeout_ms, [this, partition, weak = std::weak_ptr<Waiter>(registered)] {
    const auto late = weak.lock();
    if (!late) return;
    {
      MutexLock lock(mutex_);
      if (std::erase(waiters_[partition], late) == 0) return;
    }
    late->done(MakeError(Reason::kPositionTimeout, "the position was not applied in time; retry"));
  });
}

}  // namespace hangou

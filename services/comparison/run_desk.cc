#include "services/comparison/run_desk.h"

#include <algorithm>
#include <utility>

#include "libs/base/keys.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// An estimate from less would jump.
constexpr int64_t kTellingUs = 500'000;
// A run is named by so many random bytes: nobody guesses one, and no two are the same.
constexpr size_t kRunIdBytes = 8;

bool ReadsAll(v1::RunPhase phase) {
  return phase == v1::RUN_PHASE_CUT_OFFS || phase == v1::RUN_PHASE_COMPARING;
}

}  // namespace

std::optional<int64_t> LeftMs(int64_t rows, int64_t expected_rows, int64_t read_us) {
  if (rows <= 0 || read_us < kTellingUs || expected_rows < rows) return std::nullopt;
  return static_cast<int64_t>(static_cast<double>(read_us) / static_cast<double>(rows) *
                              static_cast<double>(expected_rows - rows)) /
         1'000;
}

void RunMeter::Begin(v1::RunPhase phase, int64_t rows, int64_t now_us) {
  if (ReadsAll(phase)) {
    if (read_begin_us_ == 0) read_begin_us_ = now_us;
  } else if (read_begin_us_ != 0 && read_end_us_ == 0) {
    read_end_us_ = now_us;
  }
  rows_before_ += rows_.exchange(0);
  // Keys and findings of a first pass are none of the comparison.
  if (phase == v1::RUN_PHASE_COMPARING) control.keys = 0;
  rows_in_all_ = rows;
  phase_ = phase;
}

int64_t RunMeter::ReadUs(int64_t now_us) const {
  if (read_begin_us_ == 0) return 0;
  return (read_end_us_ == 0 ? now_us : read_end_us_.load()) - read_begin_us_;
}

void RunMeter::Fill(int64_t now_us, v1::RunProgress* progress) const {
  progress->set_phase(phase_);
  progress->set_rows(rows_in_all_);
  // A block may be counted just when the phase ends.
  progress->set_read_rows(std::min<int64_t>(rows_, rows_in_all_));
  progress->set_keys(control.keys);
  progress->set_findings(findings);
  if (!ReadsAll(phase_)) return;
  if (const auto left_ms = LeftMs(read_rows(), expected_rows_, ReadUs(now_us)))
    progress->set_left_ms(*left_ms);
}

absl::StatusOr<RunDesk::Taken> RunDesk::Take(const RunIdentity& identity) {
  MutexLock lock(mutex_);
  if (draining_) return MakeError(Reason::kDraining, "the service is stopping; retry");
  for (const auto& [id, entry] : entries_) {
    if (!entry.outcome && entry.run->identity == identity && !entry.run->meter.control.cancelled)
      return Taken{entry.run, true};
  }
  Entry entry;
  entry.run = std::make_shared<RunUnderWay>(Hex(RandomBytes(kRunIdBytes)), identity, clock_.UtcUs());
  Taken taken = {entry.run, false};
  std::string id = entry.run->id;
  entries_.emplace(std::move(id), std::move(entry));
  return taken;
}

std::shared_ptr<RunUnderWay> RunDesk::Find(const std::string& department, const std::string& id) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.run->identity.department != department) return nullptr;
  return found->second.run;
}

void RunDesk::WhenEnded(const std::shared_ptr<RunUnderWay>& run, Ended ended) {
  std::optional<Outcome> outcome;
  {
    MutexLock lock(mutex_);
    const auto found = entries_.find(run->id);
    if (found == entries_.end()) {
      outcome = MakeError(Reason::kObjectNotFound, "the run has ended long ago");
    } else if (found->second.outcome) {
      outcome = found->second.outcome;
    } else {
      found->second.waiting.push_back(std::move(ended));
      return;
    }
  }
  ended(*outcome);
}

bool RunDesk::Start(const std::shared_ptr<RunUnderWay>& run) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(run->id);
  if (found == entries_.end() || found->second.outcome) return false;
  found->second.started = true;
  return true;
}

void RunDesk::End(const std::shared_ptr<RunUnderWay>& run, Outcome outcome) {
  std::vector<Ended> waiting;
  {
    MutexLock lock(mutex_);
    const auto found = entries_.find(run->id);
    if (found == entries_.end() || found->second.outcome) return;
    if (draining_ && absl::IsCancelled(outcome.status()))
      outcome = MakeError(Reason::kDraining, "the service is stopping; run it again");
    run->meter.Begin(v1::RUN_PHASE_ENDED, 0, clock_.BootUs());
    found->second.outcome = outcome;
    waiting.swap(found->second.waiting);
    ended_.push_back(run->id);
    if (ended_.size() > kEndedRuns) {
      entries_.erase(ended_.front());
      ended_.pop_front();
    }
  }
  for (const Ended& ended : waiting) ended(outcome);
}

absl::Status RunDesk::Cancel(const std::string& department, const std::string& id) {
  const auto run = Find(department, id);
  if (run == nullptr)
    return MakeError(Reason::kObjectNotFound, "no such run of your department is under way");
  bool queued = false;
  {
    MutexLock lock(mutex_);
    run->meter.control.cancelled = true;
    const auto found = entries_.find(id);
    queued = found != entries_.end() && !found->second.started;
  }
  if (queued) End(run, absl::CancelledError("the run was cancelled before it began"));
  return absl::OkStatus();
}

void RunDesk::Drain() {
  std::vector<std::shared_ptr<RunUnderWay>> queued;
  {
    MutexLock lock(mutex_);
    draining_ = true;
    for (const auto& [id, entry] : entries_) {
      if (entry.outcome) continue;
      entry.run->meter.control.cancelled = true;
      if (!entry.started) queued.push_back(entry.run);
    }
  }
  for (const auto& run : queued) End(run, absl::CancelledError());
}

}  // namespace hangou

// The runs that are queued or under way: who asks for the same shares one, and each can be watched and ended.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/comparison/v1/comparison.pb.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/comparison/run.h"

namespace hangou {

// Runs whose end is kept for those who lost their connection meanwhile: some kilobytes each.
constexpr size_t kEndedRuns = 64;

// How far a run is. The run writes, on all its threads; anybody reads.
class RunMeter {
 public:
  // Ends the run, and what it counts of keys.
  RunControl control;
  // Findings so far.
  std::atomic<int64_t> findings = 0;

  // A phase begins that reads so many rows; 0: none, or not known. Before the first that reads any, `expected_rows`
  // says how many all phases read.
  void Begin(hangou::comparison::v1::RunPhase phase, int64_t rows, int64_t now_us);
  void Expect(int64_t expected_rows) { expected_rows_ = expected_rows; }
  // Rows were read in this phase.
  void AddRows(int64_t rows) { rows_ += rows; }
  hangou::comparison::v1::RunPhase phase() const { return phase_; }
  // Rows that were read in all phases, and microseconds in which that was done.
  int64_t read_rows() const { return rows_before_ + rows_; }
  int64_t ReadUs(int64_t now_us) const;
  // Fills what RunProgress tells of it.
  void Fill(int64_t now_us, hangou::comparison::v1::RunProgress* progress) const;

 private:
  std::atomic<hangou::comparison::v1::RunPhase> phase_ = hangou::comparison::v1::RUN_PHASE_QUEUED;
  std::atomic<int64_t> rows_ = 0;
  std::atomic<int64_t> rows_in_all_ = 0;
  std::atomic<int64_t> rows_before_ = 0;  // of former phases
  std::atomic<int64_t> expected_rows_ = 0;
  std::atomic<int64_t> read_begin_us_ = 0;  // 0: nothing was read yet
  std::atomic<int64_t> read_end_us_ = 0;    // 0: more is read
};

// Milliseconds that are left when `rows` of `expected_rows` were read in `read_us`; none while that says too little.
std::optional<int64_t> LeftMs(int64_t rows, int64_t expected_rows, int64_t read_us);

// What makes two calls ask for the same run.
struct RunIdentity {
  std::string department;
  std::string rule;
  uint64_t version = 0;
  std::string period;
  int32_t as_of_day = 0;
  bool dry_run = false;
  bool new_cut_offs = false;

  auto operator<=>(const RunIdentity&) const = default;
};

// A run from when it is asked for until nobody knows it any more. Shared; what is not atomic is the desk's.
struct RunUnderWay {
  RunUnderWay(std::string run_id, RunIdentity run_identity, int64_t utc_us)
      : id(std::move(run_id)), identity(std::move(run_identity)), asked_utc_us(utc_us) {}

  const std::string id;
  const RunIdentity identity;
  const int64_t asked_utc_us;
  RunMeter meter;
};

// Knows the runs. Thread-safe; callbacks run on the thread that ends a run, under no lock, and must not block.
class RunDesk {
 public:
  using Outcome = absl::StatusOr<hangou::comparison::v1::Run>;
  using Ended = std::function<void(const Outcome& outcome)>;
  struct Taken {
    std::shared_ptr<RunUnderWay> run;
    bool joined = false;  // else the caller sees to it that it is run, and ends it
  };

  explicit RunDesk(const Clock& clock) : clock_(clock) {}

  // The run with this identity: one that is queued or under way and not cancelled, or a new one. DRAINING.
  absl::StatusOr<Taken> Take(const RunIdentity& identity);
  // A run of a department by its id, also one that ended lately; null where there is none.
  std::shared_ptr<RunUnderWay> Find(const std::string& department, const std::string& id) const;
  // Calls `ended` once, when the run has ended; at once where it has.
  void WhenEnded(const std::shared_ptr<RunUnderWay>& run, Ended ended);
  // True where the run's turn is still wanted; it is under way from then on. False where it was ended in the queue.
  bool Start(const std::shared_ptr<RunUnderWay>& run);
  // Ends a run with what came of it. Only the first call counts.
  void End(const std::shared_ptr<RunUnderWay>& run, Outcome outcome);
  // Cancels a run: one that is queued ends at once, one under way by itself. OBJECT_NOT_FOUND.
  absl::Status Cancel(const std::string& department, const std::string& id);
  // Cancels all, and refuses what comes: what ends from here on without a result ends with DRAINING. Idempotent.
  void Drain();

 private:
  struct Entry {
    std::shared_ptr<RunUnderWay> run;
    bool started = false;
    std::optional<Outcome> outcome;
    std::vector<Ended> waiting;
  };

  const Clock& clock_;
  mutable Mutex mutex_;
  std::map<std::string, Entry> entries_ HANGOU_GUARDED_BY(mutex_);  // by id
  std::deque<std::string> ended_ HANGOU_GUARDED_BY(mutex_);         // ids, the oldest first
  bool draining_ HANGOU_GUARDED_BY(mutex_) = false;
};

}  // namespace hangou

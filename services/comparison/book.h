// Rules, parameters, runs and clues as the topic of comparison has them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/comparison/v1/comparison.pb.h"
#include "libs/base/mutex.h"
#include "libs/log/log.h"

namespace hangou {

// The topic: one partition, compacted by the names of what stands in it.
inline constexpr char kComparisonTopic[] = "hangou.comparison";

// Runs of a rule and period whose findings are kept, so that two of them can be compared: a year of monthly runs. What
// 100,000 findings take is 1.6 MB.
constexpr size_t kKeptRuns = 12;

// A clue as it is kept: it is replaced, never changed.
using StoredClue = std::shared_ptr<const hangou::comparison::v1::Clue>;
// The number in the name of a clue, and back.
uint64_t ClueNumber(const std::string& name);
std::string ClueName(uint64_t number);

// What is written of one kind of event is kept under its name and department. Thread-safe; `log` must outlive it.
// There is one process that writes.
class ComparisonBook {
 public:
  explicit ComparisonBook(Log& log) : log_(log) {}

  // Reads the topic to the end that it has now. Once, before anything else.
  absl::Status Open();
  // Makes events of what stands in the book, with `make`, and writes them durably, in their order, before anybody else
  // makes some. They are taken in when they are durable. LOG_UNAVAILABLE: they may be there or not.
  using MakeEvents =
      std::function<absl::Status(std::vector<hangou::comparison::v1::ComparisonEvent>* events)>;
  absl::Status Change(int64_t timeout_ms, const MakeEvents& make);
  // Writes events that are made without looking at the book.
  absl::Status Write(const std::vector<hangou::comparison::v1::ComparisonEvent>& events, int64_t timeout_ms);

  // The rules and parameters of a department, in the order of their names.
  std::vector<hangou::comparison::v1::StoredRule> Rules(const std::string& department) const;
  std::vector<hangou::comparison::v1::ComparisonParameter> Parameters(const std::string& department) const;
  // Departments that have rules.
  std::vector<std::string> Departments() const;
  std::vector<hangou::comparison::v1::TaxOffice> Offices(const std::string& department) const;
  // The results of a department, in the order of their resources.
  std::vector<hangou::comparison::v1::StoredResult> Results(const std::string& department) const;
  // Clues of a department for which `wanted` is true, in the order of their names.
  std::vector<StoredClue> Clues(const std::string& department,
                                const std::function<bool(const hangou::comparison::v1::Clue&)>& wanted) const;
  // Clues of a department that were written at or behind `from`, in the order in which they were, each as it is now: at
  // most `limit` for which `wanted` is true. `next` is where to go on.
  struct ChangedClues {
    std::vector<StoredClue> clues;
    int64_t next = 0;
  };
  ChangedClues CluesFrom(const std::string& department, int64_t from, size_t limit,
                         const std::function<bool(const hangou::comparison::v1::Clue&)>& wanted) const;
  // Where what is written next will stand, or before that.
  int64_t end() const;
  // Where the clues of a department stand that came behind a run; none where there is no such run.
  std::optional<int64_t> BehindRun(const std::string& department, const std::string& name) const;
  // Calls `changed` when clues were written, from a thread that writes: it must not block. Once, before the first call.
  void OnClues(std::function<void()> changed) { on_clues_ = std::move(changed); }
  // How fast the last runs of a rule were read, of each period, and those of all departments; 0 rows where none has
  // told.
  struct ReadSpeed {
    int64_t rows = 0;
    int64_t us = 0;
  };
  ReadSpeed SpeedOf(const std::string& department, const std::string& rule) const;
  ReadSpeed SpeedOfAll(int64_t least_rows) const;
  // A clue by its name; null where there is none.
  StoredClue FindClue(const std::string& department, const std::string& name) const;
  // The evidence of a clue; none where none is kept. LOG_UNAVAILABLE, DATA_LOSS.
  absl::StatusOr<std::optional<hangou::comparison::v1::ClueEvidence>> Evidence(const std::string& department,
                                                                               const std::string& clue) const;
  // A run by its name; none where there is none.
  absl::StatusOr<std::optional<hangou::comparison::v1::Run>> FindRun(const std::string& department,
                                                                     const std::string& name) const;
  bool HasEvidence(const std::string& department, const std::string& clue) const;
  // Names of the clues of a department whose evidence has a record of a resource.
  std::vector<std::string> CluesOfRecord(const std::string& department, const std::string& resource,
                                         uint64_t record) const;
  // Takes that a record was erased; true where evidence has it, so that it is to be taken away. What a run gathered
  // before it is not kept after it.
  bool NoteErased(const std::string& department, const std::string& resource, uint64_t record);
  // How many records were noted so far.
  size_t erased_count() const;
  // True where evidence has a record that was noted behind the first `count`.
  bool WasErasedSince(size_t count, const hangou::comparison::v1::ClueEvidence& evidence) const;
  // Runs of a department whose findings are kept, the oldest first.
  struct KeptRun {
    uint64_t number = 0;
    std::string rule;
    std::string period;
  };
  std::vector<KeptRun> KeptRuns(const std::string& department) const;
  // Amounts by number of clue of what a run found; none where they are not kept.
  std::optional<std::map<uint64_t, int64_t>> Findings(const std::string& department, uint64_t run) const;
  // How many runs there were.
  uint64_t runs() const;
  // The last run of a rule for a period that kept clues; none where there was none.
  std::optional<hangou::comparison::v1::Run> LastRun(const std::string& department, const std::string& rule,
                                                     const std::string& period) const;
  // What a department follows.
  std::vector<hangou::comparison::v1::FollowedRule> Followed(const std::string& department) const;

 private:
  using Event = hangou::comparison::v1::ComparisonEvent;
  // What a run found; clues ascending.
  struct RunFound {
    std::string rule;
    std::string period;
    uint32_t parts = 0;
    std::vector<std::pair<uint64_t, int64_t>> found;
  };
  struct OfDepartment {
    std::map<std::string, hangou::comparison::v1::StoredRule> rules;
    std::map<std::string, hangou::comparison::v1::ComparisonParameter> parameters;
    std::map<std::string, hangou::comparison::v1::TaxOffice> offices;
    std::map<std::string, hangou::comparison::v1::StoredResult> results;  // by resource
    std::map<std::pair<std::string, std::string>, hangou::comparison::v1::Run>
        last_runs;  // by rule and period
    std::map<std::pair<std::string, std::string>, hangou::comparison::v1::FollowedRule> followed;
    std::map<std::string, StoredClue> clues;
    std::map<int64_t, StoredClue> clues_at;             // the same by offset
    std::unordered_map<uint64_t, int64_t> offset_of;    // by number of the clue
    std::map<uint64_t, RunFound> findings;              // by number of the run
    std::map<std::string, int64_t> runs_at;             // offset by name
    std::unordered_map<uint64_t, int64_t> evidence_at;  // offset by number of the clue
    std::set<std::pair<uint64_t, uint64_t>> rows;       // hash of resource and record, number of the clue
  };

  // Takes an event that stands at an offset.
  void Take(const Event& event, int64_t offset) HANGOU_REQUIRES(mutex_);
  void TakeFindings(const hangou::comparison::v1::RunFindings& findings, OfDepartment* of)
      HANGOU_REQUIRES(mutex_);
  void TakeEvidence(const hangou::comparison::v1::ClueEvidence& evidence, int64_t offset, OfDepartment* of)
      HANGOU_REQUIRES(mutex_);
  // Forgets what a tombstone of this key takes away.
  void Forget(const std::string& key) HANGOU_REQUIRES(mutex_);
  // Keys of findings that are older than what is kept.
  std::vector<std::string> OldFindings() const;
  // The event at an offset; none where it was taken away.
  absl::StatusOr<std::optional<Event>> ReadAt(int64_t offset) const;
  absl::Status Append(const std::vector<Event>& events, const std::vector<std::string>& gone,
                      int64_t timeout_ms);

  Log& log_;
  Mutex change_mutex_;  // held while events are made and written; before mutex_
  mutable Mutex mutex_;
  std::map<std::string, OfDepartment> departments_ HANGOU_GUARDED_BY(mutex_);
  uint64_t runs_ HANGOU_GUARDED_BY(mutex_) = 0;
  int64_t end_ HANGOU_GUARDED_BY(mutex_) = 0;
  std::function<void()> on_clues_;
  std::vector<uint64_t> erased_ HANGOU_GUARDED_BY(mutex_);  // hashes of resource and record
};

}  // namespace hangou

#include "services/comparison/book.h"

#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/numbers.h"
#include "libs/base/clock.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

constexpr int64_t kOpenMs = 60'000;
constexpr int64_t kReadEvidenceMs = 10'000;
constexpr char kRunPrefix[] = "runs/";
constexpr char kCluePrefix[] = "clues/";
constexpr char kFindingsWord[] = "/findings/";
constexpr char kEvidenceWord[] = "/evidence";

std::string FindingsKey(const std::string& department, const std::string& run, uint32_t part) {
  return department + "/" + run + kFindingsWord + std::to_string(part);
}

// What compaction keeps the newest of.
std::string KeyOf(const v1::ComparisonEvent& event) {
  switch (event.event_case()) {
    case v1::ComparisonEvent::kRule:
      return event.department() + "/" + event.rule().rule().name();
    case v1::ComparisonEvent::kParameter:
      return event.department() + "/" + event.parameter().name();
    case v1::ComparisonEvent::kOffice:
      return event.department() + "/" + event.office().name();
    case v1::ComparisonEvent::kRun:
      return event.department() + "/" + event.run().name();
    case v1::ComparisonEvent::kFindings:
      return FindingsKey(event.department(), event.findings().run(), event.findings().part());
    case v1::ComparisonEvent::kResult:
      return event.department() + "/results/" + event.result().result().resource();
    case v1::ComparisonEvent::kEvidence:
      return event.department() + "/" + event.evidence().clue() + kEvidenceWord;
    case v1::ComparisonEvent::kFollowed:
      return event.department() + "/followed/" + event.followed().rule() + "/" + event.followed().period();
    default:
      return event.department() + "/" + event.clue().name();
  }
}

// Evidence of no run: it is taken away.
bool TakesAway(const v1::ComparisonEvent& event) {
  return event.has_evidence() && event.evidence().run().empty();
}

uint64_t NumberOfRun(const std::string& run) {
  uint64_t number = 0;
  return run.rfind(kRunPrefix, 0) == 0 && absl::SimpleAtoi(run.substr(sizeof kRunPrefix - 1), &number)
             ? number
             : 0;
}

// Waits for a reader: what a log of other machines holds comes a little later. Used by one thread; the reader outlives
// it.
class ReaderWait {
 public:
  explicit ReaderWait(LogReader& reader) : reader_(reader) {
    reader_.SetNotify([this] {
      MutexLock lock(mutex_);
      notified_ = true;
      more_.NotifyAll();
    });
  }
  ~ReaderWait() { reader_.SetNotify({}); }
  // Returns when there may be more, and now and then.
  void Wait() {
    MutexLock lock(mutex_);
    if (!notified_) more_.WaitFor(mutex_, 100);
    notified_ = false;
  }

 private:
  LogReader& reader_;
  Mutex mutex_;
  CondVar more_;
  bool notified_ HANGOU_GUARDED_BY(mutex_) = false;
};

uint64_t RowHash(const std::string& resource, uint64_t record) {
  return XXH3_64bits_withSeed(resource.data(), resource.size(), record);
}

}  // namespace

uint64_t ClueNumber(const std::string& name) {
  uint64_t number = 0;
  const size_t begin = sizeof kCluePrefix - 1;
  if (name.size() > begin) std::from_chars(name.data() + begin, name.data() + name.size(), number, 16);
  return number;
}

std::string ClueName(uint64_t number) {
  std::string bytes;
  AppendBigEndian(&bytes, number, 8);
  return kCluePrefix + Hex(bytes);
}

absl::Status ComparisonBook::Open() {
  RETURN_IF_ERROR(log_.EnsureTopic(kComparisonTopic, 1));
  ASSIGN_OR_RETURN(const auto ends, log_.EndOffsets(kComparisonTopic, {0}));
  ASSIGN_OR_RETURN(const auto reader, log_.OpenReader(kComparisonTopic, {{0, 0}}));
  ReaderWait wait(*reader);
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
      wait.Wait();
      if (SystemClock().BootUs() > deadline_us)
        status = MakeError(Reason::kLogUnavailable, "the topic of comparison is not read in time; retry");
      continue;
    }
    MutexLock lock(mutex_);
    for (const LogRecord& record : *records) {
      next = record.offset + 1;
      v1::ComparisonEvent event;
      if (!record.value) {
        Forget(record.key);
        continue;
      }
      if (!event.ParseFromString(*record.value)) {
        status =
            MakeError(Reason::kDataLoss, "the record at offset " + std::to_string(record.offset) + " of " +
                                             kComparisonTopic + " cannot be read; restore the log");
        break;
      }
      Take(event, record.offset);
    }
  }
  return status;
}

void ComparisonBook::Take(const v1::ComparisonEvent& event, int64_t offset) {
  OfDepartment& of = departments_[event.department()];
  end_ = std::max(end_, offset + 1);
  switch (event.event_case()) {
    case v1::ComparisonEvent::kRule:
      of.rules[event.rule().rule().name()] = event.rule();
      return;
    case v1::ComparisonEvent::kParameter:
      of.parameters[event.parameter().name()] = event.parameter();
      return;
    case v1::ComparisonEvent::kOffice:
      of.offices[event.office().name()] = event.office();
      return;
    case v1::ComparisonEvent::kResult:
      of.results[event.result().result().resource()] = event.result();
      return;
    case v1::ComparisonEvent::kRun:
      runs_ = std::max(runs_, NumberOfRun(event.run().name()));
      if (!event.run().dry_run()) of.last_runs[{event.run().rule(), event.run().period()}] = event.run();
      of.runs_at[event.run().name()] = offset;
      return;
    case v1::ComparisonEvent::kFollowed: {
      const std::pair<std::string, std::string> name = {event.followed().rule(), event.followed().period()};
      of.followed.erase(name);
      if (!event.followed().stopped()) of.followed[name] = event.followed();
      return;
    }
    case v1::ComparisonEvent::kClue: {
      const auto clue = std::make_shared<const v1::Clue>(event.clue());
      const auto [at, is_new] = of.offset_of.try_emplace(ClueNumber(clue->name()), offset);
      if (!is_new) of.clues_at.erase(std::exchange(at->second, offset));
      of.clues_at[offset] = clue;
      of.clues[clue->name()] = clue;
      return;
    }
    case v1::ComparisonEvent::kFindings:
      return TakeFindings(event.findings(), &of);
    case v1::ComparisonEvent::kEvidence:
      return TakeEvidence(event.evidence(), offset, &of);
    case v1::ComparisonEvent::EVENT_NOT_SET:
      return;
  }
}

void ComparisonBook::TakeFindings(const v1::RunFindings& findings, OfDepartment* of) {
  RunFound& run = of->findings[NumberOfRun(findings.run())];
  run.rule = findings.rule();
  run.period = findings.period();
  run.parts = std::max(run.parts, findings.part() + 1);
  for (int i = 0; i < std::min(findings.clues_size(), findings.amounts_size()); ++i)
    run.found.emplace_back(findings.clues(i), findings.amounts(i));
}

void ComparisonBook::TakeEvidence(const v1::ClueEvidence& evidence, int64_t offset, OfDepartment* of) {
  if (evidence.run().empty()) {
    of->evidence_at.erase(ClueNumber(evidence.clue()));
    return;
  }
  const uint64_t clue = ClueNumber(evidence.clue());
  of->evidence_at[clue] = offset;
  for (const v1::EvidenceSide& side : evidence.sides()) {
    for (const v1::EvidenceRow& row : side.rows())
      of->rows.emplace(RowHash(side.resource(), row.record()), clue);
  }
}

void ComparisonBook::Forget(const std::string& key) {
  const size_t slash = key.find('/');
  const auto found = departments_.find(key.substr(0, slash));
  if (slash == std::string::npos || found == departments_.end()) return;
  const std::string name = key.substr(slash + 1);
  if (const size_t at = name.find(kFindingsWord); at != std::string::npos) {
    found->second.findings.erase(NumberOfRun(name.substr(0, at)));
  } else if (const size_t end = name.find(kEvidenceWord); end != std::string::npos) {
    found->second.evidence_at.erase(ClueNumber(name.substr(0, end)));
  }
}

std::vector<std::string> ComparisonBook::OldFindings() const {
  MutexLock lock(mutex_);
  std::vector<std::string> keys;
  for (const auto& [department, of] : departments_) {
    std::map<std::pair<std::string, std::string>, size_t> kept;
    for (auto run = of.findings.rbegin(); run != of.findings.rend(); ++run) {
      if (++kept[{run->second.rule, run->second.period}] <= kKeptRuns) continue;
      for (uint32_t part = 0; part < run->second.parts; ++part)
        keys.push_back(FindingsKey(department, kRunPrefix + std::to_string(run->first), part));
    }
  }
  return keys;
}

absl::Status ComparisonBook::Write(const std::vector<v1::ComparisonEvent>& events, int64_t timeout_ms) {
  return Change(timeout_ms, [&](std::vector<v1::ComparisonEvent>* all) {
    *all = events;
    return absl::OkStatus();
  });
}

absl::Status ComparisonBook::Change(int64_t timeout_ms, const MakeEvents& make) {
  MutexLock change_lock(change_mutex_);
  std::vector<v1::ComparisonEvent> events;
  RETURN_IF_ERROR(make(&events));
  RETURN_IF_ERROR(Append(events, {}, timeout_ms));
  const bool has_clues =
      std::any_of(events.begin(), events.end(), [](const auto& event) { return event.has_clue(); });
  if (has_clues && on_clues_) on_clues_();
  const bool has_findings =
      std::any_of(events.begin(), events.end(), [](const auto& event) { return event.has_findings(); });
  if (!has_findings) return absl::OkStatus();
  return Append({}, OldFindings(), timeout_ms);
}

absl::Status ComparisonBook::Append(const std::vector<v1::ComparisonEvent>& events,
                                    const std::vector<std::string>& gone, int64_t timeout_ms) {
  struct Waiting {
    Mutex mutex;
    CondVar done;
    size_t left HANGOU_GUARDED_BY(mutex) = 0;
    absl::Status failed HANGOU_GUARDED_BY(mutex);
    std::map<size_t, int64_t> offsets HANGOU_GUARDED_BY(mutex);  // of the first event of each batch
  };
  const auto waiting = std::make_shared<Waiting>();
  const int64_t deadline_us = SystemClock().BootUs() + timeout_ms * kUsPerMs;
  std::vector<LogEntry> entries;
  size_t first = 0, bytes = 0;
  const auto flush = [&](size_t next) {
    if (entries.empty()) return;
    {
      // What is not on the disk yet is bounded: the log refuses what it cannot queue.
      MutexLock lock(waiting->mutex);
      while (waiting->left == limits::kUnansweredBatches && SystemClock().BootUs() < deadline_us)
        waiting->done.WaitFor(waiting->mutex, 100);
      ++waiting->left;
    }
    log_.Append(kComparisonTopic, 0, std::move(entries), [waiting, first](absl::StatusOr<int64_t> offset) {
      MutexLock lock(waiting->mutex);
      --waiting->left;
      if (offset.ok()) waiting->offsets[first] = *offset;
      if (!offset.ok() && waiting->failed.ok()) waiting->failed = offset.status();
      waiting->done.NotifyAll();
    });
    entries.clear();
    first = next;
    bytes = 0;
  };
  for (size_t i = 0; i < events.size(); ++i) {
    std::optional<std::string> value;
    if (!TakesAway(events[i])) value = events[i].SerializeAsString();
    const size_t size = value ? value->size() : 0;
    if (entries.size() == limits::kBatchRecords || bytes + size > limits::kBatchBytes) flush(i);
    bytes += size;
    entries.push_back({KeyOf(events[i]), std::move(value)});
  }
  flush(events.size());
  for (size_t i = 0; i < gone.size(); ++i) {
    entries.push_back({gone[i], std::nullopt});
    if (entries.size() == limits::kBatchRecords) flush(events.size() + i + 1);
  }
  flush(events.size() + gone.size());
  std::map<size_t, int64_t> offsets;
  {
    MutexLock lock(waiting->mutex);
    while (waiting->left > 0) {
      if (SystemClock().BootUs() > deadline_us)
        return MakeError(Reason::kLogUnavailable, "the log has not taken what is to be kept in time; retry");
      waiting->done.WaitFor(waiting->mutex, 100);
    }
    RETURN_IF_ERROR(waiting->failed);
    offsets = waiting->offsets;
  }
  MutexLock lock(mutex_);
  for (size_t i = 0; i < events.size(); ++i) {
    const auto batch = std::prev(offsets.upper_bound(i));
    Take(events[i], batch->second + static_cast<int64_t>(i - batch->first));
  }
  for (const std::string& key : gone) Forget(key);
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

std::vector<v1::StoredResult> ComparisonBook::Results(const std::string& department) const {
  MutexLock lock(mutex_);
  std::vector<v1::StoredResult> results;
  const auto found = departments_.find(department);
  if (found == departments_.end()) return results;
  for (const auto& [resource, result] : found->second.results) results.push_back(result);
  return results;
}

std::vector<std::string> ComparisonBook::Departments() const {
  MutexLock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, of] : departments_) names.push_back(name);
  return names;
}

std::vector<v1::TaxOffice> ComparisonBook::Offices(const std::string& department) const {
  MutexLock lock(mutex_);
  std::vector<v1::TaxOffice> offices;
  const auto found = departments_.find(department);
  if (found == departments_.end()) return offices;
  for (const auto& [name, office] : found->second.offices) offices.push_back(office);
  return offices;
}

std::vector<StoredClue> ComparisonBook::Clues(const std::string& department,
                                              const std::function<bool(const v1::Clue&)>& wanted) const {
  MutexLock lock(mutex_);
  std::vector<StoredClue> clues;
  const auto found = departments_.find(department);
  if (found == departments_.end()) return clues;
  for (const auto& [name, clue] : found->second.clues) {
    if (wanted(*clue)) clues.push_back(clue);
  }
  return clues;
}

ComparisonBook::ChangedClues ComparisonBook::CluesFrom(
    const std::string& department, int64_t from, size_t limit,
    const std::function<bool(const v1::Clue&)>& wanted) const {
  MutexLock lock(mutex_);
  ChangedClues changed;
  changed.next = end_;
  const auto found = departments_.find(department);
  if (found == departments_.end()) return changed;
  const auto& at = found->second.clues_at;
  for (auto clue = at.lower_bound(from); clue != at.end(); ++clue) {
    if (!wanted(*clue->second)) continue;
    if (changed.clues.size() == limit) {
      changed.next = clue->first;
      break;
    }
    changed.clues.push_back(clue->second);
  }
  return changed;
}

int64_t ComparisonBook::end() const {
  MutexLock lock(mutex_);
  return end_;
}

std::optional<int64_t> ComparisonBook::BehindRun(const std::string& department,
                                                 const std::string& name) const {
  MutexLock lock(mutex_);
  const auto of = departments_.find(department);
  if (of == departments_.end()) return std::nullopt;
  const auto found = of->second.runs_at.find(name);
  return found == of->second.runs_at.end() ? std::nullopt : std::optional(found->second + 1);
}

ComparisonBook::ReadSpeed ComparisonBook::SpeedOf(const std::string& department,
                                                  const std::string& rule) const {
  MutexLock lock(mutex_);
  ReadSpeed speed;
  const auto of = departments_.find(department);
  if (of == departments_.end()) return speed;
  for (const auto& [name, run] : of->second.last_runs) {
    if (name.first != rule) continue;
    speed.rows += run.read_rows();
    speed.us += run.read_us();
  }
  return speed;
}

ComparisonBook::ReadSpeed ComparisonBook::SpeedOfAll(int64_t least_rows) const {
  MutexLock lock(mutex_);
  ReadSpeed speed;
  for (const auto& [department, of] : departments_) {
    for (const auto& [name, run] : of.last_runs) {
      if (run.read_rows() < least_rows) continue;
      speed.rows += run.read_rows();
      speed.us += run.read_us();
    }
  }
  return speed;
}

StoredClue ComparisonBook::FindClue(const std::string& department, const std::string& name) const {
  MutexLock lock(mutex_);
  const auto found = departments_.find(department);
  if (found == departments_.end()) return nullptr;
  const auto clue = found->second.clues.find(name);
  return clue == found->second.clues.end() ? nullptr : clue->second;
}

bool ComparisonBook::HasEvidence(const std::string& department, const std::string& clue) const {
  MutexLock lock(mutex_);
  const auto found = departments_.find(department);
  return found != departments_.end() && found->second.evidence_at.contains(ClueNumber(clue));
}

absl::StatusOr<std::optional<v1::ComparisonEvent>> ComparisonBook::ReadAt(int64_t offset) const {
  ASSIGN_OR_RETURN(const auto reader, log_.OpenReader(kComparisonTopic, {{0, offset}}));
  ReaderWait wait(*reader);
  const int64_t deadline_us = SystemClock().BootUs() + kReadEvidenceMs * kUsPerMs;
  while (true) {
    ASSIGN_OR_RETURN(const auto records, reader->Poll(1));
    if (records.empty()) {
      if (SystemClock().BootUs() > deadline_us)
        return MakeError(Reason::kLogUnavailable, "the evidence is not read in time; retry");
      wait.Wait();
      continue;
    }
    const LogRecord& record = records.front();
    // What was taken away meanwhile is not there any more.
    if (record.offset != offset || !record.value) return std::optional<v1::ComparisonEvent>();
    v1::ComparisonEvent event;
    if (!event.ParseFromString(*record.value))
      return MakeError(Reason::kDataLoss, "the record at offset " + std::to_string(offset) + " of " +
                                              kComparisonTopic + " cannot be read; restore the log");
    return std::optional<v1::ComparisonEvent>(std::move(event));
  }
}

absl::StatusOr<std::optional<v1::ClueEvidence>> ComparisonBook::Evidence(const std::string& department,
                                                                         const std::string& clue) const {
  int64_t offset = 0;
  {
    MutexLock lock(mutex_);
    const auto found = departments_.find(department);
    if (found == departments_.end()) return std::optional<v1::ClueEvidence>();
    const auto at = found->second.evidence_at.find(ClueNumber(clue));
    if (at == found->second.evidence_at.end()) return std::optional<v1::ClueEvidence>();
    offset = at->second;
  }
  ASSIGN_OR_RETURN(const auto event, ReadAt(offset));
  if (!event || event->evidence().clue() != clue) return std::optional<v1::ClueEvidence>();
  return std::optional<v1::ClueEvidence>(event->evidence());
}

absl::StatusOr<std::optional<v1::Run>> ComparisonBook::FindRun(const std::string& department,
                                                               const std::string& name) const {
  int64_t offset = 0;
  {
    MutexLock lock(mutex_);
    const auto found = departments_.find(department);
    if (found == departments_.end()) return std::optional<v1::Run>();
    const auto at = found->second.runs_at.find(name);
    if (at == found->second.runs_at.end()) return std::optional<v1::Run>();
    offset = at->second;
  }
  ASSIGN_OR_RETURN(const auto event, ReadAt(offset));
  if (!event || event->run().name() != name) return std::optional<v1::Run>();
  return std::optional<v1::Run>(event->run());
}

std::vector<std::string> ComparisonBook::CluesOfRecord(const std::string& department,
                                                       const std::string& resource, uint64_t record) const {
  MutexLock lock(mutex_);
  std::vector<std::string> names;
  const auto found = departments_.find(department);
  if (found == departments_.end()) return names;
  const uint64_t hash = RowHash(resource, record);
  const auto& rows = found->second.rows;
  for (auto row = rows.lower_bound({hash, 0}); row != rows.end() && row->first == hash; ++row)
    names.push_back(ClueName(row->second));
  return names;
}

bool ComparisonBook::NoteErased(const std::string& department, const std::string& resource, uint64_t record) {
  {
    MutexLock lock(mutex_);
    erased_.push_back(RowHash(resource, record));
  }
  return !CluesOfRecord(department, resource, record).empty();
}

size_t ComparisonBook::erased_count() const {
  MutexLock lock(mutex_);
  return erased_.size();
}

bool ComparisonBook::WasErasedSince(size_t count, const v1::ClueEvidence& evidence) const {
  MutexLock lock(mutex_);
  if (erased_.size() <= count) return false;
  const std::set<uint64_t> erased(erased_.begin() + static_cast<std::ptrdiff_t>(count), erased_.end());
  for (const v1::EvidenceSide& side : evidence.sides()) {
    for (const v1::EvidenceRow& row : side.rows()) {
      if (erased.contains(RowHash(side.resource(), row.record()))) return true;
    }
  }
  return false;
}

std::vector<ComparisonBook::KeptRun> ComparisonBook::KeptRuns(const std::string& department) const {
  MutexLock lock(mutex_);
  std::vector<KeptRun> runs;
  const auto found = departments_.find(department);
  if (found == departments_.end()) return runs;
  for (const auto& [number, of] : found->second.findings) runs.push_back({number, of.rule, of.period});
  return runs;
}

std::optional<std::map<uint64_t, int64_t>> ComparisonBook::Findings(const std::string& department,
                                                                    uint64_t run) const {
  MutexLock lock(mutex_);
  const auto found = departments_.find(department);
  if (found == departments_.end()) return std::nullopt;
  const auto of = found->second.findings.find(run);
  if (of == found->second.findings.end()) return std::nullopt;
  return std::map<uint64_t, int64_t>(of->second.found.begin(), of->second.found.end());
}

std::optional<v1::Run> ComparisonBook::LastRun(const std::string& department, const std::string& rule,
                                               const std::string& period) const {
  MutexLock lock(mutex_);
  const auto of = departments_.find(department);
  if (of == departments_.end()) return std::nullopt;
  const auto found = of->second.last_runs.find({rule, period});
  return found == of->second.last_runs.end() ? std::nullopt : std::optional(found->second);
}

std::vector<v1::FollowedRule> ComparisonBook::Followed(const std::string& department) const {
  MutexLock lock(mutex_);
  std::vector<v1::FollowedRule> all;
  const auto of = departments_.find(department);
  if (of == departments_.end()) return all;
  for (const auto& [name, followed] : of->second.followed) all.push_back(followed);
  return all;
}

uint64_t ComparisonBook::runs() const {
  MutexLock lock(mutex_);
  return runs_;
}

}  // namespace hangou

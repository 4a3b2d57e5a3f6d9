// RunRule: decide, merge, decide again, record, and only then tell.
#include <algorithm>
#include <map>
#include <set>
#include <thread>
#include <unordered_map>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/comparison/projector.h"
#include "services/comparison/clue_maker.h"
#include "services/comparison/comparison.h"
#include "services/comparison/counted_source.h"
#include "services/comparison/evidence.h"
#include "services/comparison/run_estimate.h"
#include "services/comparison/run_ledger.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// What a run waits for its projections to have everything that was applied before it.
constexpr int64_t kCatchUpMs = 120'000;
constexpr int64_t kKeepMs = 60'000;
// Findings of one run, which are gathered in memory at some kilobyte each: more clues than a tax bureau can work
// off are a wrong rule.
constexpr size_t kRunFindings = 100'000;
// Times that a run is decided again because the policy moved on just then.
constexpr int kDecideTimes = 5;

// Parses "2024", "2024Q3", "2024-07" as the rule's kind of period.
absl::StatusOr<int64_t> ParseRunPeriod(KeyKind kind, const std::string& text) {
  const char* const name = kind == v1::KEY_KIND_YEAR      ? "year"
                           : kind == v1::KEY_KIND_QUARTER ? "quarter"
                                                          : "month";
  ASSIGN_OR_RETURN(const auto part, ParseFormula(std::string(name) + "(\"" + text + "\")"));
  class NoNames final : public FormulaScope {
    std::optional<Symbol> Find(std::string_view, std::string_view) const override { return std::nullopt; }
    std::optional<int> FindRows(std::string_view) const override { return std::nullopt; }
  };
  ASSIGN_OR_RETURN(const Formula formula, Formula::Compile(*part, NoNames(), ParameterSet()));
  const Value value = formula.Evaluate({});
  if (!value.is_present()) {
    return MakeError(Reason::kInvalidRequest,
                     "period is a " + std::string(name) + " here, such as " +
                         (kind == v1::KEY_KIND_YEAR      ? "2024"
                          : kind == v1::KEY_KIND_QUARTER ? "2024Q3"
                                                         : "2024-07"),
                     "period");
  }
  return static_cast<int64_t>(value.number);
}

// One run of one rule. Used by one thread, but for what its own threads do.
class StoredRun {
 public:
  // With `prefixes`, only of the keys that begin with one of them; `run` is the run whose clues are brought up to date.
  StoredRun(const ComparisonContext& context, const Caller& caller, const v1::RunRuleRequest& request,
            RunMeter* meter, const std::set<std::string>* prefixes = nullptr)
      : context_(context), caller_(caller), request_(request), meter_(meter), prefixes_(prefixes) {}

  absl::StatusOr<v1::Run> Run();

 private:
  absl::Status Prepare();
  absl::Status ReadProjections();
  // `rows` counts those that are read.
  absl::StatusOr<std::vector<SideInput>> InputsOf(int partition, const std::string& prefix,
                                                  int64_t* rows) const;
  int64_t RowsOf(int partition) const;
  void Begin(v1::RunPhase phase, int64_t rows = 0) { meter_->Begin(phase, rows, context_.clock.BootUs()); }
  absl::Status FindAll();
  absl::Status RecordEnded(const absl::Status& why);
  hangou::audit::v1::Entry RunEntry(const PolicySnapshot& snapshot) const;
  // Calls work(partition) for every partition, on some threads; the first error ends it.
  absl::Status ForEachPartition(const std::function<absl::Status(int partition)>& work);
  absl::Status FindCutOffs();
  bool ReadPublishedCutOffs();
  absl::Status Merge();
  absl::Status MergePrefix(int partition, const std::string& prefix);
  absl::Status Keep(int partition, const Finding& finding);
  bool WantsEvidence(const KeptFinding& finding) const;
  absl::Status FindEvidence();
  void DropErased() HANGOU_REQUIRES(mutex_);
  absl::Status KeepRun();
  absl::Status KeepChanges();
  CoversClue CoversPrefixes() const;
  absl::Status Record();
  absl::Status RecordOnce(bool* again);

  const ComparisonContext& context_;
  const Caller& caller_;
  const v1::RunRuleRequest& request_;
  RunMeter* const meter_;
  const std::set<std::string>* const prefixes_;
  std::vector<std::vector<std::string>> prefixes_of_;  // by partition
  ReadyRule ready_;
  RunTerms terms_;
  v1::Run run_;
  // In the order of sides and resources.
  std::vector<ProjectionName> names_;
  std::vector<Projection::View> views_;
  int partitions_ = 0;
  int64_t rows_ = 0;  // of all sides, also those that newer ones hide
  std::optional<ClueMaker> maker_;
  size_t erased_before_ = 0;
  // By identity, before the run.
  std::unordered_map<std::string, StoredClue> known_;
  Mutex mutex_;
  size_t frames_ HANGOU_GUARDED_BY(mutex_) = 0;  // kept for evidence
  RunCounts counts_ HANGOU_GUARDED_BY(mutex_);
  std::vector<KeptFinding> findings_ HANGOU_GUARDED_BY(mutex_);
};

absl::Status StoredRun::Prepare() {
  ASSIGN_OR_RETURN(const auto pin, context_.policy.Acquire(request_.context().min_epoch()));
  ASSIGN_OR_RETURN(ready_, CompileStored(context_, pin.snapshot(), caller_.department, request_.rule()));
  const v1::ComparisonRule& declared = ready_.stored.rule();
  if (!request_.context().purpose().empty() && request_.context().purpose() != declared.purpose()) {
    return MakeError(Reason::kInvalidRequest, "the rule is for the purpose " + declared.purpose(),
                     "context.purpose");
  }
  RETURN_IF_ERROR(
      CheckRuleRights(*ready_.compiled, pin.snapshot(), caller_.department, context_.clock.UtcUs()));
  ASSIGN_OR_RETURN(terms_.as_of_day, AsOfDay(context_, request_));
  const bool has_period = declared.period() != v1::KEY_KIND_UNSPECIFIED;
  if (has_period != !request_.period().empty()) {
    return MakeError(Reason::kInvalidRequest,
                     has_period ? "the rule is run for a period: name one" : "the rule has no period",
                     "period");
  }
  if (has_period) {
    ASSIGN_OR_RETURN(terms_.period, ParseRunPeriod(declared.period(), request_.period()));
  }
  run_.set_rule(declared.name());
  run_.set_rule_version(ready_.stored.version());
  run_.set_as_of(FormatDay(terms_.as_of_day));
  run_.set_period(request_.period());
  run_.set_department(caller_.department);
  run_.set_dry_run(request_.dry_run());
  maker_.emplace(*ready_.compiled, run_, terms_.as_of_day);
  for (StoredClue& clue : context_.book.Clues(caller_.department, [&](const v1::Clue& clue) {
         return clue.rule() == run_.rule() && clue.period() == run_.period();
       })) {
    std::string identity = IdentityOf(*clue);
    known_[std::move(identity)] = std::move(clue);
  }
  return absl::OkStatus();
}

absl::Status StoredRun::ReadProjections() {
  erased_before_ = context_.book.erased_count();
  names_ = ProjectionsOf(*ready_.compiled, caller_.department);
  context_.projections.Want(names_);
  for (const ProjectionName& name : names_) {
    ASSIGN_OR_RETURN(const auto fed,
                     context_.projections.Await(name, kCatchUpMs, &meter_->control.cancelled));
    for (std::string& position : context_.projections.PositionsOf(name))
      run_.add_positions(std::move(position));
    ASSIGN_OR_RETURN(auto view, fed->rows().Read());
    views_.push_back(std::move(view));
    partitions_ = fed->rows().partitions();
    for (const auto& segment : views_.back()) rows_ += segment->rows();
    prefixes_of_.resize(static_cast<size_t>(partitions_));
    if (prefixes_ == nullptr || views_.size() > 1) continue;
    for (const std::string& prefix : *prefixes_) {
      const std::string_view first(prefix.data(), PrefixBytes(ready_.compiled->key_kinds(), prefix, 1));
      prefixes_of_[static_cast<size_t>(fed->rows().PartitionOf(first))].push_back(prefix);
    }
  }
  auto* const positions = run_.mutable_positions();
  std::sort(positions->begin(), positions->end());
  positions->erase(std::unique(positions->begin(), positions->end()), positions->end());
  return absl::OkStatus();
}

int64_t StoredRun::RowsOf(int partition) const {
  int64_t rows = 0;
  for (const Projection::View& view : views_) {
    for (const auto& segment : view) {
      for (size_t block = 0; block < segment->blocks(partition); ++block)
        rows += segment->rows(partition, block);
    }
  }
  return rows;
}

absl::StatusOr<std::vector<SideInput>> StoredRun::InputsOf(int partition, const std::string& prefix,
                                                           int64_t* rows) const {
  std::vector<SideInput> inputs;
  size_t next = 0;
  for (size_t side = 0; side < ready_.compiled->sides().size(); ++side) {
    const CompiledSide& of = ready_.compiled->sides()[side];
    for (size_t i = 0; i < of.resources.size(); ++i, ++next) {
      const std::vector<std::string>& fields = names_[next].shape.fields;
      SideInput input;
      input.side = side;
      std::vector<int> all;
      for (size_t column = 0; column < fields.size(); ++column) all.push_back(static_cast<int>(column));
      for (const SideColumn& column : of.columns) {
        const auto at = std::lower_bound(fields.begin(), fields.end(), column.field);
        input.columns.push_back(static_cast<int>(at - fields.begin()));
      }
      std::vector<std::unique_ptr<BlockSource>> sources;
      for (const auto& segment : views_[next])
        sources.push_back(std::make_unique<CountedSource>(MakeSegmentSource(segment, partition, all, prefix),
                                                          meter_, rows));
      input.rows = std::make_unique<MergedRows>(std::move(sources), prefix);
      inputs.push_back(std::move(input));
    }
  }
  return inputs;
}

absl::Status StoredRun::ForEachPartition(const std::function<absl::Status(int partition)>& work) {
  std::atomic<int> next = 0;
  Mutex mutex;
  absl::Status failed;
  const auto take = [&] {
    for (int partition = next++; partition < partitions_; partition = next++) {
      const absl::Status status = work(partition);
      if (status.ok()) continue;
      MutexLock lock(mutex);
      if (failed.ok()) failed = status;
      next = partitions_;
    }
  };
  const unsigned count = ThreadsOfRun(partitions_);
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < count; ++i) threads.emplace_back(take);
  take();
  for (std::thread& thread : threads) thread.join();
  return failed;
}

absl::Status StoredRun::FindCutOffs() {
  if (!ready_.compiled->peer_group() || ReadPublishedCutOffs()) return absl::OkStatus();
  meter_->Expect(2 * rows_);
  Begin(v1::RUN_PHASE_CUT_OFFS, rows_);
  std::map<std::string, std::vector<Wide>, std::less<>> peers;
  RETURN_IF_ERROR(ForEachPartition([&](int partition) -> absl::Status {
    int64_t rows = 0;
    ASSIGN_OR_RETURN(auto inputs, InputsOf(partition, {}, &rows));
    RETURN_IF_ERROR(GatherPeers(*ready_.compiled, std::move(inputs), terms_, &meter_->control,
                                [&](std::string_view group, Wide value) {
                                  MutexLock lock(mutex_);
                                  auto found = peers.find(group);
                                  if (found == peers.end())
                                    found = peers.try_emplace(std::string(group)).first;
                                  found->second.push_back(value);
                                }));
    meter_->AddRows(RowsOf(partition) - rows);
    return absl::OkStatus();
  }));
  const v1::Peers& declared = ready_.stored.rule().peers();
  for (auto& [group, values] : peers) {
    if (values.size() < std::max<size_t>(1, declared.least_members())) continue;
    const Wide cut_off = PercentileOf(&values, declared.percentile());
    terms_.cut_offs[group] = cut_off;
    v1::CutOff* const published = run_.add_cut_offs();
    published->set_group(group);
    published->set_value(WideText(cut_off));
    published->set_members(static_cast<int64_t>(values.size()));
  }
  return absl::OkStatus();
}

// Cut-offs are published once: who was compared with them must not find others later.
bool StoredRun::ReadPublishedCutOffs() {
  if (request_.new_cut_offs()) return false;
  const auto last = context_.book.LastRun(caller_.department, run_.rule(), run_.period());
  if (!last || last->rule_version() != run_.rule_version()) return false;
  *run_.mutable_cut_offs() = last->cut_offs();
  for (const v1::CutOff& published : last->cut_offs()) {
    if (const auto value = ParseWide(published.value())) terms_.cut_offs[published.group()] = *value;
  }
  return true;
}

// Whether rows are gathered for a finding: its clue is new or has changed, or nothing is kept of it yet.
bool StoredRun::WantsEvidence(const KeptFinding& finding) const {
  const auto known = known_.find(finding.identity);
  if (known == known_.end()) return true;
  const ClueChange change = ChangeOf(known->second.get(), DayInChina(context_.clock.UtcUs()), finding.clue);
  if (change == ClueChange::kQuiet || change == ClueChange::kNoted) return false;
  return change != ClueChange::kNone || !context_.book.HasEvidence(caller_.department, known->second->name());
}

absl::Status StoredRun::Keep(int partition, const Finding& finding) {
  KeptFinding kept = maker_->Make(finding);
  kept.partition = partition;
  const bool wants_evidence = !request_.dry_run() && WantsEvidence(kept);
  ++meter_->findings;
  MutexLock lock(mutex_);
  run_.set_amount_fen(run_.amount_fen() + kept.clue.amount_fen());
  if (request_.dry_run()) return absl::OkStatus();
  if (findings_.size() == kRunFindings) {
    return MakeError(
        Reason::kInvalidRequest,
        "the rule holds for more than 100,000 keys: that is no discrepancy; narrow it, or run it with "
        "--dry-run to see how many");
  }
  if (wants_evidence && frames_ < kRunEvidence) {
    ++frames_;
    kept.frame = std::make_unique<KeptFrame>(finding.slots, ready_.compiled->slots());
  }
  findings_.push_back(std::move(kept));
  return absl::OkStatus();
}

absl::Status StoredRun::FindEvidence() {
  std::vector<std::vector<KeptFinding*>> of_partition(static_cast<size_t>(partitions_));
  {
    MutexLock lock(mutex_);
    for (KeptFinding& finding : findings_) {
      if (finding.frame) of_partition[static_cast<size_t>(finding.partition)].push_back(&finding);
    }
  }
  const EvidenceSource source = {*ready_.compiled, run_, terms_, names_, views_};
  return ForEachPartition([&](int partition) -> absl::Status {
    auto& findings = of_partition[static_cast<size_t>(partition)];
    if (findings.empty()) return absl::OkStatus();
    return GatherEvidence(source, partition, std::move(findings));
  });
}

absl::Status StoredRun::Merge() {
  return ForEachPartition([this](int partition) -> absl::Status {
    if (prefixes_ == nullptr) return MergePrefix(partition, {});
    for (const std::string& prefix : prefixes_of_[static_cast<size_t>(partition)])
      RETURN_IF_ERROR(MergePrefix(partition, prefix));
    return absl::OkStatus();
  });
}

absl::Status StoredRun::MergePrefix(int partition, const std::string& prefix) {
  int64_t rows = 0;
  ASSIGN_OR_RETURN(auto inputs, InputsOf(partition, prefix, &rows));
  ASSIGN_OR_RETURN(const RunCounts counts,
                   hangou::RunRule(*ready_.compiled, std::move(inputs), terms_, &meter_->control,
                                   [&](const Finding& finding) { return Keep(partition, finding); }));
  // Of a side that stands for many keys, what lies behind the last of them is passed over.
  if (prefixes_ == nullptr) meter_->AddRows(RowsOf(partition) - rows);
  MutexLock lock(mutex_);
  counts_.Add(counts);
  return absl::OkStatus();
}

// Evidence of what was erased while the run was under way.
void StoredRun::DropErased() {
  for (KeptFinding& finding : findings_) {
    if (finding.evidence && context_.book.WasErasedSince(erased_before_, *finding.evidence))
      finding.evidence.reset();
  }
}

absl::Status StoredRun::KeepRun() {
  const int64_t begin_us = context_.clock.BootUs();
  return context_.book.Change(kKeepMs, [&](std::vector<v1::ComparisonEvent>* events) {
    run_.set_name("runs/" + std::to_string(context_.book.runs() + 1));
    LedgerMoment moment;
    moment.utc_us = context_.clock.UtcUs();
    moment.day = DayInChina(moment.utc_us);
    moment.run = run_.name();
    moment.by = run_.name();
    if (!request_.dry_run()) {
      MutexLock lock(mutex_);
      DropErased();
      MergeFindings(context_.book, moment, nullptr, &findings_, &run_, events);
    }
    run_.set_took_us(run_.took_us() + context_.clock.BootUs() - begin_us);
    *events->emplace_back().mutable_run() = run_;
    for (v1::ComparisonEvent& event : *events) {
      event.set_department(caller_.department);
      event.set_time_us(moment.utc_us);
    }
    return absl::OkStatus();
  });
}

// The clues whose keys begin with one of the prefixes.
CoversClue StoredRun::CoversPrefixes() const {
  const CompiledRule& rule = *ready_.compiled;
  const size_t parts = rule.common_key_parts();
  auto covered = std::make_shared<std::set<std::vector<std::string>>>();
  const std::vector<KeyKind> kinds(rule.key_kinds().begin(),
                                   rule.key_kinds().begin() + static_cast<std::ptrdiff_t>(parts));
  std::vector<Value> values;
  for (const std::string& prefix : *prefixes_) {
    HANGOU_CHECK(ReadKey(kinds, prefix, &values), "a key that has changed is of another kind than its rule");
    std::vector<std::string> texts;
    for (size_t i = 0; i < parts; ++i)
      texts.push_back(FormatValue(rule.type_of(rule.key_slot() + static_cast<int>(i)), values[i]));
    covered->insert(std::move(texts));
  }
  return [covered, parts](const v1::Clue& clue) {
    if (static_cast<size_t>(clue.key_size()) < parts) return false;
    std::vector<std::string> texts;
    for (size_t i = 0; i < parts; ++i) texts.push_back(clue.key(static_cast<int>(i)).value());
    return covered->contains(texts);
  };
}

// What has changed is decided and recorded before it is told; where nothing has, nothing is.
absl::Status StoredRun::KeepChanges() {
  const auto last = context_.book.LastRun(caller_.department, run_.rule(), run_.period());
  if (!last) return MakeError(Reason::kInternal, "a rule is followed that was not run");
  return context_.book.Change(kKeepMs, [&](std::vector<v1::ComparisonEvent>* events) -> absl::Status {
    run_.set_name(last->name());
    LedgerMoment moment;
    moment.utc_us = context_.clock.UtcUs();
    moment.day = DayInChina(moment.utc_us);
    moment.run = moment.by = run_.name();
    {
      MutexLock lock(mutex_);
      DropErased();
      MergeFindings(context_.book, moment, CoversPrefixes(), &findings_, &run_, events);
    }
    for (v1::ComparisonEvent& event : *events) {
      event.set_department(caller_.department);
      event.set_time_us(moment.utc_us);
    }
    return events->empty() ? absl::OkStatus() : Record();
  });
}

absl::Status StoredRun::Record() {
  bool again = false;
  absl::Status recorded;
  for (int i = 0; i < kDecideTimes && (i == 0 || again); ++i) recorded = RecordOnce(&again);
  return recorded;
}

hangou::audit::v1::Entry StoredRun::RunEntry(const PolicySnapshot& snapshot) const {
  auto entry = EntryOf(caller_, hangou::audit::v1::ACTION_COMPARE, run_.rule());
  entry.set_purpose(ready_.stored.rule().purpose());
  entry.set_case_number(request_.context().case_number().substr(0, limits::kContextText));
  entry.set_epoch(snapshot.epoch());
  for (const std::string& position : run_.positions()) entry.add_positions(position);
  for (const ProjectionName& name : names_)
    entry.set_note(entry.note() + (entry.note().empty() ? "" : ", ") + name.shape.resource);
  return entry;
}

// What a run has read that ends before it has told anything: it was read, and that is on record.
absl::Status StoredRun::RecordEnded(const absl::Status& why) {
  const auto snapshot = context_.policy.Newest();
  if (snapshot == nullptr) return why;
  auto entry = RunEntry(*snapshot);
  entry.set_allowed(true);
  entry.set_records(static_cast<uint64_t>(meter_->read_rows()));
  const bool cancelled = absl::IsCancelled(why);
  entry.set_note(std::string(cancelled ? "cancelled: " : "ended by an error: ") + entry.note());
  RETURN_IF_ERROR(context_.audit.AppendAndWait(std::move(entry)));
  return why;
}

absl::Status StoredRun::RecordOnce(bool* again) {
  *again = false;
  ASSIGN_OR_RETURN(const auto pin, context_.policy.Acquire(request_.context().min_epoch()));
  const absl::Status allowed =
      CheckRuleRights(*ready_.compiled, pin.snapshot(), caller_.department, context_.clock.UtcUs());
  auto entry = RunEntry(pin.snapshot());
  entry.set_allowed(allowed.ok());
  if (!allowed.ok()) entry.set_reason(std::string(ReasonName(ReasonOf(allowed).value_or(Reason::kInternal))));
  for (const int64_t rows : run_.side_rows())
    entry.set_records(entry.records() + static_cast<uint64_t>(rows));
  RETURN_IF_ERROR(context_.audit.AppendAndWait(std::move(entry)));
  RETURN_IF_ERROR(allowed);
  const absl::Status confirmed = pin.Confirm();
  *again = ReasonOf(confirmed) == Reason::kEpochNotReached;
  return confirmed;
}

// Everything that only reads; behind it the run is not cancelled any more.
absl::Status StoredRun::FindAll() {
  Begin(v1::RUN_PHASE_WAITING_FOR_ROWS);
  RETURN_IF_ERROR(ReadProjections());
  meter_->Expect(rows_);
  RETURN_IF_ERROR(FindCutOffs());
  Begin(v1::RUN_PHASE_COMPARING, rows_);
  RETURN_IF_ERROR(Merge());
  Begin(v1::RUN_PHASE_EVIDENCE);
  run_.set_read_rows(meter_->read_rows());
  run_.set_read_us(meter_->ReadUs(context_.clock.BootUs()));
  RETURN_IF_ERROR(FindEvidence());
  if (meter_->control.cancelled) return CountedSource::Cancelled();
  Begin(v1::RUN_PHASE_KEEPING);
  return absl::OkStatus();
}

absl::StatusOr<v1::Run> StoredRun::Run() {
  const int64_t begin_us = context_.clock.BootUs();
  *run_.mutable_start_time() = TimestampOf(context_.clock.UtcUs());
  RETURN_IF_ERROR(Prepare());
  if (absl::Status found = FindAll(); !found.ok()) {
    found = context_.projections.AfterRun(found, names_, views_);
    const bool on_record = prefixes_ == nullptr && (absl::IsCancelled(found) || meter_->read_rows() > 0);
    return on_record ? RecordEnded(found) : found;
  }
  {
    MutexLock lock(mutex_);
    for (const int64_t rows : counts_.rows) run_.add_side_rows(rows);
    run_.set_keys(counts_.keys);
    run_.set_findings(counts_.findings);
    run_.set_not_due(counts_.not_due);
    run_.set_undetermined(counts_.undetermined);
    run_.set_withheld(counts_.withheld);
    for (const auto& [problem, keys] : counts_.problems) {
      auto* const told = run_.add_problems();
      told->set_place(problem.place);
      told->set_fault(std::string(FaultText(problem.fault)));
      told->set_keys(keys);
    }
  }
  if (prefixes_ != nullptr) {
    RETURN_IF_ERROR(KeepChanges());
    return run_;
  }
  RETURN_IF_ERROR(Record());
  run_.set_took_us(context_.clock.BootUs() - begin_us);
  RETURN_IF_ERROR(KeepRun());
  return run_;
}

}  // namespace

absl::StatusOr<v1::Run> RunStoredRule(const ComparisonContext& context, const Caller& caller,
                                      const v1::RunRuleRequest& request, RunMeter* meter) {
  return StoredRun(context, caller, request, meter).Run();
}

absl::StatusOr<v1::Run> CompareChanged(const ComparisonContext& context, const Caller& caller,
                                       const v1::RunRuleRequest& request, RunMeter* meter,
                                       const std::set<std::string>& prefixes) {
  return StoredRun(context, caller, request, meter, &prefixes).Run();
}

}  // namespace hangou

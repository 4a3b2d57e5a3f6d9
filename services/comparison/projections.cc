#include "services/comparison/projections.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/log/record_topic.h"

namespace hangou {
namespace {

// Partitions of a projection: as many threads may run a rule.
constexpr int kProjectionPartitions = 8;
// Between two tries of a log or a disk that does not answer.
constexpr int64_t kRetryMs = 1'000;
// Between two looks for what was erased, is valid no more, or has to be kept: what a start has to read again.
constexpr int64_t kKeepingMs = 60'000;
// Between two parts of what is removed, so that the reading goes on.
constexpr int64_t kRemovalMs = 10;
// Between two looks at whether a wait was cancelled: soon for whoever cancels.
constexpr int64_t kCancelLookMs = 50;

absl::Status StillReading(const std::string& resource) {
  return MakeError(Reason::kPositionTimeout, "the rows of " + resource + " are still being read; retry");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Projections>> Projections::Open(ProjectionsContext context) {
  std::unique_ptr<Projections> projections(new Projections(std::move(context)));
  ASSIGN_OR_RETURN(projections->kept_,
                   KeptProjections::Open(projections->context_.folder, projections->context_.budget));
  Projections* const raw = projections.get();
  raw->policy_listener_ = raw->context_.policy.OnChange([raw] {
    raw->loop_.Post([raw] {
      raw->CheckRights();
      raw->MakeMissing();
    });
  });
  raw->loop_.PostAfter(kKeepingMs, [raw] { raw->Look(); });
  raw->loop_.Post([raw] { raw->PostRemoval(0); });
  return projections;
}

Projections::Projections(ProjectionsContext context) : context_(std::move(context)) {}

Projections::~Projections() { Stop(); }

void Projections::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    moved_.NotifyAll();
  }
  if (policy_listener_ != 0) context_.policy.RemoveOnChange(std::exchange(policy_listener_, 0));
  loop_.Stop();
  // The loop is no more: its things are this thread's.
  for (const auto& tail : tails_) {
    if (kept_ && tail->has_changed()) Checkpoint(*tail);
  }
  tails_.clear();
}

void Projections::Want(const std::vector<ProjectionName>& names) {
  {
    MutexLock lock(mutex_);
    for (const ProjectionName& name : names) {
      const auto [entry, is_new] = entries_.try_emplace(name);
      if (is_new) entry->second.status = StillReading(name.shape.resource);
    }
  }
  loop_.Post([this] { MakeMissing(); });
}

void Projections::WantOnly(const std::vector<ProjectionName>& names) {
  Want(names);
  loop_.Post(
      [this, wanted = std::set<ProjectionName>(names.begin(), names.end())] { RemoveUnwanted(wanted); });
}

void Projections::RemoveUnwanted(const std::set<ProjectionName>& wanted) {
  if (kept_) kept_->RemoveOthers(wanted);
  std::vector<std::shared_ptr<FedProjection>> gone;
  {
    MutexLock lock(mutex_);
    std::erase_if(entries_, [&](const auto& entry) {
      if (wanted.contains(entry.first)) return false;
      if (entry.second.fed) gone.push_back(entry.second.fed);
      return true;
    });
    moved_.NotifyAll();
  }
  Remove(gone);
  PostRemoval(0);
}

void Projections::Remove(const std::vector<std::shared_ptr<FedProjection>>& gone) {
  for (const auto& fed : gone) {
    fed->End();
    if (kept_) kept_->Remove(fed->number());
  }
  std::erase_if(tails_, [](const auto& tail) { return !tail->feeds_any(); });
  if (!gone.empty()) PostRemoval(0);
}

void Projections::PostRemoval(int64_t delay_ms) {
  if (std::exchange(removal_posted_, true)) return;
  loop_.PostAfter(delay_ms, [this] {
    removal_posted_ = false;
    const absl::StatusOr<bool> more = kept_ ? kept_->RemoveSome() : false;
    if (!more.ok())
      spdlog::warn("what was removed of a projection is not gone yet: {}", Message(more.status()));
    if (!more.ok() || *more) PostRemoval(more.ok() ? kRemovalMs : kRetryMs);
  });
}

absl::StatusOr<std::shared_ptr<FedProjection>> Projections::TakeUp(
    const ProjectionName& name, const ProjectionRights& rights, std::shared_ptr<const ResourceSchema> schema,
    hangou::columnar::v1::LogPlace* place) {
  const KeptProjections::Found* const found = kept_->Find(name);
  if (found == nullptr) return nullptr;
  const uint32_t number = found->number;
  const hangou::columnar::v1::ProjectionManifest manifest = found->manifest;
  absl::StatusOr<std::shared_ptr<FedProjection>> fed = nullptr;
  if (rights.status.ok() && rights.own_rows_only == manifest.own_rows_only() && schema != nullptr &&
      MeaningOf(name.shape, *schema) == manifest.meaning() &&
      manifest.partitions() == kProjectionPartitions && manifest.place().log_id() == context_.log.log_id()) {
    fed = FedProjection::Reopen(manifest, std::move(schema), kept_->FolderOf(number), kept_->store(), number,
                                context_.clock);
  }
  if (!fed.ok() && ReasonOf(fed.status()) != Reason::kDataLoss) return fed;
  kept_->TakeOver(name);
  if (fed.ok() && *fed != nullptr) {
    *place = manifest.place();
    return fed;
  }
  if (!fed.ok()) {
    spdlog::warn("a projection of {} is damaged and is made anew from the log: {}", name.shape.resource,
                 Message(fed.status()));
  }
  kept_->Remove(number);
  PostRemoval(0);
  return nullptr;
}

absl::StatusOr<std::shared_ptr<FedProjection>> Projections::MakeOne(const ProjectionName& name,
                                                                    const PolicySnapshot& snapshot,
                                                                    hangou::columnar::v1::LogPlace* place) {
  const auto schema = snapshot.FindResource("resources/" + name.shape.resource);
  ProjectionRights rights = {
      MakeError(Reason::kUnknownResource, "there is no resource " + name.shape.resource)};
  if (schema != nullptr)
    rights = DecideProjection(snapshot, name.department, name.purpose, name.shape.resource, name.shape.fields,
                              context_.clock.UtcUs());
  ASSIGN_OR_RETURN(auto fed, TakeUp(name, rights, schema, place));
  RETURN_IF_ERROR(rights.status);
  if (fed == nullptr) {
    const uint32_t number = kept_->NextNumber();
    ASSIGN_OR_RETURN(fed, FedProjection::Make(name, schema, rights.own_rows_only, kept_->FolderOf(number),
                                              kProjectionPartitions, kept_->store(), number, context_.clock));
  }
  if (context_.erased)
    RETURN_IF_ERROR(fed->OnErased([this, name](uint64_t record) { context_.erased(name, record); }));
  return fed;
}

void Projections::MakeMissing() {
  const auto pin = context_.policy.Acquire();
  if (!pin.ok() || !kept_) return;  // with the lease comes another call
  // By library and what was taken of it.
  std::map<std::pair<std::string, std::string>, std::vector<std::shared_ptr<FedProjection>>> made;
  bool failed = false;
  {
    MutexLock lock(mutex_);
    for (auto& [name, entry] : entries_) {
      if (entry.fed) continue;
      hangou::columnar::v1::LogPlace place;
      auto fed = MakeOne(name, pin->snapshot(), &place);
      entry.status = fed.status();
      const auto reason = ReasonOf(entry.status);
      failed = failed || reason == Reason::kInternal || reason == Reason::kStoreFull ||
               reason == Reason::kDataLoss;
      if (!fed.ok()) continue;
      entry.fed = *std::move(fed);
      made[{entry.fed->library(), place.SerializeAsString()}].push_back(entry.fed);
    }
    for (auto& [from, projections] : made) {
      const std::set<std::shared_ptr<FedProjection>> mine(projections.begin(), projections.end());
      hangou::columnar::v1::LogPlace place;
      HANGOU_CHECK(place.ParseFromString(from.second), "it was serialized here");
      int64_t taken = 0;
      for (const auto& partition : place.partitions()) taken += partition.next();
      spdlog::info("{} projections of {} are read from {} on", projections.size(), from.first,
                   taken == 0 ? "the beginning" : std::to_string(taken) + " records");
      auto tail = std::make_shared<RecordTail>(
          context_.log, from.first, context_.log_partitions, std::move(projections), [this] { PostPump(); },
          place);
      for (auto& [name, entry] : entries_) {
        if (entry.fed && mine.contains(entry.fed)) entry.tail = tail;
      }
      tails_.push_back(std::move(tail));
    }
    moved_.NotifyAll();
  }
  if (!made.empty()) PostPump();
  if (failed) PostRetry();
}

// What a department may no longer have leaves with its files; what the policy allows again is read anew.
void Projections::CheckRights() {
  const auto snapshot = context_.policy.Newest();
  if (snapshot == nullptr) return;
  std::vector<std::shared_ptr<FedProjection>> gone;
  {
    MutexLock lock(mutex_);
    for (auto& [name, entry] : entries_) {
      if (!entry.fed) continue;
      const ProjectionRights rights =
          DecideProjection(*snapshot, name.department, name.purpose, name.shape.resource, name.shape.fields,
                           context_.clock.UtcUs());
      const auto schema = snapshot->FindResource("resources/" + name.shape.resource);
      if (rights.status.ok() && rights.own_rows_only == entry.fed->own_rows_only() && schema != nullptr &&
          entry.fed->TakeSchema(schema).ok())
        continue;
      entry.status = rights.status;
      gone.push_back(std::exchange(entry.fed, nullptr));
      entry.tail.reset();
    }
  }
  Remove(gone);
}

void Projections::PostPump() {
  MutexLock lock(mutex_);
  if (std::exchange(pump_posted_, true)) return;
  loop_.Post([this] { Pump(); });
}

void Projections::PostRetry() {
  if (std::exchange(retry_posted_, true)) return;
  loop_.PostAfter(kRetryMs, [this] {
    retry_posted_ = false;
    MakeMissing();
    PostPump();
  });
}

// What waits to be kept is bounded: it is kept before more is taken.
absl::StatusOr<bool> Projections::PumpTail(RecordTail& tail) {
  if (tail.wants_checkpoint()) Checkpoint(tail);
  if (tail.wants_checkpoint())
    return MakeError(Reason::kStoreFull,
                     "projections cannot be kept in " + context_.folder + "; make room on its disk");
  return tail.Pump();
}

void Projections::Checkpoint(RecordTail& tail) {
  const absl::Status kept = tail.Checkpoint(kept_->store());
  if (kept.ok()) return;
  spdlog::warn("projections of {} are not kept yet: {}", tail.library(), Message(kept));
  bool has_damage = false;
  for (const auto& fed : All()) has_damage = has_damage || !fed->broken().ok();
  store_damaged_ = store_damaged_ || (ReasonOf(kept) == Reason::kDataLoss && !has_damage);
}

void Projections::Pump() {
  {
    MutexLock lock(mutex_);
    pump_posted_ = false;
  }
  bool more = false;
  for (const auto& tail : tails_) {
    const bool failed_before = !tail->status().ok();
    const absl::StatusOr<bool> pumped = PumpTail(*tail);
    tail->TellChanges([this](const ProjectionName& name, std::vector<std::string> keys) {
      if (context_.changed) context_.changed(name, std::move(keys));
    });
    more = more || (pumped.ok() && *pumped);
    if (pumped.ok()) continue;
    if (!failed_before)
      spdlog::warn("comparison cannot read the records of {}: {}", tail->library(), Message(pumped.status()));
    PostRetry();
  }
  MendBroken();
  if (!more) JoinTails();
  {
    MutexLock lock(mutex_);
    moved_.NotifyAll();
  }
  if (more) PostPump();
}

std::vector<std::shared_ptr<FedProjection>> Projections::All() const {
  MutexLock lock(mutex_);
  std::vector<std::shared_ptr<FedProjection>> all;
  for (const auto& [name, entry] : entries_) {
    if (entry.fed) all.push_back(entry.fed);
  }
  return all;
}

void Projections::MendBroken() {
  std::vector<std::shared_ptr<FedProjection>> gone;
  {
    MutexLock lock(mutex_);
    for (auto& [name, entry] : entries_) {
      if (!entry.fed) continue;
      store_damaged_ = store_damaged_ || entry.fed->kept_damaged();
      const absl::Status broken = entry.fed->broken();
      if (broken.ok()) continue;
      spdlog::warn("a projection of {} is made anew from the log: {}", name.shape.resource, Message(broken));
      entry.status = StillReading(name.shape.resource);
      gone.push_back(std::exchange(entry.fed, nullptr));
      entry.tail.reset();
    }
  }
  Remove(gone);
  if (store_damaged_) StartOver();
  if (!gone.empty()) PostRetry();
}

void Projections::StartOver() {
  spdlog::warn("all projections are made anew from the log: what was kept of them is damaged");
  std::vector<std::shared_ptr<FedProjection>> gone;
  {
    MutexLock lock(mutex_);
    for (auto& [name, entry] : entries_) {
      entry.status = StillReading(name.shape.resource);
      entry.tail.reset();
      if (entry.fed) gone.push_back(std::exchange(entry.fed, nullptr));
    }
  }
  Remove(gone);
  kept_.reset();
  std::error_code error;
  std::filesystem::remove_all(context_.folder, error);
  auto kept = KeptProjections::Open(context_.folder, context_.budget);
  store_damaged_ = !kept.ok();
  if (kept.ok()) kept_ = *std::move(kept);
  PostRetry();
}

absl::Status Projections::AfterRun(const absl::Status& error, const std::vector<ProjectionName>& names,
                                   const std::vector<Projection::View>& views) {
  if (ReasonOf(error) != Reason::kDataLoss) return error;
  for (size_t i = 0; i < names.size(); ++i) {
    bool is_damaged =
        i < views.size() &&
        std::any_of(views[i].begin(), views[i].end(), [](const auto& segment) { return segment->damaged(); });
    {
      MutexLock lock(mutex_);
      const auto found = entries_.find(names[i]);
      is_damaged =
          is_damaged || (found != entries_.end() && found->second.fed && found->second.fed->rows().damaged());
    }
    if (!is_damaged) continue;
    loop_.Post([this] { MendBroken(); });
    return MakeError(Reason::kDataLoss,
                     "a projection of " + names[i].shape.resource +
                         " is damaged on the disk; it is being made anew from the log: run the "
                         "rule again");
  }
  return error;
}

// One reader of a library is enough once what came later has caught up: a log across a network bounds their number.
void Projections::JoinTails() {
  for (size_t i = 0; i < tails_.size(); ++i) {
    for (size_t j = tails_.size() - 1; j > i; --j) {
      if (!tails_[i]->Absorb(*tails_[j])) continue;
      MutexLock lock(mutex_);
      for (auto& [name, entry] : entries_) {
        if (entry.tail == tails_[j]) entry.tail = tails_[i];
      }
      tails_.erase(tails_.begin() + static_cast<std::ptrdiff_t>(j));
    }
  }
}

void Projections::Look() {
  const auto purged = PurgeErased();
  for (const auto& tail : tails_) {
    if (kept_ && (!purged.empty() || tail->has_changed())) Checkpoint(*tail);
  }
  PurgeKeys(purged);
  if (store_damaged_ && !kept_) StartOver();
  PostPump();
  loop_.PostAfter(kKeepingMs, [this] { Look(); });
}

// What was erased leaves the files soon after it has left the rows; many erasures are one rewrite.
std::vector<std::shared_ptr<FedProjection>> Projections::PurgeErased() {
  std::vector<std::shared_ptr<FedProjection>> purged;
  for (const auto& fed : All()) {
    if (const absl::Status removed = fed->RemoveEnded(); !removed.ok())
      spdlog::warn("what is valid no more is not out of a projection yet: {}", Message(removed));
    if (!fed->has_erased()) continue;
    if (const absl::Status done = fed->Purge(); !done.ok()) {
      spdlog::warn("what was erased is not out of a projection yet: {}", Message(done));
      continue;
    }
    purged.push_back(fed);
  }
  return purged;
}

// Behind the checkpoint that has deleted their keys. What fails is tried again with the next look.
void Projections::PurgeKeys(const std::vector<std::shared_ptr<FedProjection>>& purged) {
  for (const auto& fed : purged) {
    if (const absl::Status done = fed->PurgeKeys(); !done.ok())
      spdlog::warn("keys of what was erased are not out of the store yet: {}", Message(done));
  }
}

absl::StatusOr<std::shared_ptr<FedProjection>> Projections::Await(const ProjectionName& name,
                                                                  int64_t timeout_ms,
                                                                  const std::atomic<bool>* cancelled) {
  const auto snapshot = context_.policy.Newest();
  const auto schema = snapshot ? snapshot->FindResource("resources/" + name.shape.resource) : nullptr;
  if (schema == nullptr)
    return MakeError(Reason::kUnknownResource, "there is no resource " + name.shape.resource);
  std::vector<int32_t> partitions;
  for (int32_t p = 0; p < context_.log_partitions; ++p) partitions.push_back(p);
  ASSIGN_OR_RETURN(const auto ends,
                   context_.log.EndOffsets(RecordTopic(schema->declaration().library()), partitions));
  const int64_t deadline_us = context_.clock.BootUs() + timeout_ms * kUsPerMs;
  MutexLock lock(mutex_);
  while (true) {
    const auto found = entries_.find(name);
    if (found == entries_.end())
      return MakeError(Reason::kPositionTimeout,
                       "no rule reads " + name.shape.resource + " like this any more; retry");
    if (stopped_) return MakeError(Reason::kDraining, "the service is stopping; retry");
    if (cancelled != nullptr && *cancelled)
      return absl::CancelledError("the run was cancelled; it has kept no clue");
    const Entry& entry = found->second;
    // One that is broken is about to be made anew: that is waited for.
    if (entry.fed && entry.tail && !entry.fed->is_broken()) {
      if (entry.tail->HasPassed(ends)) return entry.fed;
      if (const absl::Status failed = entry.tail->status(); !failed.ok()) return failed;
    }
    if (!entry.fed && !entry.status.ok() && ReasonOf(entry.status) != Reason::kPositionTimeout)
      return entry.status;
    const int64_t left_us = deadline_us - context_.clock.BootUs();
    if (left_us <= 0) {
      return StillReading(name.shape.resource);
    }
    moved_.WaitFor(mutex_, std::min(left_us / kUsPerMs + 1, kCancelLookMs));
  }
}

std::shared_ptr<FedProjection> Projections::Find(const ProjectionName& name) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second.fed;
}

absl::Status Projections::status(const ProjectionName& name) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return StillReading(name.shape.resource);
  return found->second.tail ? found->second.tail->status() : found->second.status;
}

std::vector<std::string> Projections::PositionsOf(const ProjectionName& name) const {
  std::shared_ptr<RecordTail> tail;
  {
    MutexLock lock(mutex_);
    const auto found = entries_.find(name);
    if (found != entries_.end()) tail = found->second.tail;
  }
  std::vector<std::string> positions;
  if (!tail) return positions;
  for (const auto& [partition, offset] : tail->next())
    positions.push_back(RecordTopic(tail->library()) + "/" + std::to_string(partition) + "@0-" +
                        std::to_string(offset - 1));
  return positions;
}

}  // namespace hangou

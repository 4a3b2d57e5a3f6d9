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
// Between two tries of a log that does not answer, and looks at what has a date of its own.
constexpr int64_t kRetryMs = 1'000;
// Between two looks for what was erased, or is valid no more.
constexpr int64_t kPurgeMs = 60'000;
// Between two looks at whether a wait was cancelled: soon for whoever cancels.
constexpr int64_t kCancelLookMs = 50;

}  // namespace

absl::StatusOr<std::unique_ptr<Projections>> Projections::Open(ProjectionsContext context) {
  std::error_code error;
  std::filesystem::remove_all(context.folder, error);
  RETURN_IF_ERROR(MakeFolders(context.folder));
  std::unique_ptr<Projections> projections(new Projections(std::move(context)));
  ASSIGN_OR_RETURN(projections->places_, OpenRocksStore(projections->context_.folder + "/places", 1,
                                                        StoreKind::kView, projections->context_.budget));
  Projections* const raw = projections.get();
  raw->policy_listener_ = raw->context_.policy.OnChange([raw] {
    raw->loop_.Post([raw] {
      raw->CheckRights();
      raw->MakeMissing();
    });
  });
  raw->loop_.PostAfter(kPurgeMs, [raw] { raw->PurgeErased(); });
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
  tails_.clear();
}

void Projections::Want(const std::vector<ProjectionName>& names) {
  {
    MutexLock lock(mutex_);
    for (const ProjectionName& name : names) {
      const auto [entry, is_new] = entries_.try_emplace(name);
      if (is_new)
        entry->second.status = MakeError(Reason::kPositionTimeout, "its rows are still being read; retry");
    }
  }
  loop_.Post([this] { MakeMissing(); });
}

absl::Status Projections::MakeOne(const ProjectionName& name, const PolicySnapshot& snapshot, Entry* entry) {
  const auto schema = snapshot.FindResource("resources/" + name.shape.resource);
  if (schema == nullptr)
    return MakeError(Reason::kUnknownResource, "there is no resource " + name.shape.resource);
  const std::string folder = context_.folder + "/" + std::to_string(++last_number_);
  ASSIGN_OR_RETURN(auto fed, FedProjection::Make(name, schema, false, folder, kProjectionPartitions, *places_,
                                                 last_number_, context_.clock));
  const ProjectionRights rights =
      DecideProjection(snapshot, name.department, name.purpose, name.shape.resource, name.shape.fields,
                       context_.clock.UtcUs());
  RETURN_IF_ERROR(rights.status);
  if (rights.own_rows_only) {
    ASSIGN_OR_RETURN(fed, FedProjection::Make(name, schema, true, folder, kProjectionPartitions, *places_,
                                              last_number_, context_.clock));
  }
  if (context_.erased) fed->OnErased([this, name](uint64_t record) { context_.erased(name, record); });
  entry->fed = std::move(fed);
  return absl::OkStatus();
}

void Projections::MakeMissing() {
  const auto pin = context_.policy.Acquire();
  if (!pin.ok()) return;  // with the lease comes another call
  std::map<std::string, std::vector<std::shared_ptr<FedProjection>>> made;  // by library
  {
    MutexLock lock(mutex_);
    for (auto& [name, entry] : entries_) {
      if (entry.fed) continue;
      entry.status = MakeOne(name, pin->snapshot(), &entry);
      if (entry.status.ok()) made[entry.fed->library()].push_back(entry.fed);
    }
    for (auto& [library, projections] : made) {
      const std::set<std::shared_ptr<FedProjection>> mine(projections.begin(), projections.end());
      auto tail = std::make_shared<RecordTail>(context_.log, library, context_.log_partitions,
                                               std::move(projections), [this] { PostPump(); });
      for (auto& [name, entry] : entries_) {
        if (entry.fed && mine.contains(entry.fed)) entry.tail = tail;
      }
      tails_.push_back(std::move(tail));
    }
    moved_.NotifyAll();
  }
  if (!made.empty()) PostPump();
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
      if (rights.status.ok() && rights.own_rows_only == entry.fed->own_rows_only()) continue;
      entry.status = rights.status;
      gone.push_back(std::exchange(entry.fed, nullptr));
      entry.tail.reset();
    }
  }
  for (const auto& fed : gone) fed->End();
  std::erase_if(tails_, [](const auto& tail) { return !tail->feeds_any(); });
}

void Projections::PostPump() {
  MutexLock lock(mutex_);
  if (std::exchange(pump_posted_, true)) return;
  loop_.Post([this] { Pump(); });
}

void Projections::Pump() {
  {
    MutexLock lock(mutex_);
    pump_posted_ = false;
  }
  bool more = false;
  for (size_t i = 0; i < tails_.size(); ++i) {
    const std::shared_ptr<RecordTail> tail = tails_[i];
    const absl::StatusOr<bool> pumped = tail->Pump();
    if (pumped.ok()) {
      tail->TellChanges([this](const ProjectionName& name, std::vector<std::string> keys) {
        if (context_.changed) context_.changed(name, std::move(keys));
      });
      more = more || *pumped;
      continue;
    }
    spdlog::warn("comparison cannot read the records of {}: {}", tail->library(), Message(pumped.status()));
    tails_.erase(tails_.begin() + static_cast<std::ptrdiff_t>(i--));
    MutexLock lock(mutex_);
    for (auto& [name, entry] : entries_) {
      if (entry.tail != tail) continue;
      entry.status = pumped.status();
      entry.fed->End();
      entry.fed.reset();
      entry.tail.reset();
    }
    loop_.PostAfter(kRetryMs, [this] { MakeMissing(); });
  }
  if (!more) JoinTails();
  {
    MutexLock lock(mutex_);
    moved_.NotifyAll();
  }
  if (more) PostPump();
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

// What was erased leaves the files soon after it has left the rows; many erasures are one rewrite.
void Projections::PurgeErased() {
  std::vector<std::shared_ptr<FedProjection>> all;
  {
    MutexLock lock(mutex_);
    for (const auto& [name, entry] : entries_) {
      if (entry.fed) all.push_back(entry.fed);
    }
  }
  for (const auto& fed : all) {
    if (const absl::Status removed = fed->RemoveEnded(); !removed.ok())
      spdlog::warn("what is valid no more is not out of a projection yet: {}", Message(removed));
    if (!fed->has_erased()) continue;
    if (const absl::Status purged = fed->Purge(); !purged.ok())
      spdlog::warn("what was erased is not out of a projection yet: {}", Message(purged));
  }
  PostPump();
  loop_.PostAfter(kPurgeMs, [this] { PurgeErased(); });
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
    if (found == entries_.end()) return MakeError(Reason::kInternal, "the projection was not asked for");
    if (stopped_) return MakeError(Reason::kDraining, "the service is stopping; retry");
    if (cancelled != nullptr && *cancelled)
      return absl::CancelledError("the run was cancelled; it has kept no clue");
    const Entry& entry = found->second;
    if (entry.fed && entry.tail && entry.tail->HasPassed(ends)) return entry.fed;
    if (!entry.fed && !entry.status.ok() && ReasonOf(entry.status) != Reason::kPositionTimeout)
      return entry.status;
    const int64_t left_us = deadline_us - context_.clock.BootUs();
    if (left_us <= 0) {
      return MakeError(Reason::kPositionTimeout,
                       "the rows of " + name.shape.resource + " are still being read; retry");
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
  return found == entries_.end() ? MakeError(Reason::kInternal, "the projection was not asked for")
                                 : found->second.status;
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

#include "services/comparison/record_tail.h"

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "libs/log/record_topic.h"

namespace hangou {
namespace {

// Records of one turn: some milliseconds.
constexpr size_t kTurnRecords = 4'096;

}  // namespace

RecordTail::RecordTail(Log& log, std::string library, int32_t partitions,
                       std::vector<std::shared_ptr<FedProjection>> projections, std::function<void()> notify,
                       const hangou::columnar::v1::LogPlace& place)
    : log_(log), library_(std::move(library)), partitions_(partitions), notify_(std::move(notify)) {
  for (auto& projection : projections) {
    const uint32_t number = projection->resource_number();
    projections_.emplace(number, std::move(projection));
  }
  MutexLock lock(mutex_);
  for (const auto& partition : place.partitions()) {
    next_[partition.partition()] = partition.next();
    owner_epochs_[partition.partition()] = partition.owner_epoch();
    whole_until_[partition.partition()] = partition.whole_until();
  }
}

bool RecordTail::feeds_any() const {
  return std::any_of(projections_.begin(), projections_.end(),
                     [](const auto& of) { return !of.second->ended(); });
}

absl::Status RecordTail::Open() {
  std::map<int32_t, int64_t> from = next();
  std::vector<int32_t> all;
  for (int32_t p = 0; p < partitions_; ++p) {
    from.try_emplace(p, 0);
    all.push_back(p);
  }
  RETURN_IF_ERROR(log_.EnsureTopic(RecordTopic(library_), partitions_));
  ASSIGN_OR_RETURN(const auto ends, log_.EndOffsets(RecordTopic(library_), all));
  for (const auto& [partition, next] : from) {
    if (!ends.contains(partition) || next > ends.at(partition))
      return MakeError(Reason::kPositionUnknown,
                       "the log of " + library_ + " ends before what was taken of it");
  }
  if (!whole_until_.empty() && ends_at_start_.empty()) ends_at_start_ = ends;
  ASSIGN_OR_RETURN(reader_, log_.OpenReader(RecordTopic(library_), from));
  reader_->SetNotify(notify_);
  MutexLock lock(mutex_);
  is_open_ = true;
  return absl::OkStatus();
}

absl::StatusOr<bool> RecordTail::Pump() {
  absl::StatusOr<bool> pumped = PumpOnce();
  MutexLock lock(mutex_);
  status_ = pumped.status();
  return pumped;
}

absl::Status RecordTail::status() const {
  MutexLock lock(mutex_);
  return status_;
}

absl::StatusOr<bool> RecordTail::PumpOnce() {
  for (const auto& [number, projection] : projections_) {
    if (!projection->ended() && projection->broken().ok()) RETURN_IF_ERROR(projection->rows().WriteGrown());
  }
  absl::Status opened = reader_ ? absl::OkStatus() : Open();
  absl::StatusOr<std::vector<LogRecord>> records = std::vector<LogRecord>();
  if (opened.ok()) records = reader_->Poll(kTurnRecords);
  for (const absl::Status& failed : {opened, records.status()}) {
    if (failed.ok()) continue;
    reader_.reset();
    if (ReasonOf(failed) == Reason::kPositionUnknown) BreakAll(failed);
    return failed;
  }
  std::map<int32_t, int64_t> taken;
  absl::Status failed;
  for (const LogRecord& record : *records) {
    failed = Take(record);
    if (!failed.ok()) break;
    taken[record.partition] = record.offset + 1;
  }
  // It is read again from there.
  if (!failed.ok()) reader_.reset();
  has_changed_ = has_changed_ || !taken.empty();
  MutexLock lock(mutex_);
  for (const auto& [partition, next] : taken) next_[partition] = next;
  if (!failed.ok()) return failed;
  return !records->empty();
}

void RecordTail::BreakAll(const absl::Status& why) {
  for (const auto& [number, projection] : projections_) projection->Break(why);
}

// What is appended while it reads is of erasures whose events it has passed.
void RecordTail::CheckErasures(const LogRecord& record, const hangou::record::v1::ErasuresEnded& ended) {
  const auto whole = whole_until_.find(record.partition);
  if (whole == whole_until_.end() || record.offset >= ends_at_start_.at(record.partition) ||
      whole->second > ended.last_offset())
    return;
  const auto [begin, end] = projections_.equal_range(ended.resource_number());
  for (auto at = begin; at != end; ++at) {
    at->second->Break(
        MakeError(Reason::kPositionUnknown,
                  "records were erased while the comparison was away for more than half a day"));
  }
}

absl::Status RecordTail::Take(const LogRecord& record) {
  if (!record.value) return absl::OkStatus();
  hangou::record::v1::Envelope event;
  if (!event.ParseFromString(*record.value)) {
    return MakeError(Reason::kDataLoss, "the record at offset " + std::to_string(record.offset) +
                                            " of partition " + std::to_string(record.partition) + " of " +
                                            RecordTopic(library_) + " is no envelope; restore the log");
  }
  // A former owner that did not know that it is one.
  uint64_t& epoch = owner_epochs_[record.partition];
  if (event.owner_epoch() < epoch) return absl::OkStatus();
  epoch = event.owner_epoch();
  if (event.has_erasures_ended()) CheckErasures(record, event.erasures_ended());
  if (!event.has_upsert() && !event.has_deletion()) return absl::OkStatus();
  const auto& head = event.has_upsert() ? event.upsert().head() : event.deletion().head();
  const auto [begin, end] = projections_.equal_range(head.resource_number());
  for (auto at = begin; at != end; ++at) {
    const absl::Status taken = at->second->Take(event);
    if (taken.ok()) continue;
    // The disk's errors pass; what it cannot make a row of, it never can.
    if (ReasonOf(taken) == Reason::kInternal || ReasonOf(taken) == Reason::kStoreFull) return taken;
    at->second->Break(taken);
  }
  return absl::OkStatus();
}

bool RecordTail::wants_checkpoint() const {
  size_t waiting = 0;
  for (const auto& [number, projection] : projections_) waiting += projection->waiting_bytes();
  return waiting >= kTailWaitingBytes;
}

bool RecordTail::has_changed() const {
  return has_changed_ || std::any_of(projections_.begin(), projections_.end(),
                                     [](const auto& of) { return of.second->waiting_bytes() > 0; });
}

bool RecordTail::HasPassedStart() const { return whole_until_.empty() || HasPassed(ends_at_start_); }

hangou::columnar::v1::LogPlace RecordTail::PlaceNow() const {
  hangou::columnar::v1::LogPlace place;
  place.set_log_id(log_.log_id());
  const bool is_whole = HasPassedStart();
  for (const auto& [partition, next] : next()) {
    auto* const of = place.add_partitions();
    of->set_partition(partition);
    of->set_next(next);
    const auto epoch = owner_epochs_.find(partition);
    if (epoch != owner_epochs_.end()) of->set_owner_epoch(epoch->second);
    // Until it has read all that was there at the start, what was erased meanwhile may still be told.
    const auto whole = whole_until_.find(partition);
    of->set_whole_until(is_whole ? next : whole == whole_until_.end() ? next : whole->second);
  }
  return place;
}

absl::Status RecordTail::Checkpoint(Store& kept) {
  const hangou::columnar::v1::LogPlace place = PlaceNow();
  StoreBatch batch;
  std::vector<FedProjection*> added;
  for (const auto& [number, projection] : projections_) {
    if (projection->ended() || !projection->broken().ok()) continue;
    RETURN_IF_ERROR(projection->AddTo(place, &batch));
    added.push_back(projection.get());
  }
  RETURN_IF_ERROR(kept.Write(batch));
  for (FedProjection* const projection : added) projection->Kept();
  has_changed_ = false;
  return absl::OkStatus();
}

void RecordTail::TellChanges(
    const std::function<void(const ProjectionName&, std::vector<std::string> keys)>& tell) {
  for (const auto& [number, projection] : projections_) {
    std::vector<std::string> keys = projection->TakeChangedKeys();
    if (!keys.empty()) tell(projection->name(), std::move(keys));
  }
}

bool RecordTail::Absorb(RecordTail& other) {
  if (library_ != other.library_ || next() != other.next()) return false;
  if (!HasPassedStart() || !other.HasPassedStart()) return false;
  whole_until_.clear();
  ends_at_start_.clear();
  has_changed_ = has_changed_ || other.has_changed_;
  projections_.merge(other.projections_);
  std::erase_if(projections_, [](const auto& of) { return of.second->ended(); });
  return true;
}

std::map<int32_t, int64_t> RecordTail::next() const {
  MutexLock lock(mutex_);
  return next_;
}

bool RecordTail::HasPassed(const std::map<int32_t, int64_t>& ends) const {
  MutexLock lock(mutex_);
  if (!is_open_) return false;
  for (const auto& [partition, end] : ends) {
    const auto found = next_.find(partition);
    if (end > 0 && (found == next_.end() || found->second < end)) return false;
  }
  return true;
}

}  // namespace hangou

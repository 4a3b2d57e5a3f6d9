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
                       std::vector<std::shared_ptr<FedProjection>> projections, std::function<void()> notify)
    : log_(log), library_(std::move(library)), partitions_(partitions), notify_(std::move(notify)) {
  for (auto& projection : projections) {
    const uint32_t number = projection->resource_number();
    projections_.emplace(number, std::move(projection));
  }
}

bool RecordTail::feeds_any() const {
  return std::any_of(projections_.begin(), projections_.end(),
                     [](const auto& of) { return !of.second->ended(); });
}

absl::StatusOr<bool> RecordTail::Pump() {
  if (!reader_) {
    std::map<int32_t, int64_t> from;
    for (int32_t p = 0; p < partitions_; ++p) from[p] = 0;
    RETURN_IF_ERROR(log_.EnsureTopic(RecordTopic(library_), partitions_));
    ASSIGN_OR_RETURN(reader_, log_.OpenReader(RecordTopic(library_), from));
    reader_->SetNotify(notify_);
  }
  ASSIGN_OR_RETURN(const std::vector<LogRecord> records, reader_->Poll(kTurnRecords));
  for (const LogRecord& record : records) RETURN_IF_ERROR(Take(record));
  MutexLock lock(mutex_);
  for (const LogRecord& record : records) next_[record.partition] = record.offset + 1;
  return !records.empty();
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
  if (!event.has_upsert() && !event.has_deletion()) return absl::OkStatus();
  const auto& head = event.has_upsert() ? event.upsert().head() : event.deletion().head();
  const auto [begin, end] = projections_.equal_range(head.resource_number());
  for (auto at = begin; at != end; ++at) RETURN_IF_ERROR(at->second->Take(event));
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
  for (const auto& [partition, end] : ends) {
    const auto found = next_.find(partition);
    if (end > 0 && (found == next_.end() || found->second < end)) return false;
  }
  return true;
}

}  // namespace hangou

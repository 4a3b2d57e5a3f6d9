#include "libs/feed/change_source.h"

#include <algorithm>
#include <map>
#include <utility>

#include "libs/base/limits.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

// Records of others that are passed before other streams have their turn: some milliseconds.
constexpr int kPassedPerTurn = 4096;
// Records before the start of a partition that are looked at for the owner epoch in force there: more than a former
// owner has unanswered in one partition.
constexpr int64_t kLookBack = 64;

}  // namespace

const hangou::record::v1::RecordHead& HeadOf(const FeedChange& change) {
  return change.event.has_upsert() ? change.event.upsert().head() : change.event.deletion().head();
}

ChangeSource::ChangeSource(ChangeSourceOptions options, FeedPosition position)
    : options_(std::move(options)), position_(std::move(position)) {
  if (position_.snapshot) skip_until_ = position_.snapshot->last;
}

void ChangeSource::SetNotify(std::function<void()> notify) {
  notify_ = std::move(notify);
  if (reader_) reader_->SetNotify(notify_);
}

absl::StatusOr<ChangeSource::Step> ChangeSource::Next(FeedChange* change) {
  if (position_.snapshot) {
    ASSIGN_OR_RETURN(const Step step, NextFromSnapshot(change));
    if (position_.snapshot) return step;
  }
  return NextFromLog(change);
}

hangou::base_library::v1::ScanRequest ChangeSource::PageRequest() const {
  hangou::base_library::v1::ScanRequest request;
  request.set_resource_number(options_.resource_number);
  request.set_partition(position_.snapshot->partition);
  request.set_after_key(after_key_);
  request.set_max_records(static_cast<int32_t>(limits::kBatchRecords));
  return request;
}

void ChangeSource::TakePage(hangou::base_library::v1::ScanResponse page) {
  page_ = std::move(page);
  next_item_ = 0;
  has_page_ = true;
  // Of a partition that was begun before, the earlier place counts: the records taken then are as of then.
  int64_t& next = position_.partitions[static_cast<size_t>(position_.snapshot->partition)].next;
  if (next < 0) next = page_.applied_end();
}

absl::StatusOr<ChangeSource::Step> ChangeSource::NextFromSnapshot(FeedChange* change) {
  while (position_.snapshot) {
    if (!has_page_) return Step::kNeedsPage;
    while (next_item_ < page_.items_size()) {
      auto* item = page_.mutable_items(next_item_++);
      if (!skip_until_.empty()) {
        if (HashOf(item->upsert().head()) == skip_until_) skip_until_.clear();
        continue;
      }
      last_ = item->upsert().head();
      has_last_ = true;
      ++position_.snapshot->taken;
      change->partition = position_.snapshot->partition;
      change->offset = item->offset();
      change->from_snapshot = true;
      *change->event.mutable_upsert() = std::move(*item->mutable_upsert());
      return Step::kChange;
    }
    has_page_ = false;
    after_key_ = page_.next_key();
    if (after_key_.empty()) EndPartition();
  }
  return Step::kPause;  // the snapshot is over: the log comes next
}

void ChangeSource::EndPartition() {
  SnapshotPosition& snapshot = *position_.snapshot;
  has_last_ = false;
  snapshot.taken = 0;
  snapshot.last.clear();
  // The record taken last is gone: nothing tells what was taken before it, so the partition is taken once more.
  if (!std::exchange(skip_until_, {}).empty()) return;
  if (static_cast<size_t>(++snapshot.partition) == position_.partitions.size()) position_.snapshot.reset();
}

// Every valid record carries the epoch in force: where it is not known, some records before the start tell it.
absl::Status ChangeSource::OpenReader() {
  std::map<int32_t, int64_t> from;
  std::vector<int32_t> all;
  for (size_t p = 0; p < position_.partitions.size(); ++p) {
    const FeedPosition::Partition& partition = position_.partitions[p];
    const int64_t look_back = partition.owner_epoch == 0 ? kLookBack : 0;
    from[static_cast<int32_t>(p)] = std::max<int64_t>(0, partition.next - look_back);
    all.push_back(static_cast<int32_t>(p));
  }
  ASSIGN_OR_RETURN(ends_, options_.log.EndOffsets(options_.topic, all));
  for (const auto& [partition, end] : ends_) {
    if (position_.partitions[static_cast<size_t>(partition)].next > end) {
      return MakeError(Reason::kPositionUnknown, "the place lies beyond the end of the log; start again");
    }
    began_[partition] = position_.partitions[static_cast<size_t>(partition)].next;
  }
  ASSIGN_OR_RETURN(reader_, options_.log.OpenReader(options_.topic, std::move(from)));
  reader_->SetNotify(notify_);
  old_ends_ = ends_;
  return absl::OkStatus();
}

// What is appended while it reads is of erasures whose events it has passed.
absl::Status ChangeSource::CheckErasures(const LogRecord& record,
                                         const hangou::record::v1::ErasuresEnded& ended) const {
  if (ended.resource_number() != options_.resource_number ||
      record.offset >= old_ends_.at(record.partition) || began_.at(record.partition) > ended.last_offset()) {
    return absl::OkStatus();
  }
  return MakeError(
      Reason::kPositionUnknown,
      "records were erased while the subscription was away for more than half a day; drop what you hold "
      "of the resource and start again with a snapshot");
}

bool ChangeSource::AtEnd() {
  std::erase_if(ends_, [this](const auto& end) {
    return position_.partitions[static_cast<size_t>(end.first)].next >= end.second;
  });
  return ends_.empty();
}

absl::StatusOr<ChangeSource::Step> ChangeSource::NextFromLog(FeedChange* change) {
  if (!reader_) RETURN_IF_ERROR(OpenReader());
  for (int passed = 0; passed < kPassedPerTurn; ++passed) {
    if (polled_.empty()) {
      ASSIGN_OR_RETURN(std::vector<LogRecord> records, reader_->Poll(limits::kBatchRecords));
      // What a log of other machines holds may still be on its way.
      if (records.empty()) return AtEnd() ? Step::kAtEnd : Step::kNothingYet;
      polled_.assign(std::make_move_iterator(records.begin()), std::make_move_iterator(records.end()));
    }
    const LogRecord record = std::move(polled_.front());
    polled_.pop_front();
    ASSIGN_OR_RETURN(const bool taken, TakeRecord(record, change));
    if (taken) return Step::kChange;
  }
  return Step::kPause;
}

absl::StatusOr<bool> ChangeSource::TakeRecord(const LogRecord& record, FeedChange* change) {
  FeedPosition::Partition& partition = position_.partitions[static_cast<size_t>(record.partition)];
  ++passed_;
  if (record.offset < partition.next) {
    hangou::record::v1::Envelope before;
    if (record.value && before.ParseFromString(*record.value)) {
      partition.owner_epoch = std::max(partition.owner_epoch, before.owner_epoch());
    }
    return false;
  }
  partition.next = record.offset + 1;
  if (!record.value) return false;
  if (!change->event.ParseFromString(*record.value)) {
    return MakeError(Reason::kDataLoss, "the record at offset " + std::to_string(record.offset) +
                                            " of partition " + std::to_string(record.partition) + " of " +
                                            options_.topic + " is no envelope; restore the log");
  }
  // A former owner that did not know it yet.
  if (change->event.owner_epoch() < partition.owner_epoch) return false;
  partition.owner_epoch = change->event.owner_epoch();
  if (change->event.has_erasures_ended())
    RETURN_IF_ERROR(CheckErasures(record, change->event.erasures_ended()));
  // References tell nothing that the records do not.
  if (!change->event.has_upsert() && !change->event.has_deletion()) return false;
  if (HeadOf(*change).resource_number() != options_.resource_number) return false;
  change->partition = record.partition;
  change->offset = record.offset;
  change->from_snapshot = false;
  return true;
}

FeedPosition ChangeSource::position() const {
  FeedPosition position = position_;
  if (position.snapshot && has_last_) position.snapshot->last = HashOf(last_);
  return position;
}

std::string ChangeSource::HashOf(const hangou::record::v1::RecordHead& head) const {
  std::string identity = "snapshot";
  for (const std::string* part :
       {&options_.consumer, &position_.resource, &head.owner_key(), &head.provider(), &head.record_key()}) {
    identity.push_back('\0');
    identity += *part;
  }
  return options_.keys.Hash(KeyPurpose::kPseudonym, identity);
}

}  // namespace hangou

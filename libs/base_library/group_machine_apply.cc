// What the state machine of a partition group does to its view: the events of the log, applied in batches.
#include <algorithm>
#include <limits>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/base_library/group_machine.h"
#include "libs/base_library/past.h"

namespace hangou {

using hangou::record::v1::Deletion;
using hangou::record::v1::Envelope;
using hangou::record::v1::RecordHead;
using hangou::record::v1::StoredRecord;

namespace {

// StoredRecord.withdrawn as bytes: protobuf's messages are extended by appending.
constexpr std::string_view kWithdrawnBytes("\x20\x01", 2);
// What a reference's row holds: the offset of its event.
constexpr int kOffsetBytes = 8;
// Of a reference one change is under way at a time.
constexpr uint64_t kAnyRevision = std::numeric_limits<uint64_t>::max();

}  // namespace

absl::StatusOr<GroupMachine::Effects> GroupMachine::Apply(const std::vector<LogRecord>& records) {
  std::vector<Logged> logged;
  logged.reserve(records.size());
  for (const LogRecord& record : records)
    logged.push_back({record.partition, record.offset, &record.key, &record.value});
  return ApplyAll(logged);
}

absl::StatusOr<GroupMachine::Effects> GroupMachine::ApplyAll(const std::vector<Logged>& records) {
  Staged staged;
  staged.progress = progress_;
  Scratch scratch;
  for (const Logged& record : records) RETURN_IF_ERROR(StageRecord(record, &scratch, &staged));
  for (const auto& [partition, progress] : staged.progress) {
    const PartitionProgress& old = progress_.at(partition);
    if (progress.next_offset != old.next_offset || progress.owner_epoch != old.owner_epoch) {
      staged.batch.Put(kViewProgress, PartitionKey(partition), progress.Encode());
    }
  }
  if (ledger_ != nullptr) RETURN_IF_ERROR(ledger_->Append(staged.erasures));
  RETURN_IF_ERROR(store_.Write(staged.batch));
  progress_ = std::move(staged.progress);
  may_have_erasures_ |= !staged.erasures.empty();
  starts_awaited_ -= std::min(starts_awaited_, staged.starts);
  Effects effects;
  effects.applied = staged.applied;
  effects.erased = std::move(staged.erasures);
  for (const Staged::Done& done : staged.done) {
    const StoreBatch::Change& change = staged.batch.changes()[done.place];
    if (change.table == kViewReferences) {
      Complete(ReferenceLogKey(change.key), done, &effects);
    } else {
      Complete(change.key, done, &effects);
    }
  }
  // Only now, because a former owner's erasure is void, and what it would have erased must stay.
  for (const Staged::Done& done : staged.erased)
    AppendTombstones(staged.batch.changes()[done.place].key, done.partition, done.revision, &effects);
  const bool deposed =
      owner_epoch_ != 0 && std::any_of(progress_.begin(), progress_.end(), [this](const auto& item) {
        return item.second.owner_epoch > owner_epoch_;
      });
  if (deposed) {
    Effects ended = EndOwnership();
    effects.answers.insert(effects.answers.end(), std::make_move_iterator(ended.answers.begin()),
                           std::make_move_iterator(ended.answers.end()));
    effects.deposed = true;
  }
  return effects;
}

absl::Status GroupMachine::StageRecord(const Logged& record, Scratch* scratch, Staged* staged) const {
  const auto found = staged->progress.find(record.partition);
  HANGOU_CHECK(found != staged->progress.end(), "a record of a partition that the group does not hold");
  PartitionProgress& progress = found->second;
  if (record.offset < progress.next_offset) return absl::OkStatus();
  progress.next_offset = record.offset + 1;
  ++staged->applied;
  if (!*record.value) {
    StageTombstone(record, staged);
    return absl::OkStatus();
  }
  Envelope& envelope = scratch->envelope;
  // The bytes passed the log's checksum, so this is a bug of the writer, and no rebuilding mends it.
  HANGOU_CHECK(envelope.ParseFromString(**record.value), "the log holds something that is no envelope");
  if (envelope.owner_epoch() < progress.owner_epoch) return absl::OkStatus();  // void: behind a newer owner
  progress.owner_epoch = envelope.owner_epoch();
  if (!envelope.has_owner_start()) return StageEvent(record, scratch, staged);
  staged->starts += envelope.owner_epoch() == owner_epoch_ ? 1 : 0;
  return absl::OkStatus();
}

// The rows of a record went with its erasure; what is left are the rows that the tombstoned entry itself made.
void GroupMachine::StageTombstone(const Logged& record, Staged* staged) const {
  const ParsedLogKey parsed = ParseLogKey(*record.key);
  if (parsed.kind == ParsedLogKey::kErasure) staged->batch.Delete(kViewErasures, std::string(parsed.key));
  if (parsed.kind != ParsedLogKey::kReference) return;
  const size_t place = staged->batch.changes().size();
  staged->batch.Delete(kViewReferences, std::string(parsed.key));
  if (owner_epoch_ != 0) staged->done.push_back({place, kAnyRevision, record.partition, record.offset});
}

absl::Status GroupMachine::StageEvent(const Logged& record, Scratch* scratch, Staged* staged) const {
  Envelope& envelope = scratch->envelope;
  if (envelope.has_reference()) {
    StageReference(record, envelope, staged);
    return absl::OkStatus();
  }
  if (envelope.has_erasures_ended()) {
    std::string offset;
    AppendBigEndian(&offset, static_cast<uint64_t>(envelope.erasures_ended().last_offset()), kOffsetBytes);
    staged->batch.Put(kViewProgress, std::string(*record.key), std::move(offset));
    return absl::OkStatus();
  }
  StoredRecord& stored = scratch->stored;
  std::string record_key = RecordKey(record.partition, HeadOf(envelope));
  if (envelope.has_deletion() && envelope.deletion().kind() == Deletion::KIND_ERASE) {
    StageErasure(record, record_key, envelope, staged);
    return absl::OkStatus();
  }
  stored.Clear();
  if (envelope.has_deletion()) {
    // What was published stays beside the deletion: it is served until the deletion's day.
    const Deletion& deletion = envelope.deletion();
    ASSIGN_OR_RETURN(const auto text,
                     KeepHistory(record_key, deletion.head(), deletion.withdrawn_revision() != 0, staged));
    if (text && !stored.ParseFromString(*text)) return DamagedRecord();
    *stored.mutable_deletion() = std::move(*envelope.mutable_deletion());
  } else {
    const bool withdraws = envelope.upsert().withdrawn_revision() != 0;
    RETURN_IF_ERROR(KeepHistory(record_key, envelope.upsert().head(), withdraws, staged).status());
    stored.mutable_upsert()->Swap(envelope.mutable_upsert());
  }
  stored.set_offset(record.offset);
  const RecordHead& head = HeadOf(stored);
  const size_t place = staged->batch.changes().size();
  if (staged->rows) (*staged->rows)[record_key] = place;
  staged->batch.Put(kViewRecords, std::move(record_key), stored.SerializeAsString());
  if (!head.request_id().empty()) {
    const RequestMemory memory{head.received_us(), head.content_hash_low(), head.content_hash_high(),
                               record.partition,   record.offset,           head.request_digest()};
    staged->batch.Put(kViewRequests, RequestKey(head), memory.Encode());
  }
  NoteDone(record, envelope, place, head.revision(), staged);
  return absl::OkStatus();
}

void GroupMachine::NoteDone(const Logged& record, const Envelope& envelope, size_t place, uint64_t revision,
                            Staged* staged) const {
  if (envelope.owner_epoch() == owner_epoch_)
    staged->done.push_back({place, revision, record.partition, record.offset});
}

void GroupMachine::StageReference(const Logged& record, const Envelope& envelope, Staged* staged) const {
  std::string offset;
  AppendBigEndian(&offset, static_cast<uint64_t>(record.offset), kOffsetBytes);
  const size_t place = staged->batch.changes().size();
  staged->batch.Put(kViewReferences, ReferenceKey(record.partition, envelope.reference()), std::move(offset));
  NoteDone(record, envelope, place, kAnyRevision, staged);
}

// The first revision of a record, which most are, has nothing before it.
absl::StatusOr<std::optional<std::string>> GroupMachine::KeepHistory(const std::string& record_key,
                                                                     const RecordHead& head, bool withdrawn,
                                                                     Staged* staged) const {
  if (head.revision() <= 1) return std::optional<std::string>();
  ASSIGN_OR_RETURN(auto before, RowBefore(record_key, staged));
  if (!before) return before;
  std::string row = *before;
  if (withdrawn) row.append(kWithdrawnBytes);
  staged->batch.Put(kViewHistory, HistoryKey(record_key, head.revision() - 1), std::move(row));
  return before;
}

void GroupMachine::StageErasure(const Logged& record, const std::string& record_key, const Envelope& envelope,
                                Staged* staged) const {
  const RecordHead& head = envelope.deletion().head();
  for (uint64_t gone = 1; gone < head.revision(); ++gone)
    staged->batch.Delete(kViewHistory, HistoryKey(record_key, gone));
  staged->batch.Put(
      kViewErasures, record_key,
      StoredErasure{head.received_us(), head.revision(), record.partition, record.offset}.Encode());
  const size_t place = staged->batch.changes().size();
  if (staged->rows) (*staged->rows)[record_key] = place;
  staged->batch.Delete(kViewRecords, record_key);
  staged->erasures.push_back({record_key, record.partition, record.offset, head.received_us(),
                              head.provider(), head.resource_number()});
  NoteDone(record, envelope, place, head.revision(), staged);
  if (envelope.owner_epoch() == owner_epoch_) staged->erased.push_back(staged->done.back());
}

absl::StatusOr<std::optional<std::string>> GroupMachine::RowBefore(const std::string& record_key,
                                                                   Staged* staged) const {
  const std::vector<StoreBatch::Change>& changes = staged->batch.changes();
  if (!staged->rows) {
    staged->rows.emplace();
    for (size_t place = 0; place < changes.size(); ++place) {
      if (changes[place].table == kViewRecords) (*staged->rows)[changes[place].key] = place;
    }
  }
  const auto found = staged->rows->find(record_key);
  if (found != staged->rows->end()) return changes[found->second].value;
  return store_.Get(kViewRecords, record_key);
}

}  // namespace hangou

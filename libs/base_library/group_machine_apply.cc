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
      Complete(ReferenceStateKey(change.key), done, &effects);
    } else {
      Complete(change.key, done, &effects);
    }
  }
  // Only now, because a former owner's erasure is void, and what it would have erased must stay.
  for (const auto& [record_key, erasure] : staged.erased) AppendTombstones(record_key, erasure, &effects);
  // What is void is nobody's, and may hold what was erased.
  if (Owns()) {
    for (auto& [partition, log_key] : staged.voided)
      effects.appends[partition].push_back({std::move(log_key), std::nullopt});
  }
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
  if (!*record.value) return StageTombstone(record, staged);
  Envelope& envelope = scratch->envelope;
  // The bytes passed the log's checksum, so this is a bug of the writer, and no rebuilding mends it.
  HANGOU_CHECK(envelope.ParseFromString(**record.value), "the log holds something that is no envelope");
  if (envelope.owner_epoch() < progress.owner_epoch) {  // void: behind a newer owner
    const ParsedLogKey parsed = ParseLogKey(*record.key);
    if (parsed.kind != ParsedLogKey::kOther && parsed.owner_epoch == envelope.owner_epoch())
      staged->voided.emplace_back(record.partition, *record.key);
    return absl::OkStatus();
  }
  progress.owner_epoch = envelope.owner_epoch();
  if (!envelope.has_owner_start()) return StageEvent(record, scratch, staged);
  staged->starts += envelope.owner_epoch() == owner_epoch_ ? 1 : 0;
  return absl::OkStatus();
}

// The rows of a record went with its erasure; what is left are the rows that the tombstoned entry itself made.
absl::Status GroupMachine::StageTombstone(const Logged& record, Staged* staged) const {
  const ParsedLogKey parsed = ParseLogKey(*record.key);
  const std::string key(parsed.key);
  if (parsed.kind == ParsedLogKey::kErasure) {
    ASSIGN_OR_RETURN(const auto row, RowOf(kViewErasures, key, *staged));
    const bool same = row && StoredErasure::Decode(*row).revision.revision == parsed.revision &&
                      StoredErasure::Decode(*row).revision.owner_epoch == parsed.owner_epoch;
    if (same) staged->batch.Delete(kViewErasures, key);
  }
  if (parsed.kind != ParsedLogKey::kReference) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto row, RowOf(kViewReferences, key, *staged));
  if (!row || StoredReference::Decode(*row).owner_epoch != parsed.owner_epoch) return absl::OkStatus();
  const size_t place = staged->batch.changes().size();
  staged->batch.Delete(kViewReferences, key);
  if (owner_epoch_ != 0) staged->done.push_back({place, kAnyRevision, record.partition, record.offset});
  return absl::OkStatus();
}

absl::Status GroupMachine::StageEvent(const Logged& record, Scratch* scratch, Staged* staged) const {
  Envelope& envelope = scratch->envelope;
  if (envelope.has_reference()) {
    StageReference(record, envelope, staged);
    return absl::OkStatus();
  }
  if (envelope.has_erasures_ended()) {
    const auto& ended = envelope.erasures_ended();
    std::string offset;
    AppendBigEndian(&offset, static_cast<uint64_t>(ended.last_offset()), kOffsetBytes);
    staged->batch.Put(kViewProgress, EndedErasuresKey(ended.resource_number(), record.partition),
                      std::move(offset));
    return absl::OkStatus();
  }
  StoredRecord& stored = scratch->stored;
  std::string record_key = RecordKey(record.partition, HeadOf(envelope));
  if (envelope.has_deletion() && envelope.deletion().kind() == Deletion::KIND_ERASE) {
    return StageErasure(record, record_key, envelope, staged);
  }
  stored.Clear();
  if (envelope.has_deletion()) {
    Deletion& deletion = *envelope.mutable_deletion();
    const bool withdraws = deletion.withdrawn_revision() != 0;
    ASSIGN_OR_RETURN(auto before, KeepHistory(record_key, deletion.head(), withdraws, staged));
    // What was published stays beside the deletion: it is served until the deletion's day. But for what is recalled, or
    // taken back by this very event.
    if (withdraws && deletion.has_restored()) {
      stored.mutable_upsert()->Swap(deletion.mutable_restored());
      deletion.clear_restored();
    } else if (!withdraws && before && (!IsRecalled(*before) || deletion.kind() == Deletion::KIND_RECALL)) {
      if (before->has_upsert()) stored.mutable_upsert()->Swap(before->mutable_upsert());
    }
    stored.mutable_deletion()->Swap(&deletion);
  } else {
    const bool withdraws = envelope.upsert().withdrawn_revision() != 0;
    RETURN_IF_ERROR(KeepHistory(record_key, envelope.upsert().head(), withdraws, staged).status());
    stored.mutable_upsert()->Swap(envelope.mutable_upsert());
  }
  stored.set_offset(record.offset);
  stored.set_owner_epoch(envelope.owner_epoch());
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
  const StoredReference row{record.offset, envelope.owner_epoch(), envelope.reference().head().received_us()};
  const size_t place = staged->batch.changes().size();
  staged->batch.Put(kViewReferences, ReferenceKey(record.partition, envelope.reference()), row.Encode());
  NoteDone(record, envelope, place, kAnyRevision, staged);
}

// The first revision of a record, which most are, has nothing before it.
absl::StatusOr<std::optional<StoredRecord>> GroupMachine::KeepHistory(const std::string& record_key,
                                                                      const RecordHead& head, bool withdrawn,
                                                                      Staged* staged) const {
  std::optional<StoredRecord> before;
  if (head.revision() <= 1) return before;
  ASSIGN_OR_RETURN(auto row, RowBefore(record_key, staged));
  if (!row) return before;
  if (!before.emplace().ParseFromString(*row)) return DamagedRecord();
  if (withdrawn) row->append(kWithdrawnBytes);
  // Not always the one below: the revision of an append that failed is not given again.
  staged->batch.Put(kViewHistory, HistoryKey(record_key, HeadOf(*before).revision()), std::move(*row));
  return before;
}

absl::Status GroupMachine::StageErasure(const Logged& record, const std::string& record_key,
                                        const Envelope& envelope, Staged* staged) const {
  const RecordHead& head = envelope.deletion().head();
  StoredErasure erasure{
      head.received_us(), {head.revision(), envelope.owner_epoch()}, record.partition, record.offset, {}};
  StoredRecord state;
  bool damaged = false;
  const auto add = [&](std::string_view row) {
    damaged |= !state.ParseFromArray(row.data(), static_cast<int>(row.size()));
    if (!damaged) erasure.erased.push_back({HeadOf(state).revision(), state.owner_epoch()});
    return !damaged;
  };
  ASSIGN_OR_RETURN(const auto newest, RowBefore(record_key, staged));
  if (newest) add(*newest);
  // Former states, of this batch and of before.
  std::vector<std::string> former;
  for (const StoreBatch::Change& change : staged->batch.changes()) {
    if (change.table != kViewHistory || !change.value || !IsHistoryOf(change.key, record_key)) continue;
    former.push_back(change.key);
    add(*change.value);
  }
  RETURN_IF_ERROR(
      store_.Scan(kViewHistory, record_key, record_key, [&](std::string_view key, std::string_view row) {
        if (!IsHistoryOf(key, record_key)) return true;
        former.emplace_back(key);
        return add(row);
      }));
  if (damaged) return DamagedRecord();
  for (std::string& key : former) staged->batch.Delete(kViewHistory, std::move(key));
  staged->batch.Put(kViewErasures, record_key, erasure.Encode());
  const size_t place = staged->batch.changes().size();
  if (staged->rows) (*staged->rows)[record_key] = place;
  staged->batch.Delete(kViewRecords, record_key);
  staged->erasures.push_back({record_key, record.partition, record.offset, head.received_us(),
                              head.provider(), head.resource_number()});
  NoteDone(record, envelope, place, head.revision(), staged);
  if (envelope.owner_epoch() == owner_epoch_) staged->erased.emplace_back(record_key, std::move(erasure));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> GroupMachine::RowOf(int table, const std::string& key,
                                                               const Staged& staged) const {
  const std::vector<StoreBatch::Change>& changes = staged.batch.changes();
  const auto found = std::find_if(changes.rbegin(), changes.rend(), [&](const StoreBatch::Change& change) {
    return change.table == table && change.key == key;
  });
  if (found != changes.rend()) return found->value;
  return store_.Get(table, key);
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

#include "libs/base_library/group_machine.h"

#include <algorithm>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {

using hangou::base_library::v1::RecordOutcome;
using hangou::record::v1::Envelope;
using hangou::record::v1::RecordHead;
using hangou::record::v1::StoredRecord;

namespace {

const RecordHead& HeadOf(const Envelope& envelope) {
  return envelope.has_upsert() ? envelope.upsert().head() : envelope.deletion().head();
}

RecordHead& MutableHeadOf(Envelope& envelope) {
  return envelope.has_upsert() ? *envelope.mutable_upsert()->mutable_head()
                               : *envelope.mutable_deletion()->mutable_head();
}

// An owner epoch in the log: the placement's, then a count of the times that its owner has begun, for a replica that is
// started again keeps its groups. A replica that starts 1,000 times a day between two moves has room for years.
constexpr int kIncarnationBits = 20;

absl::Status Deposed() {
  return MakeError(Reason::kNotOwner, "the partition group has moved to another replica; retry");
}

RecordOutcome Taken(hangou::base_library::v1::Outcome kind, int32_t partition, int64_t offset) {
  RecordOutcome outcome;
  outcome.set_outcome(kind);
  outcome.set_partition(partition);
  outcome.set_offset(offset);
  return outcome;
}

RecordOutcome NotTaken(hangou::base_library::v1::Outcome kind, Reason reason, std::string_view message) {
  RecordOutcome outcome = RefusedOutcome(reason, "", message);
  outcome.set_outcome(kind);
  return outcome;
}

}  // namespace

RecordOutcome RefusedOutcome(Reason reason, std::string_view field, std::string_view message) {
  RecordOutcome outcome;
  outcome.set_outcome(hangou::base_library::v1::OUTCOME_REFUSED);
  auto* violation = outcome.add_violations();
  violation->set_reason(std::string(ReasonName(reason)));
  violation->set_field(std::string(field));
  violation->set_message(std::string(message));
  return outcome;
}

absl::Status GroupMachine::Load(const std::string& log_id) {
  ASSIGN_OR_RETURN(const auto stored_log_id, store_.Get(kViewProgress, kLogIdKey));
  if (stored_log_id && *stored_log_id != log_id) {
    return MakeError(Reason::kPositionUnknown, "the view was built from another log");
  }
  if (!stored_log_id) {
    StoreBatch batch;
    batch.Put(kViewProgress, std::string(kLogIdKey), log_id);
    RETURN_IF_ERROR(store_.Write(batch));
  }
  for (int32_t partition : partitions_) {
    ASSIGN_OR_RETURN(const auto text, store_.Get(kViewProgress, PartitionKey(partition)));
    progress_[partition] = text ? PartitionProgress::Decode(*text) : PartitionProgress{};
  }
  return absl::OkStatus();
}

std::map<int32_t, int64_t> GroupMachine::ReadFrom() const {
  std::map<int32_t, int64_t> from;
  for (const auto& [partition, progress] : progress_) from[partition] = progress.next_offset;
  return from;
}

absl::StatusOr<GroupMachine::Effects> GroupMachine::BeginOwnership(uint64_t placement_epoch, int64_t now_us) {
  Effects effects;
  uint64_t highest = 0;
  for (const auto& [partition, progress] : progress_) highest = std::max(highest, progress.owner_epoch);
  if (highest >> kIncarnationBits > placement_epoch) return Deposed();
  owner_epoch_ = std::max(highest, placement_epoch << kIncarnationBits) + 1;
  starts_awaited_ = partitions_.size();
  Envelope envelope;
  envelope.set_owner_epoch(owner_epoch_);
  envelope.mutable_owner_start()->set_started_us(now_us);
  const std::string value = envelope.SerializeAsString();
  for (int32_t partition : partitions_) {
    effects.appends[partition].push_back({"owner/" + std::to_string(owner_epoch_), value});
  }
  return effects;
}

GroupMachine::Effects GroupMachine::EndOwnership() { return Abandon(Deposed()); }

absl::StatusOr<GroupMachine::Effects> GroupMachine::Decide(std::vector<Submission> submissions,
                                                           int64_t now_us) {
  HANGOU_CHECK(Owns(), "a group decides only what it owns");
  Effects effects;
  std::vector<std::string> keys;
  keys.reserve(submissions.size());
  for (const Submission& submission : submissions)
    keys.push_back(RecordKey(submission.partition, HeadOf(submission.envelope)));
  ASSIGN_OR_RETURN(const auto stored, store_.GetMany(kViewRecords, keys));
  for (size_t i = 0; i < submissions.size(); ++i) {
    RETURN_IF_ERROR(DecideOne(submissions[i], keys[i], stored[i], now_us, &effects));
  }
  return effects;
}

absl::Status GroupMachine::DecideOne(Submission& submission, const std::string& record_key,
                                     const std::optional<std::string>& stored, int64_t now_us,
                                     Effects* effects) {
  const RecordHead& head = HeadOf(submission.envelope);
  if (!submission.by_source) {
    ASSIGN_OR_RETURN(const bool answered, AnswerRepeatedRequest(submission, now_us, effects));
    if (answered) return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const KnownRecord known, Known(record_key, stored));
  const WantedChange wanted{submission.envelope.has_deletion(),
                            submission.by_source,
                            head.generation(),
                            head.source_version(),
                            head.content_hash_low(),
                            head.content_hash_high()};
  RecordOutcome outcome;
  switch (CompareVersions(known, wanted)) {
    case VersionVerdict::kEffective:
      Accept(submission, record_key, known, now_us, effects);
      return absl::OkStatus();
    case VersionVerdict::kDuplicate:
      outcome = Taken(hangou::base_library::v1::OUTCOME_DUPLICATE, submission.partition, known.offset);
      break;
    case VersionVerdict::kStale:
      outcome = NotTaken(hangou::base_library::v1::OUTCOME_STALE, Reason::kStale,
                         "a newer version of the record is stored");
      break;
    case VersionVerdict::kConflict:
      outcome = NotTaken(hangou::base_library::v1::OUTCOME_CONFLICT, Reason::kVersionConflict,
                         "the same version is stored with other content; raise the version");
      break;
    case VersionVerdict::kNothing:
      outcome = RefusedOutcome(Reason::kObjectNotFound, "", "there is no such record to delete");
      break;
  }
  Answer answer{submission.sink, head.request_place(), std::move(outcome)};
  // What was compared with a change in flight is only true once that change is applied.
  const auto found = in_flight_.find(record_key);
  if (found != in_flight_.end()) {
    found->second.pending.back().waiting.push_back(std::move(answer));
  } else {
    effects->answers.push_back(std::move(answer));
  }
  return absl::OkStatus();
}

absl::StatusOr<KnownRecord> GroupMachine::Known(const std::string& record_key,
                                                const std::optional<std::string>& text) const {
  const auto found = in_flight_.find(record_key);
  if (found != in_flight_.end()) return found->second.latest;
  KnownRecord known;
  if (!text) return known;
  StoredRecord stored;
  if (!stored.ParseFromString(*text))
    return MakeError(Reason::kDataLoss, "a stored record of the view is damaged");
  const RecordHead& head = stored.has_deletion() ? stored.deletion().head() : stored.upsert().head();
  known.exists = true;
  known.deleted = stored.has_deletion();
  known.generation = head.generation();
  known.source_version = head.source_version();
  known.hash_low = head.content_hash_low();
  known.hash_high = head.content_hash_high();
  known.revision = head.revision();
  known.offset = stored.offset();
  return known;
}

absl::StatusOr<bool> GroupMachine::AnswerRepeatedRequest(const Submission& submission, int64_t now_us,
                                                         Effects* effects) {
  const RecordHead& head = HeadOf(submission.envelope);
  const std::string request_key = RequestKey(head);
  const auto reused = [] {
    return RefusedOutcome(Reason::kRequestIdReused, "",
                          "the request id was used for other content; choose a new one");
  };
  if (const auto found = in_flight_requests_.find(request_key); found != in_flight_requests_.end()) {
    const InFlightRequest& request = found->second;
    const bool same =
        request.hash_low == head.content_hash_low() && request.hash_high == head.content_hash_high();
    Answer answer{
        submission.sink, head.request_place(),
        same ? Taken(hangou::base_library::v1::OUTCOME_DUPLICATE, submission.partition, -1) : reused()};
    auto& pending = in_flight_.at(request.record_key).pending;
    const auto at = std::find_if(pending.begin(), pending.end(),
                                 [&](const Pending& p) { return p.revision == request.revision; });
    HANGOU_CHECK(at != pending.end(), "a request in flight without its change");
    at->waiting.push_back(std::move(answer));
    return true;
  }
  ASSIGN_OR_RETURN(const auto text, store_.Get(kViewRequests, request_key));
  if (!text) return false;
  const RequestMemory memory = RequestMemory::Decode(*text);
  if (memory.received_us < now_us - limits::kRequestMemoryUs) return false;
  const bool same =
      memory.hash_low == head.content_hash_low() && memory.hash_high == head.content_hash_high();
  effects->answers.push_back(
      {submission.sink, head.request_place(),
       same ? Taken(hangou::base_library::v1::OUTCOME_DUPLICATE, memory.partition, memory.offset)
            : reused()});
  return true;
}

void GroupMachine::Accept(Submission& submission, const std::string& record_key, const KnownRecord& known,
                          int64_t now_us, Effects* effects) {
  RecordHead& head = MutableHeadOf(submission.envelope);
  head.set_revision(known.revision + 1);
  head.set_received_us(now_us);
  submission.envelope.set_owner_epoch(owner_epoch_);

  InFlight& in_flight = in_flight_[record_key];
  in_flight.latest = {true,
                      submission.envelope.has_deletion(),
                      head.generation(),
                      head.source_version(),
                      head.content_hash_low(),
                      head.content_hash_high(),
                      head.revision(),
                      -1};
  Pending pending{head.revision(), submission.by_source ? "" : RequestKey(head), {}};
  pending.waiting.push_back({submission.sink, head.request_place(),
                             Taken(hangou::base_library::v1::OUTCOME_ACCEPTED, submission.partition, -1)});
  if (!submission.by_source) {
    in_flight_requests_[pending.request_key] = {head.content_hash_low(), head.content_hash_high(), record_key,
                                                head.revision()};
  }
  in_flight.pending.push_back(std::move(pending));
  ++pending_count_;
  decided_us_.push_back(now_us);
  effects->appends[submission.partition].push_back(
      {LogKey(record_key, head.revision()), submission.envelope.SerializeAsString()});
}

absl::StatusOr<GroupMachine::Effects> GroupMachine::Apply(const std::vector<LogRecord>& records) {
  std::vector<Logged> logged;
  logged.reserve(records.size());
  for (const LogRecord& record : records) logged.push_back({record.partition, record.offset, &record.value});
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
  RETURN_IF_ERROR(store_.Write(staged.batch));
  progress_ = std::move(staged.progress);
  starts_awaited_ -= std::min(starts_awaited_, staged.starts);
  Effects effects;
  effects.applied = staged.applied;
  for (const Staged::Done& done : staged.done)
    Complete(staged.batch.changes()[done.place].key, done, &effects);
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
  if (!*record.value) return absl::OkStatus();
  Envelope& envelope = scratch->envelope;
  // The bytes passed the log's checksum, so this is a bug of the writer, and no rebuilding mends it.
  HANGOU_CHECK(envelope.ParseFromString(**record.value), "the log holds something that is no envelope");
  if (envelope.owner_epoch() < progress.owner_epoch) return absl::OkStatus();  // void: behind a newer owner
  progress.owner_epoch = envelope.owner_epoch();
  if (!envelope.has_owner_start()) return StageEvent(record, scratch, staged);
  staged->starts += envelope.owner_epoch() == owner_epoch_ ? 1 : 0;
  return absl::OkStatus();
}

absl::Status GroupMachine::StageEvent(const Logged& record, Scratch* scratch, Staged* staged) const {
  Envelope& envelope = scratch->envelope;
  StoredRecord& stored = scratch->stored;
  std::string record_key = RecordKey(record.partition, HeadOf(envelope));
  stored.Clear();
  if (envelope.has_deletion()) {
    // What was published stays beside the deletion: it is served until the deletion's day.
    ASSIGN_OR_RETURN(const auto text, RowBefore(record_key, staged));
    if (text && !stored.ParseFromString(*text)) {
      return MakeError(Reason::kDataLoss, "a stored record of the view is damaged");
    }
    *stored.mutable_deletion() = std::move(*envelope.mutable_deletion());
  } else {
    stored.mutable_upsert()->Swap(envelope.mutable_upsert());
  }
  stored.set_offset(record.offset);
  const RecordHead& head = stored.has_deletion() ? stored.deletion().head() : stored.upsert().head();
  const size_t place = staged->batch.changes().size();
  if (staged->rows) (*staged->rows)[record_key] = place;
  staged->batch.Put(kViewRecords, std::move(record_key), stored.SerializeAsString());
  if (!head.request_id().empty()) {
    const RequestMemory memory{head.received_us(), head.content_hash_low(), head.content_hash_high(),
                               record.partition,   record.offset,           head.request_digest()};
    staged->batch.Put(kViewRequests, RequestKey(head), memory.Encode());
  }
  if (envelope.owner_epoch() == owner_epoch_) {
    staged->done.push_back({place, head.revision(), record.partition, record.offset});
  }
  return absl::OkStatus();
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

void GroupMachine::Complete(const std::string& record_key, const Staged::Done& done, Effects* effects) {
  const auto found = in_flight_.find(record_key);
  if (found == in_flight_.end()) return;
  auto& pending = found->second.pending;
  while (!pending.empty() && pending.front().revision <= done.revision) {
    for (Answer& answer : pending.front().waiting) {
      const auto kind = answer.outcome.outcome();
      if (kind == hangou::base_library::v1::OUTCOME_ACCEPTED ||
          kind == hangou::base_library::v1::OUTCOME_DUPLICATE) {
        answer.outcome.set_partition(done.partition);
        answer.outcome.set_offset(done.offset);
      }
      effects->answers.push_back(std::move(answer));
    }
    if (!pending.front().request_key.empty()) in_flight_requests_.erase(pending.front().request_key);
    pending.erase(pending.begin());
    --pending_count_;
    decided_us_.pop_front();
  }
  if (pending.empty()) in_flight_.erase(found);
}

void GroupMachine::Fail(Pending& pending, const absl::Status& status, Effects* effects) {
  for (Answer& answer : pending.waiting) {
    const Reason reason = ReasonOf(status).value_or(Reason::kLogUnavailable);
    answer.outcome = RefusedOutcome(reason, "", Message(status));
    effects->answers.push_back(std::move(answer));
  }
  pending.waiting.clear();
}

absl::StatusOr<GroupMachine::Effects> GroupMachine::ApplyAcknowledged(
    const std::vector<AcknowledgedAppend>& appends) {
  if (!Owns()) return Effects();
  std::map<int32_t, int64_t> next;
  std::vector<Logged> records;
  for (const AcknowledgedAppend& append : appends) {
    int64_t& expected = next.try_emplace(append.partition, NextOffset(append.partition)).first->second;
    int64_t offset = append.first_offset;
    if (offset > expected) continue;
    // Where the reader was faster, a part of it is applied already.
    for (const LogEntry& entry : *append.entries) {
      if (offset == expected) {
        records.push_back({append.partition, offset, &entry.value});
        ++expected;
      }
      ++offset;
    }
  }
  if (records.empty()) return Effects();
  return ApplyAll(records);
}

GroupMachine::Effects GroupMachine::AppendFailed(const std::vector<LogEntry>& entries,
                                                 const absl::Status& status) {
  Effects effects;
  for (const LogEntry& entry : entries) {
    const std::string& log_key = entry.key;
    if (log_key.size() < 8) continue;
    const std::string record_key = log_key.substr(0, log_key.size() - 8);
    const uint64_t revision = ReadBigEndian(std::string_view(log_key).substr(record_key.size()));
    const auto found = in_flight_.find(record_key);
    if (found == in_flight_.end()) continue;
    auto& pending = found->second.pending;
    const auto at = std::find_if(pending.begin(), pending.end(),
                                 [&](const Pending& p) { return p.revision == revision; });
    if (at == pending.end()) continue;
    Fail(*at, status, &effects);
    in_flight_requests_.erase(at->request_key);
    decided_us_.pop_front();
    pending.erase(at);
    --pending_count_;
    // What comes next is compared with the view again, or with the change in flight that is left.
    if (pending.empty()) in_flight_.erase(found);
  }
  return effects;
}

GroupMachine::Effects GroupMachine::Abandon(const absl::Status& status) {
  Effects effects;
  for (auto& [key, in_flight] : in_flight_) {
    for (Pending& pending : in_flight.pending) Fail(pending, status, &effects);
  }
  in_flight_.clear();
  in_flight_requests_.clear();
  decided_us_.clear();
  pending_count_ = 0;
  owner_epoch_ = 0;
  return effects;
}

absl::StatusOr<size_t> GroupMachine::ExpireRequests(int64_t before_us, size_t at_most) {
  StoreBatch batch;
  size_t looked = 0;
  std::string next;
  RETURN_IF_ERROR(
      store_.Scan(kViewRequests, expiry_cursor_, "", [&](std::string_view key, std::string_view value) {
        if (looked == at_most) {
          next = std::string(key);
          return false;
        }
        ++looked;
        if (RequestMemory::Decode(value).received_us < before_us)
          batch.Delete(kViewRequests, std::string(key));
        return true;
      }));
  expiry_cursor_ = next;
  if (!batch.empty()) RETURN_IF_ERROR(store_.Write(batch));
  return looked;
}

int64_t GroupMachine::NextOffset(int32_t partition) const {
  const auto found = progress_.find(partition);
  return found == progress_.end() ? 0 : found->second.next_offset;
}

int64_t GroupMachine::OldestPendingUs() const { return decided_us_.empty() ? 0 : decided_us_.front(); }

}  // namespace hangou

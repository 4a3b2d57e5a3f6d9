#include "libs/base_library/group_machine.h"

#include <algorithm>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/base_library/past.h"

namespace hangou {

using hangou::base_library::v1::RecordOutcome;
using hangou::record::v1::Deletion;
using hangou::record::v1::Envelope;
using hangou::record::v1::RecordHead;
using hangou::record::v1::Reference;
using hangou::record::v1::StoredRecord;

namespace {

RecordHead& MutableHeadOf(Envelope& envelope) {
  if (envelope.has_reference()) return *envelope.mutable_reference()->mutable_head();
  return envelope.has_upsert() ? *envelope.mutable_upsert()->mutable_head()
                               : *envelope.mutable_deletion()->mutable_head();
}

WantedChange WantedOf(const Submission& submission) {
  const Envelope& envelope = submission.envelope;
  const RecordHead& head = HeadOf(envelope);
  WantedChange wanted{WantedChange::kUpsert, submission.by_source,    head.generation(),
                      head.source_version(), head.content_hash_low(), head.content_hash_high()};
  if (envelope.has_upsert() && envelope.upsert().withdrawn_revision() != 0)
    wanted.kind = WantedChange::kWithdrawal;
  if (envelope.has_reference() && envelope.reference().removed()) wanted.kind = WantedChange::kErasure;
  if (!envelope.has_deletion()) return wanted;
  switch (envelope.deletion().kind()) {
    case Deletion::KIND_RECALL:
      wanted.kind = WantedChange::kRecall;
      break;
    case Deletion::KIND_ERASE:
      wanted.kind = WantedChange::kErasure;
      break;
    default:
      wanted.kind = WantedChange::kDeletion;
  }
  return wanted;
}

// Whether a place of a request was seen before. A withdrawal is known by the digest of its request: what it led to is
// another content.
bool IsSameRequest(const RecordHead& head, uint64_t hash_low, uint64_t hash_high, uint64_t digest) {
  if (digest != 0 && head.request_digest() == digest) return true;
  return hash_low == head.content_hash_low() && hash_high == head.content_hash_high();
}

std::string StateKey(const Submission& submission) {
  const Envelope& envelope = submission.envelope;
  if (envelope.has_reference())
    return ReferenceStateKey(ReferenceKey(submission.partition, envelope.reference()));
  return RecordKey(submission.partition, HeadOf(envelope));
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

const RecordHead& HeadOf(const Envelope& envelope) {
  if (envelope.has_reference()) return envelope.reference().head();
  return envelope.has_upsert() ? envelope.upsert().head() : envelope.deletion().head();
}

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
  const std::string wanted = std::string(kViewFormat) + " " + log_id;
  if (stored_log_id && *stored_log_id != wanted) {
    return MakeError(Reason::kPositionUnknown, "the view was built from another log, or in another format");
  }
  if (!stored_log_id) {
    StoreBatch batch;
    batch.Put(kViewProgress, std::string(kLogIdKey), wanted);
    RETURN_IF_ERROR(store_.Write(batch));
  }
  for (int32_t partition : partitions_) {
    ASSIGN_OR_RETURN(const auto text, store_.Get(kViewProgress, PartitionKey(partition)));
    progress_[partition] = text ? PartitionProgress::Decode(*text) : PartitionProgress{};
  }
  return store_.Scan(kViewErasures, "", "", [this](std::string_view, std::string_view) {
    may_have_erasures_ = true;
    return false;
  });
}

absl::Status GroupMachine::NoteFollowed(int64_t now_us) {
  std::string value;
  AppendBigEndian(&value, static_cast<uint64_t>(now_us), 8);
  StoreBatch batch;
  batch.Put(kViewProgress, std::string(kFollowedKey), std::move(value));
  return store_.Write(batch);
}

absl::StatusOr<int64_t> GroupMachine::FollowedUs() const {
  ASSIGN_OR_RETURN(const auto value, store_.Get(kViewProgress, kFollowedKey));
  return value ? static_cast<int64_t>(ReadBigEndian(*value)) : 0;
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
  for (const Submission& submission : submissions) keys.push_back(StateKey(submission));
  ASSIGN_OR_RETURN(const auto stored, StoredRows(submissions, keys));
  for (size_t i = 0; i < submissions.size(); ++i) {
    RETURN_IF_ERROR(DecideOne(submissions[i], keys[i], stored[i], now_us, &effects));
  }
  return effects;
}

absl::StatusOr<std::vector<std::optional<std::string>>> GroupMachine::StoredRows(
    const std::vector<Submission>& submissions, const std::vector<std::string>& state_keys) const {
  ASSIGN_OR_RETURN(auto rows, store_.GetMany(kViewRecords, state_keys));
  for (size_t i = 0; i < submissions.size(); ++i) {
    if (!submissions[i].envelope.has_reference()) continue;
    ASSIGN_OR_RETURN(rows[i], store_.Get(kViewReferences, ReferenceKeyOf(state_keys[i])));
  }
  return rows;
}

absl::Status GroupMachine::DecideOne(Submission& submission, const std::string& record_key,
                                     const std::optional<std::string>& stored, int64_t now_us,
                                     Effects* effects) {
  const RecordHead& head = HeadOf(submission.envelope);
  if (!submission.by_source && !submission.envelope.has_reference()) {
    ASSIGN_OR_RETURN(const bool answered, AnswerRepeatedRequest(submission, now_us, effects));
    if (answered) return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const KnownRecord known, Known(submission, record_key, stored));
  // Where the log orders, who states no generation means the one that is stored.
  if (!submission.by_source && head.generation() == 0)
    MutableHeadOf(submission.envelope).set_generation(known.generation);
  const WantedChange wanted = WantedOf(submission);
  const auto under_way = in_flight_.find(record_key);
  const bool reference = submission.envelope.has_reference();
  const bool removal = reference && wanted.kind == WantedChange::kErasure;
  // One that cannot be judged, or recognised when it is read back, before the other is done.
  if (under_way != in_flight_.end() && (wanted.kind == WantedChange::kWithdrawal || removal ||
                                        (reference && !under_way->second.pending.back().result.exists))) {
    effects->answers.push_back(
        {submission.sink, head.request_place(),
         RefusedOutcome(Reason::kOverloaded, "", "the record is just being changed; retry")});
    return absl::OkStatus();
  }
  RecordOutcome outcome;
  switch (CompareVersions(known, wanted)) {
    case VersionVerdict::kEffective:
      if (wanted.kind == WantedChange::kWithdrawal)
        RETURN_IF_ERROR(Restore(record_key, known.revision, &submission.envelope));
      Accept(submission, record_key, known, now_us, effects);
      return absl::OkStatus();
    case VersionVerdict::kDuplicate:
      outcome = Taken(hangou::base_library::v1::OUTCOME_DUPLICATE, submission.partition, known.offset);
      break;
    case VersionVerdict::kStale:
      outcome =
          NotTaken(hangou::base_library::v1::OUTCOME_STALE, Reason::kStale,
                   wanted.kind == WantedChange::kWithdrawal ? "another version of the record is stored"
                                                            : "a newer version of the record is stored");
      break;
    case VersionVerdict::kConflict:
      outcome = NotTaken(hangou::base_library::v1::OUTCOME_CONFLICT, Reason::kVersionConflict,
                         "the same version is stored with other content; raise the version");
      break;
    case VersionVerdict::kNothing:
      outcome = RefusedOutcome(Reason::kObjectNotFound, "", "there is no such record");
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

absl::StatusOr<KnownRecord> GroupMachine::Known(const Submission& submission, const std::string& state_key,
                                                const std::optional<std::string>& text) const {
  KnownRecord known;
  const auto uncertain = uncertain_.find(state_key);
  const uint64_t least_revision = uncertain == uncertain_.end() ? 0 : uncertain->second;
  if (const auto found = in_flight_.find(state_key); found != in_flight_.end()) {
    known = found->second.pending.back().result;
    known.revision = std::max(known.revision, least_revision);
    return known;
  }
  known.revision = least_revision;
  if (!text && may_have_erasures_ && !submission.envelope.has_reference()) {
    ASSIGN_OR_RETURN(const auto erasure, store_.Get(kViewErasures, state_key));
    if (erasure) known.revision = std::max(least_revision, StoredErasure::Decode(*erasure).revision.revision);
  }
  if (!text) return known;
  known.exists = true;
  if (submission.envelope.has_reference()) {
    const StoredReference reference = StoredReference::Decode(*text);
    known.revision = 1;
    known.offset = reference.offset;
    known.owner_epoch = reference.owner_epoch;
    return known;
  }
  StoredRecord stored;
  if (!stored.ParseFromString(*text)) return DamagedRecord();
  const RecordHead& head = HeadOf(stored);
  known.deleted = stored.has_deletion();
  known.recalled = IsRecalled(stored);
  known.generation = head.generation();
  known.source_version = head.source_version();
  known.hash_low = head.content_hash_low();
  known.hash_high = head.content_hash_high();
  known.revision = std::max(least_revision, head.revision());
  known.offset = stored.offset();
  return known;
}

absl::Status GroupMachine::Restore(const std::string& record_key, uint64_t revision,
                                   Envelope* envelope) const {
  const RecordHead asked = envelope->upsert().head();
  StoredRecord before;
  bool found = false;
  RETURN_IF_ERROR(VisitFormerStates(store_, record_key, revision, [&](const StoredRecord& former) {
    const RecordHead& head = HeadOf(former);
    const bool same = !former.has_deletion() && head.content_hash_low() == asked.content_hash_low() &&
                      head.content_hash_high() == asked.content_hash_high();
    found = !former.withdrawn() && !same;
    if (found) before = former;
    return !found;
  }));
  const bool content = found && before.has_upsert() && !before.has_deletion();
  const bool ended = found && before.has_deletion();
  if (content) {
    *envelope->mutable_upsert() = std::move(*before.mutable_upsert());
    envelope->mutable_upsert()->set_withdrawn_revision(revision);
  } else if (ended) {
    *envelope->mutable_deletion() = std::move(*before.mutable_deletion());
    envelope->mutable_deletion()->set_withdrawn_revision(revision);
    if (before.has_upsert())
      *envelope->mutable_deletion()->mutable_restored() = std::move(*before.mutable_upsert());
  } else {
    Deletion* recall = envelope->mutable_deletion();
    *recall->mutable_head() = asked;
    recall->set_kind(Deletion::KIND_RECALL);
    recall->set_reason("withdrawn");
  }
  // Versions go back to those of what is restored; the request is the withdrawal's.
  RecordHead& head = MutableHeadOf(*envelope);
  head.set_request_id(asked.request_id());
  head.set_request_place(asked.request_place());
  head.set_request_digest(asked.request_digest());
  return absl::OkStatus();
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
    const bool same = IsSameRequest(head, request.hash_low, request.hash_high, request.digest);
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
  const bool same = IsSameRequest(head, memory.hash_low, memory.hash_high, memory.request_digest);
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
  const Deletion& deletion = submission.envelope.deletion();
  const bool recalls = submission.envelope.has_deletion() && deletion.kind() == Deletion::KIND_RECALL;
  const bool erases = submission.envelope.has_deletion() && deletion.kind() == Deletion::KIND_ERASE;
  if (recalls) {
    head.set_generation(known.generation);
    head.set_source_version(known.source_version);
  }

  InFlight& in_flight = in_flight_[record_key];
  const bool removes = submission.envelope.has_reference() && submission.envelope.reference().removed();
  const KnownRecord result{!erases && !removes,
                           submission.envelope.has_deletion(),
                           recalls,
                           head.generation(),
                           head.source_version(),
                           head.content_hash_low(),
                           head.content_hash_high(),
                           head.revision(),
                           -1,
                           owner_epoch_};
  const bool remembered = !head.request_id().empty();
  Pending pending{head.revision(), result, remembered ? RequestKey(head) : "", {}};
  pending.waiting.push_back({submission.sink, head.request_place(),
                             Taken(hangou::base_library::v1::OUTCOME_ACCEPTED, submission.partition, -1)});
  if (remembered) {
    in_flight_requests_[pending.request_key] = {head.content_hash_low(), head.content_hash_high(),
                                                head.request_digest(), record_key, head.revision()};
  }
  in_flight.pending.push_back(std::move(pending));
  ++pending_count_;
  decided_us_.push_back(now_us);
  std::string log_key;
  if (submission.envelope.has_reference()) {
    log_key = ReferenceLogKey(ReferenceKeyOf(record_key), removes ? known.owner_epoch : owner_epoch_);
  } else if (erases) {
    log_key = ErasureLogKey(record_key, head.revision(), owner_epoch_);
  } else {
    log_key = LogKey(record_key, head.revision(), owner_epoch_);
  }
  std::optional<std::string> value;
  if (!removes) value = submission.envelope.SerializeAsString();
  effects->appends[submission.partition].push_back({std::move(log_key), std::move(value)});
}

void GroupMachine::Complete(const std::string& record_key, const Staged::Done& done, Effects* effects) {
  if (const auto uncertain = uncertain_.find(record_key);
      uncertain != uncertain_.end() && uncertain->second <= done.revision) {
    uncertain_.erase(uncertain);
  }
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
        records.push_back({append.partition, offset, &entry.key, &entry.value});
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
    const ParsedLogKey parsed = ParseLogKey(entry.key);
    const bool reference = parsed.kind == ParsedLogKey::kReference;
    if (parsed.kind == ParsedLogKey::kOther || (!entry.value && !reference)) continue;
    const std::string state_key = reference ? ReferenceStateKey(parsed.key) : std::string(parsed.key);
    if (!reference) {
      uint64_t& uncertain = uncertain_[state_key];
      uncertain = std::max(uncertain, parsed.revision);
    }
    const auto found = in_flight_.find(state_key);
    if (found == in_flight_.end()) continue;
    auto& pending = found->second.pending;
    const auto at = std::find_if(pending.begin(), pending.end(), [&](const Pending& p) {
      return reference || p.revision == parsed.revision;
    });
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
  uncertain_.clear();
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

void GroupMachine::AppendTombstones(const std::string& record_key, const StoredErasure& erasure,
                                    Effects* effects) {
  for (const LoggedRevision& gone : erasure.erased) {
    effects->appends[erasure.partition].push_back(
        {LogKey(record_key, gone.revision, gone.owner_epoch), std::nullopt});
  }
}

absl::StatusOr<GroupMachine::Effects> GroupMachine::EndErasures(int64_t before_us, size_t at_most) const {
  Effects effects;
  size_t ended = 0;
  std::map<std::pair<uint32_t, int32_t>, int64_t> last;  // by resource and partition
  RETURN_IF_ERROR(store_.Scan(kViewErasures, "", "", [&](std::string_view key, std::string_view value) {
    const StoredErasure erasure = StoredErasure::Decode(value);
    if (erasure.received_us >= before_us) return true;
    AppendTombstones(std::string(key), erasure, &effects);
    effects.appends[erasure.partition].push_back(
        {ErasureLogKey(key, erasure.revision.revision, erasure.revision.owner_epoch), std::nullopt});
    ended += erasure.erased.size();
    int64_t& offset = last[{static_cast<uint32_t>(ReadBigEndian(key.substr(0, 4))), erasure.partition}];
    offset = std::max(offset, erasure.offset);
    return ++ended < at_most;
  }));
  for (const auto& [place, offset] : last) {
    const auto& [resource, partition] = place;
    ASSIGN_OR_RETURN(const auto known, store_.Get(kViewProgress, EndedErasuresKey(resource, partition)));
    Envelope envelope;
    envelope.set_owner_epoch(owner_epoch_);
    envelope.mutable_erasures_ended()->set_resource_number(resource);
    envelope.mutable_erasures_ended()->set_last_offset(
        known ? std::max(offset, static_cast<int64_t>(ReadBigEndian(*known))) : offset);
    effects.appends[partition].push_back(
        {EndedErasuresLogKey(resource, partition, owner_epoch_), envelope.SerializeAsString()});
  }
  return effects;
}

int64_t GroupMachine::NextOffset(int32_t partition) const {
  const auto found = progress_.find(partition);
  return found == progress_.end() ? 0 : found->second.next_offset;
}

int64_t GroupMachine::OldestPendingUs() const { return decided_us_.empty() ? 0 : decided_us_.front(); }

}  // namespace hangou

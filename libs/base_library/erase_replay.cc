#include "libs/base_library/erase_replay.h"

#include <utility>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/base_library/past.h"
#include "libs/base_library/references.h"
#include "libs/base_library/view_tables.h"
#include "libs/identifiers/entity_key.h"

namespace hangou {

using hangou::record::v1::Deletion;
using hangou::record::v1::RecordHead;
using hangou::record::v1::Reference;
using hangou::record::v1::StoredRecord;

namespace {

// Submissions at once: some batches; the next ones are looked for when these are gone.
constexpr size_t kReplayRecords = 1024;
constexpr std::string_view kReason = "erased before; a restored copy had it again";
// Lengths in keys of references: resource, partition; field.
constexpr size_t kPlaceBytes = 6;
constexpr size_t kFieldBytes = 4;

// Whether all is gone is seen in the view, whatever the outcomes say.
class NoSink final : public OutcomeSink {
 public:
  void OnOutcome(uint32_t, hangou::base_library::v1::RecordOutcome) override {}
};

Submission MakeSubmission(int32_t partition) {
  Submission submission;
  submission.partition = partition;
  submission.by_source = true;  // no memory of a request
  submission.sink = std::make_shared<NoSink>();
  return submission;
}

// The reference of a row's key, and the partition of the row.
absl::StatusOr<std::pair<Reference, int32_t>> ReferenceOfKey(std::string_view key) {
  const size_t key_end = key.find('\0', kPlaceBytes + 1);
  if (key.size() <= kPlaceBytes || key_end == std::string_view::npos ||
      key.size() < key_end + 1 + kFieldBytes)
    return DamagedRecord();
  RecordHead head;
  head.set_resource_number(static_cast<uint32_t>(ReadBigEndian(key.substr(0, 4))));
  RoleEntity entity;
  entity.kind = static_cast<EntityKind>(key[kPlaceBytes]);
  entity.key = std::string(key.substr(kPlaceBytes + 1, key_end - kPlaceBytes - 1));
  entity.field = static_cast<uint32_t>(ReadBigEndian(key.substr(key_end + 1, kFieldBytes)));
  ASSIGN_OR_RETURN(const ReferredRecord to, ParseReferenceKey(key.substr(key_end + 1 + kFieldBytes)));
  head.set_owner_kind(static_cast<hangou::record::v1::EntityKind>(to.kind));
  head.set_owner_key(std::string(to.owner_key));
  head.set_provider(std::string(to.provider));
  head.set_record_key(std::string(to.record_key));
  return std::pair(ReferenceTo(head, entity), static_cast<int32_t>(ReadBigEndian(key.substr(4, 2))));
}

}  // namespace

bool EraseReplay::IsErased(std::string_view record_key, int32_t row_partition, int64_t offset) const {
  const auto end = erasures_->ends.find(row_partition);
  // Behind the restored end is what was published since.
  if (end == erasures_->ends.end() || offset >= end->second) return false;
  for (const std::string& hash : ledger_.HashesOf(record_key)) {
    if (erasures_->records.contains(hash)) return true;
  }
  return false;
}

absl::Status EraseReplay::FindRecords(const Store& view, std::vector<Submission>* found) const {
  absl::Status inside;
  StoredRecord stored;
  RETURN_IF_ERROR(view.Scan(kViewRecords, "", "", [&](std::string_view key, std::string_view value) {
    if (!stored.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      inside = DamagedRecord();
      return false;
    }
    const auto partition = static_cast<int32_t>(ReadBigEndian(key.substr(4, 2)));
    if (!IsErased(key, partition, stored.offset())) return true;
    Submission submission = MakeSubmission(partition);
    Deletion* deletion = submission.envelope.mutable_deletion();
    const RecordHead& known = HeadOf(stored);
    RecordHead* head = deletion->mutable_head();
    head->set_owner_kind(known.owner_kind());
    head->set_owner_key(known.owner_key());
    head->set_resource_number(known.resource_number());
    head->set_provider(known.provider());
    head->set_record_key(known.record_key());
    deletion->set_owner_id(stored.has_deletion() ? stored.deletion().owner_id() : owner_of_(stored.upsert()));
    deletion->set_kind(Deletion::KIND_ERASE);
    deletion->set_reason(std::string(kReason));
    found->push_back(std::move(submission));
    return found->size() < kReplayRecords;
  }));
  return inside;
}

absl::Status EraseReplay::FindReferences(const Store& view, std::vector<Submission>* found) const {
  absl::Status inside;
  RETURN_IF_ERROR(view.Scan(kViewReferences, "", "", [&](std::string_view key, std::string_view value) {
    auto parsed = ReferenceOfKey(key);
    inside = parsed.status();
    if (!inside.ok()) return false;
    auto& [reference, partition] = *parsed;
    RecordHead record = reference.head();
    record.set_owner_kind(reference.record_owner_kind());
    record.set_owner_key(reference.record_owner_key());
    const int32_t record_partition =
        PartitionOf(static_cast<EntityKind>(record.owner_kind()), record.owner_key(), partitions_);
    const auto offset = static_cast<int64_t>(ReadBigEndian(value));
    if (!IsErased(RecordKey(record_partition, record), partition, offset)) return true;
    Submission submission = MakeSubmission(partition);
    reference.set_removed(true);
    *submission.envelope.mutable_reference() = std::move(reference);
    found->push_back(std::move(submission));
    return found->size() < kReplayRecords;
  }));
  return inside;
}

absl::StatusOr<std::vector<Submission>> EraseReplay::Find(const Store& view) {
  if (!erasures_) {
    ASSIGN_OR_RETURN(erasures_, ledger_.Due());
  }
  std::vector<Submission> found;
  RETURN_IF_ERROR(FindReferences(view, &found));
  if (found.empty()) RETURN_IF_ERROR(FindRecords(view, &found));
  return found;
}

absl::Status EraseReplay::End() {
  erasures_.reset();
  return ledger_.NoteReplayed(group_);
}

}  // namespace hangou

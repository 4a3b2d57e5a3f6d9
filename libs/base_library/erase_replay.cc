#include "libs/base_library/erase_replay.h"

#include <utility>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/base_library/past.h"
#include "libs/base_library/references.h"
#include "libs/base_library/view_tables.h"

namespace hangou {

using hangou::record::v1::Deletion;
using hangou::record::v1::RecordHead;
using hangou::record::v1::StoredRecord;

namespace {

// Submissions at once: some batches; the next ones are looked for when these are gone.
constexpr size_t kReplayRecords = 1024;
constexpr std::string_view kReason = "erased before; a restored copy had it again";

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

}  // namespace

bool EraseReplay::IsErased(std::string_view record_key, int32_t row_partition, int64_t offset,
                           int64_t received_us) const {
  const auto end = erasures_->ends.find(row_partition);
  // Behind the restored end is what was published since; a replica that starts later takes that end to be later.
  if (end == erasures_->ends.end() || offset >= end->second) return false;
  for (const std::string& hash : ledger_.HashesOf(record_key)) {
    const auto erased = erasures_->records.find(hash);
    if (erased != erasures_->records.end() && received_us < erased->second) return true;
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
    if (!IsErased(key, partition, stored.offset(), HeadOf(stored).received_us())) return true;
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
    auto referred = ReferenceOfKey(key, partitions_);
    inside = referred.status();
    if (!inside.ok()) return false;
    const StoredReference row = StoredReference::Decode(value);
    if (!IsErased(referred->record_key, referred->partition, row.offset, row.received_us)) return true;
    Submission submission = MakeSubmission(referred->partition);
    referred->reference.set_removed(true);
    *submission.envelope.mutable_reference() = std::move(referred->reference);
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

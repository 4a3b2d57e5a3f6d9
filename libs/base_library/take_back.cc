// Recall and Erase: records that should not have been there, or must not be any more.
#include <map>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/base_library/library.h"
#include "libs/base_library/past.h"
#include "libs/base_library/publish_batch.h"
#include "libs/base_library/references.h"
#include "libs/base_library/survey.h"
#include "libs/base_library/view_tables.h"
#include "libs/schema/owner.h"

namespace hangou {

namespace v1 = hangou::base_library::v1;
using hangou::record::v1::Deletion;
using hangou::record::v1::RecordHead;
using hangou::record::v1::StoredRecord;

// What Recall and Erase have in common.
struct Library::TakeBack {
  hangou::audit::v1::Action action;
  Deletion::Kind kind;
  const std::string& request_id;
  const std::string& resource;
  const google::protobuf::RepeatedPtrField<v1::RecordName>& items;
  const std::string& reason;
};

namespace {

v1::RecordOutcome RefusalOf(const absl::Status& status) {
  return RefusedOutcome(ReasonOf(status).value_or(Reason::kInternal), FieldOf(status), Message(status));
}

}  // namespace

// References are found by the entity that is named, not by their record, and some may be of versions that were refused:
// so all of the resource are looked through.
absl::Status Library::RemoveReferences(const ResourceSchema& schema,
                                       const std::map<std::string, uint32_t>& erased, PublishBatch* batch) {
  for (int32_t partition = 0; partition < options_.partitions; ++partition) {
    ASSIGN_OR_RETURN(const auto copy, CopyOf(partition));
    const std::string prefix = ResourcePrefix(schema.number(), partition);
    absl::Status inside;
    RETURN_IF_ERROR(copy->Scan(kViewReferences, prefix, prefix, [&](std::string_view key, std::string_view) {
      auto row = ReferenceOfKey(key, options_.partitions);
      inside = row.status();
      if (!inside.ok()) return false;
      const auto found = erased.find(row->record_key);
      if (found == erased.end()) return true;
      row->reference.set_removed(true);
      batch->AddReference(found->second, partition, std::move(row->reference));
      return true;
    }));
    RETURN_IF_ERROR(inside);
  }
  return absl::OkStatus();
}

void Library::TakeBackRecords(const Caller& caller, const TakeBack& what, v1::PublishResponse* response,
                              Done done) {
  response->set_request_id(what.request_id);
  const auto schema = AuthorizeProvider(caller, what.resource);
  if (!schema.ok()) return DenyPublish(caller, what.resource, what.action, schema.status(), std::move(done));
  if (static_cast<size_t>(what.items.size()) > limits::kBatchRecords) {
    return done(MakeError(Reason::kBatchTooLarge, "take back at most 256 records at once"));
  }
  if (what.reason.empty() || what.reason.size() > limits::kContextText) {
    return done(MakeError(Reason::kInvalidRequest, "state why, in at most 128 bytes", "reason"));
  }
  // A repeat takes back what is taken back: it needs no memory of requests.
  if (const auto ok = CheckPublishable(caller, **schema, what.request_id, std::nullopt); !ok.ok())
    return done(ok);
  if (what.kind == Deletion::KIND_ERASE) {
    // What was refused may be about the same people; nobody can tell from what could not be read. The other replicas
    // forget theirs when they see the erasure.
    const absl::Status cleared = quality_.ClearQuarantine(caller.department, what.resource);
    if (!cleared.ok()) return done(cleared);
  }
  const bool with_references = what.kind == Deletion::KIND_ERASE && !(*schema)->roles().empty();
  if (!with_references) return SendTakeBack(caller, what, **schema, response, std::move(done));
  // The copies must have every reference there is.
  ResourceSurvey::WhenCurrent(
      *this, [=, this, schema = *schema, done = std::move(done)](const absl::Status& current) mutable {
        if (!current.ok()) return done(current);
        SendTakeBack(caller, what, *schema, response, std::move(done));
      });
}

void Library::SendTakeBack(const Caller& caller, const TakeBack& what, const ResourceSchema& schema,
                           v1::PublishResponse* response, Done done) {
  auto run = std::make_shared<PublishBatch>(*this, caller, what.resource, what.action,
                                            static_cast<uint32_t>(what.items.size()), nullptr, response,
                                            std::move(done));
  std::map<std::string, uint32_t> erased;  // RecordKey to place
  const int64_t now_us = context_.clock.UtcUs();
  for (int i = 0; i < what.items.size(); ++i) {
    const auto place = static_cast<uint32_t>(i);
    const auto owner = NormalizeOwner(schema, what.items[i].owner(), now_us);
    if (!owner.ok()) {
      run->Refuse(place, RefusalOf(owner.status()));
      continue;
    }
    Submission submission;
    submission.by_source = true;  // no memory of the request
    Deletion* deletion = submission.envelope.mutable_deletion();
    deletion->set_kind(what.kind);
    deletion->set_reason(what.reason);
    deletion->set_owner_id(*owner);
    RecordHead* head = deletion->mutable_head();
    head->set_owner_kind(static_cast<hangou::record::v1::EntityKind>(schema.owner_kind()));
    head->set_owner_key(CanonicalKey(schema.owner_kind(), *owner));
    head->set_resource_number(schema.number());
    head->set_provider(caller.department);
    head->set_record_key(what.items[i].record_key());
    head->set_request_place(place);
    submission.partition = PartitionOfEntity(schema.owner_kind(), head->owner_key());
    erased[RecordKey(submission.partition, *head)] = place;
    run->Add(std::move(submission));
  }
  if (what.kind == Deletion::KIND_ERASE && !schema.roles().empty()) {
    const absl::Status removed = RemoveReferences(schema, erased, run.get());
    for (const auto& [record_key, place] : erased) {
      if (!removed.ok()) run->Refuse(place, RefusalOf(removed));
    }
  }
  run->Send();
}

void Library::Recall(const Caller& caller, const v1::RecallRequest& request, v1::PublishResponse* response,
                     Done done) {
  TakeBackRecords(caller,
                  {hangou::audit::v1::ACTION_RECALL, Deletion::KIND_RECALL, request.request_id(),
                   request.resource(), request.items(), request.reason()},
                  response, std::move(done));
}

void Library::Erase(const Caller& caller, const v1::EraseRequest& request, v1::PublishResponse* response,
                    Done done) {
  TakeBackRecords(caller,
                  {hangou::audit::v1::ACTION_ERASE, Deletion::KIND_ERASE, request.request_id(),
                   request.resource(), request.items(), request.legal_basis()},
                  response, std::move(done));
}

}  // namespace hangou

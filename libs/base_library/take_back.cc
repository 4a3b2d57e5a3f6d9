// Recall and Erase: records that should not have been there, or must not be any more.
#include <set>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/base_library/library.h"
#include "libs/base_library/past.h"
#include "libs/base_library/publish_batch.h"
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

// The entities that the states of a record name in roles.
absl::StatusOr<std::set<RoleEntity>> NamedInAnyState(const Store& view, const ResourceSchema& schema,
                                                     const std::string& record_key) {
  std::set<RoleEntity> entities;
  ASSIGN_OR_RETURN(const auto row, view.Get(kViewRecords, record_key));
  if (!row) return entities;
  StoredRecord newest;
  if (!newest.ParseFromString(*row)) return DamagedRecord();
  std::vector<FieldSlice> slices;
  const auto add = [&](const StoredRecord& state) {
    if (!WalkPayload(schema, state.upsert().payload(), &slices).ok()) return true;
    for (RoleEntity& entity : RoleEntitiesOf(schema, slices)) entities.insert(std::move(entity));
    return true;
  };
  add(newest);
  RETURN_IF_ERROR(VisitFormerStates(view, record_key, HeadOf(newest).revision(), add));
  return entities;
}

v1::RecordOutcome RefusalOf(const absl::Status& status) {
  return RefusedOutcome(ReasonOf(status).value_or(Reason::kInternal), FieldOf(status), Message(status));
}

}  // namespace

absl::Status Library::RemoveReferences(const ResourceSchema& schema, const RecordHead& head,
                                       int32_t partition, PublishBatch* batch) {
  if (schema.roles().empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto copy, CopyOf(partition));
  ASSIGN_OR_RETURN(const auto entities, NamedInAnyState(*copy, schema, RecordKey(partition, head)));
  for (const RoleEntity& entity : entities) {
    auto reference = ReferenceTo(head, entity);
    reference.set_removed(true);
    batch->AddReference(head.request_place(), PartitionOfEntity(entity.kind, entity.key),
                        std::move(reference));
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
  auto run = std::make_shared<PublishBatch>(*this, caller, what.resource, what.action,
                                            static_cast<uint32_t>(what.items.size()), nullptr, response,
                                            std::move(done));
  const int64_t now_us = context_.clock.UtcUs();
  for (int i = 0; i < what.items.size(); ++i) {
    const auto place = static_cast<uint32_t>(i);
    const auto owner = NormalizeOwner(**schema, what.items[i].owner(), now_us);
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
    head->set_owner_kind(static_cast<hangou::record::v1::EntityKind>((*schema)->owner_kind()));
    head->set_owner_key(CanonicalKey((*schema)->owner_kind(), *owner));
    head->set_resource_number((*schema)->number());
    head->set_provider(caller.department);
    head->set_record_key(what.items[i].record_key());
    head->set_request_place(place);
    submission.partition = PartitionOfEntity((*schema)->owner_kind(), head->owner_key());
    if (what.kind == Deletion::KIND_ERASE) {
      const absl::Status removed = RemoveReferences(**schema, *head, submission.partition, run.get());
      if (!removed.ok()) {
        run->Refuse(place, RefusalOf(removed));
        continue;
      }
    }
    run->Add(std::move(submission));
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
  // What was refused may be about the same people; nobody can tell from what could not be read. The other replicas
  // forget theirs when they see the erasure.
  const absl::Status cleared = quality_.ClearQuarantine(caller.department, request.resource());
  if (!cleared.ok()) return done(cleared);
  TakeBackRecords(caller,
                  {hangou::audit::v1::ACTION_ERASE, Deletion::KIND_ERASE, request.request_id(),
                   request.resource(), request.items(), request.legal_basis()},
                  response, std::move(done));
}

}  // namespace hangou

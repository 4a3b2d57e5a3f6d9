// Publish and Delete: authorise, walk, hand to the owners.
#include <xxhash.h>

#include <algorithm>
#include <type_traits>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/base_library/library.h"
#include "libs/base_library/publish_batch.h"
#include "libs/schema/owner.h"
#include "libs/schema/walker.h"

namespace hangou {

namespace v1 = hangou::base_library::v1;
using hangou::record::v1::Record;
using hangou::record::v1::RecordHead;

namespace {

// A digest of what was sent under a request id; 0 where versions come from the source, and ids do not count.
// Serialisation of one message by one library version is stable enough:
// a difference between versions can only make a repeat look like a reuse, which is refused and nothing is lost.
// The schema revision that a record was made with is left out, as publishers leave it out of their ids: what is sent
// again behind a revision is the same batch.
template <class Request>
uint64_t DigestOf(const ResourceSchema& schema, const Request& request) {
  if (schema.versioned_by_source()) return 0;
  std::string bytes;
  if constexpr (std::is_same_v<Request, v1::PublishRequest>) {
    Request unrevised = request;
    for (Record& record : *unrevised.mutable_records()) record.clear_schema_revision();
    bytes = unrevised.SerializeAsString();
  } else {
    bytes = request.SerializeAsString();
  }
  return XXH3_64bits(bytes.data(), bytes.size());
}

absl::Status CheckRequestId(const std::string& request_id) {
  const bool printable =
      std::all_of(request_id.begin(), request_id.end(), [](char c) { return c > ' ' && c < 127; });
  if (!request_id.empty() && request_id.size() <= limits::kRequestIdBytes && printable)
    return absl::OkStatus();
  return MakeError(Reason::kInvalidRequest, "give a request_id of 1 to 64 printable characters",
                   "request_id");
}

v1::RecordOutcome Refusal(const std::vector<FieldViolation>& violations) {
  v1::RecordOutcome outcome;
  outcome.set_outcome(v1::OUTCOME_REFUSED);
  for (const FieldViolation& violation : violations) {
    auto* line = outcome.add_violations();
    line->set_reason(std::string(ReasonName(violation.reason)));
    line->set_field(violation.field);
    line->set_message(violation.message);
  }
  return outcome;
}

v1::RecordOutcome Refusal(const absl::Status& status) {
  return RefusedOutcome(ReasonOf(status).value_or(Reason::kInternal), FieldOf(status), Message(status));
}

// What the record says about itself must follow from its payload.
absl::Status CheckStatedFields(const ResourceSchema& schema, const Record& record,
                               const AdmittedRecord& admitted, int64_t now_us) {
  if (!record.resource().empty() && record.resource() != schema.name()) {
    return MakeError(Reason::kCrossField, "the record names another resource than its batch", "resource");
  }
  if (record.schema_revision() > schema.schema_revision()) {
    return MakeError(Reason::kSchemaRevisionUnknown,
                     "the resource has no such schema revision; fetch it with GetSchema", "schema_revision");
  }
  if (record.has_owner()) {
    const auto owner = NormalizeOwner(schema, record.owner(), now_us);
    if (!owner.ok() || CanonicalKey(schema.owner_kind(), *owner) != admitted.owner_key) {
      return MakeError(Reason::kCrossField, "the owner contradicts the payload; leave it out", "owner");
    }
  }
  if (!record.record_key().empty() && record.record_key() != admitted.record_key) {
    return MakeError(Reason::kCrossField, "the record key contradicts the payload; leave it out",
                     "record_key");
  }
  if (!schema.versioned_by_source() && record.source_version() != 0) {
    return MakeError(Reason::kCrossField, "the resource is versioned by arrival; leave the version out",
                     "source_version");
  }
  if (schema.version_index() >= 0 && record.source_version() != 0 &&
      record.source_version() != admitted.field_version) {
    return MakeError(Reason::kCrossField, "the version contradicts the field that carries it; leave it out",
                     "source_version");
  }
  if (schema.versioned_by_source() && schema.version_index() < 0 && record.source_version() == 0) {
    return MakeError(Reason::kFieldMissing, "the resource is versioned by its source; give source_version",
                     "source_version");
  }
  return absl::OkStatus();
}

// Microseconds of a stated event time, 0 where there is none.
int64_t EventTimeUs(const Record& record) {
  if (!record.has_event_time()) return 0;
  return record.event_time().seconds() * kUsPerSecond + record.event_time().nanos() / 1000;
}

struct RequestHead {
  const Caller& caller;
  const std::string& request_id;
  uint64_t digest;
};

RecordHead NewHead(const ResourceSchema& schema, const RequestHead& request, uint32_t place,
                   const std::string& owner_key, const std::string& record_key) {
  RecordHead head;
  head.set_owner_kind(static_cast<hangou::record::v1::EntityKind>(schema.owner_kind()));
  head.set_owner_key(owner_key);
  head.set_resource_number(schema.number());
  head.set_provider(request.caller.department);
  head.set_record_key(record_key);
  if (!schema.versioned_by_source()) {
    head.set_request_id(request.request_id);
    head.set_request_digest(request.digest);
  }
  head.set_request_place(place);
  return head;
}

// The envelope of a record as its owner takes it and the entities that it names, or why it is refused.
absl::Status AdmitRecord(const ResourceSchema& schema, const RequestHead& request, uint32_t place,
                         const Record& record, int64_t now_us, std::vector<FieldSlice>* scratch,
                         hangou::record::v1::Envelope* envelope, std::vector<RoleEntity>* entities,
                         v1::RecordOutcome* refusal) {
  AdmittedRecord admitted;
  std::vector<FieldViolation> violations;
  if (!AdmitPayload(schema, record.payload(), now_us, scratch, &admitted, &violations)) {
    *refusal = Refusal(violations);
    return MakeError(Reason::kFieldInvalid, "refused");
  }
  if (const absl::Status stated = CheckStatedFields(schema, record, admitted, now_us); !stated.ok()) {
    *refusal = Refusal(stated);
    return stated;
  }
  auto* upsert = envelope->mutable_upsert();
  *upsert->mutable_head() = NewHead(schema, request, place, admitted.owner_key, admitted.record_key);
  auto* head = upsert->mutable_head();
  head->set_generation(record.generation());
  head->set_source_version(schema.version_index() >= 0 ? admitted.field_version : record.source_version());
  head->set_content_hash_low(admitted.content_hash_low);
  head->set_content_hash_high(admitted.content_hash_high);
  upsert->set_schema_revision(schema.schema_revision());
  upsert->set_event_time_us(EventTimeUs(record));
  *entities = RoleEntitiesOf(schema, *scratch);
  *upsert->mutable_payload() = std::move(admitted.payload);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ResourceSchema>> Library::AuthorizeProvider(
    const Caller& caller, const std::string& resource) {
  const auto snapshot = context_.policy.Newest();
  if (!snapshot) return MakeError(Reason::kDraining, "the service has no policy yet; retry");
  auto schema = snapshot->FindResource(resource);
  if (!schema || schema->declaration().library() != options_.name) {
    return MakeError(Reason::kUnknownResource, "this base library holds no resource of this name");
  }
  if (!schema->IsProvider(caller.department)) {
    return MakeError(Reason::kNotProvider, "your department is not a provider of this resource");
  }
  return schema;
}

hangou::audit::v1::Entry Library::ProviderEntry(const Caller& caller, const std::string& resource,
                                                hangou::audit::v1::Action action) const {
  hangou::audit::v1::Entry entry;
  entry.set_action(action);
  entry.set_allowed(true);
  entry.set_caller(caller.department);
  entry.set_role(caller.role);
  entry.set_workload(caller.workload);
  entry.set_subject(resource.substr(0, limits::kContextText));
  if (const auto snapshot = context_.policy.Newest()) entry.set_epoch(snapshot->epoch());
  return entry;
}

void Library::AnswerProvider(const Caller& caller, const std::string& resource,
                             hangou::audit::v1::Action action, uint64_t records, Done done) {
  auto acquired = context_.policy.Acquire();
  if (!acquired.ok()) return done(acquired.status());
  const auto pin = std::make_shared<PolicyHolder::Pin>(*std::move(acquired));
  const auto schema = pin->snapshot().FindResource(resource);
  if (!schema || !schema->IsProvider(caller.department)) {
    return done(MakeError(Reason::kNotProvider, "your department is not a provider of this resource"));
  }
  auto entry = ProviderEntry(caller, resource, action);
  entry.set_records(records);
  context_.audit.Append(std::move(entry), [pin, done = std::move(done)](absl::Status durable) {
    durable.Update(pin->Confirm());
    done(durable);
  });
}

void Library::DenyPublish(const Caller& caller, const std::string& resource, hangou::audit::v1::Action action,
                          const absl::Status& status, Done done) {
  auto entry = ProviderEntry(caller, resource, action);
  entry.set_allowed(false);
  entry.set_reason(std::string(ReasonName(ReasonOf(status).value_or(Reason::kInternal))));
  entry.clear_epoch();
  context_.audit.Append(std::move(entry), [status, done = std::move(done)](absl::Status durable) {
    done(durable.ok() ? status : durable);
  });
}

absl::Status Library::CheckPublishable(const Caller& caller, const ResourceSchema& schema,
                                       const std::string& request_id, std::optional<uint64_t> digest) {
  RETURN_IF_ERROR(CheckRequestId(request_id));
  for (const auto& group : groups_) RETURN_IF_ERROR(group->CheckLag());
  if (schema.versioned_by_source() || !digest) return absl::OkStatus();
  ASSIGN_OR_RETURN(const bool reused, RequestIdReused(caller.department, request_id, *digest));
  if (!reused) return absl::OkStatus();
  return MakeError(Reason::kRequestIdReused, "the request id was used for another batch; choose a new one");
}

void Library::Publish(const Caller& caller, const v1::PublishRequest& request, v1::PublishResponse* response,
                      Done done) {
  TakeBatch(caller, request, hangou::audit::v1::ACTION_PUBLISH, response, std::move(done));
}

void Library::Withdraw(const Caller& caller, const v1::PublishRequest& request, v1::PublishResponse* response,
                       Done done) {
  TakeBatch(caller, request, hangou::audit::v1::ACTION_WITHDRAW, response, std::move(done));
}

void Library::TakeBatch(const Caller& caller, const v1::PublishRequest& request,
                        hangou::audit::v1::Action action, v1::PublishResponse* response, Done done) {
  response->set_request_id(request.request_id());
  const auto schema = AuthorizeProvider(caller, request.resource());
  if (!schema.ok()) return DenyPublish(caller, request.resource(), action, schema.status(), std::move(done));
  const size_t bytes = request.ByteSizeLong();
  if (static_cast<size_t>(request.records_size()) > limits::kBatchRecords || bytes > limits::kBatchBytes) {
    return done(
        MakeError(Reason::kBatchTooLarge, "a batch takes at most 256 records and 1 MiB; send smaller ones"));
  }
  const bool withdraws = action == hangou::audit::v1::ACTION_WITHDRAW;
  // Another request than the publication of the same records.
  const uint64_t digest = withdraws ? ~DigestOf(**schema, request) : DigestOf(**schema, request);
  if (const auto ok = CheckPublishable(caller, **schema, request.request_id(), digest); !ok.ok())
    return done(ok);

  const RequestHead head{caller, request.request_id(), digest};
  const int64_t now_us = context_.clock.UtcUs();
  auto run = std::make_shared<PublishBatch>(*this, caller, request.resource(), action,
                                            static_cast<uint32_t>(request.records_size()),
                                            withdraws ? nullptr : &request, response, std::move(done));
  std::vector<FieldSlice> scratch;
  std::vector<RoleEntity> entities;
  for (int i = 0; i < request.records_size(); ++i) {
    const auto place = static_cast<uint32_t>(i);
    Submission submission;
    v1::RecordOutcome refusal;
    if (!AdmitRecord(**schema, head, place, request.records(i), now_us, &scratch, &submission.envelope,
                     &entities, &refusal)
             .ok()) {
      run->Refuse(place, std::move(refusal));
      continue;
    }
    submission.by_source = (*schema)->versioned_by_source();
    submission.partition =
        PartitionOfEntity((*schema)->owner_kind(), submission.envelope.upsert().head().owner_key());
    if (withdraws) {
      // The owner puts the revision in.
      submission.envelope.mutable_upsert()->set_withdrawn_revision(1);
    } else {
      for (const RoleEntity& entity : entities) {
        run->AddReference(place, PartitionOfEntity(entity.kind, entity.key),
                          ReferenceTo(submission.envelope.upsert().head(), entity));
      }
    }
    run->Add(std::move(submission));
  }
  run->Send();
}

void Library::Delete(const Caller& caller, const v1::DeleteRequest& request, v1::PublishResponse* response,
                     Done done) {
  constexpr auto kAction = hangou::audit::v1::ACTION_DELETE;
  response->set_request_id(request.request_id());
  const auto schema = AuthorizeProvider(caller, request.resource());
  if (!schema.ok()) return DenyPublish(caller, request.resource(), kAction, schema.status(), std::move(done));
  if (static_cast<size_t>(request.items_size()) > limits::kBatchRecords) {
    return done(MakeError(Reason::kBatchTooLarge, "delete at most 256 records at once"));
  }
  const uint64_t digest = DigestOf(**schema, request);
  if (const auto ok = CheckPublishable(caller, **schema, request.request_id(), digest); !ok.ok())
    return done(ok);

  const RequestHead request_head{caller, request.request_id(), digest};
  const int64_t now_us = context_.clock.UtcUs();
  auto run = std::make_shared<PublishBatch>(*this, caller, request.resource(), kAction,
                                            static_cast<uint32_t>(request.items_size()), nullptr, response,
                                            std::move(done));
  for (int i = 0; i < request.items_size(); ++i) {
    const auto place = static_cast<uint32_t>(i);
    const auto& item = request.items(i);
    const auto owner = NormalizeOwner(**schema, item.owner(), now_us);
    absl::Status wrong = owner.status();
    if (wrong.ok() && (*schema)->versioned_by_source() == (item.source_version() == 0)) {
      wrong = MakeError(Reason::kFieldInvalid,
                        (*schema)->versioned_by_source()
                            ? "give the version of the deletion, above the stored one"
                            : "the resource is versioned by arrival; leave the version out",
                        "source_version");
    }
    if (!wrong.ok()) {
      run->Refuse(place, Refusal(wrong));
      continue;
    }
    Submission submission;
    submission.by_source = (*schema)->versioned_by_source();
    auto* deletion = submission.envelope.mutable_deletion();
    deletion->set_valid_until_day(item.has_valid_until_day() ? item.valid_until_day() : DayInChina(now_us));
    const std::string owner_key = CanonicalKey((*schema)->owner_kind(), *owner);
    *deletion->mutable_head() = NewHead(**schema, request_head, place, owner_key, item.record_key());
    deletion->set_owner_id(*owner);
    deletion->mutable_head()->set_generation(item.generation());
    deletion->mutable_head()->set_source_version(item.source_version());
    uint64_t low = 0;
    uint64_t high = 0;
    HashDeletion((*schema)->number(), deletion->valid_until_day(), &low, &high);
    deletion->mutable_head()->set_content_hash_low(low);
    deletion->mutable_head()->set_content_hash_high(high);
    submission.partition = PartitionOfEntity((*schema)->owner_kind(), owner_key);
    run->Add(std::move(submission));
  }
  run->Send();
}

}  // namespace hangou

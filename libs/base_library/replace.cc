// CompleteReplace: what a full export lacks is deleted.
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/base_library/library.h"
#include "libs/base_library/past.h"
#include "libs/base_library/publish_batch.h"
#include "libs/base_library/survey.h"
#include "libs/schema/owner.h"
#include "libs/schema/walker.h"

namespace hangou {

namespace v1 = hangou::base_library::v1;
using hangou::record::v1::StoredRecord;

namespace {

// Records that a completed export may delete without being asked: more looks like an export that was cut off.
constexpr int64_t kGuardPercent = 20;
// Counting comes first, so that nothing is deleted before the guard has seen everything.
constexpr uint32_t kCounting = 0;
constexpr uint32_t kDeleting = 1;
constexpr double kPhases = 2;

std::string ReplaceTokenContext(const Caller& caller, const v1::CompleteReplaceRequest& request) {
  return "replace|" + caller.department + "|" + request.resource() + "|" +
         std::to_string(request.generation()) + "|" + (request.confirmed() ? "confirmed" : "");
}

absl::Status Guard(const SurveyCursor& cursor, bool confirmed) {
  if (confirmed || cursor.absent * 100 <= cursor.records * kGuardPercent) return absl::OkStatus();
  return MakeError(Reason::kReplaceGuard,
                   "the export lacks " + std::to_string(cursor.absent) + " of " +
                       std::to_string(cursor.records) +
                       " records, more than 20 %; check that it is whole, then confirm");
}

// The deletion of a record that the export of a generation lacks.
Submission DeletionOf(const ResourceSchema& schema, const StoredRecord& state, uint64_t generation,
                      int32_t today, uint32_t place) {
  Submission submission;
  submission.by_source = true;  // recognised by its generation, not by a request
  auto* deletion = submission.envelope.mutable_deletion();
  const auto& head = state.upsert().head();
  auto* of = deletion->mutable_head();
  of->set_owner_kind(head.owner_kind());
  of->set_owner_key(head.owner_key());
  of->set_resource_number(head.resource_number());
  of->set_provider(head.provider());
  of->set_record_key(head.record_key());
  of->set_generation(generation);
  of->set_source_version(0);  // below whatever the export itself has: who is in it stays
  of->set_request_place(place);
  deletion->set_valid_until_day(today);
  deletion->set_owner_id(std::string(OwnerText(schema, state.upsert().payload()).value_or("")));
  uint64_t low = 0;
  uint64_t high = 0;
  HashDeletion(schema.number(), today, &low, &high);
  of->set_content_hash_low(low);
  of->set_content_hash_high(high);
  return submission;
}

}  // namespace

void Library::CompleteReplace(const Caller& caller, const v1::CompleteReplaceRequest& request,
                              v1::CompleteReplaceResponse* response, Done done) {
  constexpr auto kAction = hangou::audit::v1::ACTION_REPLACE;
  const auto schema = AuthorizeProvider(caller, request.resource());
  if (!schema.ok()) return DenyPublish(caller, request.resource(), kAction, schema.status(), std::move(done));
  if (request.generation() == 0) {
    return done(
        MakeError(Reason::kInvalidRequest, "give the generation of the export, above 0", "generation"));
  }
  SurveyCursor cursor;
  const std::string token_context = ReplaceTokenContext(caller, request);
  if (!request.page_token().empty()) {
    const auto text = context_.keys.OpenToken(request.page_token(), token_context);
    if (!text.ok()) return done(text.status());
    cursor = SurveyCursor::Decode(*text);
    return ContinueReplace(caller, request, *schema, cursor, response, std::move(done));
  }
  ResourceSurvey::WhenCurrent(
      *this, [=, this, &request, schema = *schema, done = std::move(done)](absl::Status current) mutable {
        if (!current.ok()) return done(current);
        ContinueReplace(caller, request, schema, cursor, response, std::move(done));
      });
}

void Library::ContinueReplace(const Caller& caller, const v1::CompleteReplaceRequest& request,
                              const std::shared_ptr<const ResourceSchema>& schema, SurveyCursor cursor,
                              v1::CompleteReplaceResponse* response, Done done) {
  const int32_t today = DayInChina(context_.clock.UtcUs());
  ResourceSurvey survey(*this, schema->number(), caller.department);
  std::vector<Submission> deletions;
  const absl::Status walked = survey.Walk(&cursor, [&](const StoredRecord& state) {
    if (!state.has_upsert() || state.has_deletion()) return true;
    const bool absent = state.upsert().head().generation() < request.generation();
    if (cursor.phase == kCounting) {
      ++cursor.records;
      cursor.absent += absent ? 1 : 0;
      return true;
    }
    if (absent) {
      deletions.push_back(
          DeletionOf(*schema, state, request.generation(), today, static_cast<uint32_t>(deletions.size())));
    }
    return deletions.size() < limits::kBatchRecords;
  });
  if (!walked.ok()) return done(walked);
  const double part = survey.Progress(cursor);
  response->set_progress((static_cast<double>(cursor.phase) + part) / kPhases);
  if (survey.AtEnd(cursor) && cursor.phase == kCounting) {
    if (const absl::Status guarded = Guard(cursor, request.confirmed()); !guarded.ok()) return done(guarded);
    cursor.phase = kDeleting;
    cursor.partition = 0;
  }
  const auto answer = [=, this, &request](SurveyCursor at) {
    response->set_records(at.records);
    response->set_absent(at.absent);
    response->set_deleted(at.deleted);
    if (at.partition < options_.partitions) {
      response->set_next_page_token(
          context_.keys.SealToken(at.Encode(), ReplaceTokenContext(caller, request)));
    }
  };
  if (deletions.empty()) {
    answer(cursor);
    return AnswerProvider(caller, request.resource(), hangou::audit::v1::ACTION_REPLACE, 0, std::move(done));
  }
  // Each batch of deletions is answered and audited like any other.
  auto outcomes = std::make_shared<v1::PublishResponse>();
  auto batch = std::make_shared<PublishBatch>(
      *this, caller, request.resource(), hangou::audit::v1::ACTION_REPLACE,
      static_cast<uint32_t>(deletions.size()), nullptr, outcomes.get(),
      [=, done = std::move(done)](absl::Status status) mutable {
        for (const auto& outcome : outcomes->outcomes()) {
          // STALE: it was published again meanwhile, and stays.
          if (outcome.outcome() == v1::OUTCOME_REFUSED && status.ok()) {
            status = MakeError(Reason::kDraining,
                               "some records could not be deleted; call again with the same token");
          }
          cursor.deleted += outcome.outcome() == v1::OUTCOME_ACCEPTED ? 1 : 0;
        }
        if (status.ok()) answer(cursor);
        done(status);
      });
  for (Submission& deletion : deletions) {
    deletion.partition = PartitionOfEntity(schema->owner_kind(), HeadOf(deletion.envelope).owner_key());
    batch->Add(std::move(deletion));
  }
  batch->Send();
}

}  // namespace hangou

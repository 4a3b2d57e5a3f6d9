// What a provider asks about its own records: Reconcile, GetQuality, ListQuarantine.
#include <map>
#include <tuple>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base_library/library.h"
#include "libs/base_library/past.h"
#include "libs/base_library/survey.h"
#include "libs/schema/bucket.h"
#include "libs/schema/walker.h"

namespace hangou {

namespace v1 = hangou::base_library::v1;
using hangou::record::v1::StoredRecord;

namespace {

constexpr auto kQualityAction = hangou::audit::v1::ACTION_QUALITY;
constexpr int32_t kQualityDaysDefault = 30;

std::string ReconcileTokenContext(const Caller& caller, const std::string& resource) {
  return "reconcile|" + caller.department + "|" + resource;
}

// Counts the records of one page.
class Reconciliation {
 public:
  Reconciliation(const ResourceSchema& schema, int64_t now_us) : schema_(schema), now_us_(now_us) {}

  void Add(const StoredRecord& state, v1::ReconcileResponse* response) {
    if (IsRecalled(state)) return response->set_recalled(response->recalled() + 1);
    if (state.has_deletion()) return response->set_deleted(response->deleted() + 1);
    const auto& upsert = state.upsert();
    if (!WalkPayload(schema_, upsert.payload(), &slices_).ok()) return;
    buckets_[BucketOf(schema_, slices_, upsert.event_time_us())].Add(upsert.head().content_hash_low(),
                                                                     upsert.head().content_hash_high());
    if (AdmitPayload(schema_, upsert.payload(), now_us_, &slices_, &admitted_, &violations_)) return;
    for (const FieldViolation& violation : violations_)
      ++broken_[{std::string(ReasonName(violation.reason)), violation.field, violation.message}];
  }

  void Write(v1::ReconcileResponse* response) const {
    for (const auto& [bucket, totals] : buckets_) {
      auto* line = response->add_buckets();
      line->set_day(bucket.day);
      line->set_division(bucket.division);
      line->set_records(totals.records);
      line->set_digest_low(totals.digest_low);
      line->set_digest_high(totals.digest_high);
    }
    for (const auto& [rule, records] : broken_) {
      auto* line = response->add_broken_rules();
      line->set_reason(std::get<0>(rule));
      line->set_field(std::get<1>(rule));
      line->set_message(std::get<2>(rule));
      line->set_records(records);
    }
  }

 private:
  const ResourceSchema& schema_;
  const int64_t now_us_;
  std::map<RecordBucket, BucketTotals> buckets_;
  std::map<std::tuple<std::string, std::string, std::string>, int64_t> broken_;
  std::vector<FieldSlice> slices_;
  AdmittedRecord admitted_;
  std::vector<FieldViolation> violations_;
};

}  // namespace

void Library::Reconcile(const Caller& caller, const v1::ReconcileRequest& request,
                        v1::ReconcileResponse* response, Done done) {
  const auto schema = AuthorizeProvider(caller, request.resource());
  if (!schema.ok())
    return DenyPublish(caller, request.resource(), kQualityAction, schema.status(), std::move(done));
  SurveyCursor cursor;
  const std::string token_context = ReconcileTokenContext(caller, request.resource());
  const bool first = request.page_token().empty();
  if (!first) {
    const auto text = context_.keys.OpenToken(request.page_token(), token_context);
    if (!text.ok()) return done(text.status());
    cursor = SurveyCursor::Decode(*text);
  }
  auto walk = [=, this, schema = *schema]() mutable -> absl::Status {
    ResourceSurvey survey(*this, schema->number(), caller.department);
    Reconciliation reconciliation(*schema, context_.clock.UtcUs());
    RETURN_IF_ERROR(survey.Walk(&cursor, [&](const StoredRecord& state) {
      reconciliation.Add(state, response);
      return true;
    }));
    reconciliation.Write(response);
    response->set_progress(survey.Progress(cursor));
    if (!survey.AtEnd(cursor))
      response->set_next_page_token(context_.keys.SealToken(cursor.Encode(), token_context));
    return absl::OkStatus();
  };
  const auto answer = [=, this, resource = request.resource()](absl::Status walked, Done answered) {
    if (!walked.ok()) return answered(walked);
    AnswerProvider(caller, resource, kQualityAction, 0, std::move(answered));
  };
  if (!first) return answer(walk(), std::move(done));
  ResourceSurvey::WhenCurrent(*this, [=, done = std::move(done)](absl::Status current) mutable {
    if (current.ok()) current = walk();
    answer(current, std::move(done));
  });
}

void Library::GetQuality(const Caller& caller, const v1::GetQualityRequest& request,
                         v1::GetQualityResponse* response, Done done) {
  if (request.days() < 0 || request.days() > kQualityDays)
    return done(MakeError(Reason::kInvalidRequest, "ask for 1 to 90 days", "days"));
  auto acquired = context_.policy.Acquire();
  if (!acquired.ok()) return done(acquired.status());
  const auto pin = std::make_shared<PolicyHolder::Pin>(*std::move(acquired));
  std::vector<std::shared_ptr<const ResourceSchema>> schemas;
  if (!request.resource().empty()) {
    auto schema = AuthorizeProvider(caller, request.resource());
    if (!schema.ok())
      return DenyPublish(caller, request.resource(), kQualityAction, schema.status(), std::move(done));
    schemas.push_back(*schema);
  } else {
    for (const auto& [name, resource] : pin->snapshot().objects().resources) {
      auto schema = pin->snapshot().FindResource(name);
      if (schema && resource.library() == options_.name && schema->IsProvider(caller.department))
        schemas.push_back(std::move(schema));
    }
  }
  const int32_t days = request.days() == 0 ? kQualityDaysDefault : request.days();
  for (const auto& schema : schemas) {
    for (auto& day : quality_.Days(caller.department, schema->name(), days))
      *response->add_days() = std::move(day);
    auto* timeliness = response->add_timeliness();
    timeliness->set_resource(schema->name());
    timeliness->set_update_cycle(schema->declaration().update_cycle());
    const int64_t last_us = quality_.LastAcceptedUs(caller.department, schema->name());
    if (last_us != 0) timeliness->mutable_last_accepted_time()->set_seconds(last_us / kUsPerSecond);
    if (const int64_t due_us = UpdateDueUs(schema->declaration().update_cycle(), last_us); due_us != 0)
      timeliness->mutable_due_time()->set_seconds(due_us / kUsPerSecond);
  }
  const std::string subject = request.resource().empty() ? options_.name : request.resource();
  context_.audit.Append(ProviderEntry(caller, subject, kQualityAction),
                        [pin, done = std::move(done)](absl::Status durable) {
                          durable.Update(pin->Confirm());
                          done(durable);
                        });
}

void Library::ListQuarantine(const Caller& caller, const v1::ListQuarantineRequest& request,
                             v1::ListQuarantineResponse* response, Done done) {
  const auto schema = AuthorizeProvider(caller, request.resource());
  if (!schema.ok())
    return DenyPublish(caller, request.resource(), kQualityAction, schema.status(), std::move(done));
  if (request.page_size() < 0 || static_cast<size_t>(request.page_size()) > limits::kBatchRecords)
    return done(MakeError(Reason::kInvalidRequest, "page_size is at most 256"));
  const size_t at_most =
      request.page_size() == 0 ? limits::kPageDefault : static_cast<size_t>(request.page_size());
  const std::string token_context = "quarantine|" + caller.department + "|" + request.resource();
  std::string after;
  if (!request.page_token().empty()) {
    const auto text = context_.keys.OpenToken(request.page_token(), token_context);
    if (!text.ok()) return done(text.status());
    after = *text;
  }
  const auto next = quality_.ListQuarantine(caller.department, request.resource(), after, at_most, response);
  if (!next.ok()) return done(next.status());
  if (!next->empty()) response->set_next_page_token(context_.keys.SealToken(*next, token_context));
  AnswerProvider(caller, request.resource(), kQualityAction, static_cast<uint64_t>(response->items_size()),
                 std::move(done));
}

}  // namespace hangou

// Verify: compares values of the caller's own with what is stored; no value leaves.
#include <algorithm>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/base_library/library.h"
#include "libs/base_library/past.h"
#include "libs/base_library/read_run.h"
#include "libs/base_library/view_tables.h"
#include "libs/identifiers/identifiers.h"
#include "libs/policy/record_presenter.h"
#include "libs/schema/identifier_field.h"
#include "libs/schema/owner.h"

namespace hangou {

namespace v1 = hangou::base_library::v1;

namespace {

// A value in the form in which values are compared: identifiers normalised.
std::string Comparable(const FieldSchema& field, const FieldSlice& slice, int32_t today) {
  if (!field.is_text()) return std::to_string(slice.scalar);
  const auto type = IdentifierTypeOf(field.type);
  if (!type) return std::string(slice.text);
  const IdentifierVerdict verdict = CheckIdentifier(*type, slice.text, today);
  return verdict.ok() ? verdict.normalized.str() : std::string(slice.text);
}

// What the entity's valid records carry, per field index.
using StoredValues = std::map<int, std::vector<std::string>>;

absl::StatusOr<StoredValues> CollectValues(const Store& view, const ResourceSchema& schema,
                                           const std::string& prefix, const v1::VerifyRequest& request,
                                           const std::string& only_provider, int32_t today) {
  StoredValues values;
  absl::Status inside;
  RETURN_IF_ERROR(view.Scan(kViewRecords, prefix, prefix, [&](std::string_view, std::string_view text) {
    hangou::record::v1::StoredRecord stored;
    if (!stored.ParseFromArray(text.data(), static_cast<int>(text.size()))) {
      inside = DamagedRecord();
      return false;
    }
    const auto& head = stored.upsert().head();
    if (!IsValidOn(stored, today)) return true;
    if (!request.record_key().empty() && head.record_key() != request.record_key()) return true;
    if (!only_provider.empty() && head.provider() != only_provider) return true;
    std::vector<FieldSlice> slices;
    inside = WalkPayload(schema, stored.upsert().payload(), &slices);
    for (const FieldSlice& slice : slices) {
      values[slice.index].push_back(Comparable(schema.fields()[slice.index], slice, today));
    }
    return inside.ok();
  }));
  RETURN_IF_ERROR(inside);
  return values;
}

v1::VerifyResponse::Verdict VerdictOf(const StoredValues& values, int index, const std::string& claimed) {
  const auto found = values.find(index);
  if (found == values.end()) return v1::VerifyResponse::VERDICT_UNKNOWN;
  const bool match = std::find(found->second.begin(), found->second.end(), claimed) != found->second.end();
  return match ? v1::VerifyResponse::VERDICT_MATCH : v1::VerifyResponse::VERDICT_MISMATCH;
}

// Where the keys of a day's counts begin; those of earlier days sort before it.
std::string DayPrefix(int32_t day) { return std::to_string(day) + "|"; }

// Adds the deletion of counts of earlier days to a batch of counts: twice as many as come in, so that none stay.
absl::Status SweepCounts(const Store& store, int table, int32_t today, StoreBatch* batch) {
  size_t left = 2 * batch->changes().size();
  const std::string first_of_today = DayPrefix(today);
  return store.Scan(table, "", "", [&](std::string_view key, std::string_view) {
    if (key >= first_of_today) return false;
    batch->Delete(table, std::string(key));
    return --left > 0;
  });
}

}  // namespace

void Library::Verify(const Caller& caller, const v1::VerifyRequest& request, v1::VerifyResponse* response,
                     Done done) {
  if (request.context().has_as_of()) {
    return done(
        MakeError(Reason::kInvalidRequest, "Verify compares with what is stored now; leave as_of out"));
  }
  const auto build = [this, &request, response, caller](const ReadScope& scope) -> absl::Status {
    response->Clear();
    const int64_t now_us = context_.clock.UtcUs();
    const int32_t today = DayInChina(now_us);
    ASSIGN_OR_RETURN(const std::string id, NormalizeOwner(scope.schema, request.owner(), now_us));
    const std::string owner_key = CanonicalKey(scope.schema.owner_kind(), id);
    const int32_t partition = PartitionOfEntity(scope.schema.owner_kind(), owner_key);
    ASSIGN_OR_RETURN(const auto view, ViewOf(partition));
    std::vector<FieldSlice> claims;
    RETURN_IF_ERROR(WalkPayload(scope.schema, request.payload(), &claims));
    std::sort(claims.begin(), claims.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
    const auto values =
        CollectValues(*view, scope.schema,
                      EntityPrefix(scope.schema.number(), partition, scope.schema.owner_kind(), owner_key),
                      request, scope.only_provider, today);
    if (ReasonOf(values.status()) == Reason::kDataLoss) GroupOf(partition).ReportDamage();
    RETURN_IF_ERROR(values.status());

    const std::string entity_hash = AuditHash(context_.keys, scope.schema.owner_kind(), owner_key);
    MutexLock lock(verify_mutex_);
    StoreBatch counts;
    for (const FieldSlice& claim : claims) {
      const FieldSchema& field = scope.schema.fields()[claim.index];
      auto* line = response->add_verdicts();
      line->set_field(field.number);
      if (scope.rights.permissions[claim.index].level < FieldLevel::kVerify) {
        line->set_verdict(v1::VerifyResponse::VERDICT_WITHHELD);
        continue;
      }
      // Mismatches are counted before the answer is known to be one of them, so that a full count tells nothing.
      const std::string count_key = DayPrefix(today) + caller.department + "|" + entity_hash + "|" +
                                    std::to_string(scope.schema.number()) + "." +
                                    std::to_string(field.number);
      ASSIGN_OR_RETURN(const auto text, context_.local.Get(context_.tables.verify, count_key));
      const uint64_t mismatches = text ? ReadBigEndian(*text) : 0;
      if (mismatches >= limits::kVerifyMismatchesPerDay) {
        return MakeError(Reason::kQuotaExceeded,
                         "too many mismatches for this entity and field today; try tomorrow", field.name);
      }
      line->set_verdict(VerdictOf(*values, claim.index, Comparable(field, claim, today)));
      if (line->verdict() == v1::VerifyResponse::VERDICT_MISMATCH) {
        std::string count;
        AppendBigEndian(&count, mismatches + 1, 4);
        counts.Put(context_.tables.verify, count_key, count);
      }
    }
    if (!counts.empty()) {
      RETURN_IF_ERROR(SweepCounts(context_.local, context_.tables.verify, today, &counts));
      RETURN_IF_ERROR(context_.local.Write(counts));
    }
    *response->mutable_decision() = ToProto(scope.schema, scope.rights, scope.epoch);
    scope.entry.set_records(static_cast<uint64_t>(response->verdicts_size()));
    scope.entry.add_entity_hashes(entity_hash);
    return absl::OkStatus();
  };
  ReadRun::Start(*this, caller, request.context(), request.resource(), hangou::audit::v1::ACTION_VERIFY,
                 build, std::move(done));
}

}  // namespace hangou

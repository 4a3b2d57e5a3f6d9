// GetHistory: the revisions of an entity's records.
#include <algorithm>

#include "libs/base/clock.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base_library/library.h"
#include "libs/base_library/past.h"
#include "libs/base_library/read_run.h"
#include "libs/base_library/view_tables.h"
#include "libs/policy/record_presenter.h"
#include "libs/schema/owner.h"

namespace hangou {

using hangou::record::v1::StoredRecord;
namespace v1 = hangou::base_library::v1;

namespace {

// Writes the states of records as revisions.
class HistoryWriter {
 public:
  HistoryWriter(RecordPresenter& presenter, int32_t partition, int64_t seen_until_us,
                v1::GetHistoryResponse* response)
      : presenter_(presenter), partition_(partition), seen_until_us_(seen_until_us), response_(*response) {}

  // Adds a state; false where nothing before it is to be given.
  absl::StatusOr<bool> Add(const StoredRecord& state) {
    // What was recalled later is not given as of before that either.
    if (HeadOf(state).received_us() > seen_until_us_) return !IsRecalled(state);
    if (static_cast<size_t>(response_.revisions_size()) == limits::kGetRecords) {
      response_.set_truncated(true);
      return false;
    }
    v1::Revision& revision = *response_.add_revisions();
    if (state.has_deletion()) {
      revision.set_kind(IsRecalled(state) ? v1::Revision::KIND_RECALLED : v1::Revision::KIND_DELETED);
      if (!IsRecalled(state)) revision.set_valid_until_day(state.deletion().valid_until_day());
      presenter_.PresentDeletion(state.deletion(), partition_, state.offset(), revision.mutable_record());
      return !IsRecalled(state);
    }
    revision.set_kind(state.withdrawn() ? v1::Revision::KIND_WITHDRAWN : v1::Revision::KIND_PUBLISHED);
    RETURN_IF_ERROR(
        presenter_.Present(state.upsert(), partition_, state.offset(), revision.mutable_record()));
    if (state.withdrawn()) revision.mutable_record()->clear_payload();
    bytes_ += revision.record().payload().size();
    if (bytes_ > limits::kReplyBytes) {
      return MakeError(Reason::kBatchTooLarge, "the history is larger than 3 MiB; name a record key");
    }
    return true;
  }

 private:
  RecordPresenter& presenter_;
  const int32_t partition_;
  const int64_t seen_until_us_;
  v1::GetHistoryResponse& response_;
  size_t bytes_ = 0;
};

// A record whose revisions are wanted, in its newest state.
struct HistoryOf {
  std::string record_key;
  StoredRecord newest;
};

absl::StatusOr<std::vector<HistoryOf>> RecordsOf(const Store& view, const std::string& prefix,
                                                 const std::string& record_key,
                                                 const std::string& only_provider) {
  std::vector<HistoryOf> records;
  bool damaged = false;
  RETURN_IF_ERROR(view.Scan(kViewRecords, prefix, prefix, [&](std::string_view key, std::string_view value) {
    HistoryOf record{std::string(key), {}};
    damaged = !record.newest.ParseFromArray(value.data(), static_cast<int>(value.size()));
    if (damaged) return false;
    const auto& head = HeadOf(record.newest);
    const bool wanted = (record_key.empty() || head.record_key() == record_key) &&
                        (only_provider.empty() || head.provider() == only_provider);
    if (wanted) records.push_back(std::move(record));
    return records.size() <= limits::kGetRecords;
  }));
  if (damaged) return DamagedRecord();
  return records;
}

absl::Status WriteHistory(const Store& view, const std::vector<HistoryOf>& records, HistoryWriter* writer) {
  for (const HistoryOf& record : records) {
    ASSIGN_OR_RETURN(const bool more, writer->Add(record.newest));
    if (!more) continue;
    absl::Status inside;
    const auto add = [&](const StoredRecord& state) {
      const auto added = writer->Add(state);
      inside = added.status();
      return added.ok() && *added;
    };
    RETURN_IF_ERROR(VisitFormerStates(view, record.record_key, HeadOf(record.newest).revision(), add));
    RETURN_IF_ERROR(inside);
  }
  return absl::OkStatus();
}

}  // namespace

void Library::GetHistory(const Caller& caller, const v1::GetHistoryRequest& request,
                         v1::GetHistoryResponse* response, Done done) {
  const auto build = [this, &request, response,
                      department = caller.department](const ReadScope& scope) -> absl::Status {
    response->Clear();
    const int64_t now_us = context_.clock.UtcUs();
    ASSIGN_OR_RETURN(const std::string id, NormalizeOwner(scope.schema, request.owner(), now_us));
    const std::string owner_key = CanonicalKey(scope.schema.owner_kind(), id);
    const int32_t partition = PartitionOfEntity(scope.schema.owner_kind(), owner_key);
    ASSIGN_OR_RETURN(const auto view, ViewOf(partition));
    RecordPresenter presenter(scope.schema, scope.rights, context_.keys, department, context_.log.log_id(),
                              RecordTopic(options_.name));
    const std::string prefix =
        EntityPrefix(scope.schema.number(), partition, scope.schema.owner_kind(), owner_key);
    const auto records = RecordsOf(*view, prefix, request.record_key(), scope.only_provider);
    absl::Status read = records.status();
    if (read.ok()) {
      HistoryWriter writer(presenter, partition, SeenUntilUs(request.context()), response);
      read = WriteHistory(*view, *records, &writer);
    }
    if (ReasonOf(read) == Reason::kDataLoss) GroupOf(partition).ReportDamage();
    RETURN_IF_ERROR(read);
    *response->mutable_decision() = ToProto(scope.schema, scope.rights, scope.epoch);
    scope.entry.set_records(static_cast<uint64_t>(response->revisions_size()));
    scope.entry.add_entity_hashes(AuditHash(context_.keys, scope.schema.owner_kind(), owner_key));
    return absl::OkStatus();
  };
  ReadRun::Start(*this, caller, request.context(), request.resource(), hangou::audit::v1::ACTION_READ, build,
                 std::move(done));
}

}  // namespace hangou

// Get, BatchGet and List.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/base_library/library.h"
#include "libs/base_library/past.h"
#include "libs/base_library/read_run.h"
#include "libs/base_library/view_tables.h"
#include "libs/policy/record_presenter.h"
#include "libs/schema/owner.h"

namespace hangou {

namespace v1 = hangou::base_library::v1;
using hangou::record::v1::Record;
using hangou::record::v1::StoredRecord;

namespace {

absl::Status ParseState(std::string_view text, StoredRecord* state) {
  if (state->ParseFromArray(text.data(), static_cast<int>(text.size()))) return absl::OkStatus();
  return DamagedRecord();
}

// The instant that a read is about, and its day in China.
struct ReadTime {
  int64_t seen_until_us;
  int32_t day;

  ReadTime(const hangou::record::v1::AccessContext& context, int64_t now_us)
      : seen_until_us(SeenUntilUs(context)), day(DayInChina(AsOfUs(context, now_us))) {}
};

// What one read of one entity is asked for.
struct EntityQuery {
  std::string owner_key;
  std::string record_key;  // empty: every one
  int32_t partition = 0;
};

using Records = google::protobuf::RepeatedPtrField<Record>;

// An entity to read, and where its records go.
struct EntityRead {
  EntityQuery query;
  std::string prefix;  // of its rows
  Records* records;
};

EntityRead ReadOf(const ReadScope& scope, EntityQuery query, Records* records) {
  std::string prefix =
      EntityPrefix(scope.schema.number(), query.partition, scope.schema.owner_kind(), query.owner_key);
  return {std::move(query), std::move(prefix), records};
}

// What a record takes in a reply beside its payload, at least: bounds what is gathered before the reply is measured.
constexpr size_t kLeastRecordBytes = 64;

absl::Status ReplyTooLarge() {
  return MakeError(Reason::kBatchTooLarge, "the reply would be larger than 3 MiB; ask for fewer entities");
}

// A record that was changed after the instant of a read: what it was then is looked up behind the scan.
struct LaterState {
  size_t place;  // in the reads
  PastRecord past;
};

// Looks them up.
absl::Status PutBackLater(const Store& view, int64_t seen_until_us, std::vector<LaterState>* later) {
  std::vector<PastRecord*> records;
  records.reserve(later->size());
  for (LaterState& record : *later) records.push_back(&record.past);
  return PutBackAll(view, seen_until_us, std::move(records));
}

// Reads the records of entities that one view holds, in the scope of a decision; at most kGetRecords of each. `bytes`
// counts what was read, up to kReplyBytes.
absl::Status ReadEntities(const Store& view, const ReadScope& scope, std::vector<EntityRead> reads,
                          const ReadTime& time, RecordPresenter& presenter, size_t* bytes) {
  std::sort(reads.begin(), reads.end(),
            [](const EntityRead& a, const EntityRead& b) { return a.prefix < b.prefix; });
  std::vector<std::string> prefixes;
  prefixes.reserve(reads.size());
  for (EntityRead& read : reads) prefixes.push_back(std::move(read.prefix));
  absl::Status inside;
  StoredRecord stored;
  std::vector<LaterState> later;
  const auto give = [&](const EntityRead& read, const StoredRecord& state) {
    if (!IsValidOn(state, time.day)) return;
    Record* const record = read.records->Add();
    inside = presenter.Present(state.upsert(), read.query.partition, state.offset(), record);
    *bytes += record->payload().size() + kLeastRecordBytes;
    if (*bytes > limits::kReplyBytes) inside = ReplyTooLarge();
  };
  const auto give_later = [&]() -> absl::Status {
    RETURN_IF_ERROR(PutBackLater(view, time.seen_until_us, &later));
    for (const LaterState& record : std::exchange(later, {})) {
      const EntityRead& read = reads[record.place];
      if (!inside.ok() || static_cast<size_t>(read.records->size()) >= limits::kGetRecords) continue;
      if (record.past.found) give(read, record.past.state);
    }
    return inside;
  };
  const auto visit = [&](size_t place, std::string_view key, std::string_view value) {
    if (!inside.ok()) return false;
    const EntityRead& read = reads[place];
    inside = ParseState(value, &stored);
    if (!inside.ok()) return false;
    const auto& head = HeadOf(stored);
    const bool wanted = (read.query.record_key.empty() || head.record_key() == read.query.record_key) &&
                        (scope.only_provider.empty() || head.provider() == scope.only_provider);
    if (wanted && head.received_us() > time.seen_until_us) {
      later.push_back({place, {std::string(key), stored}});
      if (later.size() == limits::kGetRecords) inside = give_later();
    } else if (wanted) {
      give(read, stored);
    }
    return inside.ok() && static_cast<size_t>(read.records->size()) < limits::kGetRecords;
  };
  RETURN_IF_ERROR(view.ScanEach(kViewRecords, prefixes, visit));
  RETURN_IF_ERROR(inside);
  return give_later();
}

}  // namespace

void Library::Get(const Caller& caller, const v1::GetRequest& request, v1::GetResponse* response, Done done) {
  const auto build = [this, &request, response,
                      department = caller.department](const ReadScope& scope) -> absl::Status {
    response->Clear();
    RecordPresenter presenter(scope.schema, scope.rights, context_.keys, department, context_.log.log_id(),
                              RecordTopic(options_.name));
    RETURN_IF_ERROR(request.role().empty() ? ReadByOwner(scope, request, presenter, response)
                                           : ReadByRole(scope, request, presenter, response));
    *response->mutable_decision() = ToProto(scope.schema, scope.rights, scope.epoch);
    scope.entry.set_records(static_cast<uint64_t>(response->records_size()));
    return absl::OkStatus();
  };
  ReadRun::Start(*this, caller, request.context(), request.resource(), hangou::audit::v1::ACTION_READ, build,
                 std::move(done));
}

absl::Status Library::ReadByOwner(const ReadScope& scope, const v1::GetRequest& request,
                                  RecordPresenter& presenter, v1::GetResponse* response) {
  const int64_t now_us = context_.clock.UtcUs();
  ASSIGN_OR_RETURN(const std::string id, NormalizeOwner(scope.schema, request.owner(), now_us));
  EntityQuery query{CanonicalKey(scope.schema.owner_kind(), id), request.record_key(), 0};
  query.partition = PartitionOfEntity(scope.schema.owner_kind(), query.owner_key);
  scope.entry.add_entity_hashes(AuditHash(context_.keys, scope.schema.owner_kind(), query.owner_key));
  ASSIGN_OR_RETURN(const auto view, ViewOf(query.partition));
  size_t bytes = 0;
  const absl::Status read = ReadEntities(*view, scope, {ReadOf(scope, query, response->mutable_records())},
                                         ReadTime(request.context(), now_us), presenter, &bytes);
  if (ReasonOf(read) == Reason::kDataLoss) GroupOf(query.partition).ReportDamage();
  return read;
}

void Library::BatchGet(const Caller& caller, const v1::BatchGetRequest& request,
                       v1::BatchGetResponse* response, Done done) {
  if (static_cast<size_t>(request.owners_size()) > limits::kReadEntities) {
    return done(MakeError(Reason::kBatchTooLarge, "ask for at most 256 entities at once"));
  }
  const auto build = [this, &request, response,
                      department = caller.department](const ReadScope& scope) -> absl::Status {
    response->Clear();
    const int64_t now_us = context_.clock.UtcUs();
    const ReadTime time(request.context(), now_us);
    RecordPresenter presenter(scope.schema, scope.rights, context_.keys, department, context_.log.log_id(),
                              RecordTopic(options_.name));
    std::map<int32_t, std::vector<EntityRead>> reads;  // by partition group: each has a view of its own
    for (const auto& owner : request.owners()) {
      auto* item = response->add_items();
      const auto id = NormalizeOwner(scope.schema, owner, now_us);
      if (!id.ok()) {
        item->mutable_violation()->set_reason(std::string(ReasonName(*ReasonOf(id.status()))));
        item->mutable_violation()->set_field("owners");
        item->mutable_violation()->set_message(std::string(Message(id.status())));
        continue;
      }
      EntityQuery query{CanonicalKey(scope.schema.owner_kind(), *id), "", 0};
      query.partition = PartitionOfEntity(scope.schema.owner_kind(), query.owner_key);
      scope.entry.add_entity_hashes(AuditHash(context_.keys, scope.schema.owner_kind(), query.owner_key));
      reads[query.partition % options_.groups].push_back(
          ReadOf(scope, std::move(query), item->mutable_records()));
    }
    size_t bytes = 0;
    for (auto& [group, of_group] : reads) {
      ASSIGN_OR_RETURN(const auto view, ViewOf(group));
      const absl::Status read = ReadEntities(*view, scope, std::move(of_group), time, presenter, &bytes);
      if (ReasonOf(read) == Reason::kDataLoss) GroupOf(group).ReportDamage();
      RETURN_IF_ERROR(read);
    }
    if (response->ByteSizeLong() > limits::kReplyBytes) return ReplyTooLarge();
    uint64_t records = 0;
    for (const auto& item : response->items()) records += static_cast<uint64_t>(item.records_size());
    *response->mutable_decision() = ToProto(scope.schema, scope.rights, scope.epoch);
    scope.entry.set_records(records);
    return absl::OkStatus();
  };
  ReadRun::Start(*this, caller, request.context(), request.resource(), hangou::audit::v1::ACTION_READ, build,
                 std::move(done));
}

namespace {

// Where a List goes on: a partition and the last key of it, empty for its start.
struct ListCursor {
  int32_t partition = 0;
  std::string after_key;

  std::string Encode() const {
    std::string text;
    AppendBigEndian(&text, static_cast<uint64_t>(partition), 2);
    return text + after_key;
  }
  static ListCursor Decode(std::string_view text) {
    return {static_cast<int32_t>(ReadBigEndian(text.substr(0, 2))), std::string(text.substr(2))};
  }
};

std::string ListTokenContext(const Caller& caller, const v1::ListRequest& request) {
  std::string context = "list|" + caller.department + "|" + caller.role + "|" + request.context().purpose() +
                        "|" + request.resource();
  if (request.context().has_as_of()) context += "|" + std::to_string(AsOfUs(request.context(), 0));
  return context;
}

// Reads rows of one partition of a resource; `cursor` moves to the last one looked at. True where the page is full.
absl::StatusOr<bool> ListPartition(const Store& view, const ReadScope& scope, const ReadTime& time,
                                   RecordPresenter& presenter, int page_size, ListCursor* cursor,
                                   size_t* bytes, v1::ListResponse* response) {
  const std::string prefix = ResourcePrefix(scope.schema.number(), cursor->partition);
  const std::string from = cursor->after_key.empty() ? prefix : cursor->after_key + '\0';
  absl::Status inside;
  StoredRecord stored;
  std::vector<LaterState> later;
  bool full = false;
  const auto give = [&](const StoredRecord& state) {
    if (!IsValidOn(state, time.day)) return;
    inside = presenter.Present(state.upsert(), cursor->partition, state.offset(), response->add_records());
  };
  const absl::Status scanned =
      view.Scan(kViewRecords, from, prefix, [&](std::string_view key, std::string_view text) {
        cursor->after_key = std::string(key);
        inside = ParseState(text, &stored);
        if (!inside.ok()) return false;
        const auto& head = HeadOf(stored);
        const bool own = scope.only_provider.empty() || head.provider() == scope.only_provider;
        if (own && head.received_us() > time.seen_until_us) {
          later.push_back({0, {std::string(key), stored}});
          *bytes += text.size();
        } else if (own && IsValidOn(stored, time.day)) {
          give(stored);
          *bytes += text.size();
        }
        const size_t found = static_cast<size_t>(response->records_size()) + later.size();
        full = found >= static_cast<size_t>(page_size) || *bytes >= limits::kReplyBytes;
        return inside.ok() && !full;
      });
  RETURN_IF_ERROR(scanned);
  RETURN_IF_ERROR(PutBackLater(view, time.seen_until_us, &later));
  for (const LaterState& record : later) {
    RETURN_IF_ERROR(inside);
    if (record.past.found) give(record.past.state);
  }
  RETURN_IF_ERROR(inside);
  return full;
}

}  // namespace

// One group after the other, because a group is what a replica owns: a page ends where the next one is another's.
int32_t Library::NextListed(int32_t partition) const {
  if (partition + options_.groups < options_.partitions) return partition + options_.groups;
  const int32_t next_group = partition % options_.groups + 1;
  return next_group < options_.groups ? next_group : options_.partitions;
}

absl::StatusOr<int32_t> Library::PartitionOfPage(const Caller& caller, const v1::ListRequest& request) const {
  if (request.page_token().empty()) return 0;
  ASSIGN_OR_RETURN(const std::string payload,
                   context_.keys.OpenToken(request.page_token(), ListTokenContext(caller, request)));
  return ListCursor::Decode(payload).partition;
}

void Library::List(const Caller& caller, const v1::ListRequest& request, v1::ListResponse* response,
                   Done done) {
  if (request.page_size() < 0 || request.page_size() > limits::kPageMax) {
    return done(MakeError(Reason::kInvalidRequest, "page_size is at most 1000"));
  }
  const int page_size = request.page_size() == 0 ? limits::kPageDefault : request.page_size();
  const std::string token_context = ListTokenContext(caller, request);
  ListCursor start;
  if (!request.page_token().empty()) {
    const auto payload = context_.keys.OpenToken(request.page_token(), token_context);
    if (!payload.ok()) return done(payload.status());
    start = ListCursor::Decode(*payload);
  }
  const auto build = [this, &request, response, page_size, token_context, start,
                      department = caller.department](const ReadScope& scope) -> absl::Status {
    response->Clear();
    const ReadTime time(request.context(), context_.clock.UtcUs());
    RecordPresenter presenter(scope.schema, scope.rights, context_.keys, department, context_.log.log_id(),
                              RecordTopic(options_.name));
    ListCursor cursor = start;
    size_t bytes = 0;
    int32_t last = cursor.partition;
    for (; cursor.partition < options_.partitions; cursor = {NextListed(cursor.partition), ""}) {
      const auto view = ViewOf(cursor.partition);
      // The next group is another replica's: the caller goes on there.
      if (ReasonOf(view.status()) == Reason::kNotOwner && cursor.partition != start.partition) {
        response->set_next_page_token(context_.keys.SealToken(cursor.Encode(), token_context));
        break;
      }
      RETURN_IF_ERROR(view.status());
      last = cursor.partition;
      const auto full = ListPartition(**view, scope, time, presenter, page_size, &cursor, &bytes, response);
      if (ReasonOf(full.status()) == Reason::kDataLoss) GroupOf(cursor.partition).ReportDamage();
      RETURN_IF_ERROR(full.status());
      if (*full) {
        response->set_next_page_token(context_.keys.SealToken(cursor.Encode(), token_context));
        break;
      }
    }
    *response->mutable_decision() = ToProto(scope.schema, scope.rights, scope.epoch);
    scope.entry.set_records(static_cast<uint64_t>(response->records_size()));
    scope.entry.add_positions("by key from partition " + std::to_string(start.partition) + " to " +
                              std::to_string(last));
    return absl::OkStatus();
  };
  ReadRun::Start(*this, caller, request.context(), request.resource(), hangou::audit::v1::ACTION_READ, build,
                 std::move(done));
}

}  // namespace hangou

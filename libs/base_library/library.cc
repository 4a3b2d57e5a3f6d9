#include "libs/base_library/library.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/base_library/past.h"
#include "libs/base_library/view_tables.h"
#include "libs/schema/owner.h"

namespace hangou {

using hangou::record::v1::Upsert;

namespace {

// How long a read waits for the positions that it names; a caller that needs longer asks again.
constexpr int64_t kPositionWaitMs = 5000;
// Positions of one read: those of a batch that was published just before.
constexpr int kPositions = 256;

// Where the partitions end that are not damaged: the group of a damaged one tells that itself.
absl::StatusOr<std::map<int32_t, int64_t>> EndsOfGoodPartitions(Log& log, const std::string& topic,
                                                                int32_t partitions) {
  std::vector<int32_t> all(static_cast<size_t>(partitions));
  std::iota(all.begin(), all.end(), 0);
  auto ends = log.EndOffsets(topic, all);
  if (ReasonOf(ends.status()) != Reason::kDataLoss) return ends;
  std::map<int32_t, int64_t> good;
  for (int32_t partition : all) {
    const auto end = log.EndOffsets(topic, {partition});
    if (end.ok()) good.insert(*end->begin());
  }
  return good;
}

}  // namespace

Library::Library(LibraryOptions options, LibraryContext context)
    : options_(std::move(options)),
      context_(context),
      quality_(options_.name, context.local, context.tables.quality, context.tables.quarantine,
               context.clock),
      erase_ledger_(options_.erase_ledger, context.keys) {
  HANGOU_CHECK(options_.groups > 0 && options_.groups <= options_.partitions, "more groups than partitions");
  for (int32_t group = 0; group < options_.groups; ++group) {
    PartitionGroupOptions group_options;
    group_options.topic = RecordTopic(options_.name);
    for (int32_t p = group; p < options_.partitions; p += options_.groups)
      group_options.partitions.push_back(p);
    group_options.folder = options_.folder + "/" + std::to_string(group);
    group_options.name = options_.name + "/" + std::to_string(group);
    group_options.budget = context_.budget;
    group_options.ledger = &erase_ledger_;
    group_options.replay =
        std::make_unique<EraseReplay>(erase_ledger_, group, options_.partitions,
                                      [this](const Upsert& upsert) { return OwnerIdOf(upsert); });
    group_options.on_erased = [this](const ErasureEvent& erasure) { ForgetRefused(erasure); };
    groups_.push_back(
        std::make_unique<PartitionGroup>(std::move(group_options), context_.log, context_.clock));
  }
}

Library::~Library() { Stop(); }

std::string Library::OwnerIdOf(const Upsert& upsert) const {
  const auto snapshot = context_.policy.Newest();
  const auto schema = snapshot ? snapshot->FindResource(upsert.head().resource_number()) : nullptr;
  return schema ? std::string(OwnerText(*schema, upsert.payload()).value_or("")) : "";
}

absl::Status Library::Start() {
  const std::string topic = RecordTopic(options_.name);
  RETURN_IF_ERROR(context_.log.EnsureTopic(topic, options_.partitions));
  RETURN_IF_ERROR(erase_ledger_.Open());
  ASSIGN_OR_RETURN(const auto ends, EndsOfGoodPartitions(context_.log, topic, options_.partitions));
  RETURN_IF_ERROR(erase_ledger_.CompareWith(ends, options_.groups));
  for (auto& group : groups_) group->Start();
  policy_listener_ = context_.policy.OnChange([this] { FollowPlacement(); });
  FollowPlacement();
  return absl::OkStatus();
}

absl::Status Library::AwaitCopies(int64_t timeout_ms) {
  const int64_t deadline_us = SystemClock().BootUs() + timeout_ms * kUsPerMs;
  absl::Status first;
  for (auto& group : groups_) {
    const int64_t left_ms = std::max<int64_t>(0, (deadline_us - SystemClock().BootUs()) / kUsPerMs);
    const absl::Status status = group->AwaitCopy(left_ms);
    if (first.ok()) first = status;
  }
  return first;
}

void Library::Stop() {
  if (policy_listener_ != 0) context_.policy.RemoveOnChange(std::exchange(policy_listener_, 0));
  for (auto& group : groups_) group->Stop();
  quality_.Flush().IgnoreError();
}

void Library::FollowPlacement() {
  const auto snapshot = context_.policy.Newest();
  if (!snapshot) return;
  for (int32_t group = 0; group < options_.groups; ++group) {
    const auto* owner = snapshot->placement().OwnerOf(options_.name, group);
    const bool own = owner != nullptr && owner->replica() == options_.replica;
    groups_[group]->SetOwnership(snapshot->epoch(), own ? owner->owner_epoch() : 0);
  }
}

absl::Status Library::AwaitServing(int64_t timeout_ms) {
  const int64_t deadline_us = SystemClock().BootUs() + timeout_ms * kUsPerMs;
  absl::Status first;
  bool any = false;
  for (const auto& group : groups_) {
    const int64_t left_ms = std::max<int64_t>(0, (deadline_us - SystemClock().BootUs()) / kUsPerMs);
    const absl::Status status = group->AwaitServing(left_ms);
    any |= status.ok();
    if (first.ok() && ReasonOf(status) != Reason::kNotOwner) first = status;
  }
  if (!first.ok() || any) return first;
  return MakeError(Reason::kNotOwner,
                   "the placement gives no group of " + options_.name + " to this replica");
}

void Library::ForgetRefused(const ErasureEvent& erasure) {
  const auto snapshot = context_.policy.Newest();
  const auto schema = snapshot ? snapshot->FindResource(erasure.resource_number) : nullptr;
  if (!schema) return;
  // On a full disk they stay until they are old; the erasure itself must not wait for that.
  quality_.ClearQuarantine(erasure.provider, schema->name()).IgnoreError();
}

std::map<std::string, std::string> Library::OtherReplicas() const {
  std::map<std::string, std::string> others;
  const auto snapshot = context_.policy.Newest();
  if (!snapshot) return others;
  for (const auto& replica : snapshot->placement().proto().replicas()) {
    if (replica.service() == options_.name && replica.name() != options_.replica)
      others[replica.name()] = replica.address();
  }
  return others;
}

std::string Library::OwnerElsewhere(int32_t partition) const {
  const auto snapshot = context_.policy.Newest();
  if (!snapshot) return "";
  const auto* owner = snapshot->placement().OwnerOf(options_.name, partition % options_.groups);
  if (owner == nullptr || owner->replica() == options_.replica) return "";
  return snapshot->placement().AddressOf(options_.name, owner->replica());
}

bool Library::OwnsAll() const {
  for (int32_t group = 0; group < options_.groups; ++group) {
    if (!OwnerElsewhere(group).empty()) return false;
  }
  return true;
}

absl::StatusOr<int32_t> Library::PartitionOfOwner(const std::string& resource,
                                                  const hangou::record::v1::Entity& owner,
                                                  const std::string& role) const {
  const auto snapshot = context_.policy.Newest();
  const auto schema = snapshot ? snapshot->FindResource(resource) : nullptr;
  if (!schema) return MakeError(Reason::kUnknownResource, "there is no resource of this name");
  if (!role.empty()) {
    ASSIGN_OR_RETURN(const RoleEntity entity, EntityInRole(*schema, role, owner));
    return PartitionOfEntity(entity.kind, entity.key);
  }
  ASSIGN_OR_RETURN(const std::string id, NormalizeOwner(*schema, owner, context_.clock.UtcUs()));
  return PartitionOfEntity(schema->owner_kind(), CanonicalKey(schema->owner_kind(), id));
}

absl::Status Library::status() const {
  for (const auto& group : groups_) RETURN_IF_ERROR(group->copy_status());
  return absl::OkStatus();
}

int64_t Library::applied_count() const {
  int64_t count = 0;
  for (const auto& group : groups_) count += group->applied_count();
  return count;
}

std::vector<GroupFigures> Library::figures() const {
  std::vector<GroupFigures> figures;
  for (const auto& group : groups_) {
    figures.push_back({group->status().ok(), group->applied_count(), group->lag_us()});
  }
  return figures;
}

absl::StatusOr<std::shared_ptr<const Store>> Library::ViewOf(int32_t partition) {
  PartitionGroup& group = GroupOf(partition);
  std::shared_ptr<const Store> view = group.view();
  if (view) return view;
  const absl::Status status = group.status();
  return status.ok() ? MakeError(Reason::kDraining, "the service is starting; retry") : status;
}

absl::StatusOr<std::shared_ptr<const Store>> Library::CopyOf(int32_t partition) {
  PartitionGroup& group = GroupOf(partition);
  std::shared_ptr<const Store> copy = group.copy();
  if (copy) return copy;
  const absl::Status status = group.copy_status();
  return status.ok() ? MakeError(Reason::kDraining, "the view is being rebuilt; retry") : status;
}

absl::StatusOr<bool> Library::RequestIdReused(const std::string& provider, const std::string& request_id,
                                              uint64_t digest) {
  const std::string prefix = RequestPrefix(provider, request_id);
  bool reused = false;
  for (int32_t group = 0; group < options_.groups; ++group) {
    ASSIGN_OR_RETURN(const auto view, CopyOf(group));
    RETURN_IF_ERROR(view->Scan(kViewRequests, prefix, prefix, [&](std::string_view, std::string_view value) {
      const RequestMemory memory = RequestMemory::Decode(value);
      const bool remembered = memory.received_us >= context_.clock.UtcUs() - limits::kRequestMemoryUs;
      reused |= remembered && memory.request_digest != digest;
      return false;
    }));
  }
  return reused;
}

bool Library::ArePositionsOfLog(const hangou::record::v1::AccessContext& context) const {
  std::set<int32_t> partitions;
  for (const auto& position : context.after()) {
    const bool known = position.log_id() == context_.log.log_id() &&
                       position.topic() == RecordTopic(options_.name) && position.partition() >= 0 &&
                       position.partition() < options_.partitions;
    if (!known) return false;
    // What is applied is in the log.
    if (position.offset() >= GroupOf(position.partition()).AppliedEnd(position.partition()))
      partitions.insert(position.partition());
  }
  if (partitions.empty()) return true;
  const auto ends =
      context_.log.EndOffsets(RecordTopic(options_.name), {partitions.begin(), partitions.end()});
  // Where the log does not answer, the wait for the position decides.
  return !ends.ok() || std::all_of(context.after().begin(), context.after().end(), [&](const auto& position) {
    return !ends->contains(position.partition()) || position.offset() < ends->at(position.partition());
  });
}

void Library::WaitForPositions(const hangou::record::v1::AccessContext& context, Done done) {
  if (context.after_size() == 0) return done(absl::OkStatus());
  if (context.after_size() > kPositions) {
    return done(MakeError(Reason::kInvalidRequest, "name at most 256 positions"));
  }
  if (!ArePositionsOfLog(context)) {
    return done(MakeError(Reason::kPositionUnknown, "a position is not one of this library's log"));
  }
  struct Shared {
    std::atomic<int> left;
    Mutex mutex;
    absl::Status first HANGOU_GUARDED_BY(mutex);
    Done done;
  };
  auto shared = std::make_shared<Shared>();
  shared->left = context.after_size();
  shared->done = std::move(done);
  for (const auto& position : context.after()) {
    GroupOf(position.partition())
        .WaitApplied(position.partition(), position.offset(), kPositionWaitMs, [shared](absl::Status status) {
          absl::Status first;
          {
            MutexLock lock(shared->mutex);
            if (shared->first.ok()) shared->first = status;
            first = shared->first;
          }
          if (--shared->left == 0) shared->done(first);
        });
  }
}

absl::Status Library::Scan(const hangou::base_library::v1::ScanRequest& request,
                           hangou::base_library::v1::ScanResponse* response) {
  if (request.partition() < 0 || request.partition() >= options_.partitions) {
    return MakeError(Reason::kInvalidRequest, "there is no such partition");
  }
  ASSIGN_OR_RETURN(const auto view, CopyOf(request.partition()));
  const size_t most = request.max_records() > 0 ? std::min<size_t>(static_cast<size_t>(request.max_records()),
                                                                   limits::kBatchRecords)
                                                : limits::kBatchRecords;
  // Read before the rows: changes from here on are delivered from the log, some of them a second time.
  response->set_applied_end(GroupOf(request.partition()).AppliedEnd(request.partition()));
  const std::string prefix = ResourcePrefix(request.resource_number(), request.partition());
  const std::string from = request.after_key().empty() ? prefix : request.after_key() + '\0';
  const int32_t today = DayInChina(context_.clock.UtcUs());
  size_t rows = 0;
  size_t bytes = 0;
  bool damaged = false;
  bool more = false;
  RETURN_IF_ERROR(view->Scan(kViewRecords, from, prefix, [&](std::string_view key, std::string_view text) {
    hangou::record::v1::StoredRecord stored;
    damaged = !stored.ParseFromArray(text.data(), static_cast<int>(text.size()));
    if (damaged) return false;
    response->set_next_key(std::string(key));
    if (IsValidOn(stored, today)) {
      bytes += text.size();
      auto* item = response->add_items();
      item->set_offset(stored.offset());
      *item->mutable_upsert() = std::move(*stored.mutable_upsert());
    }
    more = ++rows == most || bytes > limits::kReplyBytes;
    return !more;
  }));
  if (damaged) return DamagedRecord();
  if (!more) response->clear_next_key();
  return absl::OkStatus();
}

}  // namespace hangou

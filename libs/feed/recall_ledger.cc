#include "libs/feed/recall_ledger.h"

#include "libs/base/clock.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/feed/subscription_store.h"
#include "libs/feed/topic_message.h"

namespace hangou {

namespace v1 = hangou::exchange::v1;

namespace {

constexpr int kConfirmedAtOnce = 256;

// department/subscription/, then partition and offset: a subscription hears one topic. Neither name holds a '/'.
std::string ReceiverPrefix(const std::string& department, const std::string& subscription) {
  return department + "/" + subscription + "/";
}

std::string RecallKey(const std::string& receiver, const hangou::record::v1::Position& position) {
  std::string key = receiver;
  AppendBigEndian(&key, static_cast<uint32_t>(position.partition()), 4);
  AppendBigEndian(&key, static_cast<uint64_t>(position.offset()), 8);
  return key;
}

bool IsOver(const v1::StoredRecall& stored, int64_t now_us) {
  return stored.recall().has_confirm_time() &&
         stored.recall().confirm_time().seconds() < now_us / kUsPerSecond - kConfirmedRecallDays * 86'400;
}

}  // namespace

absl::Status RecallLedger::NoteDelivered(const std::string& department, const std::string& subscription,
                                         const v1::Delivery& delivery, int64_t now_us) const {
  StoreBatch batch;
  const std::string receiver = ReceiverPrefix(department, subscription);
  for (const v1::Change& change : delivery.changes()) {
    if (!IsRecall(change)) continue;
    const auto& position = change.record().provenance().position();
    std::string key = RecallKey(receiver, position);
    ASSIGN_OR_RETURN(const auto before, store_.Get(table_, key));
    if (before) continue;
    v1::StoredRecall stored;
    stored.set_provider(change.record().provenance().provider());
    auto* recall = stored.mutable_recall();
    recall->set_subscription(SubscriptionName({department, subscription}));
    recall->set_resource(change.record().resource());
    recall->set_kind(change.kind());
    *recall->mutable_position() = position;
    *recall->mutable_delivery_time() = TimeOf(now_us);
    batch.Put(table_, std::move(key), stored.SerializeAsString());
  }
  return batch.empty() ? absl::OkStatus() : store_.Write(batch);
}

absl::StatusOr<v1::ConfirmRecallResponse> RecallLedger::Confirm(const Caller& caller,
                                                                const v1::ConfirmRecallRequest& request,
                                                                int64_t now_us) const {
  if (request.positions_size() > kConfirmedAtOnce) {
    return MakeError(Reason::kBatchTooLarge, "confirm at most 256 recalls at once");
  }
  v1::ConfirmRecallResponse response;
  StoreBatch batch;
  const std::string receiver = ReceiverPrefix(caller.department, request.subscription());
  for (const auto& position : request.positions()) {
    std::string key = RecallKey(receiver, position);
    ASSIGN_OR_RETURN(const auto row, store_.Get(table_, key));
    v1::StoredRecall stored;
    if (!row || !stored.ParseFromString(*row) || stored.recall().position().log_id() != position.log_id() ||
        stored.recall().position().topic() != position.topic()) {
      continue;
    }
    response.set_confirmed(response.confirmed() + 1);
    if (stored.recall().has_confirm_time()) continue;
    *stored.mutable_recall()->mutable_confirm_time() = TimeOf(now_us);
    batch.Put(table_, std::move(key), stored.SerializeAsString());
  }
  // What was confirmed long ago goes when something else is confirmed.
  RETURN_IF_ERROR(store_.Scan(table_, receiver, receiver, [&](std::string_view key, std::string_view value) {
    v1::StoredRecall stored;
    if (stored.ParseFromArray(value.data(), static_cast<int>(value.size())) && IsOver(stored, now_us))
      batch.Delete(table_, std::string(key));
    return true;
  }));
  if (!batch.empty()) RETURN_IF_ERROR(store_.Write(batch));
  return response;
}

absl::StatusOr<v1::ListRecallsResponse> RecallLedger::List(const Caller& caller,
                                                           const v1::ListRecallsRequest& request,
                                                           const std::string& after,
                                                           std::string* next) const {
  if (request.page_size() < 0 || request.page_size() > limits::kPageMax) {
    return MakeError(Reason::kInvalidRequest, "page_size is at most 1000");
  }
  const int page = request.page_size() == 0 ? limits::kPageDefault : request.page_size();
  const bool receiver = caller.role == roles::kConsumer;
  const std::string prefix = receiver ? caller.department + "/" : "";
  v1::ListRecallsResponse response;
  next->clear();
  std::string last;
  bool damaged = false;
  RETURN_IF_ERROR(store_.Scan(table_, after.empty() ? prefix : after + '\0', prefix,
                              [&](std::string_view key, std::string_view value) {
                                v1::StoredRecall stored;
                                damaged =
                                    !stored.ParseFromArray(value.data(), static_cast<int>(value.size()));
                                if (damaged) return false;
                                const bool own = receiver || stored.provider() == caller.department;
                                if (!own || (request.unconfirmed() && stored.recall().has_confirm_time()))
                                  return true;
                                if (response.items_size() == page) {
                                  *next = last;
                                  return false;
                                }
                                *response.add_items() = std::move(*stored.mutable_recall());
                                last = std::string(key);
                                return true;
                              }));
  if (damaged) return MakeError(Reason::kDataLoss, "a row of the ledger of recalls is damaged");
  return response;
}

}  // namespace hangou

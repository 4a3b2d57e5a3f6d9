#include "libs/feed/subscription_store.h"

#include "libs/base/status.h"

namespace hangou {
namespace {

constexpr char kSubscriptionsPrefix[] = "subscriptions/";
constexpr char kDeliveryTopicPrefix[] = "hangou.delivery.";

// Neither part may contain a '/'.
std::string SubscriptionKey(const SubscriptionId& id) { return id.first + "/" + id.second; }

}  // namespace

std::string SubscriptionName(const SubscriptionId& id) {
  return kSubscriptionsPrefix + id.first + "." + id.second;
}

std::optional<SubscriptionId> ParseSubscriptionName(const std::string& name) {
  if (!name.starts_with(kSubscriptionsPrefix)) return std::nullopt;
  const std::string rest = name.substr(sizeof kSubscriptionsPrefix - 1);
  const size_t dot = rest.find('.');
  if (dot == std::string::npos) return std::nullopt;
  return SubscriptionId(rest.substr(0, dot), rest.substr(dot + 1));
}

std::string DeliveryTopicOf(const SubscriptionId& id) {
  return kDeliveryTopicPrefix + id.first + "." + id.second;
}

std::string PrincipalOf(const Caller& caller) {
  return "User:" + caller.department + "." + caller.role + "." + caller.workload;
}

absl::StatusOr<std::vector<hangou::exchange::v1::StoredSubscription>> SubscriptionStore::ReadAll() const {
  std::vector<hangou::exchange::v1::StoredSubscription> all;
  absl::Status damaged;
  RETURN_IF_ERROR(store_.Scan(table_, "", "", [&](std::string_view key, std::string_view value) {
    if (!all.emplace_back().ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      damaged = MakeError(Reason::kDataLoss, "the stored subscription " + std::string(key) + " is damaged");
    }
    return damaged.ok();
  }));
  RETURN_IF_ERROR(damaged);
  return all;
}

absl::Status SubscriptionStore::WriteDurably(const StoreBatch& batch) {
  RETURN_IF_ERROR(store_.Write(batch));
  return store_.Flush();
}

absl::Status SubscriptionStore::Put(const hangou::exchange::v1::StoredSubscription& stored) {
  StoreBatch batch;
  batch.Put(table_, SubscriptionKey({stored.department(), stored.subscription_id()}),
            stored.SerializeAsString());
  return WriteDurably(batch);
}

absl::Status SubscriptionStore::Remove(const SubscriptionId& id) {
  StoreBatch batch;
  batch.Delete(table_, SubscriptionKey(id));
  return WriteDurably(batch);
}

}  // namespace hangou

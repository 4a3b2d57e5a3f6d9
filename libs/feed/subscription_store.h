// The durable subscriptions that deliver to topics, and their names.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/exchange/v1/stored_subscription.pb.h"
#include "libs/base/caller.h"
#include "libs/store/store.h"

namespace hangou {

// Department and last part of the name of a subscription, "subscriptions/{department}.{subscription}".
using SubscriptionId = std::pair<std::string, std::string>;

// The name of a subscription; and the parts of one, none where it is not a name.
std::string SubscriptionName(const SubscriptionId& id);
std::optional<SubscriptionId> ParseSubscriptionName(const std::string& name);
// The topic that it delivers to, without the prefix of the installation.
std::string DeliveryTopicOf(const SubscriptionId& id);
// The principal of a consumer at the brokers, as they read it from the subject of its certificate.
std::string PrincipalOf(const Caller& caller);

// Keeps subscriptions in a table of the `local` store. Used by one thread; the store must outlive it.
class SubscriptionStore {
 public:
  SubscriptionStore(Store& store, int table) : store_(store), table_(table) {}

  // All of them, in the order of department and name. DATA_LOSS where one is damaged.
  absl::StatusOr<std::vector<hangou::exchange::v1::StoredSubscription>> ReadAll() const;
  // Keeps one durably, or forgets it.
  absl::Status Put(const hangou::exchange::v1::StoredSubscription& stored);
  absl::Status Remove(const SubscriptionId& id);

 private:
  absl::Status WriteDurably(const StoreBatch& batch);

  Store& store_;
  const int table_;
};

}  // namespace hangou

// Calls about subscriptions that deliver to topics.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/exchange/v1/exchange.pb.h"

namespace hangou {

class Client;

// Calls the exchange of an installation; errors are those of the service. Thread-safe; `client` outlives it.
class TopicSubscriptions {
 public:
  explicit TopicSubscriptions(Client& client) : client_(client) {}

  // As the methods of the exchange; names are full, "subscriptions/{department}.{subscription}".
  absl::StatusOr<hangou::exchange::v1::Subscription> Create(
      const hangou::exchange::v1::CreateSubscriptionRequest& request);
  absl::StatusOr<hangou::exchange::v1::Subscription> Get(const std::string& name);
  // All of them; the pages of the list in one.
  absl::StatusOr<std::vector<hangou::exchange::v1::Subscription>> List();
  absl::StatusOr<hangou::exchange::v1::Subscription> Pause(const std::string& name);
  absl::StatusOr<hangou::exchange::v1::Subscription> Resume(const std::string& name);
  absl::Status Delete(const std::string& name);
  absl::StatusOr<hangou::exchange::v1::DeliveryTopic> Topic(const std::string& name);

 private:
  Client& client_;
};

}  // namespace hangou

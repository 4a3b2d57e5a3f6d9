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

// Recalls and erasures that were delivered, by streams and topics alike: those of the caller's subscriptions (role
// consumer) or of what its department provided (role publisher), in the order of receivers and places.
absl::StatusOr<std::vector<hangou::exchange::v1::ListRecallsResponse::Item>> ListRecalls(Client& client,
                                                                                         bool unconfirmed);
// States that the department has removed what was recalled or erased.
absl::StatusOr<hangou::exchange::v1::ConfirmRecallResponse> ConfirmRecall(
    Client& client, const hangou::exchange::v1::ConfirmRecallRequest& request);

}  // namespace hangou

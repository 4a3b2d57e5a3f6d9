// Topic subscriptions as people and scripts see them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "hangou/exchange/v1/exchange.pb.h"

namespace hangou {

// "running", "retrying", "paused" or "failed".
std::string StateWord(const hangou::exchange::v1::Subscription& subscription);
// Its lag as a number, or "not known".
std::string LagText(const hangou::exchange::v1::Subscription& subscription);
// What it is and where it stands, a line each.
std::string SubscriptionText(const hangou::exchange::v1::Subscription& subscription);
// The same as a JSON object.
nlohmann::ordered_json SubscriptionJson(const hangou::exchange::v1::Subscription& subscription);

// How to read a topic with the identity of a folder: a command of kcat, the properties of a Kafka client in Java, and
// what headers and value mean.
std::string TopicText(const hangou::exchange::v1::DeliveryTopic& topic, const std::string& identity_folder);
// The topic as a JSON object, with the command of kcat.
nlohmann::ordered_json TopicJson(const hangou::exchange::v1::DeliveryTopic& topic,
                                 const std::string& identity_folder);

}  // namespace hangou

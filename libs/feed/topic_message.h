// Changes as messages of a delivery topic: CloudEvents 1.0 in Kafka's binary mode.
//
// key      a keyed pseudonym of the record, the same for all its changes and whatever fields are given
// value    the protobuf message of the resource's schema with the fields that may leave; none for a deletion
// headers  the attributes of the event, as kDeliveryHeaders lists them; those without a value are absent
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/feed/subscription_stream.h"
#include "libs/log/delivery_topics.h"

namespace hangou {

// A header of the messages, for people.
struct DeliveryHeader {
  std::string_view name;
  std::string_view meaning;
};
// The headers that messages may carry, in their order.
const std::vector<DeliveryHeader>& DeliveryHeaders();

// An instant in microseconds since 1970-01-01 UTC as the contract has it.
google::protobuf::Timestamp TimeOf(int64_t utc_us);
// The messages of a delivery, one a change, in their order. `outgoing` has a key for each.
std::vector<DeliveryMessage> MessagesOf(const OutgoingDelivery& outgoing);

}  // namespace hangou

// Errors of librdkafka and of the broker as statuses of ours.
#pragma once

#include <librdkafka/rdkafka.h>

#include <string_view>

#include "absl/status/status.h"

namespace hangou {

// The status of an error; OK for none. `what` says what was tried, and names no secret. What time may mend is
// LOG_UNAVAILABLE, also where the operator has to grant an ACL first: the message says which.
[[nodiscard]] absl::Status KafkaStatus(rd_kafka_resp_err_t error, std::string_view what);
// True where the same request may succeed if it is repeated shortly.
bool IsKafkaErrorTransient(rd_kafka_resp_err_t error);

}  // namespace hangou

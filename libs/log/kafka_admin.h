// What administrative requests to the brokers have in common.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "libs/log/kafka_handles.h"

namespace hangou {

// Of one administrative request, and of the time until every broker knows a new topic.
constexpr int kAdministrationMs = 15'000;
// For the texts of librdkafka's refusals.
constexpr size_t kAdminErrorBytes = 512;

// Options of a request, with its deadline.
KafkaAdminOptions AdminOptionsOf(rd_kafka_t* client, rd_kafka_admin_op_t operation);
// The outcome of a request about one thing; `event` is null where no answer came in time.
absl::Status AdminOutcome(const rd_kafka_event_t* event, rd_kafka_resp_err_t error, const char* detail,
                          const std::string& what);

}  // namespace hangou

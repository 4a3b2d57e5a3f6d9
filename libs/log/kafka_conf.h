// The clients of librdkafka that are made from the settings of a Kafka installation.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "libs/log/kafka_handles.h"
#include "libs/log/kafka_settings.h"
#include "libs/log/log_topic.h"

namespace hangou {

// The largest message: an append of the contract's size, and what Kafka puts around it.
constexpr size_t kKafkaMessageBytes = kAppendBytes + (64 << 10);

// A client's name and options beyond what the settings say.
using KafkaOptions = std::initializer_list<std::pair<const char*, std::string>>;
// The configuration of a client; `client` is its name at the broker and in the log of the process.
absl::StatusOr<KafkaConf> MakeKafkaConf(const KafkaSettings& settings, std::string_view client,
                                        KafkaOptions options);
// Passes a line of librdkafka on to the log of the process, at a bounded rate. Thread-safe.
void PassOnKafkaLine(const rd_kafka_t* client, int level, const char* facility, const char* text);
// A client. Its lines go to the log of the process, at a bounded rate. CERTIFICATE_INVALID where the identity
// cannot be used. Does not wait for a connection.
absl::StatusOr<KafkaHandle> MakeKafkaClient(rd_kafka_type_t type, KafkaConf conf);

}  // namespace hangou

// How a process reaches a Kafka installation.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace hangou {

// Where the brokers are and who we are. There is no way without TLS.
struct KafkaSettings {
  std::string bootstrap_servers;   // HOST:PORT,...
  std::string identity_folder;     // ca.crt, tls.crt and tls.key; the broker asks for the certificate
  std::string sasl_mechanism;      // SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN, inside TLS; empty for none
  std::string sasl_username;       // with a mechanism
  std::string sasl_password_file;  // with a mechanism; its content is never logged
  std::string topic_prefix;  // before every topic and group name, so that installations can share a broker
  std::string log_id;        // of the log that is copied there, for a new log; empty: a new identity is made
  int replication_factor = 3;   // of topics that are created, and the least of those that are there
  int min_insync_replicas = 2;  // copies that an acknowledged append is on
};

// INVALID_REQUEST where the settings cannot be, with the setting in the message.
absl::Status CheckKafkaSettings(const KafkaSettings& settings);

}  // namespace hangou

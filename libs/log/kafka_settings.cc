#include "libs/log/kafka_settings.h"

#include "libs/base/status.h"
#include "libs/log/argument_checks.h"

namespace hangou {
namespace {

absl::Status WrongKafkaSetting(const char* setting, const char* advice) {
  return MakeError(Reason::kInvalidRequest, std::string(setting) + " of the Kafka log: " + advice, setting);
}

}  // namespace

absl::Status CheckKafkaSettings(const KafkaSettings& settings) {
  if (settings.bootstrap_servers.empty())
    return WrongKafkaSetting("bootstrap_servers", "name at least one HOST:PORT");
  if (settings.identity_folder.empty()) {
    return WrongKafkaSetting("identity_folder",
                             "name the folder of ca.crt, tls.crt and tls.key: there is no way without TLS");
  }
  const std::string& mechanism = settings.sasl_mechanism;
  if (!mechanism.empty()) {
    if (mechanism != "SCRAM-SHA-512" && mechanism != "SCRAM-SHA-256" && mechanism != "PLAIN") {
      return WrongKafkaSetting("sasl_mechanism", "choose SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN");
    }
    if (settings.sasl_username.empty() || settings.sasl_password_file.empty()) {
      return WrongKafkaSetting("sasl_username", "a mechanism needs a user name and a password file");
    }
  }
  if (!settings.topic_prefix.empty() && !CheckTopic(settings.topic_prefix, 1).ok()) {
    return WrongKafkaSetting("topic_prefix",
                             "use up to 128 of a-z, 0-9, '.', '_', '-', not beginning with '.'");
  }
  if (settings.min_insync_replicas < 1 || settings.min_insync_replicas > settings.replication_factor) {
    return WrongKafkaSetting("min_insync_replicas", "choose 1 up to the replication factor");
  }
  return absl::OkStatus();
}

}  // namespace hangou

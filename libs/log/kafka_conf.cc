#include "libs/log/kafka_conf.h"

#include <spdlog/spdlog.h>
#include <syslog.h>

#include <atomic>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/file.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

// An answer that takes longer will not come: the connection is given up, and what was under way is repeated.
constexpr char kSocketTimeoutMs[] = "10000";
constexpr char kConnectTimeoutMs[] = "5000";
// A broker that comes back is found within a second, and not besieged while it is away.
constexpr char kReconnectMs[] = "100";
constexpr char kReconnectMaxMs[] = "1000";
constexpr size_t kPasswordBytes = 4096;
constexpr size_t kErrorTextBytes = 512;
// A broker that is away makes every client complain several times a second; a line a second tells it.
constexpr int64_t kLogLineEveryUs = kUsPerSecond;

absl::Status SetOption(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
  char error[kErrorTextBytes];
  if (rd_kafka_conf_set(conf, name, value.c_str(), error, sizeof error) == RD_KAFKA_CONF_OK) {
    return absl::OkStatus();
  }
  return MakeError(Reason::kInvalidRequest, std::string("librdkafka refuses the setting ") + name, name);
}

absl::Status SetSasl(rd_kafka_conf_t* conf, const KafkaSettings& settings) {
  if (settings.sasl_mechanism.empty()) return SetOption(conf, "security.protocol", "ssl");
  ASSIGN_OR_RETURN(std::string password, ReadFile(settings.sasl_password_file, kPasswordBytes));
  while (!password.empty() && (password.back() == '\n' || password.back() == '\r')) password.pop_back();
  RETURN_IF_ERROR(SetOption(conf, "security.protocol", "sasl_ssl"));
  RETURN_IF_ERROR(SetOption(conf, "sasl.mechanisms", settings.sasl_mechanism));
  RETURN_IF_ERROR(SetOption(conf, "sasl.username", settings.sasl_username));
  return SetOption(conf, "sasl.password", password);
}

}  // namespace

absl::StatusOr<KafkaConf> MakeKafkaConf(const KafkaSettings& settings, std::string_view client,
                                        KafkaOptions options) {
  KafkaConf conf(rd_kafka_conf_new());
  const std::string folder = settings.identity_folder + "/";
  const std::vector<std::pair<const char*, std::string>> common = {
      {"bootstrap.servers", settings.bootstrap_servers},
      {"client.id", "hangou-" + std::string(client)},
      {"ssl.ca.location", folder + "ca.crt"},
      {"ssl.certificate.location", folder + "tls.crt"},
      {"ssl.key.location", folder + "tls.key"},
      {"ssl.endpoint.identification.algorithm", "https"},
      {"enable.ssl.certificate.verification", "true"},
      {"socket.timeout.ms", kSocketTimeoutMs},
      {"socket.connection.setup.timeout.ms", kConnectTimeoutMs},
      {"socket.keepalive.enable", "true"},
      {"socket.nagle.disable", "true"},
      {"reconnect.backoff.ms", kReconnectMs},
      {"reconnect.backoff.max.ms", kReconnectMaxMs},
  };
  for (const auto& [name, value] : common) RETURN_IF_ERROR(SetOption(conf.get(), name, value));
  RETURN_IF_ERROR(SetSasl(conf.get(), settings));
  for (const auto& [name, value] : options) RETURN_IF_ERROR(SetOption(conf.get(), name, value));
  rd_kafka_conf_set_log_cb(conf.get(), PassOnKafkaLine);
  return conf;
}

void PassOnKafkaLine(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  static std::atomic<int64_t> next_us = 0;
  static std::atomic<int64_t> left_out = 0;
  const int64_t now_us = SystemClock().BootUs();
  int64_t due_us = next_us.load();
  if (now_us < due_us || !next_us.compare_exchange_strong(due_us, now_us + kLogLineEveryUs)) {
    ++left_out;
    return;
  }
  // Connections come and go while brokers restart: nothing here is an error of ours.
  const auto our_level = level <= LOG_WARNING ? spdlog::level::warn : spdlog::level::info;
  spdlog::log(our_level, "kafka: {}: {}: {} ({} lines left out before)", rd_kafka_name(client), facility,
              text, left_out.exchange(0));
}

absl::StatusOr<KafkaHandle> MakeKafkaClient(rd_kafka_type_t type, KafkaConf conf) {
  char error[kErrorTextBytes];
  KafkaHandle client(rd_kafka_new(type, conf.get(), error, sizeof error));
  if (client != nullptr) {
    conf.release();  // the client owns it now
    return client;
  }
  // All else that is set was checked before; what is left is the identity.
  return MakeError(Reason::kCertificateInvalid,
                   std::string("no client of the broker could be made: ") + error);
}

}  // namespace hangou

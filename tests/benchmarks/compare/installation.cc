#include "tests/benchmarks/compare/installation.h"

#include <cstdlib>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/service/settings.h"

namespace hangou {
namespace {

constexpr size_t kLineBytes = 256;

absl::StatusOr<std::string> FirstLine(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kLineBytes));
  return text.substr(0, text.find('\n'));
}

absl::StatusOr<int> PidIn(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string line, FirstLine(path));
  return std::atoi(line.c_str());
}

}  // namespace

absl::StatusOr<Installation> Installation::Open(const std::string& folder) {
  Installation installation(folder);
  ASSIGN_OR_RETURN(const ServiceSettings catalog, LoadServiceSettings(folder + "/settings/catalog-0.yaml"));
  installation.catalog_ = catalog.listen;
  installation.partitions_ = catalog.partitions;
  ASSIGN_OR_RETURN(installation.broker_, FirstLine(folder + "/kafka/address"));
  ASSIGN_OR_RETURN(installation.broker_pid_, PidIn(folder + "/kafka/pid"));
  ASSIGN_OR_RETURN(installation.population_pid_, installation.PidOf("population-0"));
  return installation;
}

absl::StatusOr<std::unique_ptr<Client>> Installation::Connect(const std::string& identity) const {
  return Client::Connect({catalog_, IdentityOf(identity)});
}

absl::StatusOr<int> Installation::PidOf(const std::string& process) const {
  return PidIn(folder_ + "/pids/" + process);
}

KafkaSettings Installation::BrokerSettings(const std::string& topic_prefix) const {
  KafkaSettings settings;
  settings.bootstrap_servers = broker_;
  settings.identity_folder = IdentityOf("platform-service-broker-0");
  settings.topic_prefix = topic_prefix;
  settings.replication_factor = 1;
  settings.min_insync_replicas = 1;
  return settings;
}

}  // namespace hangou

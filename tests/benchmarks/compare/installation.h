// The installation that is measured: a folder of tools/cluster.sh.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/client/client.h"
#include "libs/log/kafka_settings.h"

namespace hangou {

// A cluster with one replica of population, and the city of examples/city. Thread-safe.
class Installation {
 public:
  // `folder` is that of tools/cluster.sh. INVALID_REQUEST where something is missing there.
  static absl::StatusOr<Installation> Open(const std::string& folder);

  // A client with the identity of that name ("psb-publisher").
  absl::StatusOr<std::unique_ptr<Client>> Connect(const std::string& identity) const;
  // Folder of an identity.
  std::string IdentityOf(const std::string& identity) const { return folder_ + "/identities/" + identity; }
  // The broker with its administrator's identity; topics stand behind `topic_prefix`.
  KafkaSettings BrokerSettings(const std::string& topic_prefix) const;

  // The process of that name in the cluster ("population-0").
  absl::StatusOr<int> PidOf(const std::string& process) const;
  int population_pid() const { return population_pid_; }
  int broker_pid() const { return broker_pid_; }
  int32_t partitions() const { return partitions_; }

 private:
  explicit Installation(std::string folder) : folder_(std::move(folder)) {}

  std::string folder_;
  std::string catalog_;  // address
  std::string broker_;   // address
  int population_pid_ = 0;
  int broker_pid_ = 0;
  int32_t partitions_ = 0;
};

}  // namespace hangou

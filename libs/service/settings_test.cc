#include "libs/service/settings.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "libs/base/status.h"
#include "libs/base/temp_folder.h"

namespace hangou {
namespace {

absl::StatusOr<ServiceSettings> Load(const std::string& text) {
  const TempFolder folder;
  const std::string path = folder.path() + "/settings.yaml";
  std::ofstream(path) << text;
  return LoadServiceSettings(path);
}

constexpr char kWhole[] = R"(
replica: population-1
listen: 0.0.0.0:7010
advertise: 10.0.0.5:7010
metrics_listen: 10.0.0.5:7110
data: /var/lib/hangou
identity: /etc/hangou/identity
key_ring: /etc/hangou/keys/ring
catalog: [10.0.0.1:7001, 10.0.0.2:7001]
memory_mib: 512
start_timeout_s: 30
drain_s: 5
partitions: 8
groups: 2
kafka:
  brokers: [10.0.1.1:9093, 10.0.1.2:9093]
  topic_prefix: north.
  replication_factor: 1
  min_insync_replicas: 1
  sasl_mechanism: SCRAM-SHA-512
  sasl_username: hangou
  sasl_password_file: /etc/hangou/sasl
)";

}  // namespace

TEST_CASE("Every setting of a file is taken") {
  const auto settings = Load(kWhole);
  REQUIRE(settings.ok());
  CHECK(settings->replica == "population-1");
  CHECK(settings->listen == "0.0.0.0:7010");
  CHECK(settings->advertise == "10.0.0.5:7010");
  CHECK(settings->metrics_listen == "10.0.0.5:7110");
  CHECK(settings->data == "/var/lib/hangou");
  CHECK(settings->identity == "/etc/hangou/identity");
  CHECK(settings->key_ring == "/etc/hangou/keys/ring");
  CHECK(settings->catalog == std::vector<std::string>{"10.0.0.1:7001", "10.0.0.2:7001"});
  CHECK(settings->memory_mib == 512);
  CHECK(settings->start_timeout_s == 30);
  CHECK(settings->drain_s == 5);
  CHECK(settings->partitions == 8);
  CHECK(settings->groups == 2);
  CHECK(settings->kafka.bootstrap_servers == "10.0.1.1:9093,10.0.1.2:9093");
  CHECK(settings->kafka.topic_prefix == "north.");
  CHECK(settings->kafka.replication_factor == 1);
  CHECK(settings->kafka.min_insync_replicas == 1);
  CHECK(settings->kafka.sasl_mechanism == "SCRAM-SHA-512");
  CHECK(settings->kafka.sasl_username == "hangou");
  CHECK(settings->kafka.sasl_password_file == "/etc/hangou/sasl");
  CHECK(CheckServiceSettings(*settings).ok());
}

TEST_CASE("What is wrong in a file is named with its line") {
  const auto text = GENERATE(table<std::string, std::string>({
      {"replica: a\nmemory: 5\n", ":2: there is no setting \"memory\""},
      {"replica: a\nmemory_mib: much\n", ":2: the value of \"memory_mib\" is not of its kind"},
      {"kafka:\n  broker: a\n", ":2: there is no setting \"broker\""},
      {"kafka: 5\n", ":1: must be a map of settings"},
      {"- a\n", ":1: must be a map of settings"},
      {"replica: [a\n", "is not YAML"},
  }));
  const auto settings = Load(std::get<0>(text));
  REQUIRE(ReasonOf(settings.status()) == Reason::kInvalidRequest);
  CHECK(std::string(Message(settings.status())).find(std::get<1>(text)) != std::string::npos);
}

TEST_CASE("What every service needs is asked for by its name") {
  const ServiceSettings whole = *Load(kWhole);
  const auto missing = [&](void (*remove)(ServiceSettings&)) {
    ServiceSettings settings = whole;
    remove(settings);
    return std::string(Message(CheckServiceSettings(settings)));
  };
  CHECK(missing([](ServiceSettings& s) { s.replica.clear(); }).find("\"replica\"") != std::string::npos);
  CHECK(missing([](ServiceSettings& s) { s.catalog.clear(); }).find("\"catalog\"") != std::string::npos);
  CHECK(missing([](ServiceSettings& s) { s.kafka.bootstrap_servers.clear(); }).find("kafka: brokers") !=
        std::string::npos);
  CHECK(missing([](ServiceSettings& s) { s.groups = 9; }).find("partitions") != std::string::npos);
}

}  // namespace hangou

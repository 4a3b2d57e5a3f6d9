// The settings of a service process: a file, and flags that go before it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/limits.h"
#include "libs/flags/flags.h"
#include "libs/log/kafka_settings.h"

namespace hangou {

// What a service process is started with. The file is YAML with the keys given here in quotes; unknown keys are
// refused.
struct ServiceSettings {
  std::string replica;                 // "replica": name of the process, unique in the installation
  std::string listen = "127.0.0.1:0";  // "listen": HOST:PORT of the listener
  std::string advertise;  // "advertise": HOST:PORT at which others reach it; empty: as it listens
  // "metrics_listen": HOST:PORT where Prometheus scrapes it, with a certificate of the role operator or service;
  // empty: nowhere
  std::string metrics_listen;
  std::string data;      // "data": folder for views, the audit chain and what the log cannot rebuild
  std::string identity;  // "identity": folder with ca.crt, tls.crt and tls.key, role service
  std::string key_ring;  // "key_ring": file of the installation's keys, the same for every process
  std::vector<std::string> catalog;  // "catalog": HOST:PORT of every replica of the catalog
  int32_t memory_mib = 256;          // "memory_mib": budget of the process
  int32_t start_timeout_s =
      120;               // "start_timeout_s": to reach broker and catalog and to catch up with the log
  int32_t drain_s = 10;  // "drain_s": for the calls under way when it is stopped
  int32_t partitions = limits::kPartitions;  // "partitions": of a new installation; the catalog's
  int32_t groups = limits::kGroups;          // "groups": likewise
  // "kafka": a map of "brokers", "identity" (empty: as above), "topic_prefix", "replication_factor",
  // "min_insync_replicas", "sasl_mechanism", "sasl_username", "sasl_password_file".
  KafkaSettings kafka;
};

// Reads a file. INVALID_REQUEST names file, line and key.
absl::StatusOr<ServiceSettings> LoadServiceSettings(const std::string& path);

// Checks what every service needs: replica, data, identity, key_ring, catalog, kafka.brokers. INVALID_REQUEST names
// what is missing, and how to give it.
absl::Status CheckServiceSettings(const ServiceSettings& settings);

// Reads the command line of a service: --settings FILE and one flag per setting that differs between replicas.
// kRefused, with the problem on standard error, where file or flags are wrong.
ParseResult ParseServiceFlags(const std::string& program, const std::string& about, int argc, char** argv,
                              ServiceSettings* settings);

}  // namespace hangou

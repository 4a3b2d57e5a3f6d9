#include "libs/service/settings.h"

#include <yaml-cpp/yaml.h>

#include <cstdio>
#include <functional>
#include <map>

#include "libs/base/file.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

// Files are written by people: more is a mistake.
constexpr size_t kSettingsBytes = 1 << 20;

// What takes the value of a key.
using Taker = std::function<void(const YAML::Node&)>;
using Takers = std::map<std::string, Taker>;

template <typename T>
Taker Into(T* target) {
  return [target](const YAML::Node& node) { *target = node.as<T>(); };
}

absl::Status Wrong(const std::string& path, const YAML::Mark& mark, const std::string& what) {
  const std::string place = mark.line >= 0 ? ":" + std::to_string(mark.line + 1) : "";
  return MakeError(Reason::kInvalidRequest, path + place + ": " + what);
}

absl::Status TakeMap(const std::string& path, const YAML::Node& map, const Takers& takers) {
  if (!map.IsMap()) return Wrong(path, map.Mark(), "must be a map of settings");
  for (const auto& item : map) {
    const auto key = item.first.as<std::string>();
    const auto taker = takers.find(key);
    if (taker == takers.end()) return Wrong(path, item.first.Mark(), "there is no setting \"" + key + "\"");
    try {
      taker->second(item.second);
    } catch (const YAML::Exception&) {
      return Wrong(path, item.second.Mark(), "the value of \"" + key + "\" is not of its kind");
    }
  }
  return absl::OkStatus();
}

Takers KafkaTakers(KafkaSettings* kafka) {
  return {{"identity", Into(&kafka->identity_folder)},
          {"topic_prefix", Into(&kafka->topic_prefix)},
          {"replication_factor", Into(&kafka->replication_factor)},
          {"min_insync_replicas", Into(&kafka->min_insync_replicas)},
          {"sasl_mechanism", Into(&kafka->sasl_mechanism)},
          {"sasl_username", Into(&kafka->sasl_username)},
          {"sasl_password_file", Into(&kafka->sasl_password_file)},
          {"brokers", [kafka](const YAML::Node& node) {
             kafka->bootstrap_servers.clear();
             for (const auto& broker : node.as<std::vector<std::string>>())
               kafka->bootstrap_servers += (kafka->bootstrap_servers.empty() ? "" : ",") + broker;
           }}};
}

absl::Status TakeSettings(const std::string& path, const YAML::Node& root, ServiceSettings* settings) {
  absl::Status kafka;
  const Takers takers = {
      {"replica", Into(&settings->replica)},
      {"listen", Into(&settings->listen)},
      {"advertise", Into(&settings->advertise)},
      {"metrics_listen", Into(&settings->metrics_listen)},
      {"data", Into(&settings->data)},
      {"identity", Into(&settings->identity)},
      {"key_ring", Into(&settings->key_ring)},
      {"catalog", Into(&settings->catalog)},
      {"memory_mib", Into(&settings->memory_mib)},
      {"start_timeout_s", Into(&settings->start_timeout_s)},
      {"drain_s", Into(&settings->drain_s)},
      {"partitions", Into(&settings->partitions)},
      {"groups", Into(&settings->groups)},
      {"kafka", [&](const YAML::Node& node) { kafka = TakeMap(path, node, KafkaTakers(&settings->kafka)); }}};
  RETURN_IF_ERROR(TakeMap(path, root, takers));
  return kafka;
}

}  // namespace

absl::StatusOr<ServiceSettings> LoadServiceSettings(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  if (text.size() > kSettingsBytes) return MakeError(Reason::kInvalidRequest, path + " is larger than 1 MiB");
  ServiceSettings settings;
  try {
    RETURN_IF_ERROR(TakeSettings(path, YAML::Load(text), &settings));
  } catch (const YAML::Exception& wrong) {
    return Wrong(path, wrong.mark, "is not YAML");
  }
  return settings;
}

absl::Status CheckServiceSettings(const ServiceSettings& settings) {
  const std::pair<const char*, bool> needed[] = {
      {"replica", !settings.replica.empty()},
      {"data", !settings.data.empty()},
      {"identity", !settings.identity.empty()},
      {"key_ring", !settings.key_ring.empty()},
      {"catalog", !settings.catalog.empty()},
      {"kafka: brokers", !settings.kafka.bootstrap_servers.empty()}};
  for (const auto& [name, given] : needed) {
    if (!given) {
      return MakeError(Reason::kInvalidRequest, std::string("the setting \"") + name +
                                                    "\" is missing: give it in the file of --settings");
    }
  }
  const bool layout =
      settings.groups >= 1 && settings.groups <= settings.partitions && settings.partitions <= 1024;
  if (!layout)
    return MakeError(Reason::kInvalidRequest, "take 1 to 1,024 partitions and no more groups than those");
  const bool sizes = settings.memory_mib >= 64 && settings.start_timeout_s >= 1 && settings.drain_s >= 0;
  if (!sizes)
    return MakeError(Reason::kInvalidRequest, "memory_mib is at least 64, start_timeout_s at least 1");
  return absl::OkStatus();
}

ParseResult ParseServiceFlags(const std::string& program, const std::string& about, int argc, char** argv,
                              ServiceSettings* settings) {
  std::string file;
  ServiceSettings given;
  given.listen.clear();
  given.memory_mib = 0;
  FlagParser parser(about, program);
  const Flags flags = parser.flags();
  flags.Add("--settings", &file, "YAML file with the settings of the process").Required();
  flags.Add("--replica", &given.replica,
            "name of this process in the installation, such as " + program + "-0");
  flags.Add("--listen", &given.listen, "HOST:PORT of the listener");
  flags.Add("--advertise", &given.advertise, "HOST:PORT at which the others reach it");
  flags.Add("--metrics-listen", &given.metrics_listen, "HOST:PORT of the listener for Prometheus");
  flags.Add("--data", &given.data, "data folder");
  flags.Add("--identity", &given.identity, "folder with ca.crt, tls.crt and tls.key, of the role service");
  flags.Add("--memory-mib", &given.memory_mib, "memory budget of the process in MiB");
  flags.Footer(
      "Flags go before what the file says. SIGTERM or SIGINT ends the process in order: it gives its groups "
      "away, ends\n"
      "the calls under way and flushes what it keeps.\n\nExample:\n  " +
      program + " --settings /etc/hangou/" + program + ".yaml --replica " + program + "-0");
  if (const ParseResult result = parser.Parse(argc, argv); result != ParseResult::kUnderstood) return result;
  auto loaded = LoadServiceSettings(file);
  absl::Status status = loaded.status();
  if (status.ok()) {
    *settings = *std::move(loaded);
    const auto take = [](const std::string& from, std::string* to) {
      if (!from.empty()) *to = from;
    };
    take(given.replica, &settings->replica);
    take(given.listen, &settings->listen);
    take(given.advertise, &settings->advertise);
    take(given.metrics_listen, &settings->metrics_listen);
    take(given.data, &settings->data);
    take(given.identity, &settings->identity);
    if (given.memory_mib != 0) settings->memory_mib = given.memory_mib;
    if (settings->kafka.identity_folder.empty()) settings->kafka.identity_folder = settings->identity;
    status = CheckServiceSettings(*settings);
  }
  if (status.ok()) return ParseResult::kUnderstood;
  std::fprintf(stderr, "error: %s\n", std::string(Message(status)).c_str());
  return ParseResult::kRefused;
}

}  // namespace hangou

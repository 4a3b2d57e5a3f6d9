#include "tools/hangou/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "libs/base/file.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

constexpr size_t kConfigBytes = 1 << 20;  // thousands of contexts

// yaml-cpp throws; no exception leaves this file.
absl::StatusOr<Config> Parse(const std::string& text) {
  try {
    const YAML::Node root = YAML::Load(text);
    Config config;
    if (root.IsNull()) return config;
    if (!root.IsMap() || !(root["contexts"].IsDefined() && root["contexts"].IsSequence())) {
      return MakeError(Reason::kInvalidRequest, "the configuration is a map with a list of contexts");
    }
    config.current = root["current"].as<std::string>("");
    for (const YAML::Node& node : root["contexts"]) {
      config.contexts.push_back({node["name"].as<std::string>(), node["address"].as<std::string>(),
                                 node["identity"].as<std::string>()});
    }
    return config;
  } catch (const YAML::Exception& error) {
    return MakeError(Reason::kInvalidRequest, error.what());
  }
}

}  // namespace

const ContextEntry* Config::Find(std::string_view name) const {
  const auto found = std::find_if(contexts.begin(), contexts.end(),
                                  [&](const ContextEntry& entry) { return entry.name == name; });
  return found == contexts.end() ? nullptr : &*found;
}

void Config::Set(ContextEntry entry) {
  if (contexts.empty()) current = entry.name;
  const auto found = std::find_if(contexts.begin(), contexts.end(),
                                  [&](const ContextEntry& other) { return other.name == entry.name; });
  if (found == contexts.end()) {
    contexts.push_back(std::move(entry));
  } else {
    *found = std::move(entry);
  }
}

std::string ConfigPath() {
  if (const char* path = std::getenv("HANGOU_CONFIG"); path != nullptr && *path != '\0') return path;
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "." : home) + "/.config/hangou/config.yaml";
}

absl::StatusOr<Config> LoadConfig(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return Config();
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kConfigBytes));
  absl::StatusOr<Config> config = Parse(text);
  if (!config.ok()) return Annotate(config.status(), path);
  return config;
}

absl::Status SaveConfig(const std::string& path, const Config& config) {
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "current" << YAML::Value << config.current;
  out << YAML::Key << "contexts" << YAML::Value << YAML::BeginSeq;
  for (const ContextEntry& entry : config.contexts) {
    out << YAML::BeginMap << YAML::Key << "name" << YAML::Value << entry.name;
    out << YAML::Key << "address" << YAML::Value << entry.address;
    out << YAML::Key << "identity" << YAML::Value << entry.identity << YAML::EndMap;
  }
  out << YAML::EndSeq << YAML::EndMap;
  RETURN_IF_ERROR(MakeFolders(std::filesystem::path(path).parent_path()));
  return WriteFileDurably(path, std::string(out.c_str()) + "\n", 0600);
}

}  // namespace hangou

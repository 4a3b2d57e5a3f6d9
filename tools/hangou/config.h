// The configuration of the command: named installations and identities.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hangou {

// An installation as one identity sees it.
struct ContextEntry {
  std::string name;
  std::string address;   // of the catalog, host:port
  std::string identity;  // folder
};

// What the configuration file holds. The file is YAML:
//   current: NAME
//   contexts:
//     - {name: NAME, address: HOST:PORT, identity: FOLDER}
struct Config {
  std::string current;  // name of the context in use, may be empty
  std::vector<ContextEntry> contexts;

  // The context of this name, null where there is none.
  const ContextEntry* Find(std::string_view name) const;
  // Adds a context, or replaces the one of its name. The first becomes the current one.
  void Set(ContextEntry entry);
};

// Where the configuration is: $HANGOU_CONFIG, else ~/.config/hangou/config.yaml.
std::string ConfigPath();
// Reads a configuration; empty where there is no file. INVALID_REQUEST where it is not understood.
absl::StatusOr<Config> LoadConfig(const std::string& path);
// Replaces the configuration file, with its folders.
absl::Status SaveConfig(const std::string& path, const Config& config);

}  // namespace hangou

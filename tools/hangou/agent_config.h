// What an agent does: the YAML file of `hangou agent --config`. The keys are documented in README.md, "The agent".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace hangou {

// A folder whose files are published.
struct DropFolder {
  std::string path;
  std::string resource;    // full name
  std::string mapping;     // path; empty: none
  bool by_marker = false;  // a file is complete when FILE.done lies beside it, else when it no longer changes
  int64_t stable_ms = 10'000;  // for so long
};

// A query whose rows are published.
struct PolledQuery {
  std::string name;        // [a-z][a-z0-9_]*, tells its state apart
  std::string connection;  // as libpq takes it, without a password
  std::string query;
  std::string watermark;  // column that grows with every change
  std::string resource;   // full name
  std::string mapping;    // path; empty: none
  int32_t page_rows = 5000;
  int64_t every_ms = 10'000;
};

// The whole file. Paths in it are relative to its folder.
struct AgentConfig {
  std::string state;     // folder
  std::string address;   // of the catalog; empty: of the context in use
  std::string identity;  // folder; empty: of the context in use
  std::vector<DropFolder> folders;
  std::vector<PolledQuery> queries;
};

// Reads the file. INVALID_REQUEST with the line where something is wrong; a password in it is.
absl::StatusOr<AgentConfig> LoadAgentConfig(const std::string& path);

}  // namespace hangou

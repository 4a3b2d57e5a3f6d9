// The agent: publishes what folders and queries have, again and again, until it is told to stop.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/client/client.h"
#include "tools/hangou/agent_config.h"

namespace hangou {

// Runs an agent until SIGTERM or SIGINT, which are to be blocked in all threads (PrepareProcess). One works on a state
// folder at a time: INVALID_REQUEST where another does. A source that fails is tried again, at growing intervals up to
// a minute; how it goes stands in the file status.json of the state folder, anew whenever something changed and at
// least every 10 s.
absl::Status RunAgent(Client& client, const AgentConfig& config);

// What the status file says, and whether all is well: the agent runs and renews the file, and no source fails.
struct AgentHealth {
  std::string json;  // one line
  bool well = false;
};
absl::StatusOr<AgentHealth> HealthOfAgent(const AgentConfig& config);

}  // namespace hangou

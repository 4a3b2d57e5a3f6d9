// hangou agent: publishes a department's folders and queries by itself.
#include "libs/base/status.h"
#include "libs/flags/flags.h"
#include "libs/service/signals.h"
#include "tools/hangou/agent.h"
#include "tools/hangou/command.h"

namespace hangou {
namespace {

struct AgentFlags {
  std::string config;
  bool status = false;
};

constexpr char kAgentFooter[] =
    "The file names a state folder, drop folders and PostgreSQL queries; README.md has every key. Passwords "
    "belong into\n"
    "libpq's password file, never into this one. Behind `agent`, --config is its file; a context is taken "
    "from\n"
    "$HANGOU_CONFIG, or from the --config before it.\n"
    "It ends in order on SIGTERM, and may be killed at any time: what was under way is sent again and counts "
    "once.\n"
    "--status prints a line of JSON; exit code 0: it runs and nothing fails; 1: it does not run, or "
    "something does.\n\n"
    "Examples:\n"
    "  hangou agent --config agent.yaml --context psb\n"
    "  hangou agent --config agent.yaml --status";

absl::StatusOr<int> RunAgentCommand(const AgentFlags& flags, Globals globals) {
  ASSIGN_OR_RETURN(const AgentConfig config, LoadAgentConfig(flags.config));
  if (flags.status) {
    ASSIGN_OR_RETURN(const AgentHealth health, HealthOfAgent(config));
    Print(health.json + "\n");
    return health.well ? kExitDone : kExitFailed;
  }
  if (globals.address.empty()) globals.address = config.address;
  if (globals.identity.empty()) globals.identity = config.identity;
  if (!PrepareProcess()) return kExitFailed;
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  RETURN_IF_ERROR(RunAgent(*client, config));
  return kExitDone;
}

}  // namespace

void AddAgentCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<AgentFlags>();
  const Flags command =
      app.Sub("agent", "Publish what drop folders and database queries have, again and again");
  command.Add("--config", &flags->config, "YAML file of the agent").Required();
  command.Add("--status", &flags->status, "only tell how the running agent does");
  command.Footer(kAgentFooter);
  command.Callback(
      [flags, line] { line->action = [flags, line] { return RunAgentCommand(*flags, line->globals); }; });
}

}  // namespace hangou

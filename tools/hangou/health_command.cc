// hangou health: whether a service can serve, for people and for probes.
#include "libs/base/status.h"
#include "libs/flags/flags.h"
#include "libs/rpc/channel.h"
#include "tools/hangou/command.h"

namespace hangou {

void AddHealthCommand(Flags app, CommandLine* line) {
  const Flags command = app.Sub("health", "Tell whether a service can serve");
  auto wait_s = std::make_shared<double>(2);
  command.Add("--wait", wait_s.get(), "seconds to wait for an answer; 2").Within(0.1, 600.0);
  auto alive = std::make_shared<bool>(false);
  command.Add("--alive", alive.get(), "only whether it answers: exit code 0 also where it cannot serve now");
  command.Footer(
      "Takes --address (of any service, not only of the catalog) and --identity. Exit code 0 where the "
      "service has its\n"
      "keys, policy and lease and has caught up with the log, else 1.\n\n"
      "Example:\n"
      "  hangou health --address 127.0.0.1:7410 --identity cluster-data/identities/operator");
  command.Callback([line, wait_s, alive] {
    line->action = [line, wait_s, alive]() -> absl::StatusOr<int> {
      const Globals& globals = line->globals;
      if (globals.address.empty() || globals.identity.empty())
        return MakeError(Reason::kInvalidRequest, "name the service with --address, and --identity");
      ASSIGN_OR_RETURN(const auto channel, MakeChannel(globals.address, globals.identity));
      ASSIGN_OR_RETURN(const bool serves, CheckHealth(channel, static_cast<int64_t>(*wait_s * 1000)));
      if (!serves && !*alive)
        return absl::UnavailableError("the service is up and not ready; its log says why");
      Print(serves ? "ready\n" : "alive\n");
      return kExitDone;
    };
  });
}

}  // namespace hangou

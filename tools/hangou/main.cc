// hangou: the command.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "tools/hangou/command.h"

namespace {

constexpr char kFooter[] =
    "Exit codes: 0 done; 1 failed, the reason is on standard error; 2 wrong usage; 3 done in part: rows "
    "refused,\n"
    "a value that does not match, or an audit chain that breaks.\n\n"
    "Begin with `hangou standalone --help`, then `hangou context set --help`.";

void AddGlobals(CLI::App* app, hangou::Globals* globals) {
  app->add_option("--config", globals->config,
                  "configuration file; $HANGOU_CONFIG, else ~/.config/hangou/config.yaml");
  app->add_option("--context", globals->context, "context of the configuration; the current one");
  app->add_option("--address", globals->address, "address of the catalog, HOST:PORT");
  app->add_option("--identity", globals->identity, "folder with ca.crt, tls.crt and tls.key");
  app->add_option("-o,--output", globals->output, "table or json")->check(CLI::IsMember({"table", "json"}));
  app->add_option("--timeout", globals->timeout_s, "seconds that a call may take; 60")
      ->check(CLI::Range(0.1, 3600.0));
}

void AddCommands(CLI::App* app, hangou::CommandLine* line) {
#ifdef HANGOU_WITH_STANDALONE
  hangou::AddStandaloneCommand(app, line);
#endif
  hangou::AddContextCommand(app, line);
  hangou::AddCertsCommand(app, line);
  hangou::AddApplyCommand(app, line);
  hangou::AddApproveCommand(app, line);
  hangou::AddGetCommand(app, line);
  hangou::AddDescribeCommand(app, line);
  hangou::AddPublishCommand(app, line);
  hangou::AddDeleteCommand(app, line);
  hangou::AddQueryCommand(app, line);
  hangou::AddVerifyCommand(app, line);
  hangou::AddSubscribeCommand(app, line);
  hangou::AddAuditCommand(app, line);
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that closes the pipe early ends the command, like every other one.
  std::signal(SIGPIPE, SIG_DFL);
  hangou::CommandLine line;
  CLI::App app("Hangou, the data sharing platform: publish, read, subscribe, decide and audit.", "hangou");
  // Global flags may stand behind the subcommand too.
  app.fallthrough();
  app.require_subcommand(1);
  app.footer(kFooter);
  AddGlobals(&app, &line.globals);
  AddCommands(&app, &line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? hangou::kExitDone : hangou::kExitUsage;
  }
  const absl::StatusOr<int> exit_code = line.action();
  if (exit_code.ok()) return *exit_code;
  std::fputs(hangou::ErrorText(exit_code.status()).c_str(), stderr);
  return hangou::kExitFailed;
}

// hangou: the command.
#include <csignal>
#include <cstdio>

#include "libs/flags/flags.h"
#include "tools/hangou/command.h"

namespace {

constexpr char kFooter[] =
    "Exit codes: 0 done; 1 failed, the reason is on standard error; 2 wrong usage; 3 done in part: rows "
    "refused,\n"
    "a value that does not match, or an audit chain that breaks; 130 cancelled by Ctrl-C.\n\n"
    "Begin with `hangou standalone --help`, then `hangou context set --help`.";

void AddGlobals(hangou::Flags app, hangou::Globals* globals) {
  app.Add("--config", &globals->config,
          "configuration file; $HANGOU_CONFIG, else ~/.config/hangou/config.yaml");
  app.Add("--context", &globals->context, "context of the configuration; the current one");
  app.Add("--address", &globals->address, "address of the catalog, HOST:PORT");
  app.Add("--identity", &globals->identity, "folder with ca.crt, tls.crt and tls.key");
  app.Add("-o,--output", &globals->output, "table or json; lists of `compare` also as csv or xlsx")
      .OneOf({"table", "json", "csv", "xlsx"});
  app.Add("--timeout", &globals->timeout_s, "seconds that a call may take; 60").Within(0.1, 3600.0);
}

void AddCommands(hangou::Flags app, hangou::CommandLine* line) {
#ifdef HANGOU_WITH_STANDALONE
  hangou::AddStandaloneCommand(app, line);
  hangou::AddLogCommand(app, line);
#endif
  hangou::AddContextCommand(app, line);
  hangou::AddCertsCommand(app, line);
  hangou::AddApplyCommand(app, line);
  hangou::AddApproveCommand(app, line);
  hangou::AddGetCommand(app, line);
  hangou::AddDescribeCommand(app, line);
  hangou::AddPublishCommand(app, line);
  hangou::AddAgentCommand(app, line);
  hangou::AddDeleteCommand(app, line);
  hangou::AddRecallCommand(app, line);
  hangou::AddEraseCommand(app, line);
  hangou::AddWithdrawCommand(app, line);
  hangou::AddReplaceCommand(app, line);
  hangou::AddReconcileCommand(app, line);
  hangou::AddSampleCommand(app, line);
  hangou::AddQualityCommand(app, line);
  hangou::AddQuarantineCommand(app, line);
  hangou::AddQueryCommand(app, line);
  hangou::AddHistoryCommand(app, line);
  hangou::AddRecallsCommand(app, line);
  hangou::AddValidateCommand(app, line);
  hangou::AddVerifyCommand(app, line);
  hangou::AddSubscribeCommand(app, line);
  hangou::AddSubscriptionsCommand(app, line);
  hangou::AddAuditCommand(app, line);
  hangou::AddCompareCommand(app, line);
  hangou::AddLinkCommand(app, line);
  hangou::AddClusterCommand(app, line);
  hangou::AddHealthCommand(app, line);
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that closes the pipe early ends the command, like every other one.
  std::signal(SIGPIPE, SIG_DFL);
  hangou::CommandLine line;
  hangou::FlagParser parser("Hangou, the data sharing platform: publish, read, subscribe, decide and audit.",
                            "hangou");
  const hangou::Flags app = parser.flags();
  app.NeedsSub();
  app.Footer(kFooter);
  AddGlobals(app, &line.globals);
  AddCommands(app, &line);
  switch (parser.Parse(argc, argv)) {
    case hangou::ParseResult::kUnderstood:
      break;
    case hangou::ParseResult::kHelpShown:
      return hangou::kExitDone;
    case hangou::ParseResult::kRefused:
      return hangou::kExitUsage;
  }
  const std::string& output = line.globals.output;
  if ((output == "csv" || output == "xlsx") && !line.makes_lists)
    return hangou::UsageError("this command has no output as " + output);
  const absl::StatusOr<int> exit_code = line.action();
  if (exit_code.ok()) return *exit_code;
  std::fputs(hangou::ErrorText(exit_code.status()).c_str(), stderr);
  return hangou::kExitFailed;
}

// What the subcommands share: global flags, exit codes, errors as people and scripts see them.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/client/client.h"

namespace hangou {

class Flags;

// Exit codes, for scripts; listed in `hangou --help`.
enum ExitCode {
  kExitDone = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitPartly = 3,         // rows refused, a value that does not match, or an audit chain that breaks
  kExitInterrupted = 130,  // by Ctrl-C, as shells have it; what was under way was cancelled
};

// Flags that every subcommand takes.
struct Globals {
  std::string config;    // configuration file; empty: $HANGOU_CONFIG, else that of the user
  std::string context;   // name in the configuration; empty: the current one
  std::string address;   // instead of the context's
  std::string identity;  // instead of the context's
  std::string output = "table";
  double timeout_s = 60;

  bool json() const { return output == "json"; }
};

// What a subcommand does once the command line is understood: its exit code, or the error to be shown.
using Action = std::function<absl::StatusOr<int>()>;

// The command line: flags, and the action of the subcommand that was named.
struct CommandLine {
  Globals globals;
  Action action;
  bool makes_lists = false;  // which can be written as CSV and workbooks
};

// Each adds a subcommand to the flags of the program. `line` outlives their parser.
void AddStandaloneCommand(Flags app, CommandLine* line);
void AddContextCommand(Flags app, CommandLine* line);
void AddCertsCommand(Flags app, CommandLine* line);
void AddApplyCommand(Flags app, CommandLine* line);
void AddApproveCommand(Flags app, CommandLine* line);
void AddGetCommand(Flags app, CommandLine* line);
void AddDescribeCommand(Flags app, CommandLine* line);
void AddPublishCommand(Flags app, CommandLine* line);
void AddDeleteCommand(Flags app, CommandLine* line);
void AddAgentCommand(Flags app, CommandLine* line);
void AddRecallCommand(Flags app, CommandLine* line);
void AddEraseCommand(Flags app, CommandLine* line);
void AddWithdrawCommand(Flags app, CommandLine* line);
void AddReplaceCommand(Flags app, CommandLine* line);
void AddReconcileCommand(Flags app, CommandLine* line);
void AddSampleCommand(Flags app, CommandLine* line);
void AddQualityCommand(Flags app, CommandLine* line);
void AddQuarantineCommand(Flags app, CommandLine* line);
void AddQueryCommand(Flags app, CommandLine* line);
void AddHistoryCommand(Flags app, CommandLine* line);
void AddRecallsCommand(Flags app, CommandLine* line);
void AddValidateCommand(Flags app, CommandLine* line);
void AddVerifyCommand(Flags app, CommandLine* line);
void AddSubscribeCommand(Flags app, CommandLine* line);
void AddSubscriptionsCommand(Flags app, CommandLine* line);
void AddAuditCommand(Flags app, CommandLine* line);
void AddCompareCommand(Flags app, CommandLine* line);
void AddLinkCommand(Flags app, CommandLine* line);
void AddClusterCommand(Flags app, CommandLine* line);
void AddHealthCommand(Flags app, CommandLine* line);
void AddLogCommand(Flags app, CommandLine* line);

// The configuration file in use.
std::string ConfigOf(const Globals& globals);
// How to reach the installation of the context or flags in use. INVALID_REQUEST, saying which command helps, where
// there is none.
absl::StatusOr<ClientOptions> OptionsOf(const Globals& globals);
// A client for the context or flags in use. INVALID_REQUEST, saying which command helps, where there is none.
absl::StatusOr<std::unique_ptr<Client>> ConnectAs(const Globals& globals);

// "error: MESSAGE" and, where the status has a reason, "reason: NAME: ADVICE", each a line.
std::string ErrorText(const absl::Status& status);

// Tells on standard error that the command line is wrong; returns kExitUsage.
int UsageError(const std::string& message);

// Writes to standard output. False, once and for all, where nobody reads it any more.
bool Print(const std::string& text);

// True where standard error is a terminal, for progress.
bool ErrorsGoToTerminal();
// Columns of the terminal on standard output, and on standard error; 120 where it is none.
size_t OutputColumns();
size_t ErrorColumns();

}  // namespace hangou

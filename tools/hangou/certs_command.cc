// hangou certs: identities of the development CA of a standalone data folder.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/rpc/certificates.h"
#include "tools/hangou/command.h"
#include "tools/hangou/config.h"
#include "tools/hangou/table.h"

namespace hangou {
namespace {

struct CertsFlags {
  std::string data;
  IdentityRequest request;
};

// The standalone process writes a context per identity when it starts; one issued later joins them.
absl::Status AddContext(const std::string& path, const std::string& name, const std::string& folder) {
  ASSIGN_OR_RETURN(Config config, LoadConfig(path));
  if (config.contexts.empty()) return absl::OkStatus();
  config.Set({name, config.contexts.front().address, std::filesystem::absolute(folder)});
  return SaveConfig(path, config);
}

absl::StatusOr<int> Issue(CertsFlags flags) {
  const std::string ca = flags.data + "/ca";
  std::error_code error;
  if (!std::filesystem::exists(ca + "/ca.key", error)) {
    return MakeError(Reason::kInvalidRequest, "there is no development CA in " + ca +
                                                  "; `hangou standalone --data` makes one at first start");
  }
  std::string name = flags.request.department + "-" + flags.request.role;
  if (flags.request.workload.empty()) {
    flags.request.workload = "main";
  } else {
    name += "-" + flags.request.workload;
  }
  const std::string folder = flags.data + "/identities/" + name;
  RETURN_IF_ERROR(IssueIdentity(ca, flags.request, folder));
  RETURN_IF_ERROR(AddContext(flags.data + "/config.yaml", name, folder));
  Print(folder + "\n");
  return kExitDone;
}

absl::StatusOr<int> List(const std::string& data, const Globals& globals) {
  std::error_code error;
  std::vector<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(data + "/identities", error)) {
    if (entry.is_directory(error)) folders.push_back(entry.path());
  }
  if (error) return MakeError(Reason::kInvalidRequest, "there are no identities in " + data);
  std::sort(folders.begin(), folders.end());
  Table table({"IDENTITY", "DEPARTMENT", "ROLE", "WORKLOAD", "VALID UNTIL", ""});
  for (const std::string& folder : folders) {
    ASSIGN_OR_RETURN(const IdentityInfo info, ReadIdentityInfo(folder));
    const bool expired = info.not_after_us <= SystemClock().UtcUs();
    const std::string name = std::filesystem::path(folder).filename();
    if (globals.json()) {
      const nlohmann::ordered_json json = {{"identity", name},
                                           {"spiffe_id", info.caller.spiffe_id},
                                           {"serial", info.serial},
                                           {"valid_until", FormatInstant(info.not_after_us)},
                                           {"expired", expired}};
      Print(json.dump() + "\n");
    }
    table.AddRow({name, info.caller.department, info.caller.role, info.caller.workload,
                  FormatInstant(info.not_after_us).substr(0, 10), expired ? "expired" : ""});
  }
  if (!globals.json()) Print(table.ToText());
  return kExitDone;
}

}  // namespace

void AddCertsCommand(CLI::App* app, CommandLine* line) {
  CLI::App* command = app->add_subcommand("certs", "Issue and list identities of a standalone data folder");
  command->require_subcommand(1);
  command->footer(
      "Identities are folders below DATA/identities with ca.crt, tls.crt and tls.key; a new one\n"
      "gets a context of its name in DATA/config.yaml.\n\n"
      "Examples:\n"
      "  hangou certs issue --data data --department psb --role publisher\n"
      "  hangou certs issue --data data --department tax --role consumer --workload hall --days 30\n"
      "  hangou certs list --data data");
  auto flags = std::make_shared<CertsFlags>();
  CLI::App* issue = command->add_subcommand("issue", "Issue an identity; one of the same name is replaced");
  issue->add_option("--data", flags->data, "data folder of `hangou standalone`")->required();
  issue->add_option("--department", flags->request.department, "department code, such as psb")->required();
  issue->add_option("--role", flags->request.role, "publisher, consumer, manager, auditor or operator")
      ->required()
      ->check(CLI::IsMember({"publisher", "consumer", "manager", "auditor", "operator"}));
  issue->add_option("--workload", flags->request.workload, "which of the department's systems; main");
  issue->add_option("--days", flags->request.valid_days, "days of validity; 365")->check(CLI::Range(1, 3650));
  issue->callback([flags, line] { line->action = [flags] { return Issue(*flags); }; });
  CLI::App* list = command->add_subcommand("list", "List the identities");
  list->add_option("--data", flags->data, "data folder of `hangou standalone`")->required();
  list->callback(
      [flags, line] { line->action = [flags, line] { return List(flags->data, line->globals); }; });
}

}  // namespace hangou

// hangou certs: identities of the development CA of a standalone data folder.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "libs/base/clock.h"
#include "libs/base/file.h"
#include "libs/base/keys.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/flags/flags.h"
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

absl::StatusOr<int> Init(const std::string& data) {
  RETURN_IF_ERROR(MakeFolders(data + "/keys"));
  RETURN_IF_ERROR(MakeDevelopmentCa(data + "/ca"));
  RETURN_IF_ERROR(IssueFirstIdentities(data + "/ca", data + "/identities"));
  RETURN_IF_ERROR(KeyRing::LoadOrCreate(data + "/keys/ring", SystemClock().UtcUs()).status());
  Print(data + "\n");
  return kExitDone;
}

absl::StatusOr<int> Issue(CertsFlags flags) {
  const std::string ca = flags.data + "/ca";
  std::error_code error;
  if (!std::filesystem::exists(ca + "/ca.key", error)) {
    return MakeError(Reason::kInvalidRequest,
                     "there is no development CA in " + ca + "; `hangou certs init --data` makes one");
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

void AddCertsCommand(Flags app, CommandLine* line) {
  const Flags command = app.Sub("certs", "Make a development CA, issue and list identities");
  command.NeedsSub();
  command.Footer(
      "A city with a PKI of its own puts folders of the same shape in place instead.\n"
      "Identities are folders below DATA/identities with ca.crt, tls.crt and tls.key; a new one\n"
      "gets a context of its name in DATA/config.yaml.\n\n"
      "Examples:\n"
      "  hangou certs issue --data data --department psb --role publisher\n"
      "  hangou certs issue --data data --department tax --role consumer --workload hall --days 30\n"
      "  hangou certs list --data data");
  auto flags = std::make_shared<CertsFlags>();
  const Flags init = command.Sub(
      "init", "Make a development CA, identities of two managers, auditor and operator, and the key ring");
  init.Add("--data", &flags->data, "folder to make them in; what is there stays").Required();
  init.Callback([flags, line] { line->action = [flags] { return Init(flags->data); }; });
  const Flags issue = command.Sub("issue", "Issue an identity; one of the same name is replaced");
  issue.Add("--data", &flags->data, "data folder of `hangou standalone`").Required();
  issue.Add("--department", &flags->request.department, "department code, such as psb").Required();
  issue
      .Add("--role", &flags->request.role,
           "publisher, consumer, manager, auditor, operator; service: of the platform")
      .Required()
      .OneOf({"publisher", "consumer", "manager", "auditor", "operator", "service"});
  issue
      .Add("--host", &flags->request.hosts,
           "DNS name or IP address at which a service is reached, beside localhost; may be repeated")
      .OnePerUse();
  issue.Add("--workload", &flags->request.workload, "which of the department's systems; main");
  issue.Add("--days", &flags->request.valid_days, "days of validity; 365").Within(1, 3650);
  issue.Callback([flags, line] { line->action = [flags] { return Issue(*flags); }; });
  const Flags list = command.Sub("list", "List the identities");
  list.Add("--data", &flags->data, "data folder of `hangou standalone`").Required();
  list.Callback([flags, line] { line->action = [flags, line] { return List(flags->data, line->globals); }; });
}

}  // namespace hangou

// hangou apply, hangou approve: changes of the catalog.
#include <vector>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/flags/flags.h"
#include "libs/policy/yaml.h"
#include "tools/hangou/apply_result.h"
#include "tools/hangou/command.h"

namespace hangou {
namespace {

struct ApplyFlags {
  std::vector<std::string> paths;
  bool validate_only = false;
};

absl::StatusOr<int> Apply(const ApplyFlags& flags, const Globals& globals) {
  hangou::catalog::v1::ApplyRequest request;
  for (const std::string& path : flags.paths) {
    ASSIGN_OR_RETURN(auto objects, LoadObjects(path));
    for (auto& object : objects) *request.add_objects() = std::move(object);
  }
  if (request.objects().empty())
    return MakeError(Reason::kInvalidRequest, "no objects stand in the given files");
  if (static_cast<size_t>(request.objects_size()) > limits::kApplyObjects) {
    return MakeError(Reason::kInvalidRequest,
                     "an apply has at most 10,000 objects; apply parts of the folder");
  }
  request.set_validate_only(flags.validate_only);
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto response, client->Apply(request));
  PrintApplied(globals, response, flags.validate_only);
  return kExitDone;
}

absl::StatusOr<int> Approve(const std::string& change, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto response, client->Approve(change));
  PrintApplied(globals, response, false);
  return kExitDone;
}

}  // namespace

void AddApplyCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<ApplyFlags>();
  const Flags command = app.Sub("apply", "Apply catalog objects declared in YAML (role manager)");
  command.Add("-f,--file", &flags->paths, "YAML file, or folder of such; may be repeated").Required();
  command.Add("--validate-only", &flags->validate_only, "check only, change nothing");
  command.Footer(
      "What tightens the policy works at once; what loosens it waits until another manager runs `hangou "
      "approve`.\n\n"
      "Examples:\n"
      "  hangou apply -f city/\n"
      "  hangou apply -f negative-list.yaml --validate-only");
  command.Callback([flags, line] { line->action = [flags, line] { return Apply(*flags, line->globals); }; });
}

void AddApproveCommand(Flags app, CommandLine* line) {
  auto change = std::make_shared<std::string>();
  const Flags command =
      app.Sub("approve", "Approve a waiting change, as another manager than who applied it");
  command.Add("CHANGE", change.get(), "id of the change; see `hangou get changes`").Required();
  command.Footer("Examples:\n  hangou get changes\n  hangou approve c1");
  command.Callback(
      [change, line] { line->action = [change, line] { return Approve(*change, line->globals); }; });
}

}  // namespace hangou

// hangou cluster: where everything is, and moving it.
#include <charconv>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/table.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

absl::StatusOr<int> Show(const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const v1::GetPlacementResponse answer, client->GetPlacement());
  const v1::Placement& placement = answer.placement();
  Table replicas({"SERVICE", "REPLICA", "ADDRESS"});
  for (const v1::Replica& replica : placement.replicas()) {
    replicas.AddRow({replica.service(), replica.name(), replica.address()});
    if (!globals.json()) continue;
    Print(nlohmann::ordered_json{
              {"service", replica.service()}, {"replica", replica.name()}, {"address", replica.address()}}
              .dump() +
          "\n");
  }
  Table groups({"GROUP", "OWNER", "OWNER EPOCH"});
  for (const v1::GroupOwner& owner : placement.owners()) {
    const std::string name = owner.library() + "/" + std::to_string(owner.group());
    groups.AddRow({name, owner.replica(), std::to_string(owner.owner_epoch())});
    if (!globals.json()) continue;
    Print(nlohmann::ordered_json{
              {"group", name}, {"owner", owner.replica()}, {"owner_epoch", owner.owner_epoch()}}
              .dump() +
          "\n");
  }
  if (globals.json()) return kExitDone;
  Print("policy epoch " + std::to_string(answer.epoch()) + ", written by " + answer.writer().replica() +
        "\n" + std::to_string(placement.layout().partitions()) + " partitions in " +
        std::to_string(placement.layout().groups()) + " groups per library\n\n" + replicas.ToText() + "\n" +
        groups.ToText());
  return kExitDone;
}

// "population/2" as library and number.
absl::Status ParseGroup(const std::string& text, v1::MoveGroupRequest* request) {
  const size_t slash = text.find('/');
  int32_t group = -1;
  if (slash != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data() + slash + 1, end, group);
    if (result.ec != std::errc() || result.ptr != end) group = -1;
  }
  if (group < 0)
    return MakeError(Reason::kInvalidRequest, "name the group as LIBRARY/NUMBER, such as population/2");
  request->set_library(text.substr(0, slash));
  request->set_group(group);
  return absl::OkStatus();
}

absl::StatusOr<int> Move(const Globals& globals, const std::string& group, const std::string& replica) {
  v1::MoveGroupRequest request;
  RETURN_IF_ERROR(ParseGroup(group, &request));
  request.set_replica(replica);
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const v1::MoveGroupResponse answer, client->MoveGroup(request));
  Print(group + " belongs to " + answer.owner().replica() + " since owner epoch " +
        std::to_string(answer.owner().owner_epoch()) + ", policy epoch " + std::to_string(answer.epoch()) +
        "\n");
  return kExitDone;
}

}  // namespace

void AddClusterCommand(Flags app, CommandLine* line) {
  const Flags command =
      app.Sub("cluster", "Show where everything is, and move partition groups; role operator");
  command.NeedsSub();
  command.Footer(
      "Examples:\n"
      "  hangou cluster status --context operator\n"
      "  hangou cluster move population/2 --to population-1 --context operator");
  const Flags status = command.Sub("status", "Replicas of the services, and owners of the partition groups");
  status.Callback([line] { line->action = [line] { return Show(line->globals); }; });
  struct MoveFlags {
    std::string group;
    std::string replica;
  };
  auto flags = std::make_shared<MoveFlags>();
  const Flags move = command.Sub("move", "Give a partition group to another replica of its library");
  move.Add("GROUP", &flags->group, "LIBRARY/NUMBER, such as population/2").Required();
  move.Add("--to", &flags->replica, "name of the replica, such as population-1").Required();
  move.Callback([flags, line] {
    line->action = [flags, line] { return Move(line->globals, flags->group, flags->replica); };
  });
}

}  // namespace hangou

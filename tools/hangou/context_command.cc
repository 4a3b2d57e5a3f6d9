// hangou context: named installations and identities.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/config.h"
#include "tools/hangou/table.h"

namespace hangou {
namespace {

absl::StatusOr<int> Set(const std::string& name, const Globals& globals) {
  const std::string path = ConfigOf(globals);
  ASSIGN_OR_RETURN(Config config, LoadConfig(path));
  const ContextEntry* known = config.Find(name);
  ContextEntry entry = known == nullptr ? ContextEntry{name, "", ""} : *known;
  if (!globals.address.empty()) entry.address = globals.address;
  // Absolute, so that the context works from every folder.
  if (!globals.identity.empty()) entry.identity = std::filesystem::absolute(globals.identity);
  if (entry.address.empty() || entry.identity.empty()) {
    return MakeError(Reason::kInvalidRequest,
                     "give --address HOST:PORT and --identity FOLDER for a new context");
  }
  config.Set(std::move(entry));
  RETURN_IF_ERROR(SaveConfig(path, config));
  Print("context " + name + " set" + (config.current == name ? ", in use" : "") + "\n");
  return kExitDone;
}

absl::StatusOr<int> Use(const std::string& name, const Globals& globals) {
  const std::string path = ConfigOf(globals);
  ASSIGN_OR_RETURN(Config config, LoadConfig(path));
  if (config.Find(name) == nullptr) {
    return MakeError(Reason::kInvalidRequest, "there is no context " + name + "; see `hangou context list`");
  }
  config.current = name;
  RETURN_IF_ERROR(SaveConfig(path, config));
  Print("context " + name + " in use\n");
  return kExitDone;
}

absl::StatusOr<int> List(const Globals& globals) {
  ASSIGN_OR_RETURN(const Config config, LoadConfig(ConfigOf(globals)));
  Table table({"", "NAME", "ADDRESS", "IDENTITY"});
  for (const ContextEntry& entry : config.contexts) {
    const bool current = entry.name == config.current;
    if (globals.json()) {
      const nlohmann::ordered_json json = {{"name", entry.name},
                                           {"address", entry.address},
                                           {"identity", entry.identity},
                                           {"current", current}};
      Print(json.dump() + "\n");
    }
    table.AddRow({current ? "*" : "", entry.name, entry.address, entry.identity});
  }
  if (!globals.json()) Print(table.ToText());
  return kExitDone;
}

}  // namespace

void AddContextCommand(Flags app, CommandLine* line) {
  const Flags command = app.Sub("context", "Name installations and identities, and choose one");
  command.NeedsSub();
  command.Footer(
      "The configuration is --config, else $HANGOU_CONFIG, else ~/.config/hangou/config.yaml.\n\n"
      "Examples:\n"
      "  hangou context set psb --address 127.0.0.1:7000 --identity data/identities/psb-publisher\n"
      "  hangou context use psb\n"
      "  hangou context list");
  auto name = std::make_shared<std::string>();
  const Flags set = command.Sub("set", "Add or change a context (with --address and --identity)");
  set.Add("NAME", name.get(), "name of the context").Required();
  set.Callback([name, line] { line->action = [name, line] { return Set(*name, line->globals); }; });
  const Flags use = command.Sub("use", "Use a context from now on");
  use.Add("NAME", name.get(), "name of the context").Required();
  use.Callback([name, line] { line->action = [name, line] { return Use(*name, line->globals); }; });
  const Flags list = command.Sub("list", "List the contexts");
  list.Callback([line] { line->action = [line] { return List(line->globals); }; });
}

}  // namespace hangou

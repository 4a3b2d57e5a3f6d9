// hangou context: named installations and identities.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
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

void AddContextCommand(CLI::App* app, CommandLine* line) {
  CLI::App* command = app->add_subcommand("context", "Name installations and identities, and choose one");
  command->require_subcommand(1);
  command->footer(
      "The configuration is --config, else $HANGOU_CONFIG, else ~/.config/hangou/config.yaml.\n\n"
      "Examples:\n"
      "  hangou context set psb --address 127.0.0.1:7000 --identity data/identities/psb-publisher\n"
      "  hangou context use psb\n"
      "  hangou context list");
  auto name = std::make_shared<std::string>();
  CLI::App* set = command->add_subcommand("set", "Add or change a context (with --address and --identity)");
  set->add_option("NAME", *name, "name of the context")->required();
  set->callback([name, line] { line->action = [name, line] { return Set(*name, line->globals); }; });
  CLI::App* use = command->add_subcommand("use", "Use a context from now on");
  use->add_option("NAME", *name, "name of the context")->required();
  use->callback([name, line] { line->action = [name, line] { return Use(*name, line->globals); }; });
  CLI::App* list = command->add_subcommand("list", "List the contexts");
  list->callback([line] { line->action = [line] { return List(line->globals); }; });
}

}  // namespace hangou

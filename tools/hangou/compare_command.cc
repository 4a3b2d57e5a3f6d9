// hangou compare: rules, runs and clues.
#include <google/protobuf/util/json_util.h>

#include <cstdio>

#include "libs/base/status.h"
#include "libs/client/comparison_calls.h"
#include "libs/comparison/rule_files.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/table.h"

namespace hangou {

namespace comparison_v1 = hangou::comparison::v1;

namespace {

// Clues of a page of the service.
constexpr int32_t kPageClues = 256;

struct CompareFlags {
  std::vector<std::string> paths;
  std::string rule;
  std::string as_of;
  std::string period;
  std::string case_number;
  std::string clue;
  bool dry_run = false;
  bool withdrawn = false;
  int32_t limit = 20;
};

// "t01_deed_tax" as "rules/t01_deed_tax"; a full name stays.
std::string FullRuleName(const std::string& name) {
  return name.empty() || name.find('/') != std::string::npos ? name : "rules/" + name;
}

std::string JsonOf(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  // Fails for Any messages of unknown type only.
  (void)google::protobuf::util::MessageToJsonString(message, &text, options);
  return text + "\n";
}

std::string YuanText(int64_t fen) {
  const uint64_t size = fen < 0 ? -static_cast<uint64_t>(fen) : static_cast<uint64_t>(fen);
  char text[32];
  std::snprintf(text, sizeof text, "%s%llu.%02u", fen < 0 ? "-" : "",
                static_cast<unsigned long long>(size / 100), static_cast<unsigned>(size % 100));
  return text;
}

absl::StatusOr<int> ApplyOrCheck(const CompareFlags& flags, bool check, const Globals& globals) {
  comparison_v1::ApplyRulesRequest request;
  for (const std::string& path : flags.paths) {
    ASSIGN_OR_RETURN(auto objects, LoadComparisonObjects(path));
    for (auto& object : objects) *request.add_objects() = std::move(object);
  }
  if (request.objects().empty())
    return MakeError(Reason::kInvalidRequest, "no rules stand in the given files");
  request.set_validate_only(check);
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto response, ComparisonCalls(*client).Apply(request));
  if (globals.json()) {
    Print(JsonOf(response));
    return kExitDone;
  }
  Table table({"RULE", "VERSION", "TITLE"});
  for (const auto& stored : response.rules())
    table.AddRow({stored.rule().name(), std::to_string(stored.version()), stored.rule().title()});
  if (!table.empty()) Print(table.ToText());
  Print(std::to_string(response.rules_size()) + " rules and " + std::to_string(response.parameters_size()) +
        " parameters " + (check ? "would change" : "applied") + ", " + std::to_string(response.unchanged()) +
        " unchanged\n");
  return kExitDone;
}

absl::StatusOr<int> Rules(const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  comparison_v1::ListRulesRequest request;
  Table table({"RULE", "VERSION", "PERIOD", "TITLE", "NOT READY"});
  do {
    ASSIGN_OR_RETURN(const auto page, ComparisonCalls(*client).ListRules(request));
    for (const auto& stored : page.rules()) {
      if (globals.json()) Print(JsonOf(stored));
      const comparison_v1::KeyKind period = stored.rule().period();
      table.AddRow({stored.rule().name(), std::to_string(stored.version()),
                    period == comparison_v1::KEY_KIND_YEAR      ? "year"
                    : period == comparison_v1::KEY_KIND_QUARTER ? "quarter"
                    : period == comparison_v1::KEY_KIND_MONTH   ? "month"
                                                                : "-",
                    stored.rule().title(), stored.not_ready().empty() ? "-" : stored.not_ready()});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (!globals.json())
    Print(table.empty() ? "no rules; `hangou compare apply` brings some\n" : table.ToText());
  return kExitDone;
}

void ShowRun(const comparison_v1::Run& run) {
  Table table({"RUN", "AS OF", "PERIOD", "ROWS", "KEYS", "FOUND", "AMOUNT YUAN", "NEW", "CHANGED",
               "WITHDRAWN", "TOOK"});
  int64_t rows = 0;
  for (const int64_t of_side : run.side_rows()) rows += of_side;
  char took[32];
  std::snprintf(took, sizeof took, "%.3f s", static_cast<double>(run.took_us()) / 1e6);
  table.AddRow({run.name(), run.as_of(), run.period().empty() ? "-" : run.period(), std::to_string(rows),
                std::to_string(run.keys()), std::to_string(run.findings()), YuanText(run.amount_fen()),
                std::to_string(run.new_clues()), std::to_string(run.changed_clues()),
                std::to_string(run.withdrawn_clues()), took});
  Print(table.ToText());
  if (run.not_due() > 0) Print(std::to_string(run.not_due()) + " keys are not yet due\n");
  if (run.undetermined() > 0)
    Print(std::to_string(run.undetermined()) + " keys lack something that the rule needs\n");
  if (run.withheld() > 0) Print("of " + std::to_string(run.withheld()) + " keys something is withheld\n");
  for (const auto& problem : run.problems())
    Print(std::to_string(problem.keys()) + " keys: " + problem.fault() + " at " + problem.place() + "\n");
}

absl::StatusOr<int> RunRules(const CompareFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  comparison_v1::RunRuleRequest request;
  request.set_rule(FullRuleName(flags.rule));
  request.set_as_of(flags.as_of);
  request.set_period(flags.period);
  request.set_dry_run(flags.dry_run);
  request.mutable_context()->set_case_number(flags.case_number);
  ASSIGN_OR_RETURN(const auto run, ComparisonCalls(*client).Run(request));
  if (globals.json()) {
    Print(JsonOf(run));
  } else {
    ShowRun(run);
  }
  return run.problems().empty() ? kExitDone : kExitPartly;
}

std::string KeyTextOf(const comparison_v1::Clue& clue) {
  std::string text;
  for (const auto& part : clue.key()) text += (text.empty() ? "" : " ") + part.value();
  return text;
}

void ShowClue(const comparison_v1::Clue& clue) {
  Table head({"CLUE", "RULE", "VERSION", "RUN", "SUBJECT", "AMOUNT YUAN"});
  head.AddRow({clue.name(), clue.rule(), std::to_string(clue.rule_version()), clue.run(), clue.subject(),
               clue.has_amount_fen() ? YuanText(clue.amount_fen()) : "-"});
  Print(head.ToText());
  Table figures({"FIGURE", "VALUE"});
  for (const auto& part : clue.key()) figures.AddRow({part.name(), part.value()});
  for (const auto& figure : clue.figures()) figures.AddRow({figure.name(), figure.value()});
  Print("\n" + figures.ToText());
}

absl::StatusOr<int> Clues(const CompareFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  comparison_v1::ListCluesRequest request;
  request.set_rule(FullRuleName(flags.rule));
  request.mutable_context()->set_case_number(flags.case_number);
  if (flags.withdrawn) request.set_state(comparison_v1::CLUE_STATE_WITHDRAWN);
  int32_t left = flags.limit;
  Table table({"CLUE", "RULE", "SUBJECT", "KEY", "PERIOD", "AMOUNT YUAN", "RUN"});
  int64_t total = 0, amount = 0;
  do {
    request.set_page_size(std::min(left, kPageClues));
    ASSIGN_OR_RETURN(const auto page, ComparisonCalls(*client).ListClues(request));
    total = page.total_size();
    amount = page.total_amount_fen();
    for (const auto& clue : page.clues()) {
      if (!flags.clue.empty() && clue.name() != flags.clue && clue.name() != "clues/" + flags.clue) continue;
      if (globals.json()) Print(JsonOf(clue));
      if (!globals.json() && !flags.clue.empty()) ShowClue(clue);
      table.AddRow({clue.name(), clue.rule(), clue.subject(), KeyTextOf(clue),
                    clue.period().empty() ? "-" : clue.period(),
                    clue.has_amount_fen() ? YuanText(clue.amount_fen()) : "-", clue.run()});
    }
    left -= page.clues_size();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && left > 0);
  if (globals.json() || !flags.clue.empty()) return table.empty() ? kExitFailed : kExitDone;
  Print(table.empty() ? "no clues\n" : table.ToText());
  Print(std::to_string(total) + " clues, " + YuanText(amount) + " yuan at stake\n");
  return kExitDone;
}

}  // namespace

void AddCompareCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<CompareFlags>();
  const Flags command = app.Sub("compare", "Compare departments' records by rules, and follow what is found");
  command.NeedsSub();
  const Flags apply = command.Sub("apply", "Apply rules and parameters (role manager)");
  const Flags check = command.Sub("check", "Check rules and parameters, and change nothing (role manager)");
  for (const Flags& sub : {apply, check})
    sub.Add("-f,--file", &flags->paths, "YAML file, or folder of such").Required();
  apply.Footer("Examples:\n  hangou compare apply -f examples/comparison");
  apply.Callback(
      [flags, line] { line->action = [flags, line] { return ApplyOrCheck(*flags, false, line->globals); }; });
  check.Callback(
      [flags, line] { line->action = [flags, line] { return ApplyOrCheck(*flags, true, line->globals); }; });
  command.Sub("rules", "List the rules").Callback([flags, line] {
    line->action = [line] { return Rules(line->globals); };
  });
  const Flags run = command.Sub("run", "Run a rule over everything that was published before");
  run.Add("RULE", &flags->rule, "rule, such as t01_deed_tax").Required();
  run.Add("--period", &flags->period, "2024, 2024Q3 or 2024-07, as the rule has it");
  run.Add("--as-of", &flags->as_of, "day that the run is as of; today");
  run.Add("--case", &flags->case_number, "case number");
  run.Add("--dry-run", &flags->dry_run, "count only, keep no clues");
  run.Footer(
      "Examples:\n  hangou compare run t01_deed_tax\n  hangou compare run t16_vehicle_tax --period 2024 "
      "--dry-run");
  run.Callback([flags, line] { line->action = [flags, line] { return RunRules(*flags, line->globals); }; });
  const Flags clues = command.Sub("clues", "List clues, the largest amounts first");
  clues.Add("--rule", &flags->rule, "of this rule only");
  clues.Add("--clue", &flags->clue, "show this one with its figures");
  clues.Add("--case", &flags->case_number, "case number");
  clues.Add("--withdrawn", &flags->withdrawn, "those that are withdrawn");
  clues.Add("--limit", &flags->limit, "at most so many; 20").Within(1, 1'000'000);
  clues.Callback([flags, line] { line->action = [flags, line] { return Clues(*flags, line->globals); }; });
}

}  // namespace hangou

// hangou compare: rules, runs and clues.
#include "libs/base/status.h"
#include "libs/client/comparison_calls.h"
#include "libs/comparison/rule_files.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/compare_clues.h"
#include "tools/hangou/compare_results.h"
#include "tools/hangou/compare_run.h"
#include "tools/hangou/compare_view.h"
#include "tools/hangou/table.h"

namespace hangou {

namespace comparison_v1 = hangou::comparison::v1;

namespace {

struct CompareFlags {
  std::vector<std::string> paths;
  std::string rule;
  std::string as_of;
  std::string period;
  std::string case_number;
  bool dry_run = false;
  bool new_cut_offs = false;
  bool stop = false;
  bool detach = false;
  std::string office;
  std::string from;
};

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
  if (response.offices_size() > 0)
    Print(std::to_string(response.offices_size()) + " offices " + (check ? "would change" : "applied") +
          "\n");
  if (response.results_size() > 0)
    Print(SourcesText(response.results()) + std::to_string(response.results_size()) + " results " +
          (check ? "would change" : "applied") + "\n");
  Print(std::to_string(response.rules_size()) + " rules and " + std::to_string(response.parameters_size()) +
        " parameters " + (check ? "would change" : "applied") + ", " + std::to_string(response.unchanged()) +
        " unchanged\n");
  return kExitDone;
}

// What a rule is followed for: periods, and why one is behind.
std::string FollowedText(const comparison_v1::StoredRule& stored) {
  std::string text;
  for (const auto& followed : stored.followed()) {
    text += (text.empty() ? "" : ", ") + (followed.period().empty() ? "yes" : followed.period());
    if (!followed.behind().empty()) text += " (behind: " + followed.behind() + ")";
  }
  return text.empty() ? "-" : text;
}

absl::StatusOr<int> Rules(const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  comparison_v1::ListRulesRequest request;
  Table table({"RULE", "VERSION", "PERIOD", "TITLE", "FOLLOWED", "NOT READY"});
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
                    stored.rule().title(), FollowedText(stored),
                    stored.not_ready().empty() ? "-" : stored.not_ready()});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (!globals.json())
    Print(table.empty() ? "no rules; `hangou compare apply` brings some\n" : table.ToText());
  return kExitDone;
}

absl::StatusOr<int> RunRules(const CompareFlags& flags, const Globals& globals) {
  comparison_v1::RunRuleRequest request;
  request.set_rule(FullNameOf("rules/", flags.rule));
  request.set_as_of(flags.as_of);
  request.set_period(flags.period);
  request.set_dry_run(flags.dry_run);
  request.set_new_cut_offs(flags.new_cut_offs);
  request.mutable_context()->set_case_number(flags.case_number);
  return RunWithProgress(request, globals);
}

absl::StatusOr<int> Explain(const CompareFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  comparison_v1::ExplainRuleRequest request;
  request.set_rule(FullNameOf("rules/", flags.rule));
  request.set_period(flags.period);
  ASSIGN_OR_RETURN(const auto plan, ComparisonCalls(*client).Explain(request));
  if (globals.json()) {
    Print(JsonOf(plan));
    return kExitDone;
  }
  Table table({"SIDE", "RESOURCE", "ROWS", "KEYS", "LARGEST KEY", "LARGEST PARTITION", "WITHOUT KEY",
               "SEGMENTS", "BYTES"});
  for (const auto& source : plan.sources())
    table.AddRow({source.side(), source.resource(), std::to_string(source.rows()),
                  std::to_string(source.keys()), std::to_string(source.largest_key_rows()),
                  std::to_string(source.largest_partition_rows()), std::to_string(source.rows_without_key()),
                  std::to_string(source.segments()), std::to_string(source.bytes())});
  Print(table.ToText());
  Print("keys are decided " + std::string(plan.key_by_key() ? "one by one" : "a thousand at once") + "\n");
  ShowEstimate(plan);
  return kExitDone;
}

absl::StatusOr<int> Watch(const CompareFlags& flags, const Globals& globals) {
  const std::string rule = FullNameOf("rules/", flags.rule);
  if (flags.stop) {
    ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
    comparison_v1::UnfollowRuleRequest request;
    request.set_rule(rule);
    request.set_period(flags.period);
    RETURN_IF_ERROR(ComparisonCalls(*client).Unfollow(request).status());
    if (!globals.json()) Print(rule + " is not followed any more; its clues stay as they are\n");
    return kExitDone;
  }
  comparison_v1::WatchCluesRequest clues;
  clues.set_rule(rule);
  clues.set_office(FullNameOf("offices/", flags.office));
  clues.set_token(flags.from);
  clues.mutable_context()->set_case_number(flags.case_number);
  if (!flags.from.empty()) return PrintClueChanges(clues, globals);
  comparison_v1::FollowRuleRequest request;
  request.set_rule(rule);
  request.set_as_of(flags.as_of);
  request.set_period(flags.period);
  request.mutable_context()->set_case_number(flags.case_number);
  return FollowAndWatch(request, flags.detach ? nullptr : &clues, globals);
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
  run.Add("--new-cut-offs", &flags->new_cut_offs,
          "find the cut-offs of peers anew; else the published ones stay");
  run.Footer(
      "A run belongs to the department: where one of the same rule, period and day is under way, it is "
      "shown, and it\n"
      "goes on when the connection or the terminal is lost; the same command shows it again. Ctrl-C cancels "
      "it: no\n"
      "clue is kept, and the exit code is 130.\n\n"
      "Examples:\n"
      "  hangou compare run t01_deed_tax\n"
      "  hangou compare run t16_vehicle_tax --period 2024 --dry-run");
  run.Callback([flags, line] { line->action = [flags, line] { return RunRules(*flags, line->globals); }; });
  const Flags explain =
      command.Sub("explain", "Show what a run of a rule would read and need, and how unevenly it lies");
  explain.Add("RULE", &flags->rule, "rule, such as t01_deed_tax").Required();
  explain.Add("--period", &flags->period, "tell the last run for this period");
  explain.Footer("Examples:\n  hangou compare explain t16_vehicle_tax --period 2024");
  explain.Callback(
      [flags, line] { line->action = [flags, line] { return Explain(*flags, line->globals); }; });
  const Flags watch =
      command.Sub("watch", "Run a rule, keep its clues as a run would find them, and print what changes");
  watch.Add("RULE", &flags->rule, "rule, such as t24_tax_registration").Required();
  watch.Add("--period", &flags->period, "2024, 2024Q3 or 2024-07, as the rule has it");
  watch.Add("--as-of", &flags->as_of, "day that it is as of; every day anew");
  watch.Add("--case", &flags->case_number, "case number");
  watch.Add("--office", &flags->office, "print the clues of this office only");
  watch.Add("--detach", &flags->detach, "follow it, and print nothing but the first run");
  watch.Add("--from", &flags->from, "print on behind this token, which a former watch has told at its end");
  watch.Add("--stop", &flags->stop, "follow it no more");
  watch.Footer(
      "The rule is followed until --stop, whether somebody watches or not: Ctrl-C ends only the printing.\n"
      "Clues are printed when they are found, change, are withdrawn or are worked on, each as it is then.\n\n"
      "Examples:\n"
      "  hangou compare watch t24_tax_registration\n"
      "  hangou compare watch t24_tax_registration --detach\n"
      "  hangou compare watch t16_vehicle_tax --period 2026 --stop");
  watch.Callback([flags, line] { line->action = [flags, line] { return Watch(*flags, line->globals); }; });
  AddClueCommands(command, line);
  AddResultCommands(command, line);
}

}  // namespace hangou

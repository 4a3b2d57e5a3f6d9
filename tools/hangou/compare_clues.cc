// hangou compare clues, clue, offices, assign, feedback, effect, diff: the work on clues.
#include "tools/hangou/compare_clues.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/client/comparison_calls.h"
#include "tools/hangou/compare_feedback.h"
#include "tools/hangou/compare_pdf.h"
#include "tools/hangou/compare_view.h"
#include "tools/hangou/table.h"

namespace hangou {
namespace {

namespace comparison_v1 = hangou::comparison::v1;

// Clues of a page of the service.
constexpr int32_t kPageClues = 256;
// Answers of a call of the service.
constexpr int kCallAnswers = 1'000;
// Clues of one file of sheets: as many as are printed and carried away.
constexpr int32_t kMostSheets = 1'000;

struct ClueFlags {
  std::vector<std::string> names;
  std::string name;
  std::string rule;
  std::string office;
  std::string division;
  std::string least_amount;
  std::string state;
  std::string case_number;
  std::string to;
  std::string pdf;
  std::string file;
  std::string base;
  int32_t limit = 20;
};

absl::StatusOr<int64_t> LeastFen(const ClueFlags& flags) {
  if (flags.least_amount.empty()) return 0;
  const auto fen = FenOfYuan(flags.least_amount);
  if (fen) return *fen;
  return MakeError(Reason::kInvalidRequest, "--least-amount is yuan, such as 5000 or 99.50");
}

absl::StatusOr<comparison_v1::ListCluesRequest> ListRequestOf(const ClueFlags& flags) {
  comparison_v1::ListCluesRequest request;
  request.set_rule(FullNameOf("rules/", flags.rule));
  request.set_office(FullNameOf("offices/", flags.office));
  request.set_division(flags.division);
  request.mutable_context()->set_case_number(flags.case_number);
  ASSIGN_OR_RETURN(const int64_t least_fen, LeastFen(flags));
  request.set_minimum_amount_fen(least_fen);
  if (flags.state == "new") request.set_state(comparison_v1::CLUE_STATE_NEW);
  if (flags.state == "withdrawn") request.set_state(comparison_v1::CLUE_STATE_WITHDRAWN);
  if (flags.state == "assigned") request.set_state(comparison_v1::CLUE_STATE_ASSIGNED);
  if (const auto result = ResultOf(flags.state); result != comparison_v1::CLUE_STATE_UNSPECIFIED)
    request.set_state(result);
  return request;
}

// Titles of rules and offices by their names.
absl::StatusOr<std::map<std::string, std::string>> TitlesOf(ComparisonCalls* calls) {
  std::map<std::string, std::string> titles;
  ASSIGN_OR_RETURN(const auto offices, calls->ListOffices({}));
  for (const auto& office : offices.offices()) titles[office.name()] = office.title();
  comparison_v1::ListRulesRequest request;
  do {
    ASSIGN_OR_RETURN(const auto page, calls->ListRules(request));
    for (const auto& stored : page.rules()) titles[stored.rule().name()] = stored.rule().title();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return titles;
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

std::string StateWord(comparison_v1::ClueState state) {
  std::string word = comparison_v1::ClueState_Name(state).substr(sizeof("CLUE_STATE_") - 1);
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c == '_' ? c : static_cast<char>(c - 'A' + 'a'); });
  return word;
}

absl::StatusOr<int> ListClues(const ClueFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ComparisonCalls calls(*client);
  ASSIGN_OR_RETURN(auto request, ListRequestOf(flags));
  const bool is_sheet = globals.output == "csv" || globals.output == "xlsx";
  std::map<std::string, std::string> titles;
  if (is_sheet) {
    ASSIGN_OR_RETURN(titles, TitlesOf(&calls));
  }
  ListReport sheet = MakeClueSheet();
  Table table({"CLUE", "RULE", "STATE", "OFFICE", "SUBJECT", "KEY", "PERIOD", "AMOUNT YUAN", "RUN"});
  comparison_v1::ListCluesResponse page;
  int32_t left = flags.limit;
  do {
    request.set_page_size(std::min(left, kPageClues));
    ASSIGN_OR_RETURN(page, calls.ListClues(request));
    for (const auto& clue : page.clues()) {
      if (globals.json()) Print(JsonOf(clue));
      if (is_sheet) AddClueRow(clue, titles, &sheet);
      table.AddRow({clue.name(), clue.rule(), StateWord(clue.state()), OrDash(clue.office()), clue.subject(),
                    KeyTextOf(clue), OrDash(clue.period()),
                    clue.has_amount_fen() ? YuanText(clue.amount_fen()) : "-", clue.run()});
    }
    left -= page.clues_size();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && left > 0);
  if (globals.json()) return table.empty() ? kExitFailed : kExitDone;
  if (is_sheet) {
    RETURN_IF_ERROR(ShowList(sheet, globals, flags.to));
    std::fprintf(stderr, "%zu of %lld clues\n", sheet.rows.size(), static_cast<long long>(page.total_size()));
    return kExitDone;
  }
  Print(table.empty() ? "no clues\n" : table.ToText());
  Print(std::to_string(page.total_size()) + " clues, " + YuanText(page.total_amount_fen()) +
        " yuan at stake\n" + YuanText(page.total_once_fen()) +
        " yuan of it open, the same money counted once\n");
  return kExitDone;
}

void ShowEvidence(const comparison_v1::ClueEvidence& evidence) {
  for (const auto& side : evidence.sides()) {
    std::vector<std::string> head = {"COUNTED"};
    head.insert(head.end(), side.fields().begin(), side.fields().end());
    Table table(head);
    for (const auto& row : side.rows()) {
      std::vector<std::string> cells = {row.counted() ? "yes" : "no"};
      cells.insert(cells.end(), row.values().begin(), row.values().end());
      table.AddRow(std::move(cells));
    }
    Print("\n" + side.side() + ": " + std::to_string(side.all_rows()) + " rows of " + side.resource() + " " +
          side.title() + "\n" + (table.empty() ? "" : table.ToText()));
  }
  Table formulas({"FORMULA", "VALUE", "WITH THE NUMBERS"});
  for (const auto& formula : evidence.formulas())
    formulas.AddRow({formula.name(), formula.value(), formula.filled()});
  Print("\n" + formulas.ToText());
  Print("\nrule version " + std::to_string(evidence.rule_version()) + ", as of " + evidence.as_of() + ", " +
        evidence.run() + ", " + std::to_string(evidence.positions_size()) + " positions\n");
}

void ShowClue(const comparison_v1::GetClueResponse& response) {
  const comparison_v1::Clue& clue = response.clue();
  Table head({"CLUE", "RULE", "TITLE", "SUBJECT", "AMOUNT YUAN", "STATE", "OFFICE", "RECOVERED YUAN"});
  head.AddRow({clue.name(), clue.rule(), response.rule_title(), clue.subject(),
               clue.has_amount_fen() ? YuanText(clue.amount_fen()) : "-", StateWord(clue.state()),
               OrDash(response.office_title()), YuanText(clue.recovered_fen())});
  Print(head.ToText());
  if (!clue.withheld().empty()) Print("withheld: " + clue.withheld() + "\n");
  Table figures({"FIGURE", "VALUE"});
  for (const auto& part : clue.key()) figures.AddRow({part.name(), part.value()});
  for (const auto& figure : clue.figures()) figures.AddRow({figure.name(), figure.value()});
  if (!figures.empty()) Print("\n" + figures.ToText());
  if (response.has_evidence()) ShowEvidence(response.evidence());
  Table history({"TIME", "STATE", "OFFICE", "BY", "RECOVERED YUAN", "NOTE"});
  for (const auto& step : clue.history())
    history.AddRow({FormatInstant(step.time().seconds() * kUsPerSecond), StateWord(step.state()),
                    OrDash(step.office()), step.by(), YuanText(step.recovered_fen()), OrDash(step.note())});
  if (!history.empty()) Print("\n" + history.ToText());
}

// The names of the clues that flags name, or those of the filter.
absl::StatusOr<std::vector<std::string>> NamesOf(const ClueFlags& flags, ComparisonCalls* calls) {
  std::vector<std::string> names;
  for (const std::string& name : flags.names) names.push_back(FullNameOf("clues/", name));
  if (!names.empty()) return names;
  ASSIGN_OR_RETURN(auto request, ListRequestOf(flags));
  request.set_page_size(kPageClues);
  do {
    ASSIGN_OR_RETURN(const auto page, calls->ListClues(request));
    for (const auto& clue : page.clues()) names.push_back(clue.name());
    request.set_page_token(page.next_page_token());
    if (names.size() > static_cast<size_t>(kMostSheets))
      return MakeError(Reason::kInvalidRequest, "these are more than 1,000 clues: narrow the filter");
  } while (!request.page_token().empty());
  return names;
}

absl::StatusOr<int> ShowClues(const ClueFlags& flags, const Globals& globals) {
  if (flags.names.empty() && flags.pdf.empty())
    return MakeError(Reason::kInvalidRequest, "name a clue, or write those of a filter with --pdf");
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ComparisonCalls calls(*client);
  ASSIGN_OR_RETURN(const auto names, NamesOf(flags, &calls));
  std::vector<comparison_v1::GetClueResponse> clues;
  for (const std::string& name : names) {
    comparison_v1::GetClueRequest request;
    request.set_name(name);
    request.mutable_context()->set_case_number(flags.case_number);
    ASSIGN_OR_RETURN(auto response, calls.GetClue(request));
    if (globals.json()) Print(JsonOf(response));
    if (!globals.json() && flags.pdf.empty()) ShowClue(response);
    if (!flags.pdf.empty()) clues.push_back(std::move(response));
  }
  if (flags.pdf.empty()) return kExitDone;
  RETURN_IF_ERROR(WriteClueSheets(clues, flags.pdf));
  std::fprintf(stderr, "%zu sheets in %s\n", clues.size(), flags.pdf.c_str());
  return kExitDone;
}

absl::StatusOr<int> ListOffices(const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto response, ComparisonCalls(*client).ListOffices({}));
  Table table({"OFFICE", "TITLE", "DIVISIONS"});
  for (const auto& office : response.offices()) {
    if (globals.json()) Print(JsonOf(office));
    std::string divisions;
    for (const std::string& prefix : office.divisions()) divisions += (divisions.empty() ? "" : " ") + prefix;
    table.AddRow({office.name(), office.title(), OrDash(divisions)});
  }
  if (!globals.json())
    Print(table.empty() ? "no offices; `hangou compare apply` brings some\n" : table.ToText());
  return kExitDone;
}

// What became of clues; `lines` has the line of a file by name.
int ShowChanges(const comparison_v1::ChangeCluesResponse& response, const char* word,
                const std::map<std::string, uint64_t>& lines, const Globals& globals) {
  if (globals.json()) {
    Print(JsonOf(response));
  } else {
    Table table({"LINE", "CLUE", "REASON", "MESSAGE"});
    for (const auto& problem : response.problems()) {
      const auto line = lines.find(problem.clue());
      table.AddRow({line == lines.end() ? "-" : std::to_string(line->second), problem.clue(),
                    problem.reason(), problem.message()});
    }
    if (!table.empty()) Print(table.ToText());
    Print(std::to_string(response.changed()) + " clues " + word + ", " +
          std::to_string(response.unchanged()) + " unchanged, " + std::to_string(response.problem_count()) +
          " not taken\n");
    if (response.left() > 0) Print(std::to_string(response.left()) + " are left: call again\n");
  }
  return response.problem_count() > 0 ? kExitPartly : kExitDone;
}

absl::StatusOr<int> Assign(const ClueFlags& flags, const Globals& globals) {
  comparison_v1::AssignCluesRequest request;
  request.set_office(FullNameOf("offices/", flags.office));
  for (const std::string& name : flags.names) request.add_clues(FullNameOf("clues/", name));
  request.mutable_filter()->set_rule(FullNameOf("rules/", flags.rule));
  request.mutable_filter()->set_division(flags.division);
  ASSIGN_OR_RETURN(const int64_t least_fen, LeastFen(flags));
  request.mutable_filter()->set_minimum_amount_fen(least_fen);
  request.mutable_context()->set_case_number(flags.case_number);
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto response, ComparisonCalls(*client).AssignClues(request));
  return ShowChanges(response, "assigned", {}, globals);
}

absl::StatusOr<int> Feedback(const ClueFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto rows, ReadFeedback(flags.file));
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ComparisonCalls calls(*client);
  comparison_v1::ChangeCluesResponse all;
  std::map<std::string, uint64_t> lines;
  comparison_v1::AnswerCluesRequest request;
  const auto send = [&]() -> absl::Status {
    if (request.answers().empty()) return absl::OkStatus();
    request.mutable_context()->set_case_number(flags.case_number);
    ASSIGN_OR_RETURN(const auto response, calls.AnswerClues(request));
    request.clear_answers();
    all.set_changed(all.changed() + response.changed());
    all.set_unchanged(all.unchanged() + response.unchanged());
    all.set_problem_count(all.problem_count() + response.problem_count());
    for (const auto& problem : response.problems()) *all.add_problems() = problem;
    return absl::OkStatus();
  };
  for (const FeedbackRow& row : rows) {
    lines[row.answer.clue()] = row.line;
    if (!row.problem.empty()) {
      auto* const problem = all.add_problems();
      problem->set_clue(row.answer.clue());
      problem->set_reason("INVALID_REQUEST");
      problem->set_message(row.problem);
      all.set_problem_count(all.problem_count() + 1);
      continue;
    }
    *request.add_answers() = row.answer;
    if (request.answers_size() == kCallAnswers) RETURN_IF_ERROR(send());
  }
  RETURN_IF_ERROR(send());
  return ShowChanges(all, "answered", lines, globals);
}

void AddEffectLine(const char* kind, const comparison_v1::EffectLine& line, ListReport* report) {
  char precision[16] = "";
  if (line.has_precision_percent())
    std::snprintf(precision, sizeof precision, "%.1f %%", line.precision_percent());
  report->rows.push_back({kind, line.key(), std::to_string(line.found()), std::to_string(line.assigned()),
                          std::to_string(line.verified()), std::to_string(line.recovered()),
                          std::to_string(line.no_issue()), std::to_string(line.data_error()),
                          std::to_string(line.not_found()), std::to_string(line.withdrawn()),
                          YuanText(line.amount_fen()), YuanText(line.amount_once_fen()),
                          YuanText(line.recovered_fen()), precision});
}

absl::StatusOr<int> Effect(const ClueFlags& flags, const Globals& globals) {
  comparison_v1::GetEffectRequest request;
  request.set_rule(FullNameOf("rules/", flags.rule));
  request.set_office(FullNameOf("offices/", flags.office));
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto response, ComparisonCalls(*client).GetEffect(request));
  if (globals.json()) {
    Print(JsonOf(response));
    return kExitDone;
  }
  ListReport report;
  report.name = "成效统计";
  for (const char* title : {"BY", "KEY", "FOUND", "ASSIGNED", "VERIFIED", "RECOVERED", "NO ISSUE",
                            "DATA ERROR", "NOT FOUND", "WITHDRAWN"})
    report.columns.push_back({title});
  for (const char* title : {"AT STAKE YUAN", "COUNTED ONCE YUAN", "RECOVERED YUAN"})
    report.columns.push_back({title, true});
  report.columns.push_back({"PRECISION"});
  for (const auto& line : response.rules()) AddEffectLine("rule", line, &report);
  for (const auto& line : response.offices()) AddEffectLine("office", line, &report);
  for (const auto& line : response.months()) AddEffectLine("month", line, &report);
  AddEffectLine("all", response.total(), &report);
  RETURN_IF_ERROR(ShowList(report, globals, flags.to));
  return kExitDone;
}

absl::StatusOr<int> Diff(const ClueFlags& flags, const Globals& globals) {
  comparison_v1::DiffRunsRequest request;
  request.set_run(FullNameOf("runs/", flags.name));
  request.set_base(FullNameOf("runs/", flags.base));
  request.mutable_context()->set_case_number(flags.case_number);
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ListReport report;
  report.name = "差异";
  for (const char* title : {"CLUE", "SUBJECT", "KEY", "STATE"}) report.columns.push_back({title});
  for (const char* title : {"BEFORE YUAN", "AFTER YUAN"}) report.columns.push_back({title, true});
  comparison_v1::DiffRunsResponse page;
  int32_t left = flags.limit;
  do {
    request.set_page_size(std::min(left, kPageClues));
    ASSIGN_OR_RETURN(page, ComparisonCalls(*client).DiffRuns(request));
    if (globals.json()) Print(JsonOf(page));
    for (const auto& difference : page.differences()) {
      const auto& clue = difference.clue();
      report.rows.push_back({clue.name(), clue.subject(), KeyTextOf(clue), StateWord(clue.state()),
                             difference.has_before_fen() ? YuanText(difference.before_fen()) : "",
                             difference.has_after_fen() ? YuanText(difference.after_fen()) : ""});
    }
    left -= page.differences_size();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && left > 0);
  if (globals.json()) return kExitDone;
  if (!report.rows.empty() || globals.output != "table") RETURN_IF_ERROR(ShowList(report, globals, flags.to));
  if (globals.output == "table")
    Print(page.base() + " to " + page.run() + ": " + std::to_string(page.added()) + " added, " +
          std::to_string(page.removed()) + " removed, " + std::to_string(page.changed()) + " changed, " +
          std::to_string(page.same()) + " the same\n");
  return kExitDone;
}

void AddFilter(Flags command, ClueFlags* flags) {
  command.Add("--rule", &flags->rule, "of this rule only");
  command.Add("--division", &flags->division, "of divisions whose codes begin so");
  command.Add("--least-amount", &flags->least_amount, "with at least so many yuan at stake");
  command.Add("--case", &flags->case_number, "case number");
}

// Makes `work` the action of a subcommand.
void Does(Flags command, std::shared_ptr<ClueFlags> flags, CommandLine* line, bool makes_lists,
          absl::StatusOr<int> (*work)(const ClueFlags&, const Globals&)) {
  command.Callback([flags, line, makes_lists, work] {
    line->makes_lists = makes_lists;
    line->action = [flags, line, work] { return work(*flags, line->globals); };
  });
}

void AddReadCommands(Flags compare, CommandLine* line) {
  auto flags = std::make_shared<ClueFlags>();
  const Flags clues = compare.Sub("clues", "List clues, the largest amounts first");
  AddFilter(clues, flags.get());
  clues.Add("--office", &flags->office, "of this office only");
  clues.Add("--state", &flags->state, "in this state; all that are not withdrawn")
      .OneOf(
          {"new", "assigned", "verified", "no_issue", "data_error", "not_found", "recovered", "withdrawn"});
  clues.Add("--limit", &flags->limit, "at most so many; 20").Within(1, 1'000'000);
  clues.Add("--to", &flags->to, "file of -o csv or xlsx");
  clues.Footer(
      "A workbook has columns for the office's answers, which `hangou compare feedback` reads back.\n\n"
      "Examples:\n  hangou compare clues --state new\n"
      "  hangou compare clues --office north --limit 1000 -o xlsx --to clues.xlsx");
  Does(clues, flags, line, true, ListClues);
  flags = std::make_shared<ClueFlags>();
  const Flags clue =
      compare.Sub("clue", "Show clues with their evidence, or write their sheets (疑点核查单)");
  clue.Add("NAME", &flags->names, "clues, such as 0123456789abcdef; none: those of the filter");
  AddFilter(clue, flags.get());
  clue.Add("--office", &flags->office, "of this office only");
  clue.Add("--state", &flags->state, "in this state")
      .OneOf({"new", "assigned", "verified", "no_issue", "data_error", "not_found", "recovered"});
  clue.Add("--pdf", &flags->pdf, "PDF file, a sheet for each clue");
  Does(clue, flags, line, false, ShowClues);
  flags = std::make_shared<ClueFlags>();
  const Flags effect = compare.Sub("effect", "Show what comparing has brought, by rule, office and month");
  effect.Add("--rule", &flags->rule, "of this rule only");
  effect.Add("--office", &flags->office, "of this office only");
  effect.Add("--to", &flags->to, "file of -o csv or xlsx");
  Does(effect, flags, line, true, Effect);
  flags = std::make_shared<ClueFlags>();
  const Flags diff = compare.Sub("diff", "Show what differs between the findings of two runs");
  diff.Add("RUN", &flags->name, "the later run, such as 12").Required();
  diff.Add("BASE", &flags->base, "the earlier run; the one before of the same rule and period");
  diff.Add("--case", &flags->case_number, "case number");
  diff.Add("--limit", &flags->limit, "at most so many; 20").Within(1, 1'000'000);
  diff.Add("--to", &flags->to, "file of -o csv or xlsx");
  Does(diff, flags, line, true, Diff);
}

}  // namespace

void AddClueCommands(Flags compare, CommandLine* line) {
  AddReadCommands(compare, line);
  compare.Sub("offices", "List the offices that work on clues").Callback([line] {
    line->action = [line] { return ListOffices(line->globals); };
  });
  auto flags = std::make_shared<ClueFlags>();
  const Flags assign = compare.Sub("assign", "Assign clues to offices (role manager)");
  assign.Add("NAME", &flags->names, "clues; none: the new ones of the filter");
  assign.Add("--to", &flags->office, "office; that of each clue's division");
  AddFilter(assign, flags.get());
  assign.Footer(
      "Examples:\n  hangou compare assign --rule t01_deed_tax --least-amount 1000\n"
      "  hangou compare assign 0123456789abcdef --to north");
  Does(assign, flags, line, false, Assign);
  flags = std::make_shared<ClueFlags>();
  const Flags feedback = compare.Sub("feedback", "Take what offices answered in a sheet");
  feedback.Add("FILE", &flags->file, "workbook or CSV as `hangou compare clues -o xlsx` writes it, filled in")
      .Required();
  feedback.Add("--case", &flags->case_number, "case number");
  feedback.Footer("Good rows are taken, the others are named with their lines (exit code 3).");
  Does(feedback, flags, line, false, Feedback);
}

}  // namespace hangou

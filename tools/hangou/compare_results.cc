// hangou compare publish and results.
#include "tools/hangou/compare_results.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/base/clock.h"
#include "libs/base/keys.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/client/comparison_calls.h"
#include "libs/client/publisher.h"
#include "libs/flags/flags.h"
#include "tools/hangou/compare_view.h"
#include "tools/hangou/outcome_view.h"
#include "tools/hangou/publish_preview.h"
#include "tools/hangou/result_plan.h"
#include "tools/hangou/table.h"

namespace hangou {
namespace {

namespace base_library_v1 = hangou::base_library::v1;
namespace comparison_v1 = hangou::comparison::v1;

// Rows of a page of the service.
constexpr int32_t kPageRows = 256;
// Problems that are shown.
constexpr size_t kShownProblems = 20;
// What the erasure of a record rests on that was made of one that was erased.
constexpr char kErasedSource[] = "来源记录已依法删除 (a record that it was made of was erased)";

struct ResultFlags {
  std::string resource;
  std::string case_number;
  bool dry_run = false;
};

// What became of a publication.
struct ResultCounts {
  uint64_t created = 0;
  uint64_t changed = 0;
  uint64_t unchanged = 0;
  uint64_t deleted = 0;
  uint64_t erased = 0;
  uint64_t foreign = 0;
  std::vector<ResultProblem> problems;
};

std::string JoinedNames(const google::protobuf::RepeatedPtrField<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "-" : text;
}

// "hrss.unit_summary (heads, wage*)": the fields by their resources, which stand together.
std::string MadeOfText(const comparison_v1::ResultSource& source) {
  std::string text, last;
  for (const std::string& name : source.made_of()) {
    const size_t point = name.rfind('.');
    const std::string resource = name.substr(0, point);
    const bool is_passed =
        std::find(source.passed_on().begin(), source.passed_on().end(), name) != source.passed_on().end();
    if (resource != last) text += (text.empty() ? "" : "), ") + resource + " (";
    text += (resource == last ? ", " : "") + name.substr(point + 1) + (is_passed ? "*" : "");
    last = resource;
  }
  return text.empty() ? "-" : text + ")";
}

absl::StatusOr<ResultPlan> PlanOf(Client& client, const ResultFlags& flags, const std::string& resource,
                                  int64_t now_us) {
  ComparisonCalls calls(client);
  comparison_v1::ListResultRowsRequest request;
  request.set_resource(resource.substr(sizeof("resources/") - 1));
  request.mutable_context()->set_case_number(flags.case_number);
  request.set_page_size(kPageRows);
  ASSIGN_OR_RETURN(auto page, calls.ListResultRows(request));
  ASSIGN_OR_RETURN(const auto schema, SchemaWithCodes(client, resource));
  ResultPlan plan(schema, {page.fields().begin(), page.fields().end()}, page.clue_field());
  for (;;) {
    for (const auto& row : page.rows()) RETURN_IF_ERROR(plan.AddRow(row, now_us));
    if (page.next_page_token().empty()) break;
    request.set_page_token(page.next_page_token());
    ASSIGN_OR_RETURN(page, calls.ListResultRows(request));
  }
  base_library_v1::ListRequest list;
  list.set_resource(resource);
  list.set_page_size(limits::kPageMax);
  do {
    ASSIGN_OR_RETURN(const auto standing, client.List(list));
    for (const auto& record : standing.records()) RETURN_IF_ERROR(plan.AddStanding(record, now_us));
    list.set_page_token(standing.next_page_token());
  } while (!list.page_token().empty());
  return plan;
}

absl::Status SendRecords(Client& client, const std::string& resource, ResultPlan* plan,
                         ResultCounts* counts) {
  PublisherOptions options;
  options.resource = resource;
  options.request_prefix = "results";
  options.give_up_ms = client.timeout_ms();
  std::vector<ResultPlan::Send> sends = plan->TakeSends();
  if (sends.empty()) return absl::OkStatus();
  const auto on_outcome = [&](uint64_t tag, const base_library_v1::RecordOutcome& outcome) {
    if (outcome.outcome() == base_library_v1::OUTCOME_ACCEPTED ||
        outcome.outcome() == base_library_v1::OUTCOME_DUPLICATE)
      return;
    --(sends[tag].is_change ? counts->changed : counts->created);
    ResultProblem& problem = counts->problems.emplace_back();
    problem.clue = sends[tag].clue;
    if (outcome.violations().empty()) return;
    problem.reason = outcome.violations(0).reason();
    problem.message = outcome.violations(0).field() + ": " + outcome.violations(0).message();
  };
  ASSIGN_OR_RETURN(const auto publisher, Publisher::Open(client, options, on_outcome));
  for (size_t i = 0; i < sends.size(); ++i) RETURN_IF_ERROR(publisher->Add(std::move(sends[i].record), i));
  return publisher->Finish();
}

absl::Status CheckGone(const base_library_v1::PublishResponse& response) {
  if (response.has_refused())
    return MakeError(ReasonFromName(response.refused().reason()).value_or(Reason::kInternal),
                     response.refused().message());
  for (const auto& outcome : response.outcomes()) {
    if (outcome.outcome() == base_library_v1::OUTCOME_REFUSED && !outcome.violations().empty())
      return MakeError(ReasonFromName(outcome.violations(0).reason()).value_or(Reason::kInternal),
                       "a record that no clue holds any more stays: " + outcome.violations(0).message());
  }
  return absl::OkStatus();
}

// Takes records away, as many in a request as one may have.
absl::Status TakeAway(Client& client, const std::string& resource, const ResultPlan& plan) {
  for (size_t begin = 0; begin < plan.deletes().size(); begin += limits::kBatchRecords) {
    base_library_v1::DeleteRequest request;
    request.set_request_id("results-" + Hex(RandomBytes(kRandomIdBytes)));
    request.set_resource(resource);
    for (size_t i = begin; i < std::min(plan.deletes().size(), begin + limits::kBatchRecords); ++i) {
      auto* const item = request.add_items();
      *item->mutable_owner() = plan.deletes()[i].owner();
      item->set_record_key(plan.deletes()[i].record_key());
    }
    ASSIGN_OR_RETURN(const auto response, client.Delete(request));
    RETURN_IF_ERROR(CheckGone(response));
  }
  for (size_t begin = 0; begin < plan.erases().size(); begin += limits::kBatchRecords) {
    base_library_v1::EraseRequest request;
    request.set_request_id("results-" + Hex(RandomBytes(kRandomIdBytes)));
    request.set_resource(resource);
    request.set_legal_basis(kErasedSource);
    for (size_t i = begin; i < std::min(plan.erases().size(), begin + limits::kBatchRecords); ++i)
      *request.add_items() = plan.erases()[i];
    ASSIGN_OR_RETURN(const auto response, client.Erase(request));
    RETURN_IF_ERROR(CheckGone(response));
  }
  return absl::OkStatus();
}

void PrintCounts(const ResultCounts& counts, const ResultFlags& flags, const Globals& globals) {
  if (globals.json()) {
    nlohmann::ordered_json json = {{"resource", flags.resource}, {"new", counts.created},
                                   {"changed", counts.changed},  {"unchanged", counts.unchanged},
                                   {"deleted", counts.deleted},  {"erased", counts.erased},
                                   {"foreign", counts.foreign},  {"refused", counts.problems.size()},
                                   {"dry_run", flags.dry_run}};
    for (const ResultProblem& problem : counts.problems)
      json["problems"].push_back(
          {{"clue", problem.clue}, {"reason", problem.reason}, {"message", problem.message}});
    Print(json.dump() + "\n");
    return;
  }
  Table table({flags.dry_run ? "WOULD BE" : "OUTCOME", "RECORDS"});
  table.AddRow({"new", std::to_string(counts.created)});
  table.AddRow({"changed", std::to_string(counts.changed)});
  table.AddRow({"unchanged", std::to_string(counts.unchanged)});
  table.AddRow({"deleted", std::to_string(counts.deleted)});
  if (counts.erased > 0) table.AddRow({"erased", std::to_string(counts.erased)});
  table.AddRow({"refused", std::to_string(counts.problems.size())});
  Print(table.ToText());
  if (counts.foreign > 0)
    Print(std::to_string(counts.foreign) + " records of the resource name no clue, and stay as they are\n");
  if (counts.problems.empty()) return;
  Table problems({"CLUE", "REASON", "WHY"});
  for (size_t i = 0; i < std::min(kShownProblems, counts.problems.size()); ++i)
    problems.AddRow({counts.problems[i].clue, counts.problems[i].reason, counts.problems[i].message});
  Print("\n" + problems.ToText());
}

absl::StatusOr<int> PublishRows(const ResultFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  const std::string resource = FullResourceName(flags.resource);
  ASSIGN_OR_RETURN(ResultPlan plan, PlanOf(*client, flags, resource, SystemClock().UtcUs()));
  ResultCounts counts{plan.created(),       plan.changed(), plan.unchanged(), plan.deletes().size(),
                      plan.erases().size(), plan.foreign(), plan.problems()};
  if (!flags.dry_run) {
    // What does not hold any more goes first: where the rest fails, less is said, and not more.
    RETURN_IF_ERROR(TakeAway(*client, resource, plan));
    RETURN_IF_ERROR(SendRecords(*client, resource, &plan, &counts));
  }
  PrintCounts(counts, flags, globals);
  return counts.problems.empty() ? kExitDone : kExitPartly;
}

absl::StatusOr<int> ListDeclaredResults(const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto response, ComparisonCalls(*client).ListResults({}));
  if (globals.json()) {
    for (const auto& result : response.results()) Print(JsonOf(result));
    return kExitDone;
  }
  if (response.results().empty()) {
    Print("no results; `hangou compare apply` brings some\n");
    return kExitDone;
  }
  Table table({"RESOURCE", "RULES", "STATES"});
  for (const auto& stored : response.results())
    table.AddRow({stored.result().resource(),
                  stored.result().rules().empty() ? "all" : JoinedNames(stored.result().rules()),
                  stored.result().removed()          ? "removed"
                  : stored.result().states().empty() ? "verified, recovered"
                                                     : JoinedNames(stored.result().states())});
  Print(table.ToText() + "\n" + SourcesText(response.results()));
  return kExitDone;
}

}  // namespace

std::string SourcesText(const google::protobuf::RepeatedPtrField<comparison_v1::StoredResult>& results) {
  std::string text;
  bool passes = false;
  for (const auto& stored : results) {
    Table table({"FIELD OF " + stored.result().resource(), "VALUE", "MADE OF"});
    for (const auto& source : stored.sources()) {
      passes = passes || !source.passed_on().empty();
      table.AddRow({source.field(), source.value(), MadeOfText(source)});
    }
    text += (text.empty() ? "" : "\n") + table.ToText();
  }
  return text + (passes ? "* is passed on as it is\n" : "");
}

void AddResultCommands(Flags compare, CommandLine* line) {
  auto flags = std::make_shared<ResultFlags>();
  const Flags publish =
      compare.Sub("publish", "Publish what rules have found as records of a resource (role publisher)");
  publish.Add("RESOURCE", &flags->resource, "resource of a result, such as tax.levy_gap").Required();
  publish.Add("--case", &flags->case_number, "case number");
  publish.Add("--dry-run", &flags->dry_run, "send nothing: show what would be");
  publish.Footer(
      "The records stand then as the clues do: what is new or has changed is sent, and what no clue holds "
      "any "
      "more is\n"
      "deleted, or erased where a record behind it was. A run that was interrupted is started again. Who may "
      "read them\n"
      "is decided by the grants on the resource.\n"
      "Exit code 0: all stands as it should; 3: some rows were not taken.\n\n"
      "Examples:\n"
      "  hangou compare publish tax.levy_gap --dry-run\n"
      "  hangou compare publish tax.levy_gap");
  publish.Callback(
      [flags, line] { line->action = [flags, line] { return PublishRows(*flags, line->globals); }; });
  const Flags results = compare.Sub("results", "List the results that go out, and what they are made of");
  results.Footer("Example:\n  hangou compare results");
  results.Callback([line] { line->action = [line] { return ListDeclaredResults(line->globals); }; });
}

}  // namespace hangou

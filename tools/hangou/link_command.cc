// hangou link: which records are about the same person or organisation, here, without an installation.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/link_tables.h"
#include "tools/hangou/progress.h"
#include "tools/hangou/table.h"

namespace hangou {
namespace {

constexpr int kMostThreads = 256;

struct LinkFlags {
  std::string rule;
  std::string left;
  std::string right;
  std::string links;
  std::string review;
  std::string entities;
  int32_t threads = 0;
  bool plan = false;
  bool model = false;
};

std::string Short(double value, const char* format) {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

// The blocks by their sizes; what stands in them is nobody's business here.
std::string SizesOf(const BlockingCount& count) {
  std::string sizes;
  for (const BlockSize& block : count.largest) {
    sizes += (sizes.empty() ? "" : " ") + std::to_string(block.left);
    if (block.right > 0) sizes += "x" + std::to_string(block.right);
  }
  return sizes;
}

nlohmann::ordered_json JsonOfPlan(const BlockingPlan& plan) {
  nlohmann::ordered_json json = {
      {"pairs", plan.pairs}, {"budget", plan.budget}, {"left_out", plan.dropped_pairs}};
  for (const BlockingCount& count : plan.rules) {
    nlohmann::ordered_json sizes = nlohmann::ordered_json::array();
    for (const BlockSize& block : count.largest) sizes.push_back({block.left, block.right, block.pairs});
    json["blocking"].push_back({{"name", count.name},
                                {"blocks", count.blocks},
                                {"pairs", count.pairs},
                                {"records_without", count.records_without},
                                {"largest", sizes},
                                {"blocks_left_out", count.dropped_blocks}});
  }
  return json;
}

void ShowPlan(const BlockingPlan& plan) {
  Table table({"BLOCKING", "BLOCKS", "PAIRS", "LARGEST BLOCKS", "RECORDS WITHOUT", "BLOCKS LEFT OUT"});
  for (const BlockingCount& count : plan.rules) {
    table.AddRow({count.name, std::to_string(count.blocks), std::to_string(count.pairs), SizesOf(count),
                  std::to_string(count.records_without), std::to_string(count.dropped_blocks)});
  }
  Print(table.ToText());
  Print("at most " + std::to_string(plan.pairs) + " pairs to compare, budget " + std::to_string(plan.budget) +
        "\n");
}

void ShowModel(const CompiledLinkage& rule, const LinkModel& model) {
  Table table({"COMPARISON", "OUTCOME", "AMONG MATCHES", "AMONG STRANGERS", "WEIGHT"});
  for (size_t i = 0; i < rule.comparisons.size(); ++i) {
    const ComparisonModel& learned = model.comparisons()[i];
    for (size_t outcome = 1; outcome < learned.m.size(); ++outcome) {
      table.AddRow({rule.comparisons[i].name, rule.comparisons[i].OutcomeName(outcome),
                    Short(learned.m[outcome], "%.4f"), Short(learned.u[outcome], "%.6f"),
                    Short(learned.weights[outcome], "%+.2f")});
    }
  }
  Print(table.ToText());
}

// What came of it, in numbers.
void ShowResult(const LinkageResult& result, const Globals& globals) {
  uint64_t links = 0, reviews = 0;
  for (const LinkedPair& pair : result.pairs) ++(pair.decision == LinkDecision::kLink ? links : reviews);
  const double seconds = result.seconds_exact + result.seconds_learning + result.seconds_scoring;
  if (globals.json()) {
    Print(nlohmann::ordered_json{{"exact", result.exact},
                                 {"links", links},
                                 {"review", reviews},
                                 {"compared", result.compared},
                                 {"crowded_identifiers", result.crowded},
                                 {"seconds", seconds}}
              .dump() +
          "\n");
    return;
  }
  if (result.crowded > 0) {
    Print(std::to_string(result.crowded) + " identifiers are shared by more than " +
          std::to_string(kIdentifierHolders) + " records, and link nobody\n");
  }
  Print(std::to_string(links) + " pairs linked, " + std::to_string(result.exact) +
        " of them by identifier; " + std::to_string(reviews) + " to review; " +
        std::to_string(result.compared) + " compared in " + Short(seconds, "%.2f") + " s\n");
}

class LinkJob {
 public:
  LinkJob(const LinkFlags& flags, const Globals& globals, const CompiledLinkage& rule)
      : flags_(flags), globals_(globals), rule_(rule), rows_(rule, DayInChina(SystemClock().UtcUs())) {}

  absl::StatusOr<int> Run() {
    RETURN_IF_ERROR(Read());
    if (flags_.plan) return Plan();
    const unsigned threads = flags_.threads > 0 ? static_cast<unsigned>(flags_.threads)
                                                : std::max(1U, std::thread::hardware_concurrency());
    Linker linker(rule_, &rows_, threads, [this](uint64_t done, uint64_t all) {
      progress_.Show(done, all == 0 ? 0 : static_cast<double>(done) / static_cast<double>(all));
    });
    const auto result = linker.Run();
    progress_.Clear();
    if (!result.ok()) return result.status();
    const RecordNames& right = rule_.one_table() ? left_names_ : right_names_;
    if (!flags_.links.empty())
      RETURN_IF_ERROR(
          WriteLinkedPairs(flags_.links, LinkDecision::kLink, linker, *result, left_names_, right));
    if (!flags_.review.empty())
      RETURN_IF_ERROR(
          WriteLinkedPairs(flags_.review, LinkDecision::kReview, linker, *result, left_names_, right));
    if (!flags_.entities.empty()) RETURN_IF_ERROR(WriteEntities(flags_.entities, *result, left_names_));
    if (flags_.model) ShowModel(rule_, *result->model);
    ShowResult(*result, globals_);
    return ExitCode();
  }

 private:
  absl::Status Read() {
    if (rule_.one_table() != flags_.right.empty()) {
      return MakeError(Reason::kInvalidRequest, rule_.one_table()
                                                    ? "a rule of the mode duplicates takes one table"
                                                    : "this rule links two tables: name the other one");
    }
    if (!flags_.entities.empty() && !rule_.one_table())
      return MakeError(Reason::kInvalidRequest, "--entities is for rules of the mode duplicates");
    ASSIGN_OR_RETURN(unread_, ReadLinkageTable(rule_, LinkageSide::kLeft, flags_.left, &rows_, &left_names_));
    if (rule_.one_table()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const uint64_t unread,
                     ReadLinkageTable(rule_, LinkageSide::kRight, flags_.right, &rows_, &right_names_));
    unread_ += unread;
    return absl::OkStatus();
  }
  absl::StatusOr<int> Plan() {
    const Blocks blocks(rule_, rows_);
    if (globals_.json()) {
      Print(JsonOfPlan(blocks.plan()).dump() + "\n");
    } else {
      ShowPlan(blocks.plan());
    }
    RETURN_IF_ERROR(blocks.CheckBudget());
    return ExitCode();
  }
  int ExitCode() const {
    if (unread_ == 0) return kExitDone;
    std::fprintf(stderr, "%llu rows cannot be read and are left out\n",
                 static_cast<unsigned long long>(unread_));
    return kExitPartly;
  }

  const LinkFlags& flags_;
  const Globals& globals_;
  const CompiledLinkage& rule_;
  LinkageRows rows_;
  RecordNames left_names_;
  RecordNames right_names_;
  uint64_t unread_ = 0;
  Progress progress_{"linking", "pairs"};
};

absl::StatusOr<int> RunLink(const LinkFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto declared, LoadLinkageRule(flags.rule));
  ASSIGN_OR_RETURN(const CompiledLinkage rule, CompileLinkage(declared));
  return LinkJob(flags, globals, rule).Run();
}

}  // namespace

void AddLinkCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<LinkFlags>();
  const Flags command =
      app.Sub("link", "Find records about the same person or organisation, without identifiers");
  command.Add("RULE", &flags->rule, "YAML file with a LinkageRule").Required();
  command.Add("LEFT", &flags->left, "table, CSV or a workbook").Required();
  command.Add("RIGHT", &flags->right, "the other table; not of a rule of the mode duplicates");
  command.Add("--links", &flags->links, "file for the linked pairs, with reasons: .csv or .ndjson");
  command.Add("--review", &flags->review, "file for the pairs that people decide");
  command.Add("--entities", &flags->entities, "of one table: file for the entity of each record");
  command.Add("--threads", &flags->threads, "threads; those of the machine").Within(1, kMostThreads);
  command.Add("--plan", &flags->plan, "tell how many pairs there would be, and compare none");
  command.Add("--model", &flags->model, "tell what was learned of each comparison");
  command.Footer(
      "Examples:\n  hangou link examples/linkage/companies.yaml a.csv b.csv --plan\n"
      "  hangou link examples/linkage/companies.yaml a.csv b.csv --links links.csv --review review.csv");
  command.Callback(
      [flags, line] { line->action = [flags, line] { return RunLink(*flags, line->globals); }; });
}

}  // namespace hangou

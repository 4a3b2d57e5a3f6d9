// hangou reconcile: compares a department's file with what is stored.
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/file_flags.h"
#include "tools/hangou/progress.h"
#include "tools/hangou/publish_preview.h"
#include "tools/hangou/reconciliation.h"
#include "tools/hangou/table.h"

namespace hangou {
namespace {

// Buckets that are shown: the first tell what is wrong.
constexpr size_t kShownDifferences = 50;

int64_t Total(const std::map<RecordBucket, BucketTotals>& buckets) {
  int64_t records = 0;
  for (const auto& [bucket, totals] : buckets) records += totals.records;
  return records;
}

std::string DayText(int32_t day) { return day == 0 ? "-" : FormatDay(day); }

void ShowText(const SourceTotals& source, const StoredTotals& stored,
              const std::vector<BucketDifference>& differences) {
  Table totals({"WHAT", "RECORDS"});
  totals.AddRow({"rows of the file", std::to_string(source.rows)});
  totals.AddRow({"refused at the door", std::to_string(source.refused)});
  totals.AddRow({"repeated in the file", std::to_string(source.repeated)});
  totals.AddRow({"to be stored", std::to_string(Total(source.buckets))});
  totals.AddRow({"stored", std::to_string(Total(stored.buckets))});
  totals.AddRow({"deleted", std::to_string(stored.deleted)});
  totals.AddRow({"recalled", std::to_string(stored.recalled)});
  Print(totals.ToText());
  if (!source.by_reason.empty()) {
    Table reasons({"REFUSED FOR", "ROWS"});
    for (const auto& [reason, rows] : source.by_reason) reasons.AddRow({reason, std::to_string(rows)});
    Print("\n" + reasons.ToText());
  }
  if (!stored.broken_rules.empty()) {
    Table rules({"STORED RECORDS BREAK", "FIELD", "RULE", "RECORDS"});
    for (const auto& rule : stored.broken_rules)
      rules.AddRow({rule.reason(), rule.field(), rule.message(), std::to_string(rule.records())});
    Print("\n" + rules.ToText());
  }
  if (differences.empty()) {
    Print("\nno difference\n");
    return;
  }
  Table table({"DAY", "DIVISION", "FILE", "STORED"});
  for (size_t i = 0; i < std::min(differences.size(), kShownDifferences); ++i) {
    const BucketDifference& line = differences[i];
    table.AddRow({DayText(line.bucket.day), line.bucket.division.empty() ? "-" : line.bucket.division,
                  std::to_string(line.source), std::to_string(line.stored)});
  }
  Print("\n" + std::to_string(differences.size()) + " days and divisions differ" +
        (differences.size() > kShownDifferences ? "; the first 50:\n" : ":\n") + table.ToText());
}

void ShowJson(const SourceTotals& source, const StoredTotals& stored,
              const std::vector<BucketDifference>& differences) {
  nlohmann::ordered_json json = {{"rows", source.rows},
                                 {"refused", source.refused},
                                 {"repeated", source.repeated},
                                 {"source_records", Total(source.buckets)},
                                 {"stored_records", Total(stored.buckets)},
                                 {"deleted", stored.deleted},
                                 {"recalled", stored.recalled},
                                 {"refused_by_reason", source.by_reason},
                                 {"broken_rules", nlohmann::ordered_json::array()},
                                 {"differences", nlohmann::ordered_json::array()}};
  for (const auto& rule : stored.broken_rules) {
    json["broken_rules"].push_back({{"reason", rule.reason()},
                                    {"field", rule.field()},
                                    {"message", rule.message()},
                                    {"records", rule.records()}});
  }
  for (const BucketDifference& line : differences) {
    json["differences"].push_back({{"day", DayText(line.bucket.day)},
                                   {"division", line.bucket.division},
                                   {"source", line.source},
                                   {"stored", line.stored}});
  }
  Print(json.dump() + "\n");
}

absl::StatusOr<int> ReconcileFile(const FileFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const PublishJob job, JobOf(flags));
  ASSIGN_OR_RETURN(const auto schema, SchemaWithCodes(*client, job.resource));
  Progress progress("reconciling");
  const auto show = [&](uint64_t rows, double part) { progress.Show(rows, part); };
  ASSIGN_OR_RETURN(const SourceTotals source, ReadSource(job, schema, show));
  ASSIGN_OR_RETURN(const StoredTotals stored, ReadStored(*client, job.resource, show));
  progress.Clear();
  const auto differences = Differences(source, stored);
  if (globals.json()) {
    ShowJson(source, stored, differences);
  } else {
    ShowText(source, stored, differences);
  }
  return differences.empty() ? kExitDone : kExitPartly;
}

}  // namespace

void AddReconcileCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<FileFlags>();
  const Flags command = app.Sub("reconcile", "Compare a file with what is stored (role publisher)");
  AddFileFlags(command, flags.get());
  command.Footer(
      "The file is to hold all that the department has of the resource. Counts and digests are compared per "
      "day (of\n"
      "the version field, else of the event time) and division; and stored records that break rules of the "
      "newest\n"
      "schema are counted. Exit code 0: no difference; 3: there is one.\n\n"
      "Example:\n"
      "  hangou reconcile psb.resident residents.csv");
  command.Callback(
      [flags, line] { line->action = [flags, line] { return ReconcileFile(*flags, line->globals); }; });
}

}  // namespace hangou

// hangou publish: sends a file, or shows what it would send.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/file_flags.h"
#include "tools/hangou/progress.h"
#include "tools/hangou/publish_job.h"
#include "tools/hangou/publish_preview.h"
#include "tools/hangou/publish_report.h"
#include "tools/hangou/table.h"

namespace hangou {
namespace {

struct PublishFlags {
  FileFlags file;
  std::string request_prefix = "hangou";
  std::string rejected;
  bool preview = false;
  uint64_t rows = 0;
  std::string write_mapping;
};

std::string CountsText(const PublishCounts& counts) {
  Table table({"OUTCOME", "ROWS"});
  table.AddRow({"accepted", std::to_string(counts.accepted)});
  table.AddRow({"duplicate", std::to_string(counts.duplicate)});
  table.AddRow({"stale", std::to_string(counts.stale)});
  table.AddRow({"conflict", std::to_string(counts.conflict)});
  table.AddRow({"refused", std::to_string(counts.refused)});
  std::string text = table.ToText();
  if (!counts.by_reason.empty()) {
    Table reasons({"REASON", "ROWS"});
    for (const auto& [reason, rows] : counts.by_reason) reasons.AddRow({reason, std::to_string(rows)});
    text += "\n" + reasons.ToText();
  }
  return text;
}

void Report(const Globals& globals, const PublishResult& result, double seconds) {
  if (globals.json()) {
    Print(PublishReportJson(result, seconds) + "\n");
    return;
  }
  Print(CountsText(result.counts));
  const uint64_t sent = result.counts.rows - result.resumed_rows;
  std::fprintf(stderr, "%llu rows in %.1f s (%.0f rows/s)\n", static_cast<unsigned long long>(sent), seconds,
               static_cast<double>(sent) / std::max(seconds, 0.001));
  if (result.resumed_rows > 0) {
    std::fprintf(stderr, "%llu rows before them were done by a run that was interrupted\n",
                 static_cast<unsigned long long>(result.resumed_rows));
  }
  if (!result.rejected.empty()) {
    std::fprintf(stderr, "%llu rows were not taken: see %s, correct them and publish that file\n",
                 static_cast<unsigned long long>(result.counts.refused + result.counts.conflict),
                 result.rejected.c_str());
  }
}

absl::StatusOr<int> Preview(const PublishFlags& flags, const PublishJob& job, Client& client,
                            const Globals& globals) {
  ASSIGN_OR_RETURN(const auto schema, SchemaWithCodes(client, job.resource));
  ASSIGN_OR_RETURN(const PublishPreview preview, PreviewJob(job, schema, flags.rows));
  Print(globals.json() ? PreviewJson(preview) : PreviewText(preview, OutputColumns()));
  return preview.refused > 0 ? kExitPartly : kExitDone;
}

absl::StatusOr<int> WriteMapping(const PublishFlags& flags, const PublishJob& job, Client& client) {
  ASSIGN_OR_RETURN(const auto schema, client.Schema(job.resource));
  ASSIGN_OR_RETURN(const auto input, TableInput::Open(job.input));
  RETURN_IF_ERROR(
      WriteFileDurably(flags.write_mapping, MappingToStartFrom(*schema, input->rows().columns()), 0644));
  return kExitDone;
}

absl::StatusOr<int> Publish(const PublishFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(PublishJob job, JobOf(flags.file));
  job.request_prefix = flags.request_prefix;
  job.rejected = flags.rejected;
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  if (!flags.write_mapping.empty()) return WriteMapping(flags, job, *client);
  if (flags.preview) return Preview(flags, job, *client, globals);
  Progress progress("publishing");
  ASSIGN_OR_RETURN(const PublishResult result,
                   RunPublishJob(
                       *client, job, [&](uint64_t rows, double part) { progress.Show(rows, part); },
                       [] { return false; }));
  progress.Clear();
  Report(globals, result, progress.seconds());
  RETURN_IF_ERROR(result.status);
  return result.counts.refused + result.counts.conflict > 0 ? kExitPartly : kExitDone;
}

constexpr char kPublishFooter[] =
    "FILE is CSV (in UTF-8, UTF-16 or GB 18030), NDJSON or a workbook (.xlsx). Columns are named by field or "
    "Chinese\n"
    "title; beside them @version, @generation and @event_time of the record. Money is in yuan (1234.50), "
    "dates are\n"
    "2026-01-31; a mapping says where a file has other names, units, dates or codes.\n"
    "The same file published again counts as duplicate. A run that is interrupted goes on where it was when "
    "it is\n"
    "started again: FILE.progress remembers that meanwhile.\n"
    "Exit code 0: all rows are taken; 3: some are not, see the file of rejected rows.\n\n"
    "Examples:\n"
    "  hangou publish psb.resident residents.csv\n"
    "  hangou publish psb.resident residents.xlsx --write-mapping residents.yaml\n"
    "  hangou publish psb.resident residents.xlsx --mapping residents.yaml --preview\n"
    "  hangou publish psb.resident residents.xlsx --mapping residents.yaml\n"
    "  zcat residents.ndjson.gz | hangou publish psb.resident - --rejected bad.csv";

}  // namespace

void AddPublishCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<PublishFlags>();
  const Flags command = app.Sub("publish", "Publish the rows of a CSV, NDJSON or Excel file");
  AddFileFlags(command, &flags->file);
  command.Add("--request-prefix", &flags->request_prefix,
              "begins the request ids (at most 16 characters), to tell them apart");
  command.Add("--rejected", &flags->rejected, "file for the rows that are not taken; FILE.rejected.csv");
  command.Add("--preview", &flags->preview,
              "send nothing: show how columns map, the first rows, and how many would be refused");
  command.Add("--rows", &flags->rows, "rows that a preview checks; all");
  command.Add("--write-mapping", &flags->write_mapping, "send nothing: write a mapping to start from");
  command.Footer(kPublishFooter);
  command.Callback(
      [flags, line] { line->action = [flags, line] { return Publish(*flags, line->globals); }; });
}

}  // namespace hangou

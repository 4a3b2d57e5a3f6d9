// hangou publish: sends a CSV or NDJSON file.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/file_publish.h"
#include "tools/hangou/progress.h"
#include "tools/hangou/table.h"

namespace hangou {
namespace {

struct PublishFlags {
  std::string resource;
  std::string file;
  std::string request_prefix = "hangou";
  std::string rejected;
};

// The published file: its stream, and what progress can be measured against.
struct Input {
  std::ifstream file;
  std::istream* stream = nullptr;
  uint64_t bytes = 0;  // 0: not known
};

absl::Status Open(const std::string& path, Input* input) {
  if (path == "-") {
    std::ios::sync_with_stdio(false);
    input->stream = &std::cin;
    return absl::OkStatus();
  }
  input->file.open(path, std::ios::binary);
  std::error_code error;
  if (!input->file.is_open() || std::filesystem::is_directory(path, error)) {
    return MakeError(Reason::kInvalidRequest, "the file " + path + " cannot be opened");
  }
  input->bytes = std::filesystem::file_size(path, error);
  if (error) input->bytes = 0;
  input->stream = &input->file;
  return absl::OkStatus();
}

// By the name; without one, a stream that begins with a brace is NDJSON.
bool IsNdjson(const std::string& path, std::istream& stream) {
  const std::string extension = std::filesystem::path(path).extension();
  if (extension == ".csv") return false;
  if (extension == ".ndjson" || extension == ".jsonl") return true;
  return (stream >> std::ws).peek() == '{';
}

absl::StatusOr<std::unique_ptr<RowSource>> OpenRows(const std::string& path, std::istream& stream) {
  if (IsNdjson(path, stream)) return OpenNdjson(stream);
  return OpenCsv(stream);
}

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

std::string CountsJson(const PublishCounts& counts, const RejectedFile& rejected, double seconds) {
  nlohmann::ordered_json json = {{"rows", counts.rows},           {"accepted", counts.accepted},
                                 {"duplicate", counts.duplicate}, {"stale", counts.stale},
                                 {"conflict", counts.conflict},   {"refused", counts.refused},
                                 {"by_reason", counts.by_reason}, {"seconds", seconds}};
  if (rejected.rows() > 0) json["rejected_file"] = rejected.path();
  return json.dump() + "\n";
}

void Report(const Globals& globals, const PublishCounts& counts, const RejectedFile& rejected,
            double seconds) {
  if (globals.json()) {
    Print(CountsJson(counts, rejected, seconds));
    return;
  }
  Print(CountsText(counts));
  std::fprintf(stderr, "%llu rows in %.1f s (%.0f rows/s)\n", static_cast<unsigned long long>(counts.rows),
               seconds, static_cast<double>(counts.rows) / std::max(seconds, 0.001));
  if (rejected.rows() > 0) {
    std::fprintf(stderr, "%llu rows were not taken: see %s, correct them and publish that file\n",
                 static_cast<unsigned long long>(rejected.rows()), rejected.path().c_str());
  }
}

absl::StatusOr<int> Publish(const PublishFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  PublisherOptions options;
  options.resource = FullResourceName(flags.resource);
  options.request_prefix = flags.request_prefix;
  options.give_up_ms = client->timeout_ms();
  ASSIGN_OR_RETURN(const auto schema, client->Schema(options.resource));
  // Where arrival is the version, two batches under way could change places.
  if (!schema->versioned_by_source()) options.unanswered_batches = 1;
  Input input;
  RETURN_IF_ERROR(Open(flags.file, &input));
  ASSIGN_OR_RETURN(const auto rows, OpenRows(flags.file, *input.stream));
  ASSIGN_OR_RETURN(const RowEncoder encoder, RowEncoder::Make(schema, rows->columns()));
  const std::string beside = (flags.file == "-" ? std::string("stdin") : flags.file) + ".rejected.csv";
  RejectedFile rejected(flags.rejected.empty() ? beside : flags.rejected, std::string(rows->header()));
  if (std::error_code none; std::filesystem::equivalent(rejected.path(), flags.file, none)) {
    return MakeError(Reason::kInvalidRequest,
                     "the file of rejected rows must be another than the published one");
  }
  FilePublication run(encoder, rejected);
  ASSIGN_OR_RETURN(const auto publisher,
                   Publisher::Open(*client, options,
                                   [&](uint64_t tag, const auto& outcome) { run.OnOutcome(tag, outcome); }));
  Progress progress(input.bytes);
  const absl::Status published =
      run.Run(*rows, *publisher, [&] { progress.Show(run.counts().rows, rows->consumed()); });
  progress.Clear();
  const absl::Status closed = rejected.Close();
  Report(globals, run.counts(), rejected, progress.seconds());
  if (!published.ok()) return published;
  RETURN_IF_ERROR(closed);
  return run.counts().refused + run.counts().conflict > 0 ? kExitPartly : kExitDone;
}

}  // namespace

void AddPublishCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<PublishFlags>();
  const Flags command = app.Sub("publish", "Publish the rows of a CSV or NDJSON file");
  command.Add("RESOURCE", &flags->resource, "resource, such as psb.resident").Required();
  command.Add("FILE", &flags->file, "file.csv, file.ndjson, or - for standard input").Required();
  command.Add("--request-prefix", &flags->request_prefix,
              "begins the request ids (at most 16 characters): another prefix is another sending");
  command.Add("--rejected", &flags->rejected, "file for the rows that are not taken; FILE.rejected.csv");
  command.Footer(
      "Columns are named by field or Chinese title; beside them @version, @generation and @event_time of the "
      "record.\n"
      "Money is in yuan (1234.50), dates are 2026-01-31. The same file published again counts as duplicate.\n"
      "Exit code 0: all rows are taken; 3: some are not, see the file of rejected rows.\n\n"
      "Examples:\n"
      "  hangou publish psb.resident residents.csv\n"
      "  zcat residents.ndjson.gz | hangou publish psb.resident - --rejected bad.csv");
  command.Callback(
      [flags, line] { line->action = [flags, line] { return Publish(*flags, line->globals); }; });
}

}  // namespace hangou

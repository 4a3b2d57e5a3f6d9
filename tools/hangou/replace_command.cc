// hangou replace: publishes a full export, then deletes what it lacks.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/file_flags.h"
#include "tools/hangou/progress.h"
#include "tools/hangou/publish_report.h"
#include "tools/hangou/table.h"

namespace hangou {

namespace base_library_v1 = hangou::base_library::v1;

namespace {

struct ReplaceFlags {
  FileFlags file;
  uint64_t generation = 0;
  bool confirmed = false;
};

// Asks page after page until what the export lacks is deleted.
absl::StatusOr<base_library_v1::CompleteReplaceResponse> Complete(Client& client, const ReplaceFlags& flags) {
  base_library_v1::CompleteReplaceRequest request;
  request.set_resource(FullResourceName(flags.file.resource));
  request.set_generation(flags.generation);
  request.set_confirmed(flags.confirmed);
  Progress progress("completing");
  for (;;) {
    ASSIGN_OR_RETURN(const auto response, client.CompleteReplace(request));
    if (response.next_page_token().empty()) {
      progress.Clear();
      return response;
    }
    progress.Show(static_cast<uint64_t>(response.records()), response.progress());
    request.set_page_token(response.next_page_token());
  }
}

absl::StatusOr<int> Replace(const ReplaceFlags& flags, const Globals& globals) {
  if (flags.generation == 0) return UsageError("give --generation, above that of the last full export");
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(PublishJob job, JobOf(flags.file));
  job.generation = flags.generation;
  job.request_prefix = "g" + std::to_string(flags.generation);
  Progress progress("publishing");
  ASSIGN_OR_RETURN(const PublishResult result,
                   RunPublishJob(
                       *client, job, [&](uint64_t rows, double part) { progress.Show(rows, part); },
                       [] { return false; }));
  progress.Clear();
  RETURN_IF_ERROR(result.status);
  const PublishCounts& counts = result.counts;
  // A row that was not taken would be deleted as if the export lacked it.
  const uint64_t open = counts.refused + counts.conflict + counts.stale;
  if (open > 0) {
    std::fprintf(
        stderr,
        "%llu rows were not taken, so nothing is deleted: correct them%s%s, and replace again with the whole "
        "file and the same generation\n",
        static_cast<unsigned long long>(open), result.rejected.empty() ? "" : ", see ",
        result.rejected.c_str());
    return kExitPartly;
  }
  ASSIGN_OR_RETURN(const auto completed, Complete(*client, flags));
  if (globals.json()) {
    const nlohmann::ordered_json json = {{"rows", counts.rows},
                                         {"accepted", counts.accepted},
                                         {"duplicate", counts.duplicate},
                                         {"records_before", completed.records()},
                                         {"deleted", completed.deleted()}};
    Print(json.dump() + "\n");
    return kExitDone;
  }
  Table table({"OUTCOME", "ROWS"});
  table.AddRow({"accepted", std::to_string(counts.accepted)});
  table.AddRow({"duplicate", std::to_string(counts.duplicate)});
  table.AddRow({"deleted", std::to_string(completed.deleted())});
  Print(table.ToText());
  return kExitDone;
}

}  // namespace

void AddReplaceCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<ReplaceFlags>();
  const Flags command = app.Sub("replace", "Publish a full export and delete what it lacks (role publisher)");
  AddFileFlags(command, &flags->file);
  command.Add("--generation", &flags->generation, "number of the export, above that of the last").Required();
  command.Add("--confirm", &flags->confirmed, "delete also where more than 20 % of the records would go");
  command.Footer(
      "Nothing is deleted before every row is taken and every record is counted. A run that was interrupted "
      "is\n"
      "started again with the same file and generation. From then on, rows that state a lower @generation "
      "are stale.\n\n"
      "Example:\n"
      "  hangou replace psb.household households.csv --generation 2");
  command.Callback(
      [flags, line] { line->action = [flags, line] { return Replace(*flags, line->globals); }; });
}

}  // namespace hangou

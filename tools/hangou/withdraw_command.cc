// hangou withdraw: takes back what a file published.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "libs/base/clock.h"
#include "libs/base/keys.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/file_flags.h"
#include "tools/hangou/outcome_view.h"
#include "tools/hangou/progress.h"
#include "tools/hangou/publish_preview.h"
#include "tools/hangou/reconciliation.h"
#include "tools/hangou/table.h"

namespace hangou {

namespace base_library_v1 = hangou::base_library::v1;

namespace {

// What became of the rows.
struct WithdrawCounts {
  uint64_t rows = 0;
  uint64_t withdrawn = 0;
  uint64_t not_stored = 0;  // something else is stored, or nothing
  uint64_t failed = 0;      // could not be read, or was refused: say again
  uint64_t repeated = 0;    // of the failed ones: a row before it is of the same record

  void Count(const base_library_v1::RecordOutcome& outcome) {
    const bool nothing = outcome.outcome() == base_library_v1::OUTCOME_STALE ||
                         (outcome.violations_size() > 0 &&
                          outcome.violations(0).reason() == ReasonName(Reason::kObjectNotFound));
    if (outcome.outcome() == base_library_v1::OUTCOME_ACCEPTED) {
      ++withdrawn;
    } else {
      ++(nothing ? not_stored : failed);
    }
  }
};

// Tells the rows whose record the file has had before. A withdrawal of both would serve the first of them again, which
// was to be taken back too: it would have to come before the other, as the last row of the record that was published.
class RecordsSeen {
 public:
  explicit RecordsSeen(std::shared_ptr<const ResourceSchema> schema) : schema_(std::move(schema)) {}

  bool Repeats(const hangou::record::v1::Record& record) {
    AdmittedRecord admitted;
    // What the door refuses has no identity, and is told by it.
    if (!AdmitPayload(*schema_, record.payload(), SystemClock().UtcUs(), &slices_, &admitted, &violations_))
      return false;
    return !identities_.insert(IdentityOf(admitted)).second;
  }

 private:
  const std::shared_ptr<const ResourceSchema> schema_;
  std::unordered_set<uint64_t> identities_;
  std::vector<FieldSlice> slices_;
  std::vector<FieldViolation> violations_;
};

absl::Status SendWithdrawal(Client& client, base_library_v1::PublishRequest* request,
                            WithdrawCounts* counts) {
  if (request->records().empty()) return absl::OkStatus();
  request->set_request_id("withdraw-" + Hex(RandomBytes(kRandomIdBytes)));
  ASSIGN_OR_RETURN(const auto response, client.Withdraw(*request));
  if (response.has_refused()) {
    return MakeError(ReasonFromName(response.refused().reason()).value_or(Reason::kInternal),
                     response.refused().message());
  }
  for (const auto& outcome : response.outcomes()) counts->Count(outcome);
  request->clear_records();
  return absl::OkStatus();
}

absl::StatusOr<WithdrawCounts> WithdrawRows(Client& client, const PublishJob& job) {
  ASSIGN_OR_RETURN(const auto schema, SchemaWithCodes(client, job.resource));
  ASSIGN_OR_RETURN(const OpenedJob opened, OpenJob(job, schema));
  base_library_v1::PublishRequest request;
  request.set_resource(schema->name());
  WithdrawCounts counts;
  RecordsSeen seen(schema);
  Progress progress("withdrawing");
  size_t bytes = 0;
  Row row;
  for (;;) {
    ASSIGN_OR_RETURN(const bool some, opened.input->rows().Next(&row));
    if (!some) break;
    ++counts.rows;
    hangou::record::v1::Record record;
    RowProblem problem;
    if (!opened.encoder->Encode(row, &record, &problem)) {
      ++counts.failed;
      continue;
    }
    if (seen.Repeats(record)) {
      ++counts.failed;
      ++counts.repeated;
      continue;
    }
    const size_t size = record.ByteSizeLong();
    const bool full = static_cast<size_t>(request.records_size()) == limits::kBatchRecords ||
                      bytes + size > limits::kBatchBytes / 2;
    if (full) {
      RETURN_IF_ERROR(SendWithdrawal(client, &request, &counts));
      bytes = 0;
      progress.Show(counts.rows, opened.input->PartRead());
    }
    bytes += size;
    *request.add_records() = std::move(record);
  }
  RETURN_IF_ERROR(SendWithdrawal(client, &request, &counts));
  progress.Clear();
  return counts;
}

absl::StatusOr<int> Withdraw(const FileFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const PublishJob job, JobOf(flags));
  ASSIGN_OR_RETURN(const WithdrawCounts counts, WithdrawRows(*client, job));
  if (counts.repeated > 0) {
    std::fprintf(stderr,
                 "%llu rows are of a record that a row before them is of, and were not withdrawn: withdraw "
                 "them one by "
                 "one,\nthe last row of the file first\n",
                 static_cast<unsigned long long>(counts.repeated));
  }
  if (globals.json()) {
    const nlohmann::ordered_json json = {{"rows", counts.rows},
                                         {"withdrawn", counts.withdrawn},
                                         {"not_stored", counts.not_stored},
                                         {"failed", counts.failed},
                                         {"repeated", counts.repeated}};
    Print(json.dump() + "\n");
  } else {
    Table table({"OUTCOME", "ROWS"});
    table.AddRow({"withdrawn", std::to_string(counts.withdrawn)});
    table.AddRow({"not stored", std::to_string(counts.not_stored)});
    table.AddRow({"failed", std::to_string(counts.failed)});
    Print(table.ToText());
  }
  return counts.failed > 0 ? kExitPartly : kExitDone;
}

}  // namespace

void AddWithdrawCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<FileFlags>();
  const Flags command = app.Sub("withdraw", "Take back what a file published (role publisher)");
  AddFileFlags(command, flags.get());
  command.Footer(
      "Give the very file that was published last: where a row of it is what is stored now, what was there "
      "before is\n"
      "served again, or the record is recalled where there was nothing. Rows that something newer has "
      "replaced stay.\n"
      "Of a record with several rows only the first is tried.\n"
      "Exit code 0: every row was withdrawn or is not stored; 3: some could not be taken back.\n\n"
      "Example:\n"
      "  hangou withdraw psb.resident residents.csv");
  command.Callback(
      [flags, line] { line->action = [flags, line] { return Withdraw(*flags, line->globals); }; });
}

}  // namespace hangou

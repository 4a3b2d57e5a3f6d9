#include "tools/hangou/publish_job.h"

#include <filesystem>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/client/publisher.h"
#include "tools/hangou/resume_file.h"

namespace hangou {
namespace {

// All that decides what the rows become.
std::string WayOf(const PublishJob& job, const TableInput& input) {
  return job.resource + "\n" + std::to_string(job.generation) + "\n" + job.request_prefix + "\n" +
         input.Description() + "\n" + job.mapping_text;
}

std::string RejectedPathOf(const PublishJob& job) {
  if (!job.rejected.empty()) return job.rejected;
  return (job.input.path == "-" ? std::string("stdin") : job.input.path) + ".rejected.csv";
}

absl::StatusOr<std::unique_ptr<Publisher>> OpenPublisher(Client& client, const PublishJob& job,
                                                         const std::string& sending,
                                                         const ResourceSchema& schema, FilePublication& run,
                                                         const std::function<bool()>& stop) {
  PublisherOptions options;
  options.sending = sending;
  options.resource = job.resource;
  options.request_prefix = job.request_prefix;
  options.give_up_ms = client.timeout_ms();
  // Where arrival is the version, two batches under way could change places.
  if (!schema.versioned_by_source()) options.unanswered_batches = 1;
  return Publisher::Open(client, options, [&run, stop](uint64_t tag, const auto& outcome) {
    run.OnOutcome(tag, outcome);
    stop();  // the answer counts at the next row; who is asked sees that the work goes on
  });
}

}  // namespace

absl::Status AddMapping(const std::string& path, PublishJob* job) {
  ASSIGN_OR_RETURN(job->mapping_text, ReadFile(path, kMappingBytes));
  ASSIGN_OR_RETURN(job->mapping, ParseMapping(job->mapping_text, path));
  if (!job->mapping.resource.empty() && FullResourceName(job->mapping.resource) != job->resource) {
    return MakeError(Reason::kInvalidRequest, "the mapping " + path + " is for " + job->mapping.resource);
  }
  job->input.usual_encoding = job->mapping.encoding;
  job->input.usual_sheet = job->mapping.sheet;
  return absl::OkStatus();
}

absl::StatusOr<OpenedJob> OpenJob(const PublishJob& job, std::shared_ptr<const ResourceSchema> schema) {
  OpenedJob opened;
  ASSIGN_OR_RETURN(opened.input, TableInput::Open(job.input));
  ASSIGN_OR_RETURN(RowEncoder encoder,
                   RowEncoder::Make(std::move(schema), opened.input->rows().columns(), job.mapping));
  opened.encoder = std::make_shared<const RowEncoder>(std::move(encoder));
  return opened;
}

absl::StatusOr<PublishResult> RunPublishJob(Client& client, const PublishJob& job,
                                            const OnPublishProgress& progress,
                                            const std::function<bool()>& stop) {
  ASSIGN_OR_RETURN(const auto schema, client.NewestSchema(job.resource));
  ASSIGN_OR_RETURN(const OpenedJob opened, OpenJob(job, schema));
  TableInput& input = *opened.input;
  RejectedFile rejected(RejectedPathOf(job), std::string(input.rows().header()));
  if (std::error_code none; std::filesystem::equivalent(rejected.path(), job.input.path, none)) {
    return MakeError(Reason::kInvalidRequest,
                     "the file of rejected rows must be another than the published one");
  }
  const ResumeFile resume(job.input.path, WayOf(job, input));
  ResumePoint begin = resume.Load().value_or(ResumePoint());
  // Without the refused rows of the earlier run its counts would name rows that nobody finds.
  if (!rejected.Resume(begin.rejected_rows, begin.rejected_bytes).ok()) begin = ResumePoint();
  if (begin.sending.empty()) {
    begin.sending = NewSending();
    // Known before anything is sent: what is killed and goes on is the same sending.
    RETURN_IF_ERROR(resume.Save(begin));
  }
  FilePublication run(*opened.encoder, rejected, job.generation);
  ASSIGN_OR_RETURN(const auto publisher, OpenPublisher(client, job, begin.sending, *schema, run, stop));
  const auto on_stop = [&](const PublishCounts& counts) -> absl::Status {
    ASSIGN_OR_RETURN(const uint64_t bytes, rejected.Sync());
    RETURN_IF_ERROR(resume.Save({begin.sending, counts, rejected.rows(), bytes}));
    return stop() ? MakeError(Reason::kDraining, "told to stop; the next run goes on here")
                  : absl::OkStatus();
  };
  PublishResult result;
  result.resumed_rows = begin.counts.rows;
  result.status = run.Run(input.rows(), *publisher, begin.counts,
                          {[&] { progress(run.counts().rows, input.PartRead()); }, stop, on_stop});
  const absl::Status closed = rejected.Close();
  if (result.status.ok()) result.status = closed;
  if (result.status.ok()) result.status = resume.Remove();
  result.counts = run.counts();
  if (rejected.rows() > 0) result.rejected = rejected.path();
  return result;
}

}  // namespace hangou

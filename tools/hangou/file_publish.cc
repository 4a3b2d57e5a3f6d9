#include "tools/hangou/file_publish.h"

#include "libs/base/status.h"

namespace hangou {

namespace base_library_v1 = hangou::base_library::v1;
using hangou::record::v1::Violation;

namespace {

// The first violation names reason and field; the messages of all of them help to correct the row at once.
RowProblem ProblemOf(const base_library_v1::RecordOutcome& outcome) {
  RowProblem problem;
  for (const Violation& violation : outcome.violations()) {
    if (problem.reason.empty()) {
      problem = {violation.reason(), violation.field(), violation.message()};
    } else {
      problem.message +=
          "; " + (violation.field().empty() ? "" : violation.field() + ": ") + violation.message();
    }
  }
  const bool conflict = outcome.outcome() == base_library_v1::OUTCOME_CONFLICT;
  if (problem.reason.empty()) problem.reason = conflict ? "VERSION_CONFLICT" : "INTERNAL";
  if (problem.message.empty()) {
    const auto reason = ReasonFromName(problem.reason);
    if (reason) problem.message = std::string(ReasonAdvice(*reason));
  }
  return problem;
}

}  // namespace

absl::Status FilePublication::Run(RowSource& source, Publisher& publisher, const PublishCounts& done,
                                  const Hooks& hooks) {
  counts_ = done;
  RETURN_IF_ERROR(PassOver(source, done.rows, hooks));
  publisher.NumberFrom(counts_.rows);
  Row row;
  for (;;) {
    ASSIGN_OR_RETURN(const bool some, source.Next(&row));
    if (!some) break;
    RETURN_IF_ERROR(Send(row, publisher));
    RETURN_IF_ERROR(file_status_);
    hooks.on_row();
    bytes_ += row.raw.size();
    const bool due = counts_.rows % kRowsBetweenStops == 0 || bytes_ >= kBytesBetweenStops;
    if (due || hooks.stops()) RETURN_IF_ERROR(Stop(publisher, hooks));
  }
  RETURN_IF_ERROR(publisher.Finish());
  return file_status_;
}

absl::Status FilePublication::PassOver(RowSource& source, uint64_t rows, const Hooks& hooks) {
  Row row;
  for (uint64_t read = 0; read < rows; ++read) {
    ASSIGN_OR_RETURN(const bool some, source.Next(&row));
    if (!some) break;
    if (hooks.stops()) RETURN_IF_ERROR(hooks.on_stop(counts_));
  }
  return absl::OkStatus();
}

// Between two stops there are fewer batches than rows, so that no number is given twice.
absl::Status FilePublication::Stop(Publisher& publisher, const Hooks& hooks) {
  RETURN_IF_ERROR(publisher.Finish());
  RETURN_IF_ERROR(file_status_);
  publisher.NumberFrom(counts_.rows);
  bytes_ = 0;
  return hooks.on_stop(counts_);
}

absl::Status FilePublication::Send(const Row& row, Publisher& publisher) {
  hangou::record::v1::Record record;
  RowProblem problem;
  const uint64_t tag = counts_.rows++;
  if (!encoder_.Encode(row, &record, &problem)) {
    Refuse(row.line, problem, row.raw);
    return absl::OkStatus();
  }
  if (generation_ != 0) record.set_generation(generation_);
  waiting_[tag] = {row.line, row.raw};
  const absl::Status added = publisher.Add(std::move(record), tag);
  if (ReasonOf(added) != Reason::kRecordTooLarge) return added;
  waiting_.erase(tag);
  problem = {"RECORD_TOO_LARGE", "", std::string(Message(added))};
  Refuse(row.line, problem, row.raw);
  return absl::OkStatus();
}

void FilePublication::OnOutcome(uint64_t tag, const base_library_v1::RecordOutcome& outcome) {
  const auto row = waiting_.extract(tag);
  switch (outcome.outcome()) {
    case base_library_v1::OUTCOME_ACCEPTED:
      ++counts_.accepted;
      return;
    case base_library_v1::OUTCOME_DUPLICATE:
      ++counts_.duplicate;
      return;
    case base_library_v1::OUTCOME_STALE:
      ++counts_.stale;
      return;
    default:
      break;
  }
  const RowProblem problem = ProblemOf(outcome);
  Refuse(row.mapped().line, problem, row.mapped().raw);
  if (outcome.outcome() == base_library_v1::OUTCOME_CONFLICT) {
    --counts_.refused;
    ++counts_.conflict;
  }
}

void FilePublication::Refuse(uint64_t line, const RowProblem& problem, const std::string& raw) {
  ++counts_.refused;
  ++counts_.by_reason[problem.reason];
  const absl::Status written = rejected_.Add(line, problem, raw);
  if (file_status_.ok()) file_status_ = written;
}

}  // namespace hangou

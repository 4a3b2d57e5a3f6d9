#include "libs/client/comparison_calls.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <random>
#include <thread>

#include "hangou/comparison/v1/comparison.grpc.pb.h"
#include "libs/base/status.h"
#include "libs/client/backoff.h"
#include "libs/client/client.h"
#include "libs/rpc/status.h"

namespace hangou {

namespace comparison_v1 = hangou::comparison::v1;

namespace {

// Calls a method of comparison with the client's deadline.
template <class Request, class Response>
absl::StatusOr<Response> CallComparison(
    Client& client,
    grpc::Status (comparison_v1::Comparison::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
    const Request& request) {
  ASSIGN_OR_RETURN(const auto channel, client.ChannelTo("comparison"));
  comparison_v1::Comparison::Stub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(client.timeout_ms()));
  Response response;
  RETURN_IF_ERROR(FromGrpc((stub.*method)(&context, request, &response)));
  return response;
}

// What a later try may mend: the connection was lost, or the service stops or starts.
bool IsPassing(const absl::Status& status) {
  return absl::IsUnavailable(status) && ReasonOf(status) != Reason::kPositionTimeout;
}

// One stream of WatchRun. The last message has the run, where the status is OK.
absl::Status ReadRunProgress(Client& client, const comparison_v1::WatchRunRequest& request,
                             std::chrono::system_clock::time_point deadline,
                             const std::function<void(const comparison_v1::RunProgress&)>& take) {
  ASSIGN_OR_RETURN(const auto channel, client.ChannelTo("comparison"));
  comparison_v1::Comparison::Stub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(deadline);
  const auto reader = stub.WatchRun(&context, request);
  comparison_v1::RunProgress progress;
  while (reader->Read(&progress)) take(progress);
  return FromGrpc(reader->Finish());
}

}  // namespace

void StreamStop::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  if (context_ != nullptr) context_->TryCancel();
  stopped_changed_.NotifyAll();
}

bool StreamStop::stopped() const {
  MutexLock lock(mutex_);
  return stopped_;
}

void StreamStop::Reads(grpc::ClientContext* context) {
  MutexLock lock(mutex_);
  context_ = context;
  if (stopped_ && context_ != nullptr) context_->TryCancel();
}

void StreamStop::Wait(int64_t wait_ms) {
  MutexLock lock(mutex_);
  if (!stopped_) stopped_changed_.WaitFor(mutex_, wait_ms);
}

absl::StatusOr<comparison_v1::ApplyRulesResponse> ComparisonCalls::Apply(
    const comparison_v1::ApplyRulesRequest& request) {
  return CallComparison(client_, &comparison_v1::Comparison::Stub::ApplyRules, request);
}

absl::StatusOr<comparison_v1::ListRulesResponse> ComparisonCalls::ListRules(
    const comparison_v1::ListRulesRequest& request) {
  return CallComparison(client_, &comparison_v1::Comparison::Stub::ListRules, request);
}

absl::StatusOr<comparison_v1::Run> ComparisonCalls::Run(const comparison_v1::RunRuleRequest& request) {
  return CallComparison(client_, &comparison_v1::Comparison::Stub::RunRule, request);
}

absl::StatusOr<comparison_v1::Run> ComparisonCalls::WatchRun(
    const comparison_v1::RunRuleRequest& request,
    const std::function<void(const comparison_v1::RunProgress& progress)>& on_progress,
    const std::function<bool(const absl::Status& why)>& on_retry) {
  const auto deadline = std::chrono::system_clock::now() + std::chrono::milliseconds(client_.timeout_ms());
  comparison_v1::WatchRunRequest wanted;
  *wanted.mutable_run() = request;
  comparison_v1::RunProgress last;
  Backoff backoff(std::random_device{}());
  while (true) {
    const absl::Status status = ReadRunProgress(client_, wanted, deadline, [&](const auto& progress) {
      last = progress;
      wanted.set_id(progress.id());
      backoff.Reset();
      on_progress(progress);
    });
    if (status.ok()) {
      if (last.has_run()) return last.run();
      return MakeError(Reason::kInternal, "the service has ended a run without telling of it");
    }
    const auto wait = std::chrono::milliseconds(backoff.NextMs());
    const bool known = !wanted.id().empty() || ReasonOf(status) == Reason::kDraining;
    if (!known || !IsPassing(status) || std::chrono::system_clock::now() + wait > deadline) return status;
    if (!on_retry(status)) return absl::CancelledError("the run was given up");
    std::this_thread::sleep_for(wait);  // waits: a client backs off
    client_.ForgetEndpoints();
  }
}

absl::Status ComparisonCalls::CancelRun(const std::string& id) {
  comparison_v1::CancelRunRequest request;
  request.set_id(id);
  return CallComparison(client_, &comparison_v1::Comparison::Stub::CancelRun, request).status();
}

absl::Status ComparisonCalls::WatchClues(
    const comparison_v1::WatchCluesRequest& request, StreamStop* stop,
    const std::function<bool(const comparison_v1::WatchCluesResponse& clues)>& on_clues) {
  comparison_v1::WatchCluesRequest wanted = request;
  Backoff backoff(std::random_device{}());
  bool connected = false;
  while (!stop->stopped()) {
    absl::Status status;
    bool enough = false;
    if (const auto channel = client_.ChannelTo("comparison"); channel.ok()) {
      comparison_v1::Comparison::Stub stub(*channel);
      grpc::ClientContext context;
      const auto reader = stub.WatchClues(&context, wanted);
      stop->Reads(&context);
      comparison_v1::WatchCluesResponse response;
      while (!enough && reader->Read(&response)) {
        connected = true;
        backoff.Reset();
        wanted.set_token(response.token());
        enough = !on_clues(response);
      }
      if (enough) context.TryCancel();
      status = FromGrpc(reader->Finish());
      stop->Reads(nullptr);
    } else {
      status = channel.status();
    }
    if (enough || stop->stopped()) break;
    // A stream that is reset ends with CANCELLED: by a service that goes, or for a reader that was too slow.
    const bool passing = IsPassing(status) || absl::IsCancelled(status) || status.ok() ||
                         ReasonOf(status) == Reason::kSlowConsumer;
    if (!connected || !passing) return status;
    stop->Wait(backoff.NextMs());
    client_.ForgetEndpoints();
  }
  return absl::OkStatus();
}

absl::StatusOr<comparison_v1::ExplainRuleResponse> ComparisonCalls::Explain(
    const comparison_v1::ExplainRuleRequest& request) {
  return CallComparison(client_, &comparison_v1::Comparison::Stub::ExplainRule, request);
}

absl::StatusOr<comparison_v1::Run> ComparisonCalls::Follow(const comparison_v1::FollowRuleRequest& request) {
  return CallComparison(client_, &comparison_v1::Comparison::Stub::FollowRule, request);
}

absl::StatusOr<comparison_v1::UnfollowRuleResponse> ComparisonCalls::Unfollow(
    const comparison_v1::UnfollowRuleRequest& request) {
  return CallComparison(client_, &comparison_v1::Comparison::Stub::UnfollowRule, request);
}

absl::StatusOr<comparison_v1::ListCluesResponse> ComparisonCalls::ListClues(
    const comparison_v1::ListCluesRequest& request) {
  return CallComparison(client_, &comparison_v1::Comparison::Stub::ListClues, request);
}

absl::StatusOr<comparison_v1::GetClueResponse> ComparisonCalls::GetClue(
    const comparison_v1::GetClueRequest& request) {
  return CallComparison(client_, &comparison_v1::Comparison::Stub::GetClue, request);
}

absl::StatusOr<comparison_v1::ChangeCluesResponse> ComparisonCalls::AssignClues(
    const comparison_v1::AssignCluesRequest& request) {
  return CallComparison(client_, &comparison_v1::Comparison::Stub::AssignClues, request);
}

absl::StatusOr<comparison_v1::ChangeCluesResponse> ComparisonCalls::AnswerClues(
    const comparison_v1::AnswerCluesRequest& request) {
  return CallComparison(client_, &comparison_v1::Comparison::Stub::AnswerClues, request);
}

absl::StatusOr<comparison_v1::GetEffectResponse> ComparisonCalls::GetEffect(
    const comparison_v1::GetEffectRequest& request) {
  return CallComparison(client_, &comparison_v1::Comparison::Stub::GetEffect, request);
}

absl::StatusOr<comparison_v1::DiffRunsResponse> ComparisonCalls::DiffRuns(
    const comparison_v1::DiffRunsRequest& request) {
  return CallComparison(client_, &comparison_v1::Comparison::Stub::DiffRuns, request);
}

absl::StatusOr<comparison_v1::ListOfficesResponse> ComparisonCalls::ListOffices(
    const comparison_v1::ListOfficesRequest& request) {
  return CallComparison(client_, &comparison_v1::Comparison::Stub::ListOffices, request);
}

absl::StatusOr<comparison_v1::ListDataErrorsResponse> ComparisonCalls::ListDataErrors(
    const comparison_v1::ListDataErrorsRequest& request) {
  return CallComparison(client_, &comparison_v1::Comparison::Stub::ListDataErrors, request);
}

absl::StatusOr<comparison_v1::ListResultsResponse> ComparisonCalls::ListResults(
    const comparison_v1::ListResultsRequest& request) {
  return CallComparison(client_, &comparison_v1::Comparison::Stub::ListResults, request);
}

absl::StatusOr<comparison_v1::ListResultRowsResponse> ComparisonCalls::ListResultRows(
    const comparison_v1::ListResultRowsRequest& request) {
  return CallComparison(client_, &comparison_v1::Comparison::Stub::ListResultRows, request);
}

}  // namespace hangou

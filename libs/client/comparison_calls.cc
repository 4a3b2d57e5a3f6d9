#include "libs/client/comparison_calls.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

#include "hangou/comparison/v1/comparison.grpc.pb.h"
#include "libs/base/status.h"
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

}  // namespace

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

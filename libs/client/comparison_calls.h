// Calls about comparison: rules, runs and clues.
#pragma once

#include "absl/status/statusor.h"
#include "hangou/comparison/v1/comparison.pb.h"

namespace hangou {

class Client;

// Calls comparison of an installation; errors are those of the service. Thread-safe; `client` outlives it.
class ComparisonCalls {
 public:
  explicit ComparisonCalls(Client& client) : client_(client) {}

  absl::StatusOr<hangou::comparison::v1::ApplyRulesResponse> Apply(
      const hangou::comparison::v1::ApplyRulesRequest& request);
  // A page.
  absl::StatusOr<hangou::comparison::v1::ListRulesResponse> ListRules(
      const hangou::comparison::v1::ListRulesRequest& request);
  absl::StatusOr<hangou::comparison::v1::Run> Run(const hangou::comparison::v1::RunRuleRequest& request);
  absl::StatusOr<hangou::comparison::v1::ExplainRuleResponse> Explain(
      const hangou::comparison::v1::ExplainRuleRequest& request);
  absl::StatusOr<hangou::comparison::v1::Run> Follow(
      const hangou::comparison::v1::FollowRuleRequest& request);
  absl::StatusOr<hangou::comparison::v1::UnfollowRuleResponse> Unfollow(
      const hangou::comparison::v1::UnfollowRuleRequest& request);
  // A page.
  absl::StatusOr<hangou::comparison::v1::ListCluesResponse> ListClues(
      const hangou::comparison::v1::ListCluesRequest& request);
  absl::StatusOr<hangou::comparison::v1::GetClueResponse> GetClue(
      const hangou::comparison::v1::GetClueRequest& request);
  absl::StatusOr<hangou::comparison::v1::ChangeCluesResponse> AssignClues(
      const hangou::comparison::v1::AssignCluesRequest& request);
  absl::StatusOr<hangou::comparison::v1::ChangeCluesResponse> AnswerClues(
      const hangou::comparison::v1::AnswerCluesRequest& request);
  absl::StatusOr<hangou::comparison::v1::GetEffectResponse> GetEffect(
      const hangou::comparison::v1::GetEffectRequest& request);
  absl::StatusOr<hangou::comparison::v1::DiffRunsResponse> DiffRuns(
      const hangou::comparison::v1::DiffRunsRequest& request);
  absl::StatusOr<hangou::comparison::v1::ListOfficesResponse> ListOffices(
      const hangou::comparison::v1::ListOfficesRequest& request);
  absl::StatusOr<hangou::comparison::v1::ListDataErrorsResponse> ListDataErrors(
      const hangou::comparison::v1::ListDataErrorsRequest& request);
  absl::StatusOr<hangou::comparison::v1::ListResultsResponse> ListResults(
      const hangou::comparison::v1::ListResultsRequest& request);
  // A page.
  absl::StatusOr<hangou::comparison::v1::ListResultRowsResponse> ListResultRows(
      const hangou::comparison::v1::ListResultRowsRequest& request);

 private:
  Client& client_;
};

}  // namespace hangou

// Calls about comparison: rules, runs and clues.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "hangou/comparison/v1/comparison.pb.h"
#include "libs/base/mutex.h"

namespace grpc {
class ClientContext;
}

namespace hangou {

class Client;

// Ends a stream that another thread reads. Thread-safe.
class StreamStop {
 public:
  // Ends the stream that is read, and keeps others from beginning.
  void Stop();
  bool stopped() const;
  // The stream that is read from now on, null: none. For the reader; a stream that began too late is ended.
  void Reads(grpc::ClientContext* context);
  // Waits before another try; ends early when stopped.
  void Wait(int64_t wait_ms);

 private:
  mutable Mutex mutex_;
  CondVar stopped_changed_;
  bool stopped_ HANGOU_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* context_ HANGOU_GUARDED_BY(mutex_) = nullptr;
};

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
  // Runs a rule, or joins a run of the same, and tells `on_progress` how far it is; blocks until it has ended. Where
  // the connection is lost or the service stops, `on_retry` is told why, and where it answers true the run is taken
  // up or begun again, within the client's deadline: a run has no effect before its end, so nothing is found twice.
  // CANCELLED where the run was cancelled, also by CancelRun; DEADLINE_EXCEEDED where it goes on without this call.
  absl::StatusOr<hangou::comparison::v1::Run> WatchRun(
      const hangou::comparison::v1::RunRuleRequest& request,
      const std::function<void(const hangou::comparison::v1::RunProgress& progress)>& on_progress,
      const std::function<bool(const absl::Status& why)>& on_retry);
  // Cancels a run by RunProgress.id.
  absl::Status CancelRun(const std::string& id);
  // Reads clues as they change, until `on_clues` answers false (OK), or the stream ends with an error that waiting does
  // not mend. It goes on by itself behind what was read last. Blocks; `stop` ends it from another thread (OK).
  absl::Status WatchClues(
      const hangou::comparison::v1::WatchCluesRequest& request, StreamStop* stop,
      const std::function<bool(const hangou::comparison::v1::WatchCluesResponse& clues)>& on_clues);
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

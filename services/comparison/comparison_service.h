// The handlers of comparison: transport outside, the work inside, on threads of their own.
#pragma once

#include <memory>

#include "hangou/comparison/v1/comparison.grpc.pb.h"
#include "libs/base/event_loop.h"
#include "libs/log/log.h"
#include "libs/rpc/unary.h"
#include "libs/store/store.h"
#include "services/comparison/clue_watch.h"
#include "services/comparison/comparison.h"
#include "services/comparison/following.h"
#include "services/comparison/run_desk.h"

namespace hangou {

// What the service is made of; the references must outlive it.
struct ComparisonServiceContext {
  Log& log;
  PolicyHolder& policy;
  AuditChain& audit;
  const KeyRing& keys;
  const Clock& clock;
  std::shared_ptr<StoreBudget> budget;
  std::string folder;  // its projections
  int32_t log_partitions;
};

// Serves comparison. Thread-safe. Shut the server down before it goes.
class ComparisonService final : public hangou::comparison::v1::Comparison::CallbackService {
 public:
  // Makes the service; LOG_UNAVAILABLE, DATA_LOSS, STORE_FULL where it cannot read what it kept. Rules that were
  // applied before begin to read their rows.
  static absl::StatusOr<std::unique_ptr<ComparisonService>> Open(const ComparisonServiceContext& context);
  ~ComparisonService() override;

  // Ends the runs and streams under way, and refuses what comes. Idempotent.
  void Drain();

  grpc::ServerUnaryReactor* ApplyRules(grpc::CallbackServerContext* context,
                                       const hangou::comparison::v1::ApplyRulesRequest* request,
                                       hangou::comparison::v1::ApplyRulesResponse* response) override;
  grpc::ServerUnaryReactor* ListRules(grpc::CallbackServerContext* context,
                                      const hangou::comparison::v1::ListRulesRequest* request,
                                      hangou::comparison::v1::ListRulesResponse* response) override;
  grpc::ServerUnaryReactor* RunRule(grpc::CallbackServerContext* context,
                                    const hangou::comparison::v1::RunRuleRequest* request,
                                    hangou::comparison::v1::Run* response) override;
  grpc::ServerWriteReactor<hangou::comparison::v1::RunProgress>* WatchRun(
      grpc::CallbackServerContext* context, const hangou::comparison::v1::WatchRunRequest* request) override;
  grpc::ServerUnaryReactor* CancelRun(grpc::CallbackServerContext* context,
                                      const hangou::comparison::v1::CancelRunRequest* request,
                                      hangou::comparison::v1::CancelRunResponse* response) override;
  grpc::ServerWriteReactor<hangou::comparison::v1::WatchCluesResponse>* WatchClues(
      grpc::CallbackServerContext* context,
      const hangou::comparison::v1::WatchCluesRequest* request) override;
  grpc::ServerUnaryReactor* ExplainRule(grpc::CallbackServerContext* context,
                                        const hangou::comparison::v1::ExplainRuleRequest* request,
                                        hangou::comparison::v1::ExplainRuleResponse* response) override;
  grpc::ServerUnaryReactor* FollowRule(grpc::CallbackServerContext* context,
                                       const hangou::comparison::v1::FollowRuleRequest* request,
                                       hangou::comparison::v1::Run* response) override;
  grpc::ServerUnaryReactor* UnfollowRule(grpc::CallbackServerContext* context,
                                         const hangou::comparison::v1::UnfollowRuleRequest* request,
                                         hangou::comparison::v1::UnfollowRuleResponse* response) override;
  grpc::ServerUnaryReactor* ListClues(grpc::CallbackServerContext* context,
                                      const hangou::comparison::v1::ListCluesRequest* request,
                                      hangou::comparison::v1::ListCluesResponse* response) override;
  grpc::ServerUnaryReactor* GetClue(grpc::CallbackServerContext* context,
                                    const hangou::comparison::v1::GetClueRequest* request,
                                    hangou::comparison::v1::GetClueResponse* response) override;
  grpc::ServerUnaryReactor* AssignClues(grpc::CallbackServerContext* context,
                                        const hangou::comparison::v1::AssignCluesRequest* request,
                                        hangou::comparison::v1::ChangeCluesResponse* response) override;
  grpc::ServerUnaryReactor* AnswerClues(grpc::CallbackServerContext* context,
                                        const hangou::comparison::v1::AnswerCluesRequest* request,
                                        hangou::comparison::v1::ChangeCluesResponse* response) override;
  grpc::ServerUnaryReactor* GetEffect(grpc::CallbackServerContext* context,
                                      const hangou::comparison::v1::GetEffectRequest* request,
                                      hangou::comparison::v1::GetEffectResponse* response) override;
  grpc::ServerUnaryReactor* DiffRuns(grpc::CallbackServerContext* context,
                                     const hangou::comparison::v1::DiffRunsRequest* request,
                                     hangou::comparison::v1::DiffRunsResponse* response) override;
  grpc::ServerUnaryReactor* ListOffices(grpc::CallbackServerContext* context,
                                        const hangou::comparison::v1::ListOfficesRequest* request,
                                        hangou::comparison::v1::ListOfficesResponse* response) override;
  grpc::ServerUnaryReactor* ListDataErrors(grpc::CallbackServerContext* context,
                                           const hangou::comparison::v1::ListDataErrorsRequest* request,
                                           hangou::comparison::v1::ListDataErrorsResponse* response) override;
  grpc::ServerUnaryReactor* ListResults(grpc::CallbackServerContext* context,
                                        const hangou::comparison::v1::ListResultsRequest* request,
                                        hangou::comparison::v1::ListResultsResponse* response) override;
  grpc::ServerUnaryReactor* ListResultRows(grpc::CallbackServerContext* context,
                                           const hangou::comparison::v1::ListResultRowsRequest* request,
                                           hangou::comparison::v1::ListResultRowsResponse* response) override;

 private:
  explicit ComparisonService(const ComparisonServiceContext& context);
  absl::Status Start();
  // The run that a request asks for: begun, or joined.
  absl::StatusOr<RunDesk::Taken> TakeRun(const Caller& caller,
                                         const hangou::comparison::v1::RunRuleRequest& request);
  void EraseFromClues(const std::string& department, const std::string& resource, uint64_t record);

  const ComparisonServiceContext context_;
  std::unique_ptr<Projections> projections_;
  ComparisonBook book_;
  std::unique_ptr<const ComparisonContext> work_;
  RunDesk run_desk_;
  std::unique_ptr<Following> following_;
  std::unique_ptr<ClueWatches> clue_watches_;
  // Last: they stop first.
  EventLoop desk_{"comparison"};
  EventLoop runs_{"comparison-run"};
  EventLoop streams_{"comparison-tell"};
};

}  // namespace hangou

#include "services/comparison/comparison_service.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "libs/base/status.h"
#include "services/comparison/erase_evidence.h"
#include "services/comparison/run_watch.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// Between two tries of a log that does not answer.
constexpr int64_t kEraseAgainMs = 1'000;

// Answers a call on a loop: `work` gives the response, or the error.
template <class Response, class Work>
grpc::ServerUnaryReactor* AnswerOn(EventLoop& loop, grpc::CallbackServerContext* context,
                                   std::initializer_list<std::string_view> roles, Response* response,
                                   Work work) {
  return HandleUnary(context, roles, [&loop, response, work](const Caller& caller, const CallDone& done) {
    loop.Post([caller, response, work, done] {
      absl::StatusOr<Response> answer = work(caller);
      if (answer.ok()) *response = *std::move(answer);
      done(answer.status());
    });
  });
}

// Begins a stream on a loop; one that is stopped instead ends it with DRAINING.
template <class Response, class Work>
grpc::ServerWriteReactor<Response>* StreamOn(EventLoop& loop, grpc::CallbackServerContext* context,
                                             Work work) {
  struct Opening {
    ~Opening() {
      if (!begun) stream->Finish(MakeError(Reason::kDraining, "the service is stopping; retry"));
    }
    std::shared_ptr<ServerStream<Response>> stream;
    bool begun = false;
  };
  return ServerStream<Response>::Open(context, {roles::kConsumer},
                                      [&loop, work](const Caller& caller, const auto& stream) {
                                        const auto opening = std::make_shared<Opening>();
                                        opening->stream = stream;
                                        loop.Post([caller, opening, work] {
                                          opening->begun = true;
                                          work(caller, opening->stream);
                                        });
                                      });
}

}  // namespace

ComparisonService::ComparisonService(const ComparisonServiceContext& context)
    : context_(context), book_(context.log), run_desk_(context.clock) {}

ComparisonService::~ComparisonService() { Drain(); }

absl::StatusOr<std::unique_ptr<ComparisonService>> ComparisonService::Open(
    const ComparisonServiceContext& context) {
  std::unique_ptr<ComparisonService> service(new ComparisonService(context));
  RETURN_IF_ERROR(service->Start());
  return service;
}

absl::Status ComparisonService::Start() {
  RETURN_IF_ERROR(book_.Open());
  ASSIGN_OR_RETURN(
      projections_,
      Projections::Open({context_.log, context_.policy, context_.clock, context_.budget, context_.folder,
                         context_.log_partitions,
                         [this](const ProjectionName& name, uint64_t record) {
                           if (book_.NoteErased(name.department, name.shape.resource, record))
                             EraseFromClues(name.department, name.shape.resource, record);
                         },
                         [this](const ProjectionName& name, const std::vector<std::string>& keys) {
                           following_->TakeChanged(name, keys);
                         }}));
  work_ = std::make_unique<const ComparisonContext>(ComparisonContext{
      context_.policy, context_.audit, context_.keys, context_.clock, *projections_, book_});
  clue_watches_ = std::make_unique<ClueWatches>(*work_, streams_);
  book_.OnClues([this] { clue_watches_->Look(); });
  following_ = std::make_unique<Following>(*work_, runs_);
  following_->Start();
  return absl::OkStatus();
}

// On the desk, again until the log takes it.
void ComparisonService::EraseFromClues(const std::string& department, const std::string& resource,
                                       uint64_t record) {
  desk_.Post([this, department, resource, record] {
    const absl::Status erased = EraseEvidence(context_.clock, book_, department, resource, record);
    if (erased.ok()) return;
    spdlog::warn("what was erased is not out of the clues yet: {}", Message(erased));
    desk_.PostAfter(kEraseAgainMs,
                    [this, department, resource, record] { EraseFromClues(department, resource, record); });
  });
}

void ComparisonService::Drain() {
  run_desk_.Drain();
  if (following_) following_->Stop();
  if (projections_) projections_->Stop();
  desk_.Stop();
  runs_.Stop();
  // Behind the ends of the runs, which are told on the same loop.
  if (clue_watches_) clue_watches_->Drain();
  streams_.Stop();
}

grpc::ServerUnaryReactor* ComparisonService::ApplyRules(grpc::CallbackServerContext* context,
                                                        const v1::ApplyRulesRequest* request,
                                                        v1::ApplyRulesResponse* response) {
  return AnswerOn(desk_, context, {roles::kManager}, response, [this, request](const Caller& caller) {
    auto applied = hangou::ApplyRules(*work_, caller, *request);
    if (applied.ok() && !request->validate_only()) following_->CompareAll(caller.department);
    return applied;
  });
}

grpc::ServerUnaryReactor* ComparisonService::ListRules(grpc::CallbackServerContext* context,
                                                       const v1::ListRulesRequest* request,
                                                       v1::ListRulesResponse* response) {
  return AnswerOn(desk_, context, {roles::kConsumer}, response, [this, request](const Caller& caller) {
    auto listed = hangou::ListRules(*work_, caller, *request);
    if (!listed.ok()) return listed;
    for (v1::StoredRule& stored : *listed->mutable_rules()) {
      for (v1::FollowedRule& followed : following_->Of(caller.department, stored.rule().name()))
        *stored.add_followed() = std::move(followed);
    }
    return listed;
  });
}

grpc::ServerUnaryReactor* ComparisonService::RunRule(grpc::CallbackServerContext* context,
                                                     const v1::RunRuleRequest* request, v1::Run* response) {
  return HandleUnary(context, {roles::kConsumer},
                     [this, request, response](const Caller& caller, const CallDone& done) {
                       desk_.Post([this, caller, request, response, done] {
                         const auto taken = TakeRun(caller, *request);
                         if (!taken.ok()) return done(taken.status());
                         run_desk_.WhenEnded(taken->run, [response, done](const RunDesk::Outcome& outcome) {
                           if (outcome.ok()) *response = *outcome;
                           done(outcome.status());
                         });
                       });
                     });
}

absl::StatusOr<RunDesk::Taken> ComparisonService::TakeRun(const Caller& caller,
                                                          const v1::RunRuleRequest& request) {
  ASSIGN_OR_RETURN(const RunIdentity identity, IdentityOfRun(*work_, caller, request));
  ASSIGN_OR_RETURN(const RunDesk::Taken taken, run_desk_.Take(identity));
  if (taken.joined) {
    RETURN_IF_ERROR(RecordJoin(*work_, caller, request));
    return taken;
  }
  runs_.Post([this, run = taken.run, caller, request] {
    if (run_desk_.Start(run)) run_desk_.End(run, RunStoredRule(*work_, caller, request, &run->meter));
  });
  return taken;
}

grpc::ServerWriteReactor<v1::RunProgress>* ComparisonService::WatchRun(grpc::CallbackServerContext* context,
                                                                       const v1::WatchRunRequest* request) {
  return StreamOn<v1::RunProgress>(
      desk_, context,
      [this, wanted = *request](const Caller& caller, const std::shared_ptr<RunWatch::Stream>& stream) {
        absl::StatusOr<RunDesk::Taken> taken =
            RunDesk::Taken{run_desk_.Find(caller.department, wanted.id()), true};
        if (taken->run == nullptr) taken = TakeRun(caller, wanted.run());
        if (!taken.ok()) return stream->Finish(taken.status());
        RunWatch::Begin(streams_, context_.clock, run_desk_, *taken, stream);
      });
}

grpc::ServerUnaryReactor* ComparisonService::CancelRun(grpc::CallbackServerContext* context,
                                                       const v1::CancelRunRequest* request,
                                                       v1::CancelRunResponse*) {
  return HandleUnary(context, {roles::kConsumer},
                     [this, request](const Caller& caller, const CallDone& done) {
                       done(run_desk_.Cancel(caller.department, request->id()));
                     });
}

grpc::ServerWriteReactor<v1::WatchCluesResponse>* ComparisonService::WatchClues(
    grpc::CallbackServerContext* context, const v1::WatchCluesRequest* request) {
  return StreamOn<v1::WatchCluesResponse>(
      streams_, context,
      [this, wanted = *request](const Caller& caller, const std::shared_ptr<ClueWatches::Stream>& stream) {
        clue_watches_->Open(caller, wanted, stream);
      });
}

grpc::ServerUnaryReactor* ComparisonService::ExplainRule(grpc::CallbackServerContext* context,
                                                         const v1::ExplainRuleRequest* request,
                                                         v1::ExplainRuleResponse* response) {
  return AnswerOn(runs_, context, {roles::kConsumer}, response, [this, request](const Caller& caller) {
    return hangou::ExplainRule(*work_, caller, *request);
  });
}

grpc::ServerUnaryReactor* ComparisonService::FollowRule(grpc::CallbackServerContext* context,
                                                        const v1::FollowRuleRequest* request,
                                                        v1::Run* response) {
  return AnswerOn(runs_, context, {roles::kConsumer}, response,
                  [this, request](const Caller& caller) { return following_->Follow(caller, *request); });
}

grpc::ServerUnaryReactor* ComparisonService::UnfollowRule(grpc::CallbackServerContext* context,
                                                          const v1::UnfollowRuleRequest* request,
                                                          v1::UnfollowRuleResponse* response) {
  return AnswerOn(runs_, context, {roles::kConsumer}, response,
                  [this, request](const Caller& caller) { return following_->Unfollow(caller, *request); });
}

grpc::ServerUnaryReactor* ComparisonService::ListClues(grpc::CallbackServerContext* context,
                                                       const v1::ListCluesRequest* request,
                                                       v1::ListCluesResponse* response) {
  return AnswerOn(desk_, context, {roles::kConsumer}, response, [this, request](const Caller& caller) {
    return hangou::ListClues(*work_, caller, *request);
  });
}

grpc::ServerUnaryReactor* ComparisonService::GetClue(grpc::CallbackServerContext* context,
                                                     const v1::GetClueRequest* request,
                                                     v1::GetClueResponse* response) {
  return AnswerOn(desk_, context, {roles::kConsumer}, response, [this, request](const Caller& caller) {
    return hangou::GetClue(*work_, caller, *request);
  });
}

grpc::ServerUnaryReactor* ComparisonService::AssignClues(grpc::CallbackServerContext* context,
                                                         const v1::AssignCluesRequest* request,
                                                         v1::ChangeCluesResponse* response) {
  return AnswerOn(desk_, context, {roles::kManager}, response, [this, request](const Caller& caller) {
    return hangou::AssignClues(*work_, caller, *request);
  });
}

grpc::ServerUnaryReactor* ComparisonService::AnswerClues(grpc::CallbackServerContext* context,
                                                         const v1::AnswerCluesRequest* request,
                                                         v1::ChangeCluesResponse* response) {
  return AnswerOn(desk_, context, {roles::kConsumer}, response, [this, request](const Caller& caller) {
    return hangou::AnswerClues(*work_, caller, *request);
  });
}

grpc::ServerUnaryReactor* ComparisonService::GetEffect(grpc::CallbackServerContext* context,
                                                       const v1::GetEffectRequest* request,
                                                       v1::GetEffectResponse* response) {
  return AnswerOn(desk_, context, {roles::kConsumer}, response, [this, request](const Caller& caller) {
    return hangou::GetEffect(*work_, caller, *request);
  });
}

grpc::ServerUnaryReactor* ComparisonService::DiffRuns(grpc::CallbackServerContext* context,
                                                      const v1::DiffRunsRequest* request,
                                                      v1::DiffRunsResponse* response) {
  return AnswerOn(desk_, context, {roles::kConsumer}, response, [this, request](const Caller& caller) {
    return hangou::DiffRuns(*work_, caller, *request);
  });
}

grpc::ServerUnaryReactor* ComparisonService::ListOffices(grpc::CallbackServerContext* context,
                                                         const v1::ListOfficesRequest* request,
                                                         v1::ListOfficesResponse* response) {
  return AnswerOn(
      desk_, context, {roles::kConsumer, roles::kManager}, response,
      [this, request](const Caller& caller) { return hangou::ListOffices(*work_, caller, *request); });
}

grpc::ServerUnaryReactor* ComparisonService::ListDataErrors(grpc::CallbackServerContext* context,
                                                            const v1::ListDataErrorsRequest* request,
                                                            v1::ListDataErrorsResponse* response) {
  return AnswerOn(desk_, context, {roles::kPublisher}, response, [this, request](const Caller& caller) {
    return hangou::ListDataErrors(*work_, caller, *request);
  });
}

grpc::ServerUnaryReactor* ComparisonService::ListResults(grpc::CallbackServerContext* context,
                                                         const v1::ListResultsRequest* request,
                                                         v1::ListResultsResponse* response) {
  return AnswerOn(
      desk_, context, {roles::kConsumer, roles::kManager, roles::kPublisher}, response,
      [this, request](const Caller& caller) { return hangou::ListResults(*work_, caller, *request); });
}

grpc::ServerUnaryReactor* ComparisonService::ListResultRows(grpc::CallbackServerContext* context,
                                                            const v1::ListResultRowsRequest* request,
                                                            v1::ListResultRowsResponse* response) {
  return AnswerOn(desk_, context, {roles::kPublisher}, response, [this, request](const Caller& caller) {
    return hangou::ListResultRows(*work_, caller, *request);
  });
}

}  // namespace hangou

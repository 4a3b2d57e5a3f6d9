#include "libs/feed/feed.h"

#include <algorithm>
#include <utility>

#include "libs/base/limits.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

using hangou::exchange::v1::AcknowledgeResponse;

// Streams of a process: each may hold some batches of large records in memory.
constexpr size_t kStreams = 256;
// How often streams look at lease, expiry of grants and slow consumers, beside every change of the policy.
constexpr int64_t kTickMs = 1000;

}  // namespace

Feed::Feed(FeedContext context)
    : context_(context),
      cursors_(context.local, context.cursor_table),
      recalls_(context.local, context.recall_table),
      host_(std::make_shared<FeedHost>(context.peer, "feed")),
      keeper_(cursors_, "feed-cursors") {
  policy_listener_ = context_.policy.OnChange([this] { host_->Post(0, [this] { CheckAll(); }); });
  host_->Post(kTickMs, [this] { Tick(); });
}

Feed::~Feed() {
  context_.policy.RemoveOnChange(policy_listener_);
  Drain();
  keeper_.Stop();
  host_->Stop();
}

absl::StatusOr<hangou::exchange::v1::ListRecallsResponse> Feed::ListRecalls(
    const Caller& caller, const hangou::exchange::v1::ListRecallsRequest& request) const {
  const std::string token_context = "recalls|" + caller.department + "|" + caller.role;
  std::string after;
  if (!request.page_token().empty()) {
    ASSIGN_OR_RETURN(after, context_.keys.OpenToken(request.page_token(), token_context));
  }
  std::string next;
  ASSIGN_OR_RETURN(auto response, recalls_.List(caller, request, after, &next));
  if (!next.empty()) response.set_next_page_token(context_.keys.SealToken(next, token_context));
  return response;
}

void Feed::ConfirmRecall(
    const Caller& caller, const hangou::exchange::v1::ConfirmRecallRequest& request,
    std::function<void(absl::StatusOr<hangou::exchange::v1::ConfirmRecallResponse>)> done) {
  auto answer = recalls_.Confirm(caller, request, context_.clock.UtcUs());
  if (!answer.ok()) return done(answer.status());
  hangou::audit::v1::Entry entry;
  entry.set_action(hangou::audit::v1::ACTION_CONFIRM_RECALL);
  entry.set_allowed(true);
  entry.set_caller(caller.department);
  entry.set_role(caller.role);
  entry.set_workload(caller.workload);
  entry.set_note("subscription " + request.subscription().substr(0, kSubscriptionNameBytes));
  entry.set_records(static_cast<uint64_t>(answer->confirmed()));
  for (const auto& position : request.positions()) {
    entry.add_positions(position.topic() + "/" + std::to_string(position.partition()) + "@" +
                        std::to_string(position.offset()));
  }
  context_.audit.Append(std::move(entry),
                        [answer = *std::move(answer), done = std::move(done)](const absl::Status& durable) {
                          if (!durable.ok()) return done(durable);
                          done(answer);
                        });
}

void Feed::Subscribe(const Caller& caller, const hangou::exchange::v1::SubscribeRequest& request,
                     const std::shared_ptr<DeliverySink>& sink) {
  host_->Post(0, [=, this] { SubscribeOnLoop(caller, request, sink); });
}

void Feed::SubscribeOnLoop(const Caller& caller, const hangou::exchange::v1::SubscribeRequest& request,
                           const std::shared_ptr<DeliverySink>& sink) {
  if (draining_)
    return sink->Finish(MakeError(Reason::kDraining, "the exchange is stopping; resume elsewhere"));
  ForgetDone();
  if (streams_.size() >= kStreams) {
    return sink->Finish(
        MakeError(Reason::kOverloaded, "256 subscriptions are open; close some, or retry later"));
  }
  auto cursor = cursors_.Read(caller.department, request.subscription());
  if (!cursor.ok() && request.start_case() == hangou::exchange::v1::SubscribeRequest::kCursor) {
    return sink->Finish(cursor.status());
  }
  const StreamContext context{context_.log,   context_.policy,     context_.audit, context_.keys,
                              context_.clock, context_.partitions, recalls_};
  auto stream = std::make_shared<SubscriptionStream>(context, host_, caller, request,
                                                     cursor.ok() ? std::move(*cursor) : std::nullopt, sink);
  streams_.push_back({stream, sink});
  open_streams_ = streams_.size();
  stream->Start();
}

void Feed::Gone(const std::shared_ptr<DeliverySink>& sink) {
  host_->Post(0, [this, sink] {
    for (OpenStream& open : streams_) {
      if (open.sink == sink) open.stream->Gone();
    }
    ForgetDone();
  });
}

void Feed::CheckAll() {
  for (OpenStream& open : streams_) open.stream->Check();
  ForgetDone();
}

void Feed::Tick() {
  CheckAll();
  host_->Post(kTickMs, [this] { Tick(); });
}

void Feed::ForgetDone() {
  std::erase_if(streams_, [](const OpenStream& open) { return open.stream->done(); });
  open_streams_ = streams_.size();
}

void Feed::Acknowledge(const Caller& caller, const hangou::exchange::v1::AcknowledgeRequest& request,
                       AcknowledgeDone done) {
  auto position = OpenPosition(context_.keys, caller.department, request.subscription(), request.token());
  if (!position.ok()) return done(position.status());
  const auto answer = [this, done = std::move(done)](const absl::Status& kept) {
    if (!kept.ok()) return done(kept);
    AcknowledgeResponse response;
    const int64_t now_us = context_.clock.UtcUs();
    response.mutable_acknowledge_time()->set_seconds(now_us / kUsPerSecond);
    response.mutable_acknowledge_time()->set_nanos(static_cast<int32_t>(now_us % kUsPerSecond * kUsPerMs));
    done(response);
  };
  keeper_.Keep({caller.department, request.subscription(), std::move(*position)}, answer);
}

void Feed::Drain() {
  host_->Run([this] {
    draining_ = true;
    const auto draining =
        MakeError(Reason::kDraining, "the exchange is stopping; resume from the last token");
    for (OpenStream& open : streams_) open.stream->End(draining);
    ForgetDone();
  });
}

}  // namespace hangou

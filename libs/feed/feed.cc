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
// One page of a snapshot.
constexpr int64_t kScanTimeoutMs = 5000;

}  // namespace

// The threads of the streams. Shared with callbacks that may outlive the feed: then what they post is dropped.
class Feed::Host final : public StreamHost {
 public:
  explicit Host(Peer& peer) : peer_(peer), scans_("feed-scan"), loop_("feed") {}

  void Post(int64_t delay_ms, std::function<void()> task) override {
    if (delay_ms > 0) {
      loop_.PostAfter(delay_ms, std::move(task));
    } else {
      loop_.Post(std::move(task));
    }
  }
  void Scan(const std::string& library, hangou::base_library::v1::ScanRequest request, OnPage done) override {
    scans_.Post([this, library, request = std::move(request), done = std::move(done)] {
      done(peer_.Scan(library, request, kScanTimeoutMs));
    });
  }
  void Run(const std::function<void()>& task) { loop_.Run(task); }
  void Stop() {
    scans_.Stop();
    loop_.Stop();
  }

 private:
  Peer& peer_;
  EventLoop scans_;
  EventLoop loop_;
};

Feed::Feed(FeedContext context)
    : context_(context),
      cursors_(context.local, context.cursor_table),
      host_(std::make_shared<Host>(context.peer)),
      cursor_loop_("feed-cursors") {
  policy_listener_ = context_.policy.OnChange([this] { host_->Post(0, [this] { CheckAll(); }); });
  host_->Post(kTickMs, [this] { Tick(); });
}

Feed::~Feed() {
  context_.policy.RemoveOnChange(policy_listener_);
  Drain();
  cursor_loop_.Stop();
  host_->Stop();
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
  const StreamContext context{context_.log,  context_.policy, context_.audit,
                              context_.keys, context_.clock,  context_.partitions};
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
  MutexLock lock(mutex_);
  acknowledged_.push_back(
      {{caller.department, request.subscription(), std::move(*position)}, std::move(done)});
  // Those that come while the store is being flushed share the next flush.
  if (acknowledged_.size() == 1) cursor_loop_.Post([this] { KeepAcknowledged(); });
}

void Feed::KeepAcknowledged() {
  std::vector<PendingAcknowledgement> all;
  {
    MutexLock lock(mutex_);
    all.swap(acknowledged_);
  }
  std::vector<CursorUpdate> updates;
  for (PendingAcknowledgement& one : all) updates.push_back(std::move(one.update));
  const absl::Status kept = cursors_.Keep(updates);
  AcknowledgeResponse response;
  const int64_t now_us = context_.clock.UtcUs();
  response.mutable_acknowledge_time()->set_seconds(now_us / kUsPerSecond);
  response.mutable_acknowledge_time()->set_nanos(static_cast<int32_t>(now_us % kUsPerSecond * kUsPerMs));
  for (const PendingAcknowledgement& one : all) {
    if (kept.ok()) {
      one.done(response);
    } else {
      one.done(kept);
    }
  }
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

#include "libs/feed/topic_feed.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/feed/delivery_decision.h"
#include "libs/policy/delivery_retention.h"

namespace hangou {
namespace {

// How often subscriptions look at policy, lease and what remains to be removed, beside every change of the policy.
constexpr int64_t kTopicTickMs = 1000;
// Waits before a delivery that failed is repeated: doubled from the first to the longest.
constexpr int64_t kFirstWaitMs = 200;
constexpr int64_t kLongestWaitMs = 30'000;
// Between attempts to remove topics and access.
constexpr int64_t kTidyEveryUs = 5 * kUsPerSecond;

// Errors that time may mend.
bool IsPassing(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kInternal:
      return true;
    default:
      return false;
  }
}

hangou::exchange::v1::SubscribeRequest RequestOf(const hangou::exchange::v1::StoredSubscription& stored) {
  hangou::exchange::v1::SubscribeRequest request;
  request.mutable_context()->set_purpose(stored.subscription().purpose());
  request.mutable_context()->set_case_number(stored.subscription().case_number());
  request.set_subscription(stored.subscription_id());
  request.set_resource(stored.subscription().resource());
  request.mutable_cursor();
  return request;
}

}  // namespace

TopicFeed::TopicFeed(TopicFeedContext context)
    : context_(context),
      cursors_(context.feed.local, context.cursor_table),
      store_(context.feed.local, context.subscription_table),
      host_(std::make_shared<FeedHost>(context.feed.peer, "topics")),
      guard_loop_("topics-guard"),
      keeper_(std::make_shared<CursorKeeper>(cursors_, "topics-cursors")),
      guard_(std::make_shared<DeliveryGuard>(context.topics, context.feed.policy, context.feed.clock,
                                             [this](int64_t delay_ms, std::function<void()> task) {
                                               guard_loop_.PostAfter(delay_ms, std::move(task));
                                             })),
      desk_(std::make_shared<EventLoop>("topics-desk")) {
  policy_listener_ = context_.feed.policy.OnChange([this] {
    host_->Post(0, [this] {
      for (const auto& [id, stream] : streams_) stream->Check();
    });
  });
  desk_->Post([this] { LoadAll(); });
  desk_->PostAfter(kTopicTickMs, [this] { Tick(); });
}

TopicFeed::~TopicFeed() {
  context_.feed.policy.RemoveOnChange(policy_listener_);
  Drain();
  desk_->Stop();
  context_.topics.Recall();
  keeper_->Stop();
  guard_loop_.Stop();
  host_->Stop();
}

SubscriptionId TopicFeed::IdOf(const Order& order) {
  return {order.stored.department(), order.stored.subscription_id()};
}

StreamContext TopicFeed::stream_context() const {
  const FeedContext& feed = context_.feed;
  return {feed.log,
          feed.policy,
          feed.audit,
          feed.keys,
          feed.clock,
          feed.partitions,
          RecallLedger(feed.local, feed.recall_table)};
}

void TopicFeed::LoadAll() {
  auto all = store_.ReadAll();
  load_failure_ = all.status();
  if (!all.ok()) return spdlog::error("subscriptions: {}", Message(all.status()));
  for (auto& stored : *all) {
    Order& order = orders_[{stored.department(), stored.subscription_id()}];
    order.stored = std::move(stored);
    if (order.stored.subscription().state() == Subscription::STATE_RUNNING && !order.stored.deleted())
      Begin(&order);
  }
}

// --- attempts ---

void TopicFeed::Begin(Order* order) {
  if (draining_) return;
  order->streaming = true;
  const SubscriptionId id = IdOf(*order);
  const uint64_t attempt = order->attempt = ++last_attempt_;
  host_->Post(0, [this, id, attempt, stored = order->stored] { RunStream(id, attempt, stored); });
}

void TopicFeed::RunStream(const SubscriptionId& id, uint64_t attempt,
                          const hangou::exchange::v1::StoredSubscription& stored) {
  if (draining_) return;
  TopicSink::Events events;
  events.taken = [this, desk = desk_, id, attempt](size_t messages, uint64_t epoch) {
    desk->Post([=, this] { OnTaken(id, attempt, messages, epoch); });
  };
  events.ended = [this, desk = desk_, id, attempt](const absl::Status& why) {
    desk->Post([=, this] { OnEnded(id, attempt, why); });
  };
  auto cursor = cursors_.Read(id.first, id.second);
  if (!cursor.ok()) return events.ended(cursor.status());
  const auto keep = [keeper = keeper_](CursorUpdate update, CursorKeeper::Done done) {
    keeper->Keep(std::move(update), std::move(done));
  };
  const TopicSinkContext sink_context{context_.topics, context_.feed.policy, keep, guard_};
  const auto sink =
      std::make_shared<TopicSink>(sink_context, DeliveryTopicOf(id), id.first, id.second, std::move(events));
  const Caller caller{id.first, std::string(roles::kConsumer), stored.workload(), "", ""};
  auto& stream = streams_[id];
  stream = std::make_shared<SubscriptionStream>(stream_context(), host_, caller, RequestOf(stored),
                                                std::move(*cursor), sink);
  stream->Start();
}

// What the attempt tells from now on is passed over; a batch that the broker acknowledges still moves the cursor.
void TopicFeed::End(Order* order) {
  order->attempt = ++last_attempt_;
  order->streaming = false;
  host_->Post(0, [this, id = IdOf(*order)] {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    found->second->End(MakeError(Reason::kDraining, "the subscription is stopped"));
    streams_.erase(found);
  });
}

void TopicFeed::OnTaken(const SubscriptionId& id, uint64_t attempt, size_t messages, uint64_t epoch) {
  const auto found = orders_.find(id);
  if (found == orders_.end()) return;
  Order& order = found->second;
  if (messages > 0) {
    order.taken_us = context_.feed.clock.UtcUs();
    order.taken_messages += static_cast<int64_t>(messages);
  }
  if (order.attempt != attempt) return;
  order.taken_epoch = epoch;
  order.wait_ms = 0;
  order.failure = absl::OkStatus();
}

void TopicFeed::OnEnded(const SubscriptionId& id, uint64_t attempt, const absl::Status& why) {
  const auto found = orders_.find(id);
  if (draining_ || found == orders_.end() || found->second.attempt != attempt) return;
  Order& order = found->second;
  order.streaming = false;
  // A recall is no failure: what was recalled is decided again at once.
  if (ReasonOf(why) == Reason::kEpochNotReached) return Begin(&order);
  if (IsWithdrawal(why) || !IsPassing(why)) return Stop(&order, why);
  order.failure = why;
  order.wait_ms = std::clamp(2 * order.wait_ms, kFirstWaitMs, kLongestWaitMs);
  spdlog::warn("subscription {}: {}; again in {} ms", SubscriptionName(id), Message(why), order.wait_ms);
  desk_->PostAfter(order.wait_ms, [this, id, attempt] {
    const auto again = orders_.find(id);
    if (again != orders_.end() && again->second.attempt == attempt) Begin(&again->second);
  });
}

void TopicFeed::Stop(Order* order, const absl::Status& why) {
  End(order);
  auto* subscription = order->stored.mutable_subscription();
  subscription->set_state(Subscription::STATE_FAILED);
  subscription->set_reason(std::string(ReasonName(ReasonOf(why).value_or(Reason::kInternal))));
  subscription->set_message(std::string(Message(why)));
  if (IsWithdrawal(why) && !subscription->principal().empty()) {
    order->stored.add_forbidden(subscription->principal());
    subscription->clear_principal();
  }
  order->failure = absl::OkStatus();
  order->tidy_us = 0;
  spdlog::warn("subscription {} has stopped: {}", subscription->name(), Message(why));
  // Where it cannot be kept, the next start finds it running, and stops it again.
  if (const absl::Status kept = store_.Put(order->stored); !kept.ok()) {
    spdlog::error("subscription {}: {}", subscription->name(), Message(kept));
  }
  Tidy(order);
}

// --- what is looked at now and then ---

void TopicFeed::Tick() {
  host_->Post(0, [this] {
    for (const auto& [id, stream] : streams_) stream->Check();
  });
  std::vector<SubscriptionId> gone;
  for (auto& [id, order] : orders_) {
    const bool remains = !Tidy(&order);
    if (order.stored.deleted() && !remains) gone.push_back(id);
    if (!order.stored.deleted()) LookAtPolicy(&order);
  }
  for (const SubscriptionId& id : gone) orders_.erase(id);
  desk_->PostAfter(kTopicTickMs, [this] { Tick(); });
}

// A stream looks at the policy itself; who does not deliver just now must lose its access too. And the retention may
// have another length.
void TopicFeed::LookAtPolicy(Order* order) {
  auto* subscription = order->stored.mutable_subscription();
  if (subscription->principal().empty()) return;
  hangou::record::v1::AccessContext access;
  access.set_purpose(subscription->purpose());
  access.set_case_number(subscription->case_number());
  const auto decided = DecideDelivery(context_.feed.policy, order->stored.department(), access,
                                      subscription->resource(), context_.feed.clock.UtcUs());
  if (!decided.ok()) {
    if (IsWithdrawal(decided.status()) && !order->streaming) Stop(order, decided.status());
    return;
  }
  const PolicySnapshot& snapshot = decided->pin.snapshot();
  if (std::exchange(order->checked_epoch, snapshot.epoch()) == snapshot.epoch()) return;
  const uint32_t days =
      DeliveryRetentionDays(snapshot.objects(), order->stored.department(), *decided->rights);
  if (days == subscription->retention_days()) return;
  // Where it fails, the next tick tries again.
  if (!context_.topics.Ensure(DeliveryTopicOf(IdOf(*order)), RetentionMs(days)).ok()) {
    order->checked_epoch = 0;
    return;
  }
  subscription->set_retention_days(days);
  if (!store_.Put(order->stored).ok()) order->checked_epoch = 0;
}

bool TopicFeed::Tidy(Order* order) {
  auto& stored = order->stored;
  if (!stored.deleted() && stored.forbidden().empty()) return true;
  const int64_t now_us = context_.feed.clock.BootUs();
  if (now_us < order->tidy_us) return false;
  order->tidy_us = now_us + kTidyEveryUs;
  const SubscriptionId id = IdOf(*order);
  const std::string topic = DeliveryTopicOf(id);
  absl::Status done;
  for (const std::string& principal : stored.forbidden()) {
    if (done.ok()) done = context_.topics.Forbid(topic, principal);
  }
  if (done.ok() && stored.deleted()) done = context_.topics.Remove(topic);
  if (done.ok() && stored.deleted()) done = cursors_.Forget(id.first, id.second);
  if (done.ok()) {
    stored.clear_forbidden();
    done = stored.deleted() ? store_.Remove(id) : store_.Put(stored);
  }
  if (!done.ok()) order->failure = Annotate(done, "removing what remains at the brokers");
  return done.ok();
}

void TopicFeed::Drain() {
  draining_ = true;
  host_->Run([this] {
    const auto draining = MakeError(Reason::kDraining, "the exchange is stopping");
    for (const auto& [id, stream] : streams_) stream->End(draining);
    streams_.clear();
  });
}

}  // namespace hangou

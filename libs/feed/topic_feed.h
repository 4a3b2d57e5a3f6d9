// Subscriptions that deliver to topics: what they are, and how they are run.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/exchange/v1/exchange.pb.h"
#include "libs/base/event_loop.h"
#include "libs/feed/cursor_keeper.h"
#include "libs/feed/delivery_guard.h"
#include "libs/feed/feed.h"
#include "libs/feed/feed_host.h"
#include "libs/feed/subscription_store.h"
#include "libs/feed/topic_sink.h"
#include "libs/log/delivery_topics.h"

namespace hangou {

// What topic subscriptions work with. The references must outlive them.
struct TopicFeedContext {
  FeedContext feed;  // its cursor table is for streams
  DeliveryTopics& topics;
  int subscription_table;
  int cursor_table;
};

// Runs the topic subscriptions of a process: each is a SubscriptionStream whose sink is a topic. Where a stream ends,
// it begins again from its cursor after a growing wait; where the policy has withdrawn it, it stops for good, and the
// brokers are told that its consumer may read the topic no more, until that is done.
//
// Thread-safe. One thread, the desk, owns what is known of the subscriptions and waits for brokers and disk; the
// streams run on another, and what keeps withdrawn batches from being sent on a third.
class TopicFeed {
 public:
  using Done = std::function<void(absl::StatusOr<hangou::exchange::v1::Subscription>)>;
  using ListDone = std::function<void(absl::StatusOr<hangou::exchange::v1::ListSubscriptionsResponse>)>;
  using TopicDone = std::function<void(absl::StatusOr<hangou::exchange::v1::DeliveryTopic>)>;
  using DeleteDone = std::function<void(absl::Status)>;

  explicit TopicFeed(TopicFeedContext context);
  // Drains, and stops its threads.
  ~TopicFeed();

  // As the methods of the contract of the same names; each `done` is called once, from the desk.
  void Create(const Caller& caller, const hangou::exchange::v1::CreateSubscriptionRequest& request,
              Done done);
  void Get(const Caller& caller, const std::string& name, Done done);
  void List(const Caller& caller, const hangou::exchange::v1::ListSubscriptionsRequest& request,
            ListDone done);
  void Pause(const Caller& caller, const std::string& name, Done done);
  void Resume(const Caller& caller, const std::string& name, Done done);
  void Delete(const Caller& caller, const std::string& name, DeleteDone done);
  void GetTopic(const Caller& caller, const std::string& name, TopicDone done);
  // Ends every stream; nothing is begun any more. Idempotent.
  void Drain();

 private:
  using Subscription = hangou::exchange::v1::Subscription;

  // A subscription as the desk knows it. `stored` is what is durable; its state is RUNNING also while it retries.
  struct Order {
    hangou::exchange::v1::StoredSubscription stored;
    uint64_t attempt = 0;    // of running it; what a former attempt tells is passed over
    bool streaming = false;  // an attempt is under way
    int64_t wait_ms = 0;     // before the next attempt; 0: the last one delivered
    absl::Status failure;    // of the last attempt
    int64_t taken_us = 0;
    int64_t taken_messages = 0;
    uint64_t taken_epoch = 0;
    int64_t tidy_us = 0;         // when to ask the brokers again to remove what remains, boot time
    uint64_t checked_epoch = 0;  // policy epoch under which its retention was last looked at
  };

  // --- on the desk: topic_desk.cc, topic_view.cc ---
  absl::StatusOr<Subscription> CreateOnDesk(const Caller& caller,
                                            const hangou::exchange::v1::CreateSubscriptionRequest& request);
  absl::StatusOr<Subscription> PauseOnDesk(const Caller& caller, const std::string& name);
  absl::StatusOr<Subscription> ResumeOnDesk(const Caller& caller, const std::string& name);
  absl::Status DeleteOnDesk(const Caller& caller, const std::string& name);
  absl::StatusOr<hangou::exchange::v1::ListSubscriptionsResponse> ListOnDesk(
      const Caller& caller, const hangou::exchange::v1::ListSubscriptionsRequest& request);
  absl::StatusOr<hangou::exchange::v1::DeliveryTopic> TopicOnDesk(const Caller& caller,
                                                                  const std::string& name);
  absl::StatusOr<Order*> FindOrder(const Caller& caller, const std::string& name);
  absl::Status CheckNew(const Caller& caller,
                        const hangou::exchange::v1::CreateSubscriptionRequest& request) const;
  absl::Status Audit(const Caller& caller, const Subscription& subscription, const std::string& note,
                     const absl::Status& decided);
  // Decides whether a subscription may deliver, and audits that; fills in its retention.
  absl::Status Admit(const Caller& caller, const std::string& note, Subscription* subscription);
  // Makes topic and access for `caller`, and keeps the order as running. Before that both are noted as to be removed,
  // so that nothing remains of an attempt that fails or is cut short.
  absl::Status Furnish(const Caller& caller, Order* order);
  Subscription Describe(const Order& order);
  int64_t LagOf(const Order& order);

  // --- on the desk: topic_feed.cc ---
  static SubscriptionId IdOf(const Order& order);
  void LoadAll();
  void Begin(Order* order);
  void End(Order* order);
  void OnTaken(const SubscriptionId& id, uint64_t attempt, size_t messages, uint64_t epoch);
  void OnEnded(const SubscriptionId& id, uint64_t attempt, const absl::Status& why);
  void Stop(Order* order, const absl::Status& why);
  void Tick();
  void LookAtPolicy(Order* order);
  // Removes at the brokers what the order has no right to any more; false where something remains.
  bool Tidy(Order* order);
  void RunStream(const SubscriptionId& id, uint64_t attempt,
                 const hangou::exchange::v1::StoredSubscription& stored);
  StreamContext stream_context() const;

  const TopicFeedContext context_;
  Cursors cursors_;
  SubscriptionStore store_;
  const std::shared_ptr<FeedHost> host_;
  int policy_listener_ = 0;
  EventLoop guard_loop_;
  const std::shared_ptr<CursorKeeper> keeper_;
  const std::shared_ptr<DeliveryGuard> guard_;
  std::atomic<bool> draining_ = false;

  // Used on the streams' thread only.
  std::map<SubscriptionId, std::shared_ptr<SubscriptionStream>> streams_;

  // Used on the desk only.
  std::map<SubscriptionId, Order> orders_;
  absl::Status load_failure_;
  uint64_t last_attempt_ = 0;

  // Shared with what is under way at the producer when this goes.
  const std::shared_ptr<EventLoop> desk_;
};

}  // namespace hangou

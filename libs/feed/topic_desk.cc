// What the owners of topic subscriptions ask for.
#include <utility>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/feed/delivery_decision.h"
#include "libs/feed/topic_feed.h"
#include "libs/feed/topic_message.h"
#include "libs/log/record_topic.h"
#include "libs/policy/delivery_retention.h"

namespace hangou {
namespace {

using hangou::exchange::v1::CreateSubscriptionRequest;
using hangou::exchange::v1::ListSubscriptionsRequest;

// Topic subscriptions of a process: each takes one of the 64 readers of the log, which streams need too.
constexpr size_t kTopicSubscriptions = 32;

hangou::record::v1::AccessContext AccessOf(const hangou::exchange::v1::Subscription& subscription) {
  hangou::record::v1::AccessContext access;
  access.set_purpose(subscription.purpose());
  access.set_case_number(subscription.case_number());
  return access;
}

absl::Status NoSuchSubscription() {
  return MakeError(Reason::kObjectNotFound,
                   "your department has no such subscription; see `hangou subscriptions list`", "name");
}

}  // namespace

// --- calls, from any thread ---

void TopicFeed::Create(const Caller& caller, const CreateSubscriptionRequest& request, Done done) {
  desk_->Post([=, this, done = std::move(done)] { done(CreateOnDesk(caller, request)); });
}

void TopicFeed::Get(const Caller& caller, const std::string& name, Done done) {
  desk_->Post([=, this, done = std::move(done)] {
    const auto order = FindOrder(caller, name);
    if (!order.ok()) return done(order.status());
    done(Describe(**order));
  });
}

void TopicFeed::List(const Caller& caller, const ListSubscriptionsRequest& request, ListDone done) {
  desk_->Post([=, this, done = std::move(done)] { done(ListOnDesk(caller, request)); });
}

void TopicFeed::Pause(const Caller& caller, const std::string& name, Done done) {
  desk_->Post([=, this, done = std::move(done)] { done(PauseOnDesk(caller, name)); });
}

void TopicFeed::Resume(const Caller& caller, const std::string& name, Done done) {
  desk_->Post([=, this, done = std::move(done)] { done(ResumeOnDesk(caller, name)); });
}

void TopicFeed::Delete(const Caller& caller, const std::string& name, DeleteDone done) {
  desk_->Post([=, this, done = std::move(done)] { done(DeleteOnDesk(caller, name)); });
}

void TopicFeed::GetTopic(const Caller& caller, const std::string& name, TopicDone done) {
  desk_->Post([=, this, done = std::move(done)] { done(TopicOnDesk(caller, name)); });
}

// --- on the desk ---

absl::StatusOr<TopicFeed::Order*> TopicFeed::FindOrder(const Caller& caller, const std::string& name) {
  RETURN_IF_ERROR(load_failure_);
  const auto id = ParseSubscriptionName(name);
  // Another department's are not told from those that are not there.
  if (!id || id->first != caller.department) return NoSuchSubscription();
  const auto found = orders_.find(*id);
  if (found == orders_.end() || found->second.stored.deleted()) return NoSuchSubscription();
  return &found->second;
}

absl::Status TopicFeed::CheckNew(const Caller& caller, const CreateSubscriptionRequest& request) const {
  RETURN_IF_ERROR(load_failure_);
  const Subscription& wanted = request.subscription();
  if (!IsSubscriptionName(request.subscription_id())) {
    return MakeError(Reason::kInvalidRequest,
                     "a subscription is named [a-z][a-z0-9_-]*, at most 64 characters", "subscription_id");
  }
  if (wanted.purpose().size() > limits::kContextText || wanted.case_number().size() > limits::kContextText ||
      wanted.resource().size() > limits::kContextText) {
    return MakeError(Reason::kInvalidRequest, "purpose, case number and resource take at most 128 bytes");
  }
  if (wanted.start() != Subscription::START_SNAPSHOT && wanted.start() != Subscription::START_NOW) {
    return MakeError(Reason::kInvalidRequest, "say where it starts: snapshot or now", "subscription.start");
  }
  if (!orders_.contains({caller.department, request.subscription_id()}) &&
      orders_.size() >= kTopicSubscriptions) {
    return MakeError(Reason::kOverloaded, "this exchange has 32 subscriptions to topics; delete some");
  }
  return absl::OkStatus();
}

absl::Status TopicFeed::Audit(const Caller& caller, const Subscription& subscription, const std::string& note,
                              const absl::Status& decided) {
  hangou::audit::v1::Entry entry;
  entry.set_action(hangou::audit::v1::ACTION_SUBSCRIBE);
  entry.set_allowed(decided.ok());
  if (!decided.ok()) {
    entry.set_reason(std::string(ReasonName(ReasonOf(decided).value_or(Reason::kInternal))));
  }
  entry.set_caller(caller.department);
  entry.set_role(caller.role);
  entry.set_workload(caller.workload);
  entry.set_purpose(subscription.purpose());
  entry.set_case_number(subscription.case_number());
  entry.set_subject(subscription.resource());
  if (const auto newest = context_.feed.policy.Newest()) entry.set_epoch(newest->epoch());
  entry.set_note(note + " " + subscription.name());
  return context_.feed.audit.AppendAndWait(std::move(entry));
}

absl::Status TopicFeed::Admit(const Caller& caller, const std::string& note, Subscription* subscription) {
  const auto decided = DecideDelivery(context_.feed.policy, caller.department, AccessOf(*subscription),
                                      subscription->resource(), context_.feed.clock.UtcUs());
  RETURN_IF_ERROR(Audit(caller, *subscription, note, decided.status()));
  RETURN_IF_ERROR(decided.status());
  subscription->set_retention_days(
      DeliveryRetentionDays(decided->pin.snapshot().objects(), caller.department, *decided->rights));
  return absl::OkStatus();
}

absl::Status TopicFeed::Furnish(const Caller& caller, Order* order) {
  auto& stored = order->stored;
  auto* subscription = stored.mutable_subscription();
  const std::string topic = DeliveryTopicOf(IdOf(*order));
  const std::string principal = PrincipalOf(caller);
  if (!subscription->principal().empty() && subscription->principal() != principal) {
    stored.add_forbidden(subscription->principal());
  }
  subscription->clear_principal();
  stored.add_forbidden(principal);
  RETURN_IF_ERROR(store_.Put(stored));
  RETURN_IF_ERROR(context_.topics.Ensure(topic, RetentionMs(subscription->retention_days())));
  for (const std::string& former : stored.forbidden()) {
    if (former != principal) RETURN_IF_ERROR(context_.topics.Forbid(topic, former));
  }
  RETURN_IF_ERROR(context_.topics.Allow(topic, principal));
  stored.clear_forbidden();
  stored.set_deleted(false);
  stored.set_workload(caller.workload);
  subscription->set_principal(principal);
  subscription->set_state(Subscription::STATE_RUNNING);
  subscription->clear_reason();
  subscription->clear_message();
  order->failure = absl::OkStatus();
  order->wait_ms = 0;
  return store_.Put(stored);
}

absl::StatusOr<TopicFeed::Subscription> TopicFeed::CreateOnDesk(const Caller& caller,
                                                                const CreateSubscriptionRequest& request) {
  RETURN_IF_ERROR(CheckNew(caller, request));
  const SubscriptionId id(caller.department, request.subscription_id());
  Order order;
  order.stored.set_department(id.first);
  order.stored.set_subscription_id(id.second);
  order.stored.set_deleted(true);  // until everything is there
  Subscription* subscription = order.stored.mutable_subscription();
  subscription->set_name(SubscriptionName(id));
  subscription->set_resource(request.subscription().resource());
  subscription->set_purpose(request.subscription().purpose());
  subscription->set_case_number(request.subscription().case_number());
  subscription->set_start(request.subscription().start());
  *subscription->mutable_create_time() = TimeOf(context_.feed.clock.UtcUs());
  if (const auto found = orders_.find(id); found != orders_.end()) {
    const Subscription& there = found->second.stored.subscription();
    const bool same =
        there.resource() == subscription->resource() && there.purpose() == subscription->purpose() &&
        there.case_number() == subscription->case_number() && there.start() == subscription->start();
    if (!found->second.stored.deleted() && same) return Describe(found->second);
    if (!found->second.stored.deleted()) {
      return MakeError(Reason::kDuplicate,
                       "another subscription has this name; delete it, or choose another name",
                       "subscription_id");
    }
    found->second.tidy_us = 0;
    if (!Tidy(&found->second)) return found->second.failure;
    orders_.erase(found);
  }
  RETURN_IF_ERROR(Admit(caller, "create", subscription));
  const auto schema = context_.feed.policy.Newest()->FindResource(subscription->resource());
  if (!schema)
    return MakeError(Reason::kUnknownResource, "the catalog does not know the resource", "resource");
  ASSIGN_OR_RETURN(
      FeedPosition start,
      FreshPosition(context_.feed.log, RecordTopic(schema->declaration().library()), context_.feed.partitions,
                    subscription->resource(), context_.feed.clock.UtcUs(),
                    subscription->start() == Subscription::START_SNAPSHOT));
  Order& kept = orders_[id] = std::move(order);
  RETURN_IF_ERROR(cursors_.Keep({{id.first, id.second, std::move(start)}}));
  RETURN_IF_ERROR(Furnish(caller, &kept));
  Begin(&kept);
  return Describe(kept);
}

absl::StatusOr<TopicFeed::Subscription> TopicFeed::PauseOnDesk(const Caller& caller,
                                                               const std::string& name) {
  ASSIGN_OR_RETURN(Order* const order, FindOrder(caller, name));
  Subscription* subscription = order->stored.mutable_subscription();
  // What has stopped stays so, with its reason.
  if (subscription->state() != Subscription::STATE_RUNNING) return Describe(*order);
  RETURN_IF_ERROR(Audit(caller, *subscription, "pause", absl::OkStatus()));
  subscription->set_state(Subscription::STATE_PAUSED);
  order->failure = absl::OkStatus();
  End(order);
  RETURN_IF_ERROR(store_.Put(order->stored));
  return Describe(*order);
}

absl::StatusOr<TopicFeed::Subscription> TopicFeed::ResumeOnDesk(const Caller& caller,
                                                                const std::string& name) {
  ASSIGN_OR_RETURN(Order* const order, FindOrder(caller, name));
  Subscription* subscription = order->stored.mutable_subscription();
  if (subscription->state() == Subscription::STATE_RUNNING &&
      subscription->principal() == PrincipalOf(caller)) {
    return Describe(*order);
  }
  RETURN_IF_ERROR(Admit(caller, "resume", subscription));
  RETURN_IF_ERROR(Furnish(caller, order));
  End(order);
  Begin(order);
  return Describe(*order);
}

absl::Status TopicFeed::DeleteOnDesk(const Caller& caller, const std::string& name) {
  ASSIGN_OR_RETURN(Order* const order, FindOrder(caller, name));
  auto& stored = order->stored;
  RETURN_IF_ERROR(Audit(caller, stored.subscription(), "delete", absl::OkStatus()));
  if (!stored.subscription().principal().empty()) stored.add_forbidden(stored.subscription().principal());
  stored.set_deleted(true);
  End(order);
  RETURN_IF_ERROR(store_.Put(stored));
  order->tidy_us = 0;
  const SubscriptionId id = IdOf(*order);
  if (!Tidy(order))
    return Annotate(order->failure, "it is ended; removing its topic is repeated until it is done");
  orders_.erase(id);
  return absl::OkStatus();
}

}  // namespace hangou

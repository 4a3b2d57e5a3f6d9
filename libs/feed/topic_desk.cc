// What the owners of topic subscriptions ask for.
#include <algorithm>
#include <utility>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/feed/delivery_decision.h"
#include "libs/feed/topic_feed.h"
#include "libs/feed/topic_message.h"
#include "libs/log/record_topic.h"
#include "libs/policy/delivery_retention.h"
#include "libs/schema/descriptor.h"

namespace hangou {
namespace {

using hangou::exchange::v1::CreateSubscriptionRequest;
using hangou::exchange::v1::DeliveryTopic;
using hangou::exchange::v1::ListSubscriptionsRequest;
using hangou::exchange::v1::ListSubscriptionsResponse;

// Topic subscriptions of a process: each takes one of the 64 readers of the log, which streams need too.
constexpr size_t kTopicSubscriptions = 32;
constexpr int64_t kMsPerDay = kUsPerDay / kUsPerMs;

void SetTime(int64_t utc_us, google::protobuf::Timestamp* time) {
  time->set_seconds(utc_us / kUsPerSecond);
  time->set_nanos(static_cast<int32_t>(utc_us % kUsPerSecond * 1000));
}

hangou::record::v1::AccessContext AccessOf(const hangou::exchange::v1::Subscription& subscription) {
  hangou::record::v1::AccessContext access;
  access.set_purpose(subscription.purpose());
  access.set_case_number(subscription.case_number());
  return access;
}

// The list is bound to its department, which the token need not name for anybody else.
std::string PageContext(const Caller& caller) { return "subscriptions of " + caller.department; }

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
  RETURN_IF_ERROR(context_.topics.Ensure(topic, subscription->retention_days() * kMsPerDay));
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
  SetTime(context_.feed.clock.UtcUs(), subscription->mutable_create_time());
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

// Of what is read, what the broker has acknowledged counts: the place of the stream where there is one, else the cursor.
int64_t TopicFeed::LagOf(const Order& order) {
  const SubscriptionId id = IdOf(order);
  std::optional<SubscriptionStream::Progress> progress;
  host_->Run([&] {
    const auto found = streams_.find(id);
    if (found != streams_.end()) progress = found->second->progress();
  });
  if (!progress || !order.streaming) {
    const auto cursor = cursors_.Read(id.first, id.second);
    if (!cursor.ok() || !*cursor) return 0;
    progress = SubscriptionStream::Progress{**cursor, 0};
  }
  const auto newest = context_.feed.policy.Newest();
  const auto schema = newest ? newest->FindResource(order.stored.subscription().resource()) : nullptr;
  if (!schema) return 0;
  std::vector<int32_t> partitions;
  for (int32_t p = 0; p < context_.feed.partitions; ++p) partitions.push_back(p);
  const auto ends = context_.feed.log.EndOffsets(RecordTopic(schema->declaration().library()), partitions);
  if (!ends.ok()) return 0;
  int64_t lag = static_cast<int64_t>(progress->on_their_way);
  for (const auto& [partition, end] : *ends) {
    const size_t place = static_cast<size_t>(partition);
    if (place >= progress->read.partitions.size()) continue;
    // A partition that the snapshot has not come to counts as a whole.
    lag += std::max<int64_t>(0, end - std::max<int64_t>(0, progress->read.partitions[place].next));
  }
  return lag;
}

TopicFeed::Subscription TopicFeed::Describe(const Order& order) {
  Subscription subscription = order.stored.subscription();
  if (subscription.state() == Subscription::STATE_RUNNING && !order.failure.ok()) {
    subscription.set_state(Subscription::STATE_RETRYING);
    subscription.set_reason(std::string(ReasonName(ReasonOf(order.failure).value_or(Reason::kInternal))));
    subscription.set_message(std::string(Message(order.failure)));
  } else if (!order.failure.ok()) {
    subscription.set_message(subscription.message() + "; " + std::string(Message(order.failure)));
  }
  subscription.set_lag(LagOf(order));
  if (order.taken_us != 0) SetTime(order.taken_us, subscription.mutable_delivery_time());
  subscription.set_delivered_messages(order.taken_messages);
  subscription.set_epoch(order.taken_epoch);
  return subscription;
}

absl::StatusOr<ListSubscriptionsResponse> TopicFeed::ListOnDesk(const Caller& caller,
                                                                const ListSubscriptionsRequest& request) {
  RETURN_IF_ERROR(load_failure_);
  if (request.page_size() < 0 || request.page_size() > limits::kPageMax) {
    return MakeError(Reason::kInvalidRequest, "page_size is at most 1000", "page_size");
  }
  const int page_size = request.page_size() == 0 ? limits::kPageDefault : request.page_size();
  std::string after;
  if (!request.page_token().empty()) {
    ASSIGN_OR_RETURN(after, context_.feed.keys.OpenToken(request.page_token(), PageContext(caller)));
  }
  ListSubscriptionsResponse response;
  for (const auto& [id, order] : orders_) {
    if (id.first != caller.department || id.second <= after || order.stored.deleted()) continue;
    if (response.subscriptions_size() == page_size) {
      const auto last = ParseSubscriptionName(response.subscriptions(page_size - 1).name());
      response.set_next_page_token(context_.feed.keys.SealToken(last->second, PageContext(caller)));
      break;
    }
    *response.add_subscriptions() = Describe(order);
  }
  return response;
}

absl::StatusOr<DeliveryTopic> TopicFeed::TopicOnDesk(const Caller& caller, const std::string& name) {
  ASSIGN_OR_RETURN(const Order* const order, FindOrder(caller, name));
  const Subscription& subscription = order->stored.subscription();
  const auto schema = context_.feed.policy.Newest()->FindResource(subscription.resource());
  if (!schema) return MakeError(Reason::kUnknownResource, "the catalog does not know the resource any more");
  DeliveryTopic topic;
  topic.set_topic(context_.topics.NameOf(DeliveryTopicOf(IdOf(*order))));
  topic.set_bootstrap_servers(context_.topics.bootstrap_servers());
  topic.set_partitions(kDeliveryPartitions);
  topic.set_group_prefix(topic.topic());
  topic.set_principal(subscription.principal());
  topic.set_retention_ms(subscription.retention_days() * kMsPerDay);
  *topic.mutable_files() = DescriptorOf(schema->declaration());
  topic.set_message_name(MessageNameOf(schema->declaration()));
  topic.set_schema_revision(schema->declaration().schema_revision());
  for (const DeliveryHeader& header : DeliveryHeaders()) {
    auto* line = topic.add_headers();
    line->set_name(std::string(header.name));
    line->set_meaning(std::string(header.meaning));
  }
  return topic;
}

}  // namespace hangou

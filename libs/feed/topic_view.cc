// What the owners of topic subscriptions see of them.
#include <algorithm>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/feed/topic_feed.h"
#include "libs/feed/topic_message.h"
#include "libs/log/record_topic.h"
#include "libs/policy/delivery_retention.h"
#include "libs/schema/descriptor.h"

namespace hangou {
namespace {

using hangou::exchange::v1::DeliveryTopic;
using hangou::exchange::v1::ListSubscriptionsRequest;
using hangou::exchange::v1::ListSubscriptionsResponse;

// What cannot be told must not look like having caught up.
constexpr int64_t kLagUnknown = -1;

// The list is bound to its department, which the token need not name for anybody else.
std::string PageContext(const Caller& caller) { return "subscriptions of " + caller.department; }

}  // namespace

// Of what is read, what the broker has acknowledged counts: the stream's place where there is one, else the cursor.
int64_t TopicFeed::LagOf(const Order& order) {
  const SubscriptionId id = IdOf(order);
  std::optional<SubscriptionStream::Progress> progress;
  host_->Run([&] {
    const auto found = streams_.find(id);
    if (found != streams_.end()) progress = found->second->progress();
  });
  if (!progress || !order.streaming) {
    const auto cursor = cursors_.Read(id.first, id.second);
    if (!cursor.ok() || !*cursor) return kLagUnknown;
    progress = SubscriptionStream::Progress{**cursor, 0};
  }
  const auto newest = context_.feed.policy.Newest();
  const auto schema = newest ? newest->FindResource(order.stored.subscription().resource()) : nullptr;
  if (!schema) return kLagUnknown;
  std::vector<int32_t> partitions;
  for (int32_t p = 0; p < context_.feed.partitions; ++p) partitions.push_back(p);
  const auto ends = context_.feed.log.EndOffsets(RecordTopic(schema->declaration().library()), partitions);
  if (!ends.ok()) return kLagUnknown;
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
  if (order.taken_us != 0) *subscription.mutable_delivery_time() = TimeOf(order.taken_us);
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
  topic.set_retention_ms(RetentionMs(subscription.retention_days()));
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

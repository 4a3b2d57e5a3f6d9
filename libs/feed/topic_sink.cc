#include "libs/feed/topic_sink.h"

#include <utility>

#include "libs/base/status.h"
#include "libs/feed/topic_message.h"

namespace hangou {

// A delivery under way.
struct TopicSink::Delivery {
  uint64_t number = 0;  // at the guard
  uint64_t epoch = 0;
  size_t messages = 0;
  FeedPosition position;
  std::function<void(bool)> written;
};

TopicSink::TopicSink(TopicSinkContext context, std::string topic, std::string department,
                     std::string subscription, Events events)
    : context_(std::move(context)),
      topic_(std::move(topic)),
      department_(std::move(department)),
      subscription_(std::move(subscription)),
      events_(std::move(events)) {}

bool TopicSink::Write(OutgoingDelivery outgoing, std::function<void(bool)> written) {
  {
    MutexLock lock(mutex_);
    if (ended_ || end_) return false;
    writing_ = true;
  }
  auto delivery = std::make_shared<Delivery>();
  delivery->epoch = outgoing.delivery.decision().epoch();
  delivery->position = std::move(outgoing.position);
  delivery->written = std::move(written);
  std::vector<DeliveryMessage> messages = MessagesOf(outgoing);
  delivery->messages = messages.size();
  delivery->number = context_.guard->Add(std::move(outgoing.pin));
  context_.topics.Send(topic_, std::move(messages),
                       [self = shared_from_this(), delivery](absl::Status status) {
                         self->Acknowledged(delivery, std::move(status));
                       });
  return true;
}

void TopicSink::Acknowledged(const std::shared_ptr<Delivery>& delivery, absl::Status status) {
  context_.guard->Remove(delivery->number);
  if (status.ok()) {
    return context_.keep(
        {department_, subscription_, delivery->position},
        [self = shared_from_this(), delivery](const absl::Status& kept) { self->Settle(delivery, kept); });
  }
  const auto newest = context_.policy.Newest();
  if (newest && newest->epoch() != delivery->epoch) {
    status = MakeError(Reason::kEpochNotReached,
                       "the policy has changed; what was not acknowledged is decided again");
  }
  Settle(delivery, status);
}

void TopicSink::Settle(const std::shared_ptr<Delivery>& delivery, const absl::Status& status) {
  std::optional<absl::Status> end;
  {
    MutexLock lock(mutex_);
    writing_ = false;
    // Why the stream ends says more than that its last delivery failed.
    if (end_) {
      end = *end_;
    } else if (!status.ok()) {
      end = status;
    }
    ended_ = end.has_value();
  }
  if (status.ok()) events_.taken(delivery->messages, delivery->epoch);
  delivery->written(status.ok());
  if (end) events_.ended(*end);
}

void TopicSink::Finish(const absl::Status& status) {
  {
    MutexLock lock(mutex_);
    if (ended_ || end_) return;
    if (writing_) {
      end_ = status;
      return;
    }
    ended_ = true;
  }
  events_.ended(status);
}

}  // namespace hangou

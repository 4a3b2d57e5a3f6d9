// A topic as a stream sees it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "libs/base/mutex.h"
#include "libs/feed/cursor_keeper.h"
#include "libs/feed/delivery_guard.h"
#include "libs/feed/subscription_stream.h"
#include "libs/log/delivery_topics.h"

namespace hangou {

// What sinks of topics work with. The references outlive them, and `topics` everything that was sent.
struct TopicSinkContext {
  DeliveryTopics& topics;
  const PolicyHolder& policy;
  // As CursorKeeper::Keep.
  std::function<void(CursorUpdate, CursorKeeper::Done)> keep;
  std::shared_ptr<DeliveryGuard> guard;
};

// Sends the deliveries of one stream to a topic: a delivery is taken when the broker has acknowledged every message of
// it and the cursor behind it is durable. Ends with its stream, or with the first delivery that fails; a stream that
// goes on from the cursor repeats that one. Thread-safe; shared with what is under way.
class TopicSink final : public DeliverySink, public std::enable_shared_from_this<TopicSink> {
 public:
  // What its owner hears, from any thread; neither may block.
  struct Events {
    // A delivery of so many messages was taken, decided under an epoch.
    std::function<void(size_t messages, uint64_t epoch)> taken;
    // The end, once: the last call. EPOCH_NOT_REACHED where a delivery was recalled to be decided again.
    std::function<void(absl::Status why)> ended;
  };

  TopicSink(TopicSinkContext context, std::string topic, std::string department, std::string subscription,
            Events events);

  bool Write(OutgoingDelivery outgoing, std::function<void(bool)> written) override;
  bool keyed() const override { return true; }
  void Finish(const absl::Status& status) override;
  // There is no reader to be waited for: the same as Finish.
  void FinishNow(const absl::Status& status) override { Finish(status); }

 private:
  struct Delivery;

  void Acknowledged(const std::shared_ptr<Delivery>& delivery, absl::Status status);
  void Settle(const std::shared_ptr<Delivery>& delivery, const absl::Status& status);

  const TopicSinkContext context_;
  const std::string topic_;
  const std::string department_;
  const std::string subscription_;
  const Events events_;
  Mutex mutex_;
  bool writing_ HANGOU_GUARDED_BY(mutex_) = false;
  bool ended_ HANGOU_GUARDED_BY(mutex_) = false;               // `ended` was called, or is about to be
  std::optional<absl::Status> end_ HANGOU_GUARDED_BY(mutex_);  // to be told behind the delivery under way
};

}  // namespace hangou

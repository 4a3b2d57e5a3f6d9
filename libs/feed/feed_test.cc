// The feed on its own threads.
#include "libs/feed/feed.h"

#include <catch2/catch.hpp>

#include "libs/feed/feed_for_test.h"
#include "libs/peer/memory_peer.h"

namespace hangou::feed_test {
namespace {

using hangou::exchange::v1::AcknowledgeRequest;
using hangou::exchange::v1::AcknowledgeResponse;
using hangou::exchange::v1::Delivery;

constexpr int64_t kWaitUs =
    20 * kUsPerSecond;  // for something that has to happen; ample for a loaded machine

// A consumer on another thread, that takes deliveries at once. Thread-safe.
class ThreadSink final : public DeliverySink {
 public:
  bool Write(OutgoingDelivery outgoing, std::function<void(bool)> written) override {
    const Delivery& delivery = outgoing.delivery;
    {
      MutexLock lock(mutex_);
      if (finished_) return false;
      changes_ += static_cast<size_t>(delivery.changes_size());
      caught_up_ = delivery.caught_up();
      token_ = delivery.token();
      changed_.NotifyAll();
    }
    written(true);
    return true;
  }
  void Finish(const absl::Status& status) override {
    MutexLock lock(mutex_);
    if (!finished_) finished_ = status;
    changed_.NotifyAll();
  }
  void FinishNow(const absl::Status& status) override { Finish(status); }

  // Waits until so many changes have come and the stream has caught up.
  bool WaitFor(size_t changes) {
    const int64_t deadline_us = SystemClock().BootUs() + kWaitUs;
    MutexLock lock(mutex_);
    while (changes_ < changes || !caught_up_) {
      if (SystemClock().BootUs() > deadline_us) return false;
      changed_.WaitFor(mutex_, 100);
    }
    return true;
  }
  // Waits for the end; its reason.
  std::optional<Reason> WaitForEnd() {
    const int64_t deadline_us = SystemClock().BootUs() + kWaitUs;
    MutexLock lock(mutex_);
    while (!finished_ && SystemClock().BootUs() < deadline_us) changed_.WaitFor(mutex_, 100);
    return finished_ ? ReasonOf(*finished_) : std::nullopt;
  }
  std::string token() {
    MutexLock lock(mutex_);
    return token_;
  }
  size_t changes() {
    MutexLock lock(mutex_);
    return changes_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  size_t changes_ HANGOU_GUARDED_BY(mutex_) = 0;
  bool caught_up_ HANGOU_GUARDED_BY(mutex_) = false;
  std::string token_ HANGOU_GUARDED_BY(mutex_);
  std::optional<absl::Status> finished_ HANGOU_GUARDED_BY(mutex_);
};

// A feed on the machine's clock.
struct RunningFeed {
  RunningFeed() {
    peer.OnScan([this](const std::string& name, const auto& request) {
      HANGOU_CHECK(name == "population", "another library was scanned");
      return library.Scan(request);
    });
    Install(Objects());
    feed = std::make_unique<Feed>(
        FeedContext{log, *store, 0, 1, policy, audit, keys, peer, SystemClock(), kPartitions});
  }
  void Install(const PolicyObjects& objects) {
    policy.Install(PolicySnapshot::Compile(objects, ++epoch).value());
    policy.Renew(SystemClock().BootUs(), epoch, 1'000'000'000);
  }
  std::shared_ptr<ThreadSink> Subscribe(const hangou::exchange::v1::SubscribeRequest& request) {
    auto sink = std::make_shared<ThreadSink>();
    feed->Subscribe(consumer, request, sink);
    return sink;
  }
  // Waits for the answer.
  absl::Status Acknowledge(const std::string& token, const std::string& subscription = "s1") {
    AcknowledgeRequest request;
    request.set_subscription(subscription);
    request.set_token(token);
    auto answers = std::make_shared<AppendAnswers>(1);
    feed->Acknowledge(consumer, request, [answers](absl::StatusOr<AcknowledgeResponse> answer) {
      const auto done = AppendAnswers::At(answers, 0);
      if (answer.ok()) {
        done(answer->acknowledge_time().seconds());
      } else {
        done(answer.status());
      }
    });
    return answers->Wait()[0].status();
  }

  const Caller consumer{"tax", "consumer", "app", "", ""};
  MemoryLog log;
  TestLibrary library{log};
  std::unique_ptr<Store> store = MakeMemoryStore(2);
  PolicyHolder policy{SystemClock()};
  TestAudit audit;
  KeyRing keys = KeyRing::ForTest();
  MemoryPeer peer;
  uint64_t epoch = 0;
  std::unique_ptr<Feed> feed;  // last: it goes first
};

hangou::exchange::v1::SubscribeRequest FromCursor() {
  auto request = TestCity::Request();
  request.mutable_cursor();
  return request;
}

TEST_CASE("A subscription goes from the snapshot to the changes, and on from its acknowledged cursor") {
  RunningFeed running;
  for (size_t i = 0; i < 40; ++i) running.library.Put(i, "before");
  auto sink = running.Subscribe(TestCity::Snapshot());
  REQUIRE(sink->WaitFor(40));
  running.library.Put(0, "after");
  REQUIRE(sink->WaitFor(41));
  REQUIRE(running.Acknowledge(sink->token()).ok());
  running.feed->Gone(sink);

  running.library.Put(1, "later");
  sink = running.Subscribe(FromCursor());
  REQUIRE(sink->WaitFor(1));
  CHECK(sink->changes() == 1);
}

TEST_CASE("Without a cursor a subscription begins now") {
  RunningFeed running;
  running.library.Put(0, "before");
  const auto sink = running.Subscribe(FromCursor());
  REQUIRE(sink->WaitFor(0));
  running.library.Put(1, "after");
  REQUIRE(sink->WaitFor(1));
  CHECK(sink->changes() == 1);
}

TEST_CASE(
    "An older acknowledgement does not move the cursor back; a token of another subscription is refused") {
  RunningFeed running;
  auto sink = running.Subscribe(TestCity::Now());
  REQUIRE(sink->WaitFor(0));
  const std::string old_token = sink->token();
  running.library.Put(0, "a");
  REQUIRE(sink->WaitFor(1));
  REQUIRE(running.Acknowledge(sink->token()).ok());
  REQUIRE(running.Acknowledge(old_token).ok());
  CHECK(ReasonOf(running.Acknowledge(old_token, "s2")) == Reason::kTokenInvalid);
  CHECK(ReasonOf(running.Acknowledge("x.y")) == Reason::kTokenInvalid);
  sink = running.Subscribe(FromCursor());
  REQUIRE(sink->WaitFor(0));
  CHECK(sink->changes() == 0);
}

TEST_CASE("An idle stream ends by itself when the policy withdraws its resource") {
  RunningFeed running;
  const auto sink = running.Subscribe(TestCity::Now());
  REQUIRE(sink->WaitFor(0));
  auto objects = Objects();
  Withhold(&objects, "");
  running.Install(objects);
  CHECK(sink->WaitForEnd() == Reason::kNegativeList);
}

TEST_CASE("Draining ends every stream and refuses new ones") {
  RunningFeed running;
  const auto sink = running.Subscribe(TestCity::Now());
  REQUIRE(sink->WaitFor(0));
  running.feed->Drain();
  CHECK(sink->WaitForEnd() == Reason::kDraining);
  CHECK(running.Subscribe(TestCity::Now())->WaitForEnd() == Reason::kDraining);
  running.feed->Drain();
}

}  // namespace
}  // namespace hangou::feed_test

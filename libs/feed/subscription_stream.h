// One open subscription: a state machine from changes and policy to deliveries. No transport, no threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/audit/v1/entry.pb.h"
#include "hangou/exchange/v1/exchange.pb.h"
#include "libs/audit/chain.h"
#include "libs/base/caller.h"
#include "libs/base/clock.h"
#include "libs/base/keys.h"
#include "libs/feed/change_source.h"
#include "libs/feed/delivery_decision.h"
#include "libs/feed/feed_position.h"
#include "libs/feed/recall_ledger.h"
#include "libs/log/log.h"
#include "libs/policy/policy_holder.h"

namespace hangou {

// A delivery on its way out.
struct OutgoingDelivery {
  hangou::exchange::v1::Delivery delivery;
  // Of the decision. While it lives the process does not confirm a newer epoch: whoever holds it drops it once the
  // transport has the delivery, so that nothing of ours sends it any more.
  PolicyHolder::Pin pin;
  FeedPosition position;          // behind it
  std::vector<std::string> keys;  // of each change's record, for sinks that are keyed
};

// Where deliveries go: the transport's side of a stream. Thread-safe.
class DeliverySink {
 public:
  virtual ~DeliverySink() = default;
  // Hands a delivery to the transport. `written` is called once, from any thread, when it was taken (true) or the
  // stream has ended (false); only then may the next follow. False where the stream has ended; then `written` is not
  // called.
  virtual bool Write(OutgoingDelivery outgoing, std::function<void(bool taken)> written) = 0;
  // True where deliveries have to carry a key per change.
  virtual bool keyed() const { return false; }
  // Ends the stream with a status, behind the delivery that is being written.
  virtual void Finish(const absl::Status& status) = 0;
  // The same at once: a delivery that is being written is given up.
  virtual void FinishNow(const absl::Status& status) = 0;
};

// What drives streams. Thread-safe; streams and their callbacks keep it alive.
class StreamHost {
 public:
  using OnPage = std::function<void(absl::StatusOr<hangou::base_library::v1::ScanResponse>)>;

  virtual ~StreamHost() = default;
  // Runs `task` on the streams' thread, behind those posted before, after at least `delay_ms` milliseconds.
  virtual void Post(int64_t delay_ms, std::function<void()> task) = 0;
  // Scans a library; `done` is called once, from any thread, but not before this returns.
  virtual void Scan(const std::string& library, hangou::base_library::v1::ScanRequest request,
                    OnPage done) = 0;
};

// What streams work with. The references must outlive them.
struct StreamContext {
  Log& log;
  const PolicyHolder& policy;
  AuditChain& audit;
  const KeyRing& keys;
  const Clock& clock;
  int32_t partitions;  // of the record topics
  RecallLedger recalls;
};

// A stream to one consumer. All methods run on the streams' thread; shared, because what it waits for may come late.
//
// Each batch goes: fill -> pin -> decide -> project -> audit entry durable -> confirm the pin -> write, with the pin.
// Where the epoch moved on before the write, the batch is decided again. While one batch is audited and written, the
// next is filled; no more than that waits in memory. The stream ends by itself, with the reason, where the decision
// leaves no field, the lease has run out, the consumer does not read, or the log is damaged.
class SubscriptionStream : public std::enable_shared_from_this<SubscriptionStream> {
 public:
  // `cursor` is what was last acknowledged, if anything.
  SubscriptionStream(StreamContext context, std::shared_ptr<StreamHost> host, Caller caller,
                     hangou::exchange::v1::SubscribeRequest request, std::optional<FeedPosition> cursor,
                     std::shared_ptr<DeliverySink> sink);
  ~SubscriptionStream();

  // Begins; call once.
  void Start();
  // Looks whether the stream may go on: after every change of the policy, and each second.
  void Check();
  // Ends the stream with a status, such as DRAINING.
  void End(const absl::Status& status);
  // The transport has ended it.
  void Gone();
  // How far it has come: the place behind what was read, and how many of the changes before it are still on their way.
  // None where it has not begun.
  struct Progress {
    FeedPosition read;
    size_t on_their_way = 0;
  };
  std::optional<Progress> progress() const;
  // Nothing is left to be done: forget it.
  bool done() const { return ended_ && !writing_ && !denying_; }

 private:
  // What is being audited or written.
  struct Batch {
    std::vector<FeedChange> changes;
    FeedPosition position;
    bool caught_up = false;
  };
  absl::Status Validate() const;
  absl::Status CheckAfter(const std::string& topic) const;
  absl::StatusOr<FeedPosition> StartPosition(const std::string& topic) const;
  absl::StatusOr<FeedPosition> Fresh(const std::string& topic, bool snapshot) const;
  absl::Status CheckPosition(const FeedPosition& position) const;
  absl::Status OpenSource();
  absl::StatusOr<DeliveryDecision> Decide() const;

  void Pump();
  void PostPump(int64_t delay_ms);
  void Fill();
  void RequestPage();
  void OnPage(absl::StatusOr<hangou::base_library::v1::ScanResponse> page);
  void AddChange(FeedChange change);
  bool BatchFull() const;
  void SendWhenDue();
  void Send();
  void TryDeliver();
  absl::StatusOr<OutgoingDelivery> MakeDelivery(const DeliveryDecision& decided) const;
  hangou::audit::v1::Entry NewEntry(bool allowed) const;
  hangou::audit::v1::Entry DeliveryEntry(const DeliveryDecision& decided) const;
  void OnAudited(absl::Status durable);
  void HandOver();
  void OnWritten(bool taken);
  void Deny(const absl::Status& status);
  // A callback for another thread: runs `method` on the streams' thread while the stream lives.
  template <class... Arguments>
  std::function<void(Arguments...)> Later(void (SubscriptionStream::*method)(Arguments...));

  const StreamContext context_;
  const std::shared_ptr<StreamHost> host_;
  const Caller caller_;
  const hangou::exchange::v1::SubscribeRequest request_;
  const std::optional<FeedPosition> cursor_;
  const std::shared_ptr<DeliverySink> sink_;

  std::string library_;
  std::string topic_;
  std::unique_ptr<ChangeSource> source_;
  std::shared_ptr<std::atomic<bool>> notified_;  // a pump is posted because of the log

  // The batch that is filled.
  std::vector<FeedChange> filling_;
  size_t filling_bytes_ = 0;
  bool at_end_ = false;
  bool page_wanted_ = false;
  int page_failures_ = 0;
  bool timer_set_ = false;
  int64_t noticed_passed_ = 0;  // what the source had passed at the last delivery

  // The batch that is on its way.
  std::optional<Batch> sending_;
  DeliveryDecision decided_;
  OutgoingDelivery outgoing_;
  bool writing_ = false;
  bool told_caught_up_ = false;
  int64_t handed_over_boot_us_ = 0;

  bool denying_ = false;
  bool ended_ = false;
};

}  // namespace hangou

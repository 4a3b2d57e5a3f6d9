// The feed: all subscriptions of a process, on their threads. No transport.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/exchange/v1/exchange.pb.h"
#include "libs/audit/chain.h"
#include "libs/base/caller.h"
#include "libs/base/clock.h"
#include "libs/base/keys.h"
#include "libs/feed/cursor_keeper.h"
#include "libs/feed/cursors.h"
#include "libs/feed/feed_host.h"
#include "libs/feed/recall_ledger.h"
#include "libs/feed/subscription_stream.h"
#include "libs/log/log.h"
#include "libs/peer/peer.h"
#include "libs/policy/policy_holder.h"
#include "libs/store/store.h"

namespace hangou {

// What the feed works with. The references must outlive it.
struct FeedContext {
  Log& log;
  Store& local;  // cursors, in table `cursor_table`, and recalls
  int cursor_table;
  int recall_table;
  PolicyHolder& policy;
  AuditChain& audit;
  const KeyRing& keys;
  Peer& peer;  // to read snapshots from the libraries
  const Clock& clock;
  int32_t partitions;  // of the record topics
};

// Runs the streams: one thread for their state, one for scans of libraries, one for cursors. Thread-safe.
class Feed {
 public:
  using AcknowledgeDone = std::function<void(absl::StatusOr<hangou::exchange::v1::AcknowledgeResponse>)>;

  explicit Feed(FeedContext context);
  // Drains, and stops its threads.
  ~Feed();

  // Opens a stream to `sink`. Refusals come through the sink too. DRAINING, OVERLOADED.
  void Subscribe(const Caller& caller, const hangou::exchange::v1::SubscribeRequest& request,
                 const std::shared_ptr<DeliverySink>& sink);
  // Tells that the transport of a stream has ended.
  void Gone(const std::shared_ptr<DeliverySink>& sink);
  // Keeps the place of a token as the cursor; `done` is called once it is durable, or with TOKEN_INVALID, STORE_FULL.
  void Acknowledge(const Caller& caller, const hangou::exchange::v1::AcknowledgeRequest& request,
                   AcknowledgeDone done);
  // Recalls that were delivered, by streams and topics alike: which they are, and a receiver's confirmation.
  absl::StatusOr<hangou::exchange::v1::ListRecallsResponse> ListRecalls(
      const Caller& caller, const hangou::exchange::v1::ListRecallsRequest& request) const;
  // `done` is called once the confirmation and its audit entry are durable.
  void ConfirmRecall(const Caller& caller, const hangou::exchange::v1::ConfirmRecallRequest& request,
                     std::function<void(absl::StatusOr<hangou::exchange::v1::ConfirmRecallResponse>)> done);
  // Ends every stream with DRAINING; new ones are refused. Returns when that is done. Idempotent.
  void Drain();
  // Streams that are open, or end.
  size_t open_streams() const { return open_streams_; }

 private:
  struct OpenStream {
    std::shared_ptr<SubscriptionStream> stream;
    std::shared_ptr<DeliverySink> sink;
  };

  void SubscribeOnLoop(const Caller& caller, const hangou::exchange::v1::SubscribeRequest& request,
                       const std::shared_ptr<DeliverySink>& sink);
  void CheckAll();
  void Tick();
  void ForgetDone();

  const FeedContext context_;
  Cursors cursors_;
  RecallLedger recalls_;
  const std::shared_ptr<FeedHost> host_;
  int policy_listener_ = 0;

  // Used on the streams' thread only.
  std::vector<OpenStream> streams_;
  bool draining_ = false;
  std::atomic<size_t> open_streams_{0};  // the size of streams_, for everybody

  CursorKeeper keeper_;  // last: its thread goes first
};

}  // namespace hangou

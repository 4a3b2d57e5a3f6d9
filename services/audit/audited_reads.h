// What all reads of the audit share: role, room, freshness, and the entry that each of them is.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "hangou/audit/v1/entry.pb.h"
#include "libs/audit/chain.h"
#include "libs/audit_topic/shipper.h"
#include "libs/base/caller.h"
#include "libs/base/event_loop.h"
#include "libs/base/keys.h"
#include "libs/base/mutex.h"
#include "services/audit/audit_indexer.h"

namespace google::protobuf {
class Message;
}

namespace hangou {

// What a read of the audit has while it works.
struct AuditScope {
  const Caller& caller;
  const AuditIndex& index;
  const KeyRing& keys;
  uint64_t behind;  // entries of this process that are durable and not in the index
  // The entry of the read: the work says what was read.
  hangou::audit::v1::Entry& entry;
};

// Runs reads for auditors. Every call, allowed or refused, is itself an entry (ACTION_AUDIT), durable before the
// answer. A read sees what is durable in this process's chain when it begins: it is shipped at once and waited for, for
// kFreshWaitMs at most; where that is not enough the answer says by how much it is behind. Thread-safe; what it is
// given must outlive it. Reads the disk on a thread of its own.
class AuditReads {
 public:
  using Done = std::function<void(absl::Status)>;
  // Fills the response; runs on the reading thread.
  using Work = std::function<absl::Status(const AuditScope& scope)>;
  // Longest wait for the newest entries: within it a question is answered about a second after the act.
  static constexpr int64_t kFreshWaitMs = 1000;

  AuditReads(AuditChain& chain, AuditShipper& shipper, AuditIndexer& indexer, const KeyRing& keys)
      : chain_(chain), shipper_(shipper), indexer_(indexer), keys_(keys) {}

  // Runs `work` and calls `done` from another thread; `response` must live until then, and is empty where the answer is
  // an error. `fresh`: waits for the newest entries. ROLE_REQUIRED for all but auditors, OVERLOADED where many reads
  // wait, DRAINING while the service starts, AUDIT_UNAVAILABLE where the call cannot be recorded. Where the object goes
  // first, `done` is destroyed without a call.
  void Run(const Caller& caller, bool fresh, google::protobuf::Message* response, Work work, Done done);

 private:
  struct Read;
  void Await(const std::shared_ptr<Read>& read);
  absl::Status Perform(Read& read) const;
  void Record(const std::shared_ptr<Read>& read, const absl::Status& outcome) const;
  bool TakeTurn();
  void EndTurn();

  AuditChain& chain_;
  AuditShipper& shipper_;
  AuditIndexer& indexer_;
  const KeyRing& keys_;
  Mutex mutex_;
  int waiting_ HANGOU_GUARDED_BY(mutex_) = 0;
  EventLoop reader_{"audit-reader"};  // last: it stops first
};

// The size of a page that a request asks for. INVALID_REQUEST where it is negative.
absl::StatusOr<size_t> PageSizeOf(int32_t page_size);

}  // namespace hangou

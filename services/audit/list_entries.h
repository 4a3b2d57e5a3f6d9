// Reading the audit chain: the command behind Audit.ListEntries, without transport.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "hangou/audit/v1/audit.pb.h"
#include "libs/audit/chain.h"
#include "libs/base/caller.h"
#include "libs/base/event_loop.h"
#include "libs/base/keys.h"
#include "libs/base/mutex.h"

namespace hangou {

// Lists entries for auditors; every call, allowed or refused, is itself an entry (ACTION_AUDIT), durable before the
// answer. Thread-safe. `chain` and `keys` must outlive it. Reads the disk on a thread of its own.
class ListEntries {
 public:
  using Done = std::function<void(absl::Status)>;

  ListEntries(AuditChain& chain, const KeyRing& keys) : chain_(chain), keys_(keys) {}

  // Fills `response`, then calls `done` from another thread; `response` must live until then. ROLE_REQUIRED for all
  // but auditors, INVALID_REQUEST, TOKEN_INVALID, OVERLOADED where many reads wait, DATA_LOSS where the chain is
  // damaged, AUDIT_UNAVAILABLE where the call cannot be recorded. Where the object goes first, `done` is destroyed
  // without a call.
  void Run(const Caller& caller, const hangou::audit::v1::ListEntriesRequest& request,
           hangou::audit::v1::ListEntriesResponse* response, Done done);

 private:
  absl::Status Fill(const Caller& caller, const hangou::audit::v1::ListEntriesRequest& request,
                    hangou::audit::v1::ListEntriesResponse* response) const;
  absl::StatusOr<uint64_t> FirstSequence(const Caller& caller,
                                         const hangou::audit::v1::ListEntriesRequest& request,
                                         uint64_t page_size) const;
  void Record(const Caller& caller, const absl::Status& outcome,
              hangou::audit::v1::ListEntriesResponse* response, Done done) const;
  bool TakeTurn();
  void EndTurn();

  AuditChain& chain_;
  const KeyRing& keys_;
  Mutex mutex_;
  int waiting_ HANGOU_GUARDED_BY(mutex_) = 0;
  EventLoop reader_{"audit-reader"};  // last: it stops first
};

}  // namespace hangou

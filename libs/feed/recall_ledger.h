// What was recalled or erased after it had been delivered: who was told, and who has confirmed.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/exchange/v1/exchange.pb.h"
#include "hangou/exchange/v1/stored_subscription.pb.h"
#include "libs/base/caller.h"
#include "libs/store/store.h"

namespace hangou {

// Days for which a confirmed recall stays on the ledger; one that waits stays until it is confirmed.
constexpr int64_t kConfirmedRecallDays = 400;

// Keeps one row per receiver and recall in a table of the `local` store, durably. Thread-safe; the store must outlive
// it. Several may stand on one table.
class RecallLedger {
 public:
  RecallLedger(Store& store, int table) : store_(store), table_(table) {}

  // Notes that the recalls of a delivery reach a subscription; those that it has been told of stay as they are.
  absl::Status NoteDelivered(const std::string& department, const std::string& subscription,
                             const hangou::exchange::v1::Delivery& delivery, int64_t now_us) const;
  // Notes a receiver's confirmation.
  absl::StatusOr<hangou::exchange::v1::ConfirmRecallResponse> Confirm(
      const Caller& caller, const hangou::exchange::v1::ConfirmRecallRequest& request, int64_t now_us) const;
  // Those of the caller's subscriptions, or of what its department provided, behind `after`, which is empty for the
  // first page; `next` is where the next page begins, empty at the end.
  absl::StatusOr<hangou::exchange::v1::ListRecallsResponse> List(
      const Caller& caller, const hangou::exchange::v1::ListRecallsRequest& request, const std::string& after,
      std::string* next) const;

 private:
  Store& store_;
  const int table_;
};

// True where a change is one that its receivers have to confirm.
inline bool IsRecall(const hangou::exchange::v1::Change& change) {
  return change.kind() == hangou::exchange::v1::Change::KIND_RECALL ||
         change.kind() == hangou::exchange::v1::Change::KIND_ERASURE;
}

}  // namespace hangou

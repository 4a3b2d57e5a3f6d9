// The durable cursors of subscriptions: what was last acknowledged.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/feed/feed_position.h"
#include "libs/store/store.h"

namespace hangou {

// A cursor to be kept.
struct CursorUpdate {
  std::string department;
  std::string subscription;
  FeedPosition position;
};

// Keeps cursors in a table of the `local` store, under department/subscription. Reading is thread-safe; Keep belongs
// to one thread. The store must outlive it.
class Cursors {
 public:
  Cursors(Store& store, int table) : store_(store), table_(table) {}

  // The cursor, none where nothing was acknowledged yet.
  absl::StatusOr<std::optional<FeedPosition>> Read(const std::string& department,
                                                   const std::string& subscription) const;
  // Keeps cursors durably, all together. One that would move a subscription back, or nowhere, is left as it is.
  absl::Status Keep(const std::vector<CursorUpdate>& updates);
  // Forgets the cursor of a subscription that is no more.
  absl::Status Forget(const std::string& department, const std::string& subscription);

 private:
  Store& store_;
  const int table_;
};

}  // namespace hangou

#include "libs/feed/cursors.h"

#include <map>
#include <utility>

#include "libs/base/status.h"

namespace hangou {
namespace {

// Neither part may contain a '/': a department is a name, and so is a subscription.
std::string CursorKey(const std::string& department, const std::string& subscription) {
  return department + "/" + subscription;
}

}  // namespace

absl::StatusOr<std::optional<FeedPosition>> Cursors::Read(const std::string& department,
                                                          const std::string& subscription) const {
  ASSIGN_OR_RETURN(const auto stored, store_.Get(table_, CursorKey(department, subscription)));
  if (!stored) return std::nullopt;
  const auto position = DecodePosition(*stored);
  if (!position.ok()) {
    return MakeError(Reason::kDataLoss,
                     "the cursor of the subscription is damaged; start from a token or a snapshot");
  }
  return *position;
}

absl::Status Cursors::Keep(const std::vector<CursorUpdate>& updates) {
  std::map<std::string, FeedPosition> kept;  // the newest of each subscription
  StoreBatch batch;
  for (const CursorUpdate& update : updates) {
    const std::string key = CursorKey(update.department, update.subscription);
    if (kept.find(key) == kept.end()) {
      const auto stored = Read(update.department, update.subscription);
      if (stored.ok() && *stored) kept.emplace(key, **stored);
    }
    const auto found = kept.find(key);
    if (found != kept.end() && AddsNothing(update.position, found->second)) continue;
    kept.insert_or_assign(key, update.position);
    batch.Put(table_, key, EncodePosition(update.position));
  }
  if (batch.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(store_.Write(batch));
  return store_.Flush();
}

absl::Status Cursors::Forget(const std::string& department, const std::string& subscription) {
  StoreBatch batch;
  batch.Delete(table_, CursorKey(department, subscription));
  RETURN_IF_ERROR(store_.Write(batch));
  return store_.Flush();
}

}  // namespace hangou

#include "libs/feed/cursor_keeper.h"

#include <utility>

namespace hangou {

void CursorKeeper::Keep(CursorUpdate update, Done done) {
  MutexLock lock(mutex_);
  if (stopped_) return;
  waiting_.push_back({std::move(update), std::move(done)});
  if (waiting_.size() == 1) loop_.Post([this] { KeepAll(); });
}

void CursorKeeper::KeepAll() {
  std::vector<Waiting> all;
  {
    MutexLock lock(mutex_);
    all.swap(waiting_);
  }
  std::vector<CursorUpdate> updates;
  for (Waiting& one : all) updates.push_back(std::move(one.update));
  const absl::Status kept = cursors_.Keep(updates);
  for (const Waiting& one : all) one.done(kept);
}

void CursorKeeper::Stop() {
  loop_.Stop();
  std::vector<Waiting> dropped;
  MutexLock lock(mutex_);
  stopped_ = true;
  dropped.swap(waiting_);
}

}  // namespace hangou

// Keeps cursors durably, several at a time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/event_loop.h"
#include "libs/base/mutex.h"
#include "libs/feed/cursors.h"

namespace hangou {

// Writes cursors on a thread of its own; those that come while the store is being flushed share the next flush.
// Thread-safe.
class CursorKeeper {
 public:
  // Called once, on the keeper's thread, when the cursor is durable, or with STORE_FULL. Must not block.
  using Done = std::function<void(absl::Status kept)>;

  CursorKeeper(const Cursors& cursors, const std::string& name) : cursors_(cursors), loop_(name) {}
  // Keeps a cursor, unless it would move its subscription back.
  void Keep(CursorUpdate update, Done done);
  // Ends its thread; what was not written is dropped, and what comes later too.
  void Stop();

 private:
  struct Waiting {
    CursorUpdate update;
    Done done;
  };

  void KeepAll();

  Cursors cursors_;
  Mutex mutex_;
  bool stopped_ HANGOU_GUARDED_BY(mutex_) = false;
  std::vector<Waiting> waiting_ HANGOU_GUARDED_BY(mutex_);
  EventLoop loop_;  // last: its thread goes first
};

}  // namespace hangou

// WatchPolicy: every service's stream of epochs.
#pragma once

#include <list>
#include <memory>
#include <optional>

#include "libs/base/mutex.h"
#include "libs/rpc/server_stream.h"
#include "services/catalog/published_policy.h"

namespace hangou {

// Pushes epochs to those who watch. Each stream has one message under way; one that is slower than the epochs come
// gets the whole newest state instead of those it has missed. Thread-safe; outlives its streams.
class PolicyFeed {
 public:
  using Stream = ServerStream<hangou::catalog::v1::PolicyUpdate>;

  // Pushes a new epoch.
  void Publish(std::shared_ptr<const PublishedPolicy> published);
  // Takes a stream; it is ended at once while the feed is closed.
  void Open(const std::shared_ptr<Stream>& stream);
  // Lets streams in again.
  void Reopen();
  // Ends all streams with DRAINING.
  void Close();

 private:
  struct Watcher {
    std::shared_ptr<Stream> stream;
    std::optional<uint64_t> sent_epoch;
    bool writing = false;
  };

  void Advance(const std::shared_ptr<Watcher>& watcher) HANGOU_REQUIRES(mutex_);
  void Written(const std::shared_ptr<Watcher>& watcher, bool ok);
  void Remove(const std::shared_ptr<Watcher>& watcher);

  Mutex mutex_;
  std::shared_ptr<const PublishedPolicy> published_ HANGOU_GUARDED_BY(mutex_);
  std::list<std::shared_ptr<Watcher>> watchers_ HANGOU_GUARDED_BY(mutex_);
  bool closed_ HANGOU_GUARDED_BY(mutex_) = false;
};

}  // namespace hangou

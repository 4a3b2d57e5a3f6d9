// The streams of WatchClues: clues of a department as they change, from the book.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "libs/base/event_loop.h"
#include "libs/rpc/server_stream.h"
#include "services/comparison/comparison.h"

namespace hangou {

// Hands clues over as they change. A watcher is a place in the book and no queue: who reads slowly gets each clue as
// it is then, and who does not take a message for 30 s is dropped with its token. Works on `loop`, which is stopped
// before it goes; the references outlive it.
class ClueWatches {
 public:
  using Stream = ServerStream<hangou::comparison::v1::WatchCluesResponse>;

  ClueWatches(const ComparisonContext& context, EventLoop& loop) : context_(context), loop_(loop) {}

  // Tells `stream` what changes from where the request says. TOKEN_INVALID, OBJECT_NOT_FOUND end it at once. On the
  // loop.
  void Open(const Caller& caller, const hangou::comparison::v1::WatchCluesRequest& request,
            const std::shared_ptr<Stream>& stream);
  // Clues were written. From any thread.
  void Look();
  // Ends all streams with DRAINING, and refuses what comes. From any thread but that of the loop; idempotent.
  void Drain();

 private:
  struct Watch {
    Caller caller;
    hangou::comparison::v1::WatchCluesRequest request;
    std::shared_ptr<Stream> stream;
    std::string token_context;
    int64_t next = 0;      // where it goes on in the book
    int64_t messages = 0;  // that were handed over
    bool writing = false;
  };

  absl::Status Place(Watch* watch) const;
  // Hands over what there is, where the last message was taken.
  void HandOver(const std::shared_ptr<Watch>& watch);
  void Write(const std::shared_ptr<Watch>& watch, hangou::comparison::v1::WatchCluesResponse response);
  void Drop(const std::shared_ptr<Watch>& watch, const absl::Status& status, bool now = false);

  const ComparisonContext& context_;
  EventLoop& loop_;
  std::atomic<bool> look_posted_ = false;
  // Of the loop.
  std::set<std::shared_ptr<Watch>> watches_;
  bool draining_ = false;
};

}  // namespace hangou

// The threads of a feed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "libs/base/event_loop.h"
#include "libs/feed/subscription_stream.h"
#include "libs/peer/peer.h"

namespace hangou {

// Drives streams with one thread for their state and one for scans of libraries. Shared with callbacks that may outlive
// the feed: then what they post is dropped. Thread-safe; `peer` outlives Stop.
class FeedHost final : public StreamHost {
 public:
  // `name`, at most 9 characters, shows in process listings.
  FeedHost(Peer& peer, const std::string& name) : peer_(peer), scans_(name + "-scan"), loop_(name) {}

  void Post(int64_t delay_ms, std::function<void()> task) override {
    if (delay_ms > 0) {
      loop_.PostAfter(delay_ms, std::move(task));
    } else {
      loop_.Post(std::move(task));
    }
  }
  void Scan(const std::string& library, hangou::base_library::v1::ScanRequest request, OnPage done) override {
    scans_.Post([this, library, request = std::move(request), done = std::move(done)] {
      done(peer_.Scan(library, request, kScanTimeoutMs));
    });
  }
  // Runs a task on the streams' thread and waits for it.
  void Run(const std::function<void()>& task) { loop_.Run(task); }
  void Stop() {
    scans_.Stop();
    loop_.Stop();
  }

 private:
  // Of one page of a snapshot.
  static constexpr int64_t kScanTimeoutMs = 5000;

  Peer& peer_;
  EventLoop scans_;
  EventLoop loop_;
};

}  // namespace hangou

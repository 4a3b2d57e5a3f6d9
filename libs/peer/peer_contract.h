// The contract of the Peer seam, as a suite that every implementation passes. For Catch2 tests.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/base/tally.h"
#include "libs/peer/memory_peer.h"

namespace hangou {

// A peer and the far side of it, which the suite scripts. Its functions mean what those of MemoryPeer mean.
class PeerWorld {
 public:
  virtual ~PeerWorld() = default;
  virtual Peer& peer() = 0;
  virtual void OnRenew(MemoryPeer::RenewAnswer answer) = 0;
  virtual void OnScan(MemoryPeer::ScanAnswer answer) = 0;
  virtual void PushPolicy(const hangou::catalog::v1::PolicyUpdate& update) = 0;
  virtual void EndWatches() = 0;
  virtual void Cut() = 0;
  virtual void Restore() = 0;
};

namespace peer_contract {

// Ample for an answer that comes.
constexpr int64_t kAnswerMs = 20'000;
// For an answer that does not come.
constexpr int64_t kShortMs = 50;

inline hangou::catalog::v1::PolicyUpdate Update(uint64_t epoch, bool full = false) {
  hangou::catalog::v1::PolicyUpdate update;
  update.set_epoch(epoch);
  update.set_full(full);
  return update;
}

// A watch that keeps what it is told, and notices callbacks that overlap.
class Watcher {
 public:
  explicit Watcher(Peer& peer) {
    stream_ = peer.WatchPolicy(
        "holder", [this](const hangou::catalog::v1::PolicyUpdate& update) { OnUpdate(update.epoch()); },
        [this](absl::Status status) { OnEnd(std::move(status)); });
  }
  // Destroys the stream.
  void Destroy() { stream_.reset(); }
  std::vector<uint64_t> epochs() const {
    MutexLock lock(mutex_);
    return epochs_;
  }
  absl::Status end() const {
    MutexLock lock(mutex_);
    return end_;
  }
  bool overlapped() const { return overlapped_; }

  Tally updates;
  Tally ends;

 private:
  void OnUpdate(uint64_t epoch) {
    if (inside_.exchange(true)) overlapped_ = true;
    {
      MutexLock lock(mutex_);
      epochs_.push_back(epoch);
    }
    inside_ = false;
    updates.Add();
  }
  void OnEnd(absl::Status status) {
    if (inside_.exchange(true)) overlapped_ = true;
    {
      MutexLock lock(mutex_);
      end_ = std::move(status);
    }
    inside_ = false;
    ends.Add();
  }

  mutable Mutex mutex_;
  std::vector<uint64_t> epochs_ HANGOU_GUARDED_BY(mutex_);
  absl::Status end_ HANGOU_GUARDED_BY(mutex_);
  std::atomic<bool> inside_ = false;
  std::atomic<bool> overlapped_ = false;
  std::unique_ptr<PeerStream> stream_;  // last: it goes first
};

inline void AnswersGoBothWays(PeerWorld& world) {
  world.OnRenew([](const hangou::catalog::v1::RenewLeaseRequest& request) {
    hangou::catalog::v1::RenewLeaseResponse response;
    response.set_nonce(request.nonce());
    response.set_newest_epoch(request.confirmed_epoch() + 1);
    return response;
  });
  world.OnScan([](const std::string&, const hangou::base_library::v1::ScanRequest& request) {
    hangou::base_library::v1::ScanResponse response;
    response.set_applied_end(request.partition());
    response.set_next_key(request.after_key() + "+");
    return response;
  });
  hangou::catalog::v1::RenewLeaseRequest renewal;
  renewal.set_nonce(std::string("\0\xff", 2));
  renewal.set_confirmed_epoch(41);
  const auto lease = world.peer().RenewLease(renewal, kAnswerMs);
  REQUIRE(lease.ok());
  REQUIRE(lease->nonce() == renewal.nonce());
  REQUIRE(lease->newest_epoch() == 42);
  hangou::base_library::v1::ScanRequest scan;
  scan.set_partition(7);
  scan.set_after_key("k");
  const auto page = world.peer().Scan("population", scan, kAnswerMs);
  REQUIRE(page.ok());
  REQUIRE(page->applied_end() == 7);
  REQUIRE(page->next_key() == "k+");
}

inline void ErrorsKeepTheirReason(PeerWorld& world) {
  world.OnRenew([](const auto&) { return MakeError(Reason::kRoleRequired, "only services renew"); });
  world.OnScan([](const auto&, const auto&) { return MakeError(Reason::kDraining, "stopping"); });
  REQUIRE(ReasonOf(world.peer().RenewLease({}, kAnswerMs).status()) == Reason::kRoleRequired);
  REQUIRE(ReasonOf(world.peer().Scan("population", {}, kAnswerMs).status()) == Reason::kDraining);
}

inline void NoAnswerMeansDeadlineExceeded(PeerWorld& world) {
  const auto release = std::make_shared<Tally>();
  world.OnRenew([release](const auto&) {
    release->Reaches(1);
    return MakeError(Reason::kInternal, "nobody waits for this");
  });
  const auto late = world.peer().RenewLease({}, kShortMs);
  release->Add();
  REQUIRE(late.status().code() == absl::StatusCode::kDeadlineExceeded);
}

inline void ACutPeerIsUnavailableUntilRestored(PeerWorld& world) {
  world.OnRenew([](const auto&) { return hangou::catalog::v1::RenewLeaseResponse(); });
  world.OnScan([](const auto&, const auto&) { return hangou::base_library::v1::ScanResponse(); });
  world.PushPolicy(Update(1, true));
  REQUIRE(world.peer().RenewLease({}, kAnswerMs).ok());
  Watcher before(world.peer());
  REQUIRE(before.updates.Reaches(1));

  world.Cut();
  REQUIRE(before.ends.Reaches(1));
  REQUIRE(before.end().code() == absl::StatusCode::kUnavailable);
  REQUIRE(world.peer().RenewLease({}, kAnswerMs).status().code() == absl::StatusCode::kUnavailable);
  REQUIRE(world.peer().Scan("population", {}, kAnswerMs).status().code() == absl::StatusCode::kUnavailable);
  Watcher meanwhile(world.peer());
  REQUIRE(meanwhile.ends.Reaches(1));
  REQUIRE(meanwhile.end().code() == absl::StatusCode::kUnavailable);
  REQUIRE(meanwhile.updates.Get() == 0);

  world.Restore();
  const int64_t give_up_us = SystemClock().BootUs() + kAnswerMs * kUsPerMs;
  while (!world.peer().RenewLease({}, kAnswerMs).ok()) REQUIRE(SystemClock().BootUs() < give_up_us);
  REQUIRE(world.peer().Scan("population", {}, kAnswerMs).ok());
  world.PushPolicy(Update(2, true));
  Watcher after(world.peer());
  REQUIRE(after.updates.Reaches(1));
  REQUIRE(after.epochs()[0] == 2);
  REQUIRE(before.ends.Get() == 1);
}

inline void AWatchGetsTheNewestStateAndThenEveryEpochInOrder(PeerWorld& world) {
  world.PushPolicy(Update(1, true));
  world.PushPolicy(Update(2));
  Watcher first(world.peer());
  Watcher second(world.peer());
  REQUIRE(first.updates.Reaches(1));
  REQUIRE(second.updates.Reaches(1));
  constexpr uint64_t kLast = 300;
  for (uint64_t epoch = 3; epoch <= kLast; ++epoch) world.PushPolicy(Update(epoch));
  for (Watcher* watcher : {&first, &second}) {
    REQUIRE(watcher->updates.Reaches(static_cast<int64_t>(kLast)));
    const std::vector<uint64_t> epochs = watcher->epochs();
    for (size_t i = 0; i < epochs.size(); ++i) REQUIRE(epochs[i] == i + 1);
    REQUIRE_FALSE(watcher->overlapped());
    REQUIRE(watcher->ends.Get() == 0);
  }
}

inline void AnEndedWatchIsToldOnceAndNothingAfter(PeerWorld& world) {
  world.PushPolicy(Update(1, true));
  Watcher watcher(world.peer());
  REQUIRE(watcher.updates.Reaches(1));
  world.EndWatches();
  REQUIRE(watcher.ends.Reaches(1));
  REQUIRE(watcher.end().code() == absl::StatusCode::kUnavailable);
  world.PushPolicy(Update(2, true));
  Watcher next(world.peer());
  REQUIRE(next.updates.Reaches(1));
  REQUIRE(watcher.epochs() == std::vector<uint64_t>{1});
  watcher.Destroy();
  REQUIRE(watcher.ends.Get() == 1);
}

inline void ADestroyedStreamCallsNobody(PeerWorld& world) {
  world.PushPolicy(Update(1, true));
  Watcher other(world.peer());
  auto watcher = std::make_unique<Watcher>(world.peer());
  REQUIRE(other.updates.Reaches(1));
  std::atomic<bool> stop = false;
  uint64_t pushed = 1;
  std::thread pusher([&] {
    while (!stop && pushed < 20'000) world.PushPolicy(Update(++pushed));
  });
  const bool began = watcher->updates.Reaches(10);
  watcher->Destroy();
  const int64_t updates = watcher->updates.Get();
  const int64_t ends = watcher->ends.Get();
  stop = true;
  pusher.join();
  REQUIRE(began);
  REQUIRE(other.updates.Reaches(static_cast<int64_t>(pushed)));
  REQUIRE(watcher->updates.Get() == updates);
  REQUIRE(watcher->ends.Get() == ends);
  REQUIRE(ends <= 1);
}

inline void DestructionWaitsForTheCallbackUnderWay(PeerWorld& world) {
  Tally inside;
  Tally release;
  std::atomic<bool> finished = false;
  auto stream = world.peer().WatchPolicy(
      "holder",
      [&](const auto&) {
        inside.Add();
        release.Reaches(1);
        finished = true;
      },
      [](const absl::Status&) {});
  world.PushPolicy(Update(1, true));
  const bool entered = inside.Reaches(1);
  Tally destroying;
  bool finished_before = false;
  std::thread destroyer([&] {
    destroying.Add();
    stream.reset();
    finished_before = finished;
  });
  const bool began = destroying.Reaches(1);
  release.Add();
  destroyer.join();
  REQUIRE(entered);
  REQUIRE(began);
  REQUIRE(finished_before);
}

}  // namespace peer_contract

// Runs the suite, one section per clause, each in a fresh world of `make`.
inline void CheckPeerContract(const std::function<std::unique_ptr<PeerWorld>()>& make) {
  const std::pair<const char*, void (*)(PeerWorld&)> clauses[] = {
      {"Requests and answers go both ways", peer_contract::AnswersGoBothWays},
      {"Errors keep their reason", peer_contract::ErrorsKeepTheirReason},
      {"A call without an answer ends at its deadline", peer_contract::NoAnswerMeansDeadlineExceeded},
      {"A cut peer is unavailable until it is restored", peer_contract::ACutPeerIsUnavailableUntilRestored},
      {"A watch gets the newest state and then every epoch in order",
       peer_contract::AWatchGetsTheNewestStateAndThenEveryEpochInOrder},
      {"An ended watch is told once and nothing after", peer_contract::AnEndedWatchIsToldOnceAndNothingAfter},
      {"A destroyed stream calls nobody", peer_contract::ADestroyedStreamCallsNobody},
      {"Destruction waits for the callback under way", peer_contract::DestructionWaitsForTheCallbackUnderWay},
  };
  for (const auto& [name, check] : clauses) {
    DYNAMIC_SECTION(name) {
      const std::unique_ptr<PeerWorld> world = make();
      check(*world);
    }
  }
}

}  // namespace hangou

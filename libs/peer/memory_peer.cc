#include "libs/peer/memory_peer.h"

#include <optional>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/event_loop.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

using base_library::v1::ScanRequest;
using base_library::v1::ScanResponse;
using catalog::v1::PolicyUpdate;
using catalog::v1::RenewLeaseRequest;
using catalog::v1::RenewLeaseResponse;

absl::Status CutOff() { return absl::UnavailableError("the peer cannot be reached"); }

// Runs `work` on `loop` and waits for its result, at most `timeout_ms`.
template <class T>
absl::StatusOr<T> CallWithin(EventLoop& loop, int64_t timeout_ms, std::function<absl::StatusOr<T>()> work) {
  // Shared with the work, which may end after the wait.
  struct Answer {
    Mutex mutex;
    CondVar given;
    std::optional<absl::StatusOr<T>> value HANGOU_GUARDED_BY(mutex);
  };
  const auto answer = std::make_shared<Answer>();
  loop.Post([answer, work = std::move(work)] {
    absl::StatusOr<T> value = work();
    MutexLock lock(answer->mutex);
    answer->value = std::move(value);
    answer->given.NotifyOne();
  });
  const int64_t give_up_us = SystemClock().BootUs() + timeout_ms * kUsPerMs;
  MutexLock lock(answer->mutex);
  while (!answer->value.has_value()) {
    const int64_t left_us = give_up_us - SystemClock().BootUs();
    if (left_us <= 0) return absl::DeadlineExceededError("the peer did not answer in time");
    answer->given.WaitFor(answer->mutex, left_us / kUsPerMs + 1);
  }
  return std::move(*answer->value);
}

}  // namespace

// The callbacks of one stream, until it has ended. Used on the thread of the streams, but for Stop.
class MemoryPeer::Watch {
 public:
  Watch(std::function<void(const PolicyUpdate&)> on_update, std::function<void(absl::Status)> on_end)
      : on_update_(std::move(on_update)), on_end_(std::move(on_end)) {}

  void Update(const PolicyUpdate& update) {
    if (!IsStopped()) on_update_(update);
  }
  void End(const absl::Status& status) {
    if (IsStopped()) return;
    Stop();
    on_end_(status);
  }
  // No callback begins after it.
  void Stop() {
    MutexLock lock(mutex_);
    stopped_ = true;
  }

 private:
  bool IsStopped() const {
    MutexLock lock(mutex_);
    return stopped_;
  }

  const std::function<void(const PolicyUpdate&)> on_update_;
  const std::function<void(absl::Status)> on_end_;
  mutable Mutex mutex_;
  bool stopped_ HANGOU_GUARDED_BY(mutex_) = false;
};

// What the test has set, and the two threads.
class MemoryPeer::Core {
 public:
  void SetRenew(RenewAnswer answer) {
    MutexLock lock(mutex_);
    renew_ = std::move(answer);
  }
  void SetScan(ScanAnswer answer) {
    MutexLock lock(mutex_);
    scan_ = std::move(answer);
  }
  void SetSubmit(SubmitAnswer answer) {
    MutexLock lock(mutex_);
    submit_ = std::move(answer);
  }
  void Submit(const std::string& address, const Caller& caller,
              hangou::base_library::v1::SubmitRequest request, SubmitDone done) {
    const SubmitAnswer answer = Answer(submit_);
    if (answer == nullptr) return done(CutOff());
    calls_.Post([=, request = std::move(request), done = std::move(done)] {
      answer(address, caller, request, done);
    });
  }
  void SetCut(bool cut) {
    MutexLock lock(mutex_);
    cut_ = cut;
    if (cut) EndAll(CutOff());
  }
  void EndWatches() {
    MutexLock lock(mutex_);
    EndAll(MakeError(Reason::kDraining, "the catalog has ended the watch"));
  }
  void Push(const PolicyUpdate& update) {
    MutexLock lock(mutex_);
    if (update.full()) policy_.clear();
    policy_.push_back(update);
    for (const auto& watch : watches_) {
      streams_.Post([watch, update] { watch->Update(update); });
    }
  }
  void Begin(const std::shared_ptr<Watch>& watch) {
    MutexLock lock(mutex_);
    if (cut_) {
      streams_.Post([watch] { watch->End(CutOff()); });
      return;
    }
    watches_.push_back(watch);
    streams_.Post([watch, policy = policy_] {
      for (const PolicyUpdate& update : policy) watch->Update(update);
    });
  }
  // Ends a watch whose stream is destroyed; when it returns no callback is under way.
  void Remove(const std::shared_ptr<Watch>& watch) {
    watch->Stop();
    {
      MutexLock lock(mutex_);
      std::erase(watches_, watch);
    }
    streams_.Run([] {});
  }
  absl::StatusOr<RenewLeaseResponse> Renew(const RenewLeaseRequest& request, int64_t timeout_ms) {
    const RenewAnswer answer = Answer(renew_);
    if (answer == nullptr) return CutOff();
    return CallWithin<RenewLeaseResponse>(calls_, timeout_ms, [answer, request] { return answer(request); });
  }
  absl::StatusOr<ScanResponse> Scan(const std::string& library, const ScanRequest& request,
                                    int64_t timeout_ms) {
    const ScanAnswer answer = Answer(scan_);
    if (answer == nullptr) return CutOff();
    return CallWithin<ScanResponse>(calls_, timeout_ms,
                                    [answer, library, request] { return answer(library, request); });
  }

 private:
  // The answer that is set; none while the peer is cut off.
  template <class T>
  T Answer(const T& answer) const {
    MutexLock lock(mutex_);
    return cut_ ? nullptr : answer;
  }
  void EndAll(const absl::Status& status) HANGOU_REQUIRES(mutex_) {
    for (const auto& watch : std::exchange(watches_, {})) {
      streams_.Post([watch, status] { watch->End(status); });
    }
  }

  mutable Mutex mutex_;
  RenewAnswer renew_;  // guarded by mutex_, through Answer
  ScanAnswer scan_;
  SubmitAnswer submit_;
  bool cut_ HANGOU_GUARDED_BY(mutex_) = false;
  std::vector<PolicyUpdate> policy_ HANGOU_GUARDED_BY(mutex_);  // the last full one, and what came after it
  std::vector<std::shared_ptr<Watch>> watches_ HANGOU_GUARDED_BY(mutex_);
  EventLoop calls_{"peer-calls"};
  EventLoop streams_{"peer-streams"};
};

// What the caller of WatchPolicy holds.
class MemoryPeer::Stream : public PeerStream {
 public:
  Stream(std::shared_ptr<Core> core, std::shared_ptr<Watch> watch)
      : core_(std::move(core)), watch_(std::move(watch)) {}
  ~Stream() override { core_->Remove(watch_); }

 private:
  const std::shared_ptr<Core> core_;
  const std::shared_ptr<Watch> watch_;
};

MemoryPeer::MemoryPeer() : core_(std::make_shared<Core>()) {}
MemoryPeer::~MemoryPeer() = default;

void MemoryPeer::OnRenew(RenewAnswer answer) { core_->SetRenew(std::move(answer)); }
void MemoryPeer::OnScan(ScanAnswer answer) { core_->SetScan(std::move(answer)); }
void MemoryPeer::PushPolicy(const PolicyUpdate& update) { core_->Push(update); }
void MemoryPeer::EndWatches() { core_->EndWatches(); }
void MemoryPeer::Cut() { core_->SetCut(true); }
void MemoryPeer::Restore() { core_->SetCut(false); }

absl::StatusOr<RenewLeaseResponse> MemoryPeer::RenewLease(const RenewLeaseRequest& request,
                                                          int64_t timeout_ms) {
  return core_->Renew(request, timeout_ms);
}

std::unique_ptr<PeerStream> MemoryPeer::WatchPolicy(const std::string& /*holder*/,
                                                    std::function<void(const PolicyUpdate&)> on_update,
                                                    std::function<void(absl::Status)> on_end) {
  auto watch = std::make_shared<Watch>(std::move(on_update), std::move(on_end));
  auto stream = std::make_unique<Stream>(core_, watch);
  core_->Begin(watch);
  return stream;
}

absl::StatusOr<ScanResponse> MemoryPeer::Scan(const std::string& library, const ScanRequest& request,
                                              int64_t timeout_ms) {
  return core_->Scan(library, request, timeout_ms);
}

void MemoryPeer::OnSubmit(SubmitAnswer answer) { core_->SetSubmit(std::move(answer)); }

void MemoryPeer::Submit(const std::string& address, const Caller& caller,
                        hangou::base_library::v1::SubmitRequest request, int64_t /*timeout_ms*/,
                        SubmitDone done) {
  core_->Submit(address, caller, std::move(request), std::move(done));
}

}  // namespace hangou

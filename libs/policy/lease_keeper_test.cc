#include "libs/policy/lease_keeper.h"

#include <catch2/catch.hpp>
#include <functional>
#include <set>

#include "libs/base/limits.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/peer/memory_peer.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

// Longest wait for something that has to happen; ample for a loaded machine.
constexpr int64_t kWaitMs = 20'000;

// A catalog that a test scripts, and the keeper of a service that watches it.
class KeptPolicy {
 public:
  KeptPolicy() {
    peer_.OnRenew([this](const v1::RenewLeaseRequest& request) { return Answer(request); });
    holder_.OnChange([this] { Tell(); });
  }
  ~KeptPolicy() { keeper_.Stop(); }

  // Publishes an epoch; a full one holds the department psb alone, others add one department.
  void Push(uint64_t epoch, bool full) {
    v1::PolicyUpdate update;
    update.set_epoch(epoch);
    update.set_full(full);
    update.add_objects()->mutable_department()->set_name(full ? "psb" : "d" + std::to_string(epoch));
    {
      MutexLock lock(mutex_);
      newest_epoch_ = epoch;
    }
    peer_.PushPolicy(update);
  }
  // Lets the catalog name an epoch, or echo nonces wrongly, whatever it has pushed.
  void SetNewest(uint64_t epoch) {
    MutexLock lock(mutex_);
    newest_epoch_ = epoch;
  }
  void SetWrongNonce() {
    MutexLock lock(mutex_);
    wrong_nonce_ = true;
  }
  // Waits until `condition` holds; looked at whenever an epoch was installed or a renewal came.
  bool Wait(const std::function<bool()>& condition) {
    const int64_t deadline_us = SystemClock().BootUs() + kWaitMs * kUsPerMs;
    while (!condition()) {
      if (SystemClock().BootUs() > deadline_us) return false;
      MutexLock lock(mutex_);
      changed_.WaitFor(mutex_, 10);
    }
    return true;
  }
  uint64_t confirmed() {
    MutexLock lock(mutex_);
    return confirmed_;
  }
  size_t renewals() {
    MutexLock lock(mutex_);
    return nonces_.size();
  }
  bool nonces_repeat() {
    MutexLock lock(mutex_);
    return std::set<std::string>(nonces_.begin(), nonces_.end()).size() != nonces_.size();
  }

  ManualClock clock_;
  PolicyHolder holder_{clock_};
  MemoryPeer peer_;
  LeaseKeeper keeper_{holder_, peer_, clock_, "test"};

 private:
  absl::StatusOr<v1::RenewLeaseResponse> Answer(const v1::RenewLeaseRequest& request) {
    v1::RenewLeaseResponse response;
    MutexLock lock(mutex_);
    CHECK(request.holder() == "test");
    nonces_.push_back(request.nonce());
    confirmed_ = request.confirmed_epoch();
    response.set_nonce(wrong_nonce_ ? "another" : request.nonce());
    response.set_newest_epoch(newest_epoch_);
    response.set_lease_ms(limits::kLeaseMs);
    changed_.NotifyAll();
    return response;
  }
  void Tell() {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  }

  Mutex mutex_;
  CondVar changed_;
  uint64_t newest_epoch_ HANGOU_GUARDED_BY(mutex_) = 0;
  uint64_t confirmed_ HANGOU_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> nonces_ HANGOU_GUARDED_BY(mutex_);
  bool wrong_nonce_ HANGOU_GUARDED_BY(mutex_) = false;
};

}  // namespace

TEST_CASE("A service follows the epochs, confirms each and holds a lease") {
  KeptPolicy policy;
  policy.Push(4, true);
  policy.keeper_.Start();
  REQUIRE(policy.Wait([&] { return policy.holder_.Acquire(4).ok(); }));
  policy.Push(5, false);
  REQUIRE(policy.Wait([&] { return policy.confirmed() == 5; }));
  const auto newest = policy.holder_.Newest();
  CHECK(newest->epoch() == 5);
  CHECK(newest->objects().departments.contains("psb"));
  CHECK(newest->objects().departments.contains("d5"));
  CHECK_FALSE(policy.nonces_repeat());
}

TEST_CASE("An epoch is confirmed soon after the last pin of an older one has gone") {
  KeptPolicy policy;
  policy.Push(1, true);
  policy.keeper_.Start();
  REQUIRE(policy.Wait([&] { return policy.holder_.Acquire().ok(); }));
  auto pin = std::make_unique<PolicyHolder::Pin>(*policy.holder_.Acquire());
  policy.Push(2, false);
  REQUIRE(policy.Wait([&] { return policy.holder_.Newest()->epoch() == 2; }));
  CHECK(policy.confirmed() <= 1);
  pin.reset();
  CHECK(policy.Wait([&] { return policy.confirmed() == 2; }));
}

TEST_CASE("An answer with another nonce, or naming an epoch that has not come, gives no lease") {
  SECTION("another nonce") {
    KeptPolicy policy;
    policy.SetWrongNonce();
    policy.Push(1, true);
    policy.keeper_.Start();
    REQUIRE(policy.Wait([&] { return policy.renewals() >= 2; }));
    CHECK_FALSE(policy.holder_.Acquire().ok());
  }
  SECTION("an epoch that has not come") {
    KeptPolicy policy;
    policy.Push(1, true);
    policy.SetNewest(2);
    policy.keeper_.Start();
    REQUIRE(policy.Wait([&] { return policy.renewals() >= 2; }));
    CHECK_FALSE(policy.holder_.Acquire().ok());
    policy.Push(2, false);
    CHECK(policy.Wait([&] { return policy.holder_.Acquire(2).ok(); }));
  }
}

TEST_CASE("While the catalog cannot be reached the lease runs out, and it is taken up again afterwards") {
  KeptPolicy policy;
  policy.Push(1, true);
  policy.keeper_.Start();
  REQUIRE(policy.Wait([&] { return policy.holder_.Acquire().ok(); }));
  policy.peer_.Cut();
  policy.clock_.AdvanceUs(limits::kLeaseMs * kUsPerMs);
  // A renewal that was under way at the cut may still have been answered; it was sent before.
  REQUIRE(policy.Wait([&] { return !policy.holder_.Acquire().ok(); }));
  policy.peer_.Restore();
  policy.Push(2, true);
  CHECK(policy.Wait([&] { return policy.holder_.Acquire(2).ok(); }));
}

TEST_CASE("When an epoch was lost on the way, the watch begins again with the whole state") {
  KeptPolicy policy;
  policy.Push(1, true);
  policy.keeper_.Start();
  REQUIRE(policy.Wait([&] { return policy.holder_.Acquire().ok(); }));
  policy.Push(3, false);
  policy.Push(4, true);
  CHECK(policy.Wait([&] { return policy.holder_.Acquire(4).ok(); }));
}

TEST_CASE("A catalog whose epochs have gone back gives no lease") {
  KeptPolicy policy;
  policy.Push(7, true);
  policy.keeper_.Start();
  REQUIRE(policy.Wait([&] { return policy.holder_.Acquire().ok(); }));
  policy.Push(3, true);
  policy.peer_.EndWatches();
  // A renewal may still come before the old state does; none comes after it.
  REQUIRE(policy.Wait([&] {
    policy.clock_.AdvanceUs(limits::kLeaseMs * kUsPerMs);
    return !policy.holder_.Acquire().ok();
  }));
  CHECK(policy.holder_.Newest()->epoch() == 7);
}

}  // namespace hangou

#include "services/catalog/lease_book.h"

#include <algorithm>

#include "libs/base/status.h"

namespace hangou {
namespace {

// Looking whether a lease has run out while somebody waits for it: much shorter than a lease.
constexpr int64_t kCheckMs = 20;
// Processes that hold leases: an installation has some dozens.
constexpr size_t kHolders = 10'000;

int64_t UnknownUntil(const Clock& clock, int64_t lease_ms, uint64_t newest_epoch) {
  return newest_epoch == 0 ? clock.BootUs() : clock.BootUs() + lease_ms * kUsPerMs;
}

}  // namespace

LeaseBook::LeaseBook(const Clock& clock, int64_t lease_ms, uint64_t newest_epoch)
    : clock_(clock),
      table_(lease_ms * kUsPerMs, UnknownUntil(clock, lease_ms, newest_epoch)),
      newest_epoch_(newest_epoch),
      newest_made_us_(clock.BootUs()),
      timer_("catalog-lease") {}

LeaseBook::~LeaseBook() {
  Close();
  timer_.Stop();
}

void LeaseBook::SetNewest(uint64_t epoch) {
  MutexLock lock(mutex_);
  newest_epoch_ = epoch;
  newest_made_us_ = clock_.BootUs();
}

absl::StatusOr<uint64_t> LeaseBook::Renew(const std::string& holder, uint64_t confirmed_epoch) {
  uint64_t newest_epoch = 0;
  bool anybody_waits = false;
  {
    MutexLock lock(mutex_);
    const int64_t now_us = clock_.BootUs();
    if (table_.size() >= kHolders) table_.Prune(now_us);
    if (table_.size() >= kHolders)
      return MakeError(Reason::kOverloaded, "too many processes hold a policy lease");
    table_.Renewed(holder, confirmed_epoch, now_us);
    newest_epoch = newest_epoch_;
    anybody_waits = !waiters_.empty();
  }
  if (anybody_waits) Check();
  return newest_epoch;
}

void LeaseBook::WhenNewestIsEffective(Done done) {
  bool closed = false;
  {
    MutexLock lock(mutex_);
    closed = closed_;
    if (!closed) waiters_.push_back({newest_epoch_, newest_made_us_, std::move(done)});
  }
  if (closed) return done(false);
  Check();
}

void LeaseBook::Check() {
  std::vector<Done> ready;
  {
    MutexLock lock(mutex_);
    const int64_t now_us = clock_.BootUs();
    std::erase_if(waiters_, [&](Waiter& waiter) HANGOU_REQUIRES(mutex_) {
      if (!table_.IsEffective(waiter.epoch, waiter.made_us, now_us)) return false;
      ready.push_back(std::move(waiter.done));
      return true;
    });
    if (!waiters_.empty()) CheckLater();
  }
  for (const Done& done : ready) done(true);
}

void LeaseBook::CheckLater() {
  if (check_due_) return;
  check_due_ = true;
  timer_.PostAfter(kCheckMs, [this] {
    {
      MutexLock lock(mutex_);
      check_due_ = false;
    }
    Check();
  });
}

void LeaseBook::Close() {
  std::vector<Waiter> waiters;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    waiters.swap(waiters_);
  }
  for (const Waiter& waiter : waiters) waiter.done(false);
}

}  // namespace hangou

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

LeaseBook::LeaseBook(const Clock& clock, int64_t lease_ms, uint64_t newest_epoch,
                     std::vector<std::string> others)
    : clock_(clock),
      lease_us_(lease_ms * kUsPerMs),
      table_(lease_ms * kUsPerMs, UnknownUntil(clock, lease_ms, newest_epoch)),
      newest_epoch_(newest_epoch),
      newest_made_us_(clock.BootUs()),
      timer_("catalog-lease") {
  MutexLock lock(mutex_);
  for (std::string& other : others) heard_us_[std::move(other)] = INT64_MIN;
}

LeaseBook::~LeaseBook() {
  Close();
  timer_.Stop();
}

void LeaseBook::SetNewest(uint64_t epoch) {
  MutexLock lock(mutex_);
  newest_epoch_ = epoch;
  newest_made_us_ = clock_.BootUs();
}

absl::Status LeaseBook::Renew(const std::string& holder,
                              const hangou::catalog::v1::RenewLeaseRequest& request) {
  bool anybody_waits = false;
  {
    MutexLock lock(mutex_);
    const int64_t now_us = clock_.BootUs();
    if (table_.size() >= kHolders) table_.Prune(now_us);
    if (table_.size() >= kHolders)
      return MakeError(Reason::kOverloaded, "too many processes hold a policy lease");
    table_.Renewed(holder, request.confirmed_epoch(), now_us);
    table_.SetServed(holder, {request.served().begin(), request.served().end()});
    anybody_waits = !waiters_.empty();
  }
  if (anybody_waits) Check();
  return absl::OkStatus();
}

uint64_t LeaseBook::newest_epoch() {
  MutexLock lock(mutex_);
  return newest_epoch_;
}

void LeaseBook::List(hangou::catalog::v1::ListLeasesResponse* response) {
  MutexLock lock(mutex_);
  const int64_t now_us = clock_.BootUs();
  response->set_unknown_us(std::max<int64_t>(0, table_.unknown_until_us() - now_us));
  for (const auto& [name, holder] : table_.holders()) {
    auto* lease = response->add_leases();
    lease->set_holder(name);
    lease->set_age_us(now_us - holder.renewed_us);
    lease->set_confirmed_epoch(holder.confirmed_epoch);
    for (const auto& service : holder.served) *lease->add_served() = service;
  }
}

void LeaseBook::Merge(const std::string& other, int64_t asked_us,
                      const hangou::catalog::v1::ListLeasesResponse& told) {
  {
    MutexLock lock(mutex_);
    const int64_t now_us = clock_.BootUs();
    for (const auto& lease : told.leases()) {
      // Counted from now, where the answer was made a little earlier: a lease never seems shorter than it is.
      table_.Merge(
          lease.holder(),
          {now_us - lease.age_us(), lease.confirmed_epoch(), {lease.served().begin(), lease.served().end()}});
    }
    if (told.unknown_us() == 0) heard_us_[other] = asked_us;
  }
  Check();
}

size_t LeaseBook::holder_count() {
  MutexLock lock(mutex_);
  const int64_t now_us = clock_.BootUs();
  const auto& holders = table_.holders();
  return static_cast<size_t>(std::count_if(holders.begin(), holders.end(), [&](const auto& item) {
    return now_us < item.second.renewed_us + lease_us_;
  }));
}

std::vector<LiveProcess> LeaseBook::Live() {
  MutexLock lock(mutex_);
  const int64_t now_us = clock_.BootUs();
  std::vector<LiveProcess> live;
  for (const auto& [name, holder] : table_.holders()) {
    if (holder.served.empty() || now_us >= holder.renewed_us + lease_us_) continue;
    live.push_back({name.substr(name.rfind('/') + 1), holder.served});
  }
  return live;
}

bool LeaseBook::AnybodyWaits() {
  MutexLock lock(mutex_);
  return !waiters_.empty();
}

bool LeaseBook::IsEffective(const Waiter& waiter, int64_t now_us) const {
  if (now_us >= std::max(waiter.made_us + lease_us_, table_.unknown_until_us())) return true;
  const bool all_heard = std::all_of(heard_us_.begin(), heard_us_.end(),
                                     [&](const auto& other) { return other.second >= waiter.made_us; });
  return all_heard && table_.IsEffective(waiter.epoch, waiter.made_us, now_us);
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
  awaited_();
}

void LeaseBook::Check() {
  std::vector<Done> ready;
  {
    MutexLock lock(mutex_);
    const int64_t now_us = clock_.BootUs();
    std::erase_if(waiters_, [&](Waiter& waiter) HANGOU_REQUIRES(mutex_) {
      if (!IsEffective(waiter, now_us)) return false;
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

#include "libs/policy/lease_keeper.h"

#include <algorithm>

#include "libs/base/keys.h"
#include "libs/base/limits.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

// Between two attempts to watch: soon after the first failure, seldom enough to spare a catalog that is down.
constexpr int64_t kBackoffMinMs = 50;
constexpr int64_t kBackoffMaxMs = 1000;
// Looking whether pins of an older epoch are gone: a read lasts about so long, and a revocation waits for it.
constexpr int64_t kConfirmPollMs = 3;
// After so many looks the catalog has gone on without us; the regular renewal confirms what is left.
constexpr int64_t kConfirmPolls = 2 * limits::kLeaseMs / kConfirmPollMs;
// A renewal that takes longer than the time to the next one is of no use.
constexpr int64_t kRenewTimeoutMs = limits::kLeaseRenewMs;
// Guessing a nonce must not be possible.
constexpr size_t kNonceBytes = 16;

}  // namespace

LeaseKeeper::LeaseKeeper(PolicyHolder& holder, Peer& peer, const Clock& clock, std::string holder_name)
    : holder_(holder), peer_(peer), clock_(clock), holder_name_(std::move(holder_name)), loop_("lease") {}

LeaseKeeper::~LeaseKeeper() { Stop(); }

void LeaseKeeper::Start() {
  loop_.Post([this] {
    OpenWatch();
    RenewRegularly();
  });
}

void LeaseKeeper::SetServed(std::vector<v1::ServedService> served) {
  loop_.Post([this, served = std::move(served)] {
    served_ = served;
    Renew();
  });
}

void LeaseKeeper::Stop() {
  if (stopped_) return;
  stopped_ = true;
  loop_.Run([this] { CloseWatch(); });
  loop_.Stop();
}

void LeaseKeeper::CloseWatch() {
  ++watch_;
  stream_.reset();
}

void LeaseKeeper::OpenWatch() {
  const uint64_t watch = ++watch_;
  stream_ = peer_.WatchPolicy(
      holder_name_,
      [this, watch](const v1::PolicyUpdate& update) { loop_.Post([=, this] { Updated(watch, update); }); },
      [this, watch](const absl::Status&) { loop_.Post([=, this] { WatchEnded(watch); }); });
}

void LeaseKeeper::WatchEnded(uint64_t watch) {
  if (watch != watch_) return;
  CloseWatch();
  backoff_ms_ = std::clamp(backoff_ms_ * 2, kBackoffMinMs, kBackoffMaxMs);
  loop_.PostAfter(backoff_ms_, [this, expected = watch_] {
    if (watch_ == expected) OpenWatch();
  });
}

void LeaseKeeper::Updated(uint64_t watch, const v1::PolicyUpdate& update) {
  if (watch != watch_) return;
  if (TakeOver(update)) {
    backoff_ms_ = 0;
    InstallEpoch(update.epoch());
  } else {
    // An epoch is missing: the next watch begins with the whole state.
    WatchEnded(watch);
  }
}

bool LeaseKeeper::TakeOver(const v1::PolicyUpdate& update) {
  if (!update.full() && update.epoch() != epoch_ + 1) return false;
  if (update.full()) {
    objects_ = PolicyObjects();
    placement_.Clear();
  }
  for (const v1::CatalogObject& object : update.objects()) objects_.Put(object);
  if (update.has_placement()) placement_ = update.placement();
  if (update.full() || update.objects_size() > 0) same_objects_ = false;
  epoch_ = update.epoch();
  return true;
}

void LeaseKeeper::InstallEpoch(uint64_t epoch) {
  const std::shared_ptr<const PolicySnapshot> previous = holder_.Newest();
  if (previous != nullptr && previous->epoch() == epoch) return Renew();
  if (same_objects_ && previous != nullptr) {
    holder_.Install(PolicySnapshot::WithPlacement(*previous, placement_, epoch));
    return AwaitConfirmation(epoch, kConfirmPolls);
  }
  auto snapshot = PolicySnapshot::Compile(objects_, epoch, previous.get(), placement_);
  // The catalog checks before it publishes; what does not compile here is never shared under: the lease runs out.
  if (!snapshot.ok()) return;
  same_objects_ = true;
  holder_.Install(*std::move(snapshot));
  AwaitConfirmation(epoch, kConfirmPolls);
}

void LeaseKeeper::AwaitConfirmation(uint64_t epoch, int64_t looks_left) {
  if (epoch != epoch_) return;  // superseded: the newer one waits for the same pins
  if (holder_.ConfirmedEpoch() >= epoch) return Renew();
  if (looks_left > 0)
    loop_.PostAfter(kConfirmPollMs, [=, this] { AwaitConfirmation(epoch, looks_left - 1); });
}

void LeaseKeeper::RenewRegularly() {
  const uint64_t lagging_before = lagging_epoch_;
  Renew();
  // The catalog pushes an epoch at once; one that is named twice and did not come was lost on the way.
  if (lagging_before > epoch_ && lagging_epoch_ > epoch_ && stream_ != nullptr) WatchEnded(watch_);
  loop_.PostAfter(limits::kLeaseRenewMs, [this] { RenewRegularly(); });
}

void LeaseKeeper::Renew() {
  // A catalog whose epochs have gone back has lost changes: nothing is shared under what it says.
  const std::shared_ptr<const PolicySnapshot> newest = holder_.Newest();
  if (newest != nullptr && newest->epoch() > epoch_) return;
  v1::RenewLeaseRequest request;
  request.set_holder(holder_name_);
  request.set_nonce(RandomBytes(kNonceBytes));
  request.set_confirmed_epoch(holder_.ConfirmedEpoch());
  for (const v1::ServedService& service : served_) *request.add_served() = service;
  const int64_t sent_boot_us = clock_.BootUs();
  const auto response = peer_.RenewLease(request, kRenewTimeoutMs);
  if (!response.ok() || response->nonce() != request.nonce()) return;
  lagging_epoch_ = response->newest_epoch();
  holder_.Renew(sent_boot_us, response->newest_epoch(), response->lease_ms());
}

}  // namespace hangou

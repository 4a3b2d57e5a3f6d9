// Keeps a service's policy fresh: follows the catalog's epochs and renews the lease.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/event_loop.h"
#include "libs/peer/peer.h"
#include "libs/policy/policy_holder.h"

namespace hangou {

// Watches the policy through `peer`, compiles and installs each epoch in `holder`, and renews the lease: every
// limits::kLeaseRenewMs, and at once when an epoch is installed and nothing of an older one is in flight any more.
// When the catalog cannot be reached, nothing is renewed and the lease runs out by itself; the watch is opened again
// with a growing delay. Works on a loop of its own; Start and Stop once each, from one thread. What it is given must
// outlive it.
class LeaseKeeper {
 public:
  // `holder_name` names this process to the catalog; no other living process has it.
  LeaseKeeper(PolicyHolder& holder, Peer& peer, const Clock& clock, std::string holder_name);
  // Stops.
  ~LeaseKeeper();

  // Begins; returns at once.
  void Start();
  // What this process serves, told to the catalog with every renewal from now on, and at once.
  void SetServed(std::vector<hangou::catalog::v1::ServedService> served);
  // Ends the watch and the renewals; the lease is left to run out. Idempotent.
  void Stop();

 private:
  void OpenWatch();
  void CloseWatch();
  void WatchEnded(uint64_t watch);
  void Updated(uint64_t watch, const hangou::catalog::v1::PolicyUpdate& update);
  bool TakeOver(const hangou::catalog::v1::PolicyUpdate& update);
  void InstallEpoch(uint64_t epoch);
  void AwaitConfirmation(uint64_t epoch, int64_t looks_left);
  void RenewRegularly();
  void Renew();

  PolicyHolder& holder_;
  Peer& peer_;
  const Clock& clock_;
  const std::string holder_name_;
  bool stopped_ = false;  // of the thread that starts and stops

  // On the loop only.
  PolicyObjects objects_;
  hangou::catalog::v1::Placement placement_;
  uint64_t epoch_ = 0;         // of both
  bool same_objects_ = false;  // as in the newest snapshot
  std::vector<hangou::catalog::v1::ServedService> served_;
  std::unique_ptr<PeerStream> stream_;
  uint64_t watch_ = 0;  // counts the watches, so that a late word of an old one is known
  int64_t backoff_ms_ = 0;
  uint64_t lagging_epoch_ = 0;  // the newest epoch that an answer named and the watch has not brought

  EventLoop loop_;
};

}  // namespace hangou

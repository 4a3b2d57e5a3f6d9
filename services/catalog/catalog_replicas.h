// The other replicas of the catalog, as its writer hears of their leases.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/event_loop.h"
#include "libs/rpc/hops.h"
#include "services/catalog/lease_book.h"

namespace hangou {

// Asks each of the other replicas for its leases, several times a second while this one is the writer, and more often
// while somebody waits for an epoch. One thread per replica, so that one that does not answer holds up no other.
class CatalogReplicas {
 public:
  // `heard` is called after every answer, from a thread of a replica. What it is given must outlive it.
  CatalogReplicas(const std::vector<std::string>& addresses, const Hops* hops, LeaseBook& leases,
                  const Clock& clock, std::function<void()> heard);
  ~CatalogReplicas();

  // Whether this replica is the writer.
  void SetWriter(bool is_writer) { is_writer_ = is_writer; }
  // Stops asking. Idempotent.
  void Stop();

 private:
  // One round, and the next after a pause.
  void AskRegularly(EventLoop& loop, const std::string& address);
  // Rounds as long as somebody waits.
  void AskWhileAwaited(EventLoop& loop, const std::string& address);
  void Ask(const std::string& address);

  const Hops* const hops_;
  LeaseBook& leases_;
  const Clock& clock_;
  const std::function<void()> heard_;
  std::atomic<bool> is_writer_{false};
  std::vector<std::unique_ptr<EventLoop>> loops_;
};

}  // namespace hangou

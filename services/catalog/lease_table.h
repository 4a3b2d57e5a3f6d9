// Who may still decide under which epoch: the pure core of the lease book, without clock, locks or threads.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "hangou/catalog/v1/catalog.pb.h"

namespace hangou {

// The leases given to services. All times are microseconds of the boot clock. Not thread-safe.
//
// A renewal that is answered with an epoch lengthens the holder's lease only once the holder has installed that
// epoch. So under an epoch older than E a holder may decide until the lease ends that it had when E was made, and
// no later renewal changes that.
class LeaseTable {
 public:
  // Who holds a lease, as of the last renewal.
  struct Holder {
    int64_t renewed_us = 0;
    uint64_t confirmed_epoch = 0;
    std::vector<hangou::catalog::v1::ServedService> served;
  };

  // `lease_us` is the length of every lease. Holders that this table has never seen may hold leases until
  // `unknown_until_us`: those that another process gave before this one.
  LeaseTable(int64_t lease_us, int64_t unknown_until_us)
      : lease_us_(lease_us), unknown_until_us_(unknown_until_us) {}

  // A holder has renewed, and has nothing in flight that was decided under an epoch older than `confirmed_epoch`.
  void Renewed(const std::string& holder, uint64_t confirmed_epoch, int64_t now_us);
  // The same, with what the holder serves, as another replica of the catalog tells it; the newest word counts.
  void Merge(const std::string& holder, Holder told);
  // What a holder serves, as it said with its renewal.
  void SetServed(const std::string& holder, std::vector<hangou::catalog::v1::ServedService> served);
  // Whether nobody decides under an epoch older than `epoch` any more, which was made at `made_us`: each holder has
  // confirmed it or has run out of lease.
  bool IsEffective(uint64_t epoch, int64_t made_us, int64_t now_us) const;
  // Forgets holders whose lease has long run out.
  void Prune(int64_t now_us);
  // Holders that are remembered.
  size_t size() const { return holders_.size(); }
  const std::map<std::string, Holder>& holders() const { return holders_; }
  // Until when others than these may hold leases.
  int64_t unknown_until_us() const { return unknown_until_us_; }

 private:
  const int64_t lease_us_;
  const int64_t unknown_until_us_;
  std::map<std::string, Holder> holders_;
};

}  // namespace hangou

#include "services/catalog/lease_table.h"

#include <algorithm>

namespace hangou {

void LeaseTable::Renewed(const std::string& holder, uint64_t confirmed_epoch, int64_t now_us) {
  Holder& entry = holders_[holder];
  entry.renewed_us = now_us;
  // A process that starts anew under its old name begins without anything in flight.
  entry.confirmed_epoch = confirmed_epoch;
}

void LeaseTable::Merge(const std::string& holder, Holder told) {
  Holder& entry = holders_[holder];
  if (told.renewed_us > entry.renewed_us) entry = std::move(told);
}

void LeaseTable::SetServed(const std::string& holder,
                           std::vector<hangou::catalog::v1::ServedService> served) {
  holders_[holder].served = std::move(served);
}

bool LeaseTable::IsEffective(uint64_t epoch, int64_t made_us, int64_t now_us) const {
  if (now_us < unknown_until_us_) return false;
  return std::all_of(holders_.begin(), holders_.end(), [&](const auto& item) {
    const Holder& holder = item.second;
    if (holder.confirmed_epoch >= epoch) return true;
    return now_us >= std::min(holder.renewed_us, made_us) + lease_us_;
  });
}

void LeaseTable::Prune(int64_t now_us) {
  std::erase_if(holders_, [&](const auto& item) { return item.second.renewed_us + 2 * lease_us_ < now_us; });
}

}  // namespace hangou

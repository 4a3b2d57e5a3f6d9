#include "services/catalog/lease_table.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>

namespace hangou {
namespace {

constexpr int64_t kLeaseUs = 5'000'000;

}  // namespace

TEST_CASE("Where nobody holds a lease an epoch is effective at once") {
  CHECK(LeaseTable(kLeaseUs, 0).IsEffective(1, 10, 10));
}

TEST_CASE("An epoch is effective when each holder has confirmed it") {
  LeaseTable table(kLeaseUs, 0);
  table.Renewed("a", 1, 100);
  table.Renewed("b", 1, 100);
  CHECK_FALSE(table.IsEffective(2, 200, 300));
  table.Renewed("a", 2, 300);
  CHECK_FALSE(table.IsEffective(2, 200, 300));
  table.Renewed("b", 3, 300);
  CHECK(table.IsEffective(2, 200, 300));
}

TEST_CASE("A holder that does not confirm is waited for until its lease from before the epoch has run out") {
  LeaseTable table(kLeaseUs, 0);
  table.Renewed("a", 1, 100);
  CHECK_FALSE(table.IsEffective(2, 200, 100 + kLeaseUs - 1));
  CHECK(table.IsEffective(2, 200, 100 + kLeaseUs));
  // Renewals after the epoch was made name it, and so lengthen nothing under older ones.
  table.Renewed("a", 1, 4'000'000);
  CHECK_FALSE(table.IsEffective(2, 200, 200 + kLeaseUs - 1));
  CHECK(table.IsEffective(2, 200, 200 + kLeaseUs));
}

TEST_CASE("Holders that a process before this one has served are waited for") {
  LeaseTable table(kLeaseUs, 1000);
  CHECK_FALSE(table.IsEffective(1, 10, 999));
  CHECK(table.IsEffective(1, 10, 1000));
}

TEST_CASE("Holders whose lease has long run out are forgotten") {
  LeaseTable table(kLeaseUs, 0);
  table.Renewed("a", 1, 100);
  table.Prune(100 + kLeaseUs);
  CHECK(table.size() == 1);
  table.Prune(101 + 2 * kLeaseUs);
  CHECK(table.size() == 0);
}

TEST_CASE("Under random renewals no epoch is effective while a holder may decide under an older one") {
  const unsigned seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  // The model is what a service does: it decides under what it has installed while its lease lasts.
  struct Service {
    uint64_t installed = 1;
    int64_t lease_until_us = 0;
  };
  std::map<std::string, Service> services = {{"a", {}}, {"b", {}}, {"c", {}}};
  LeaseTable table(kLeaseUs, 0);
  uint64_t newest = 1;
  int64_t made_us = 0;
  int64_t now_us = 0;
  for (int step = 0; step < 5000; ++step) {
    now_us += random() % 400'000;
    auto& [name, service] = *std::next(services.begin(), static_cast<int>(random() % 3));
    switch (random() % 6) {
      case 0:
        ++newest;
        made_us = now_us;
        break;
      case 1:
        service.installed = newest;
        break;
      default:
        if (random() % 3 == 0) break;  // cut off
        table.Renewed(name, service.installed, now_us);
        if (service.installed == newest) service.lease_until_us = now_us + kLeaseUs;
    }
    if (!table.IsEffective(newest, made_us, now_us)) continue;
    for (const auto& [other, model] : services) {
      REQUIRE((model.installed == newest || model.lease_until_us <= now_us));
    }
  }
}

}  // namespace hangou

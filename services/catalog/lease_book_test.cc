#include "services/catalog/lease_book.h"

#include <atomic>
#include <catch2/catch.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

constexpr int64_t kLeaseMs = 5000;
constexpr char kOther[] = "other:1";

v1::RenewLeaseRequest Renewal(uint64_t confirmed) {
  v1::RenewLeaseRequest request;
  request.set_confirmed_epoch(confirmed);
  return request;
}

v1::ListLeasesResponse Told(const std::string& holder, uint64_t confirmed, int64_t age_us) {
  v1::ListLeasesResponse told;
  auto* lease = told.add_leases();
  lease->set_holder(holder);
  lease->set_confirmed_epoch(confirmed);
  lease->set_age_us(age_us);
  return told;
}

// A book with another replica beside it, and somebody who waits for epoch 2.
struct Fixture {
  ManualClock clock;
  LeaseBook book{clock, kLeaseMs, 0, {kOther}};
  std::atomic<int> effective{0};

  void MakeEpoch() {
    book.SetNewest(2);
    book.WhenNewestIsEffective([this](bool yes) { effective += yes ? 1 : 0; });
  }
};

}  // namespace

TEST_CASE("An epoch waits for what the other replica of the catalog knows") {
  Fixture fixture;
  REQUIRE(fixture.book.Renew("a", Renewal(1)).ok());
  fixture.clock.AdvanceUs(1000);
  const int64_t asked_before_us = fixture.clock.BootUs();
  fixture.clock.AdvanceUs(1000);
  fixture.MakeEpoch();
  REQUIRE(fixture.book.Renew("a", Renewal(2)).ok());
  CHECK(fixture.effective == 0);  // the other one has not been heard
  fixture.book.Merge(kOther, asked_before_us, {});
  CHECK(fixture.effective == 0);  // what it said before the epoch does not count
  fixture.book.Merge(kOther, fixture.clock.BootUs(), Told("b", 1, 500));
  CHECK(fixture.effective == 0);  // b decides under the old epoch
  fixture.book.Merge(kOther, fixture.clock.BootUs(), Told("b", 2, 10));
  CHECK(fixture.effective == 1);
}

TEST_CASE("A holder that went over to this replica is not waited for there") {
  Fixture fixture;
  fixture.clock.AdvanceUs(10'000'000);
  fixture.MakeEpoch();
  REQUIRE(fixture.book.Renew("a", Renewal(2)).ok());
  fixture.book.Merge(kOther, fixture.clock.BootUs(), Told("a", 1, 900'000));
  CHECK(fixture.effective == 1);
}

TEST_CASE("A replica of the catalog that does not answer delays an epoch by a lease and no more") {
  Fixture fixture;
  fixture.MakeEpoch();
  REQUIRE(fixture.book.Renew("a", Renewal(2)).ok());
  fixture.clock.AdvanceUs(kLeaseMs * kUsPerMs - 1);
  fixture.book.Merge("nobody", 0, {});
  CHECK(fixture.effective == 0);
  fixture.clock.AdvanceUs(1);
  fixture.book.Merge("nobody", 0, {});
  CHECK(fixture.effective == 1);
}

TEST_CASE("A replica that has just started does not count as heard: it does not know its holders yet") {
  Fixture fixture;
  fixture.MakeEpoch();
  v1::ListLeasesResponse told;
  told.set_unknown_us(1);
  fixture.book.Merge(kOther, fixture.clock.BootUs(), told);
  CHECK(fixture.effective == 0);
}

TEST_CASE("Who lives is who serves something under a lease") {
  Fixture fixture;
  v1::RenewLeaseRequest renewal = Renewal(1);
  auto* served = renewal.add_served();
  served->set_service("population");
  served->set_address("host:1");
  REQUIRE(
      fixture.book.Renew("spiffe://x/department/platform/service/population-0/population-0", renewal).ok());
  REQUIRE(fixture.book.Renew("spiffe://x/department/platform/service/silent/silent", Renewal(1)).ok());
  const auto live = fixture.book.Live();
  REQUIRE(live.size() == 1);
  CHECK(live[0].name == "population-0");
  CHECK(live[0].served[0].address() == "host:1");
  fixture.clock.AdvanceUs(kLeaseMs * kUsPerMs);
  CHECK(fixture.book.Live().empty());
}

}  // namespace hangou

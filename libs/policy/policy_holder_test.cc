#include "libs/policy/policy_holder.h"

#include <catch2/catch.hpp>

#include "libs/base/limits.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

std::shared_ptr<const PolicySnapshot> Epoch(uint64_t epoch) {
  return PolicySnapshot::Compile(PolicyObjects(), epoch).value();
}

// A holder with epoch 1 and a lease that has just begun.
struct Held {
  ManualClock clock;
  PolicyHolder holder{clock};

  Held() {
    holder.Install(Epoch(1));
    holder.Renew(clock.BootUs(), 1, limits::kLeaseMs);
  }
};

}  // namespace

TEST_CASE("Without a policy or a lease nothing may be decided") {
  ManualClock clock;
  PolicyHolder holder(clock);
  CHECK(ReasonOf(holder.Acquire().status()) == Reason::kLeaseExpired);
  CHECK(holder.Newest() == nullptr);
  CHECK(holder.ConfirmedEpoch() == 0);
  holder.Install(Epoch(1));
  CHECK(ReasonOf(holder.Acquire().status()) == Reason::kLeaseExpired);
  CHECK(holder.Newest()->epoch() == 1);
}

TEST_CASE("A lease runs from the instant its renewal was sent") {
  Held held;
  const int64_t sent_us = held.clock.BootUs();
  held.clock.AdvanceUs(2000 * kUsPerMs);
  held.holder.Renew(sent_us, 1, limits::kLeaseMs);
  CHECK(held.holder.LeaseLeftMs() == limits::kLeaseMs - 2000);
  held.clock.AdvanceUs((limits::kLeaseMs - 2000) * kUsPerMs - 1);
  const auto pin = held.holder.Acquire();
  REQUIRE(pin.ok());
  CHECK(pin->Confirm().ok());
  held.clock.AdvanceUs(1);
  CHECK(ReasonOf(pin->Confirm()) == Reason::kLeaseExpired);
  CHECK(ReasonOf(held.holder.Acquire().status()) == Reason::kLeaseExpired);
  CHECK(held.holder.LeaseLeftMs() == 0);
}

TEST_CASE("A renewal that names an epoch that is not installed does not extend the lease") {
  Held held;
  held.clock.AdvanceUs(limits::kLeaseMs * kUsPerMs);
  held.holder.Renew(held.clock.BootUs(), 2, limits::kLeaseMs);
  CHECK_FALSE(held.holder.Acquire().ok());
  held.holder.Install(Epoch(2));
  held.holder.Renew(held.clock.BootUs(), 2, limits::kLeaseMs);
  CHECK(held.holder.Acquire().ok());
}

TEST_CASE("A late answer to an old renewal does not shorten the lease") {
  Held held;
  held.clock.AdvanceUs(1000 * kUsPerMs);
  const int64_t left_ms = held.holder.LeaseLeftMs();
  held.holder.Renew(0, 1, limits::kLeaseMs);
  CHECK(held.holder.LeaseLeftMs() == left_ms);
}

TEST_CASE("What was decided under an older epoch is not confirmed") {
  Held held;
  const auto pin = held.holder.Acquire();
  REQUIRE(pin->Confirm().ok());
  held.holder.Install(Epoch(2));
  CHECK(ReasonOf(pin->Confirm()) == Reason::kEpochNotReached);
  CHECK(pin->snapshot().epoch() == 1);
  CHECK(held.holder.Acquire(2)->Confirm().ok());
  CHECK(ReasonOf(held.holder.Acquire(3).status()) == Reason::kEpochNotReached);
}

TEST_CASE("An epoch is confirmed when no pin of an older one is left, whoever else holds the snapshot") {
  Held held;
  auto first = std::make_unique<PolicyHolder::Pin>(*held.holder.Acquire());
  const auto reader = held.holder.Newest();
  held.holder.Install(Epoch(2));
  CHECK(held.holder.ConfirmedEpoch() == 1);
  auto second = std::make_unique<PolicyHolder::Pin>(*held.holder.Acquire());
  held.holder.Install(Epoch(3));
  CHECK(held.holder.ConfirmedEpoch() == 1);
  first.reset();
  CHECK(held.holder.ConfirmedEpoch() == 2);
  second.reset();
  CHECK(held.holder.ConfirmedEpoch() == 3);
  CHECK(reader->epoch() == 1);
}

TEST_CASE("Changes are told for newer epochs only, until unsubscribed") {
  Held held;
  int told = 0;
  const int id = held.holder.OnChange([&] { ++told; });
  held.holder.Install(Epoch(1));
  CHECK(told == 0);
  held.holder.Install(Epoch(3));
  held.holder.Install(Epoch(2));
  CHECK(told == 1);
  CHECK(held.holder.Newest()->epoch() == 3);
  held.holder.RemoveOnChange(id);
  held.holder.Install(Epoch(4));
  CHECK(told == 1);
}

}  // namespace hangou

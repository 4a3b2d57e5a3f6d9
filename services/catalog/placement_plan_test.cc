#include "services/catalog/placement_plan.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "libs/base/status.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

v1::Placement Empty(int groups) {
  v1::Placement placement;
  placement.mutable_layout()->set_partitions(8);
  placement.mutable_layout()->set_groups(groups);
  return placement;
}

LiveProcess Process(const std::string& name, const std::string& service, bool ready = true) {
  LiveProcess process{name, {}};
  auto& served = process.served.emplace_back();
  served.set_service(service);
  served.set_address(name + ":1");
  served.set_ready(ready);
  served.set_holds_groups(service == "population" || service == "tax");
  return process;
}

// Owner of each group of population.
std::map<int, std::string> Owners(const v1::Placement& placement) {
  std::map<int, std::string> owners;
  for (const auto& owner : placement.owners()) {
    if (owner.library() == "population") owners[owner.group()] = owner.replica();
  }
  return owners;
}

std::map<std::string, int> Shares(const v1::Placement& placement) {
  std::map<std::string, int> shares;
  for (const auto& [group, owner] : Owners(placement)) ++shares[owner];
  return shares;
}

}  // namespace

TEST_CASE("The first replica gets every group; one that joins takes its part") {
  const auto one = PlanPlacement(Empty(4), {Process("population-0", "population")}, false);
  CHECK(Shares(one) == std::map<std::string, int>{{"population-0", 4}});
  CHECK(one.owners(0).owner_epoch() == 1);
  const auto two = PlanPlacement(
      one, {Process("population-0", "population"), Process("population-1", "population")}, false);
  CHECK(Shares(two) == std::map<std::string, int>{{"population-0", 2}, {"population-1", 2}});
  CHECK(two.replicas_size() == 2);
  // Nothing moves without a cause.
  const auto again = PlanPlacement(
      two, {Process("population-0", "population"), Process("population-1", "population")}, false);
  CHECK(again.SerializeAsString() == two.SerializeAsString());
}

TEST_CASE("The groups of a replica that is gone, or not ready, go to the others under a higher epoch") {
  const std::vector<LiveProcess> both = {Process("population-0", "population"),
                                         Process("population-1", "population")};
  const auto two = PlanPlacement(Empty(4), both, false);
  const bool gone = GENERATE(true, false);
  std::vector<LiveProcess> left = {Process("population-0", "population")};
  if (!gone) left.push_back(Process("population-1", "population", /*ready=*/false));
  const auto one = PlanPlacement(two, left, false);
  CHECK(Shares(one) == std::map<std::string, int>{{"population-0", 4}});
  CHECK(one.replicas_size() == 1);
  for (const auto& owner : one.owners()) {
    const auto before = Owners(two).at(owner.group());
    CHECK(owner.owner_epoch() == (before == "population-0" ? 1 : 2));
  }
}

TEST_CASE("Where nobody is left, the groups keep their owner") {
  const auto one = PlanPlacement(Empty(2), {Process("population-0", "population")}, false);
  const auto none = PlanPlacement(one, {}, false);
  CHECK(none.replicas().empty());
  CHECK(Shares(none) == std::map<std::string, int>{{"population-0", 2}});
  const auto back = PlanPlacement(none, {Process("population-0", "population")}, false);
  CHECK(back.owners(0).owner_epoch() == 1);
}

TEST_CASE("Right after a start of the catalog nothing is taken from replicas that have not renewed yet") {
  const std::vector<LiveProcess> both = {Process("population-0", "population"),
                                         Process("population-1", "population")};
  const auto two = PlanPlacement(Empty(4), both, false);
  CHECK(PlanPlacement(two, {}, true).SerializeAsString() == two.SerializeAsString());
  CHECK(PlanPlacement(two, {both[0]}, true).SerializeAsString() == two.SerializeAsString());
}

TEST_CASE("Services without groups are replicas, and own nothing") {
  const auto placement = PlanPlacement(Empty(4), {Process("exchange-0", "exchange")}, false);
  CHECK(placement.replicas_size() == 1);
  CHECK(placement.owners().empty());
}

TEST_CASE("A move by hand stays, and is refused where it cannot be") {
  const std::vector<LiveProcess> both = {Process("population-0", "population"),
                                         Process("population-1", "population")};
  const auto two = PlanPlacement(Empty(4), both, false);
  const std::string target = Owners(two).at(0) == "population-0" ? "population-1" : "population-0";
  const auto moved = PlanMove(two, "population", 0, target);
  REQUIRE(moved.ok());
  CHECK(Owners(*moved).at(0) == target);
  CHECK(PlanPlacement(*moved, both, false).SerializeAsString() == moved->SerializeAsString());
  CHECK(ReasonOf(PlanMove(two, "population", 4, target).status()) == Reason::kInvalidRequest);
  CHECK(ReasonOf(PlanMove(two, "population", 0, "population-9").status()) == Reason::kInvalidRequest);
  CHECK(ReasonOf(PlanMove(two, "tax", 0, "population-0").status()) == Reason::kInvalidRequest);
}

TEST_CASE(
    "Whoever comes and goes, every group has one owner that lives where anybody does, and epochs only grow") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  v1::Placement placement = Empty(4);
  std::map<std::pair<std::string, int>, uint64_t> epochs;
  for (int step = 0; step < 500; ++step) {
    std::vector<LiveProcess> live;
    for (const std::string service : {"population", "tax"}) {
      for (int i = 0; i < 4; ++i) {
        if (random() % 3 != 0)
          live.push_back(Process(service + "-" + std::to_string(i), service, random() % 5 != 0));
      }
    }
    const v1::Placement before = placement;
    placement = PlanPlacement(before, live, false);
    for (const auto& owner : placement.owners()) {
      uint64_t& epoch = epochs[{owner.library(), owner.group()}];
      REQUIRE(owner.owner_epoch() >= epoch);
      epoch = owner.owner_epoch();
      const auto lives = [&](const std::string& name) {
        return std::any_of(placement.replicas().begin(), placement.replicas().end(),
                           [&](const auto& r) { return r.service() == owner.library() && r.name() == name; });
      };
      const bool anybody = std::any_of(placement.replicas().begin(), placement.replicas().end(),
                                       [&](const auto& r) { return r.service() == owner.library(); });
      REQUIRE((lives(owner.replica()) || !anybody));
    }
    for (const auto& owner : before.owners()) {
      for (const auto& now : placement.owners()) {
        if (now.library() != owner.library() || now.group() != owner.group()) continue;
        // Another owner under the same epoch would be two owners.
        REQUIRE((now.replica() == owner.replica()) == (now.owner_epoch() == owner.owner_epoch()));
      }
    }
  }
}

}  // namespace hangou

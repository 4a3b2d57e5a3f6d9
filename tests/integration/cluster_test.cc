// Separate processes on a real broker: hops, moves, and what happens when one of them goes.
#include "tests/integration/cluster.h"

#include <signal.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "hangou/audit/v1/entry.pb.h"
#include "libs/base/status.h"
#include "tests/integration/city.h"
#include "tests/integration/workload.h"

namespace hangou {
namespace {

// A library replica that is gone is replaced within this time.
constexpr int64_t kTakeOverMs = 15'000;

void CheckNothingLost(Workload& workload) {
  workload.StopPublishing();
  CHECK(workload.AwaitDelivered(60'000) == 0);
  CHECK(workload.wrong_repeats() == 0);
  CHECK(workload.Lost() == std::vector<std::string>());
  const auto acknowledged = workload.acknowledged();
  std::string failures;
  for (const auto& [reason, count] : acknowledged.failures)
    failures += " " + reason + " " + std::to_string(count);
  WARN(acknowledged.positions.size() << " changes acknowledged, " << acknowledged.answered_reads
                                     << " reads answered, " << acknowledged.failed_reads << " failed"
                                     << failures);
}

bool AllOwnedBy(Cluster& cluster, const std::string& replica) {
  for (int32_t group = 0; group < 4; ++group) {
    if (cluster.OwnerOf(group).replica() != replica) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("Two replicas share the groups, any of them takes a call, and what falls away is taken over") {
  Cluster cluster;
  Client& publisher = cluster.As("psb", "publisher");
  Client& consumer = cluster.As("civil", "consumer");
  std::map<std::string, int> shares;
  for (int32_t group = 0; group < 4; ++group) ++shares[cluster.OwnerOf(group).replica()];
  CHECK(shares == std::map<std::string, int>{{"population-0", 2}, {"population-1", 2}});

  Workload workload(publisher, consumer);
  REQUIRE(workload.Start());
  REQUIRE(workload.AwaitProgress(200, 30'000));
  // Nothing fails while everything runs, whichever replica is asked.
  CHECK(workload.acknowledged().failed_reads == 0);

  // A move by hand, under load.
  const auto before = cluster.OwnerOf(0);
  hangou::catalog::v1::MoveGroupRequest move;
  move.set_library("population");
  move.set_group(0);
  move.set_replica(before.replica() == "population-0" ? "population-1" : "population-0");
  const auto moved = cluster.Named("operator").MoveGroup(move);
  REQUIRE(moved.ok());
  CHECK(moved->owner().owner_epoch() == before.owner_epoch() + 1);
  CHECK(ReasonOf(cluster.Named("manager-1").MoveGroup(move).status()) == Reason::kRoleRequired);
  REQUIRE(workload.AwaitProgress(100, 30'000));

  // A replica of the catalog: no read fails.
  const int64_t failed_before = workload.acknowledged().failed_reads;
  cluster.Signal("catalog-0", SIGKILL);
  REQUIRE(workload.AwaitProgress(300, 60'000));
  CHECK(workload.acknowledged().failed_reads == failed_before);

  // A replica of the library: the other one serves its groups.
  cluster.Signal("population-1", SIGKILL);
  CHECK(Eventually([&] { return AllOwnedBy(cluster, "population-0"); }, kTakeOverMs));
  REQUIRE(workload.AwaitProgress(300, 60'000));

  // Both come back, and take their part.
  cluster.Up();
  CHECK(Eventually(
      [&] {
        return cluster.OwnerOf(0).replica() != cluster.OwnerOf(3).replica() ||
               !AllOwnedBy(cluster, "population-0");
      },
      kTakeOverMs));
  REQUIRE(workload.AwaitProgress(100, 30'000));
  CheckNothingLost(workload);

  // Whoever was asked, and whoever answered: the audit names the caller.
  hangou::audit::v1::ListEntriesRequest request;
  request.set_page_size(1000);
  int reads = 0;
  const auto page = cluster.Named("auditor").ListEntries(request);
  REQUIRE(page.ok());
  for (const auto& chained : page->entries()) {
    hangou::audit::v1::Entry entry;
    REQUIRE(entry.ParseFromString(chained.entry()));
    if (entry.action() != hangou::audit::v1::ACTION_READ) continue;
    ++reads;
    CHECK(entry.caller() == "civil");
  }
  CHECK(reads > 0);

  // The chains of all processes, those that were killed too, are whole at the brokers.
  std::string key;
  REQUIRE(cluster.Hangou("audit public-key --context auditor", &key) == 0);
  std::ofstream(cluster.folder() + "/head-key.pem") << key;
  std::string verdicts;
  CHECK(cluster.Hangou("audit verify --topic --settings " + cluster.folder() +
                           "/settings/audit-0.yaml --public-key " + cluster.folder() + "/head-key.pem",
                       &verdicts) == 0);
  INFO(verdicts);
  CHECK(verdicts.find("the chain is whole") != std::string::npos);
}

}  // namespace hangou

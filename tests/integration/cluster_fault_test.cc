// Faults that last longer than a lease: a broker that is away, an owner that is frozen.
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "libs/base/status.h"
#include "tests/integration/city.h"
#include "tests/integration/cluster.h"
#include "tests/integration/workload.h"

namespace hangou {
namespace {

void Last(std::chrono::seconds duration) {
  std::this_thread::sleep_for(duration);  // waits: the fault is to last so long, whatever happens meanwhile
}

}  // namespace

TEST_CASE("A broker that is away for 20 seconds loses nothing that was acknowledged") {
  Cluster cluster;
  Workload workload(cluster.As("psb", "publisher"), cluster.As("civil", "consumer"));
  REQUIRE(workload.Start());
  REQUIRE(workload.AwaitProgress(100, 60'000));
  cluster.StopBroker();
  Last(std::chrono::seconds(20));
  cluster.StartBroker();
  CHECK(workload.AwaitProgress(300, 60'000));
  workload.StopPublishing();
  CHECK(workload.AwaitDelivered(60'000) == 0);
  CHECK(workload.wrong_repeats() == 0);
  CHECK(workload.Lost() == std::vector<std::string>());
}

TEST_CASE("An owner that was frozen for 30 seconds can neither acknowledge nor corrupt when it wakes") {
  Cluster cluster;
  Workload workload(cluster.As("psb", "publisher"), cluster.As("civil", "consumer"));
  REQUIRE(workload.Start());
  REQUIRE(workload.AwaitProgress(100, 60'000));
  cluster.Signal("population-0", SIGSTOP);
  CHECK(Eventually(
      [&] {
        for (int32_t group = 0; group < 4; ++group) {
          if (cluster.OwnerOf(group).replica() != "population-1") return false;
        }
        return true;
      },
      60'000));
  CHECK(workload.AwaitProgress(100, 60'000));
  Last(std::chrono::seconds(20));
  cluster.Signal("population-0", SIGCONT);
  CHECK(workload.AwaitProgress(300, 60'000));
  workload.StopPublishing();
  CHECK(workload.AwaitDelivered(60'000) == 0);
  CHECK(workload.wrong_repeats() == 0);
  CHECK(workload.Lost() == std::vector<std::string>());
}

}  // namespace hangou

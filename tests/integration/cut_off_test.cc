// A replica that is cut off from catalog and broker while departments still reach it.
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "hangou/base_library/v1/base_library.grpc.pb.h"
#include "libs/base/clock.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/status.h"
#include "tests/integration/city.h"
#include "tests/integration/cluster.h"
#include "tests/integration/workload.h"

namespace hangou {
namespace {

namespace base = hangou::base_library::v1;

constexpr char kReplica[] = "population-1";
constexpr int32_t kGroups = 4;

std::string PortOf(const std::string& address) { return address.substr(address.rfind(':') + 1); }

// Population-1 in a network namespace of its own.
class IsolatedReplica {
 public:
  explicit IsolatedReplica(Cluster& cluster) : folder_(cluster.folder() + "/isolated") {
    std::ifstream broker_file(cluster.folder() + "/kafka/address");
    std::string broker;
    std::getline(broker_file, broker);
    std::string out = PortOf(broker);
    for (const char* name : {"catalog-0", "catalog-1", "catalog-2", "population-0"})
      out += "," + PortOf(cluster.AddressOf(name));
    cluster.Signal(kReplica, SIGTERM);
    REQUIRE(Eventually([&] { return !cluster.IsRunning(kReplica); }, 60'000));
    cluster.Start(kReplica, std::string(HANGOU_SOURCE_DIR) + "/tests/integration/isolated.sh " + folder_ +
                                " " + PortOf(cluster.AddressOf(kReplica)) + " " + out + " --");
  }
  ~IsolatedReplica() { Signal(SIGCONT); }

  // Nothing passes between the replica and broker, catalog and other replica; what is under way is neither delivered
  // nor refused.
  void CutOff() { Signal(SIGSTOP); }
  void Mend() { Signal(SIGCONT); }

 private:
  void Signal(int signal) {
    std::ifstream gates(folder_ + "/gates");
    for (pid_t group = 0; gates >> group;) ::kill(-group, signal);
  }

  const std::string folder_;
};

// What a department hears that calls one replica and no other.
class DirectReader {
 public:
  DirectReader(const std::string& address, const std::string& identity)
      : channel_(*MakeChannel(address, identity)), stub_(base::BaseLibrary::NewStub(channel_)) {}

  absl::StatusOr<base::GetResponse> Read(const std::string& citizen_id) {
    base::GetRequest request;
    request.mutable_context()->set_purpose("household_check");
    request.set_resource("resources/psb.resident");
    request.mutable_owner()->set_id(citizen_id);
    base::GetResponse response;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(3));
    const grpc::Status status = stub_->Get(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }
  bool IsReady() { return CheckHealth(channel_, 2000).value_or(false); }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<base::BaseLibrary::Stub> stub_;
};

bool IsPhoneWithheld(const base::GetResponse& response) {
  const auto& basis = response.decision().basis();
  return std::any_of(basis.begin(), basis.end(),
                     [](const auto& field) { return field.reason() == "NEGATIVE_LIST"; });
}

}  // namespace

TEST_CASE("A replica that is cut off stops sharing within its lease, says why, and recovers") {
  if (std::system("unshare --net true 2>/dev/null || unshare --map-root-user --net true 2>/dev/null") != 0) {
    WARN("skipped: this machine gives no network namespaces");
    return;
  }
  Cluster cluster;
  Workload workload(cluster.As("psb", "publisher"), cluster.As("civil", "consumer"));
  REQUIRE(workload.Start());
  REQUIRE(workload.AwaitProgress(100, 60'000));
  IsolatedReplica replica(cluster);
  DirectReader reader(cluster.AddressOf(kReplica), cluster.folder() + "/identities/civil-consumer");
  REQUIRE(Eventually([&] { return reader.IsReady(); }, 60'000));
  for (int32_t group = 0; group < kGroups; ++group) {
    if (cluster.OwnerOf(group).replica() == kReplica) continue;
    hangou::catalog::v1::MoveGroupRequest move;
    move.set_library("population");
    move.set_group(group);
    move.set_replica(kReplica);
    // It may still be on its way from the replica that had it while this one was started.
    absl::Status moved;
    const bool is_moved = Eventually(
        [&] {
          moved = cluster.Named("operator").MoveGroup(move).status();
          return moved.ok();
        },
        60'000);
    INFO(moved);
    REQUIRE(is_moved);
  }
  const std::string citizen_id = workload.acknowledged().versions.begin()->first;
  const auto answers = [&] {
    const auto read = reader.Read(citizen_id);
    return read.ok() && read->records_size() == 1 && !IsPhoneWithheld(*read);
  };
  REQUIRE(Eventually(answers, 60'000));

  replica.CutOff();
  const int64_t cut_us = SystemClock().BootUs();
  // Meanwhile a field goes on the negative list: it is EFFECTIVE when the lost lease has run out, not before.
  std::ofstream(cluster.folder() + "/withhold.yaml") << kWithholdPhone;
  std::atomic<int64_t> effective_us = 0;
  std::thread applying([&] {
    cluster.Apply(cluster.folder() + "/withhold.yaml");
    effective_us = SystemClock().BootUs();
  });
  int64_t last_answer_us = 0;
  int shared_after_effective = 0;
  std::map<std::string, int> reasons;
  while (SystemClock().BootUs() - cut_us < 3 * limits::kLeaseMs * kUsPerMs || effective_us == 0) {
    const int64_t asked_us = SystemClock().BootUs();
    const auto read = reader.Read(citizen_id);
    if (read.ok()) {
      last_answer_us = SystemClock().BootUs();
      const bool after = effective_us != 0 && asked_us > effective_us;
      shared_after_effective += after && !IsPhoneWithheld(*read) ? 1 : 0;
    } else {
      ++reasons[std::string(ReasonName(ReasonOf(read.status()).value_or(Reason::kInternal)))];
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // waits: a department asks now and then
  }
  applying.join();
  const int64_t shared_ms = (last_answer_us - cut_us) / kUsPerMs;
  const int64_t effective_ms = (effective_us - cut_us) / kUsPerMs;
  std::string heard;
  for (const auto& [reason, count] : reasons) heard += reason + " " + std::to_string(count) + ", ";
  WARN("shared for " << shared_ms << " ms after the cut; EFFECTIVE after " << effective_ms
                     << " ms; refusals: " << heard);
  CHECK(shared_ms <= limits::kLeaseMs);
  CHECK(shared_after_effective == 0);
  CHECK(reasons["LEASE_EXPIRED"] > 0);
  CHECK_FALSE(reader.IsReady());

  replica.Mend();
  const bool recovered = Eventually(
      [&] {
        const auto read = reader.Read(citizen_id);
        if (read.ok()) CHECK(IsPhoneWithheld(*read));
        return read.ok() && reader.IsReady();
      },
      60'000);
  CHECK(recovered);
  CHECK(workload.AwaitProgress(100, 60'000));
  workload.StopPublishing();
  CHECK(workload.AwaitDelivered(60'000) == 0);
  CHECK(workload.wrong_repeats() == 0);
  CHECK(workload.Lost() == std::vector<std::string>());
}

}  // namespace hangou

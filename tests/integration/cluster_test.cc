// Separate processes on a real broker: hops, moves, and what happens when one of them goes.
#include "tests/integration/cluster.h"

#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <set>

#include "hangou/audit/v1/entry.pb.h"
#include "hangou/base_library/v1/base_library.grpc.pb.h"
#include "libs/base/status.h"
#include "tests/integration/city.h"
#include "tests/integration/workload.h"

namespace hangou {
namespace {

// A library replica that is gone is replaced within this time: some 15 s where the catalog's writer is being replaced
// too, more on a machine that does other things as well.
constexpr int64_t kTakeOverMs = 60'000;

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

// Sends a batch of one record that lacks everything.
void PublishEmptyRecord(Client& publisher, const std::string& request_id) {
  const auto channel = publisher.ChannelTo("population");
  REQUIRE(channel.ok());
  const auto stub = hangou::base_library::v1::BaseLibrary::NewStub(*channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  const auto stream = stub->Publish(&context);
  hangou::base_library::v1::PublishRequest batch;
  batch.set_request_id(request_id);
  batch.set_resource("resources/psb.resident");
  batch.add_records();
  hangou::base_library::v1::PublishResponse response;
  REQUIRE(stream->Write(batch));
  REQUIRE(stream->WritesDone());
  REQUIRE(stream->Read(&response));
  REQUIRE(stream->Finish().ok());
  CHECK(response.outcomes(0).outcome() == hangou::base_library::v1::OUTCOME_REFUSED);
}

// Calls go to the replicas in turn; each tells what all of them counted and refused.
void CheckQualityOfAll(Client& publisher) {
  hangou::base_library::v1::GetQualityRequest request;
  request.set_resource("resources/psb.resident");
  const auto refused = [&] {
    const auto quality = publisher.GetQuality(request);
    INFO(Message(quality.status()));
    REQUIRE(quality.ok());
    int64_t count = 0;
    for (const auto& day : quality->days()) count += day.refused();
    return count;
  };
  const int64_t before = refused();
  constexpr int kBatches = 4;
  for (int i = 0; i < kBatches; ++i) PublishEmptyRecord(publisher, "empty-" + std::to_string(i));
  for (int i = 0; i < kBatches; ++i) CHECK(refused() == before + kBatches);

  std::set<std::string> kept;
  hangou::base_library::v1::ListQuarantineRequest list;
  list.set_resource(request.resource());
  list.set_page_size(1);
  do {
    const auto page = publisher.ListQuarantine(list);
    INFO(Message(page.status()));
    REQUIRE(page.ok());
    for (const auto& item : page->items()) {
      if (item.request_id().starts_with("empty-")) kept.insert(item.request_id());
    }
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty());
  CHECK(kept.size() == kBatches);
  list.set_page_token("nonsense");
  CHECK(ReasonOf(publisher.ListQuarantine(list).status()) == Reason::kTokenInvalid);
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
  REQUIRE(workload.AwaitProgress(200, 60'000));
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
  REQUIRE(workload.AwaitProgress(100, 60'000));

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
  REQUIRE(workload.AwaitProgress(100, 60'000));
  CheckNothingLost(workload);
  CheckQualityOfAll(publisher);

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

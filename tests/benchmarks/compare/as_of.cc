// The comparison of reads as of an instant.
#include <atomic>
#include <cstdio>
#include <thread>

#include "hangou/base_library/v1/base_library.pb.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "tests/benchmarks/compare/comparison.h"
#include "tests/benchmarks/compare/comparisons.h"
#include "tests/benchmarks/compare/postgres_peer.h"
#include "tests/benchmarks/compare/publish_load.h"
#include "tests/benchmarks/compare/read_setup.h"
#include "tests/benchmarks/compare/residents.h"

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;

// Of the peer's versions; ours have the instants at which they were published.
constexpr int64_t kPeerBeginUs = 1'767'225'600 * kUsPerSecond;
constexpr int64_t kPeerStepUs = kUsPerDay;

// What is asked of both: residents, and the version that is to be found.
struct AsOfBatch {
  std::vector<std::string> ids;
  int version = 0;
};

// Publishes every version, one after the other; an instant behind each.
absl::StatusOr<std::vector<int64_t>> PublishVersions(const CompareOptions& options,
                                                     const Installation& installation) {
  ASSIGN_OR_RETURN(const auto publisher, installation.Connect("psb-publisher"));
  ASSIGN_OR_RETURN(const auto schema, publisher->Schema(kResidents));
  std::vector<int64_t> instants;
  for (int version = 0; version < kResidentVersions; ++version) {
    ASSIGN_OR_RETURN(const double seconds,
                     PublishAll(installation, ResidentsTarget(),
                                ResidentRecords(*schema, 0, options.records, version), kLoadStreams));
    std::printf("version %d: %.0f records/s published, what was there kept as its past\n", version + 1,
                options.records / seconds);
    instants.push_back(SystemClock().UtcUs());
  }
  return instants;
}

// Reads batches by PostgreSQL from several connections. Keys per second.
absl::StatusOr<double> SelectAsOf(const CompareOptions& options, const std::vector<AsOfBatch>& batches,
                                  double seconds) {
  std::atomic<size_t> next = 0;
  std::atomic<int64_t> keys = 0;
  Mutex mutex;
  absl::Status error;
  std::vector<std::thread> threads;
  const Stopwatch watch;
  const auto read = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const auto connection, PostgresPeer::Connect(options.postgres));
    RETURN_IF_ERROR(connection->PrepareSelectAsOf());
    while (watch.Seconds() < seconds) {
      const AsOfBatch& batch = batches[next++ % batches.size()];
      ASSIGN_OR_RETURN(
          const int found,
          connection->SelectAsOf(batch.ids, kPeerBeginUs + batch.version * kPeerStepUs + kPeerStepUs / 2));
      if (found == 0) return absl::InternalError("PostgreSQL found nothing");
      keys += kBatchKeys;
    }
    return absl::OkStatus();
  };
  for (int i = 0; i < kOutstandingBatches; ++i) {
    threads.emplace_back([&] {
      const absl::Status status = read();
      MutexLock lock(mutex);
      error.Update(status);
    });
  }
  for (std::thread& thread : threads) thread.join();
  RETURN_IF_ERROR(error);
  return static_cast<double>(keys) / watch.Seconds();
}

std::string RequestOf(const AsOfBatch& batch, int64_t instant) {
  v1::BatchGetRequest request;
  request.mutable_context()->set_purpose(kPurpose);
  request.mutable_context()->mutable_as_of()->set_seconds(instant / kUsPerSecond);
  request.mutable_context()->mutable_as_of()->set_nanos(static_cast<int32_t>(instant % kUsPerSecond * 1000));
  request.set_resource(kResidents);
  for (const std::string& id : batch.ids) request.add_owners()->set_id(id);
  return request.SerializeAsString();
}

// Whether an answer has each resident in its version.
absl::Status CheckAnswer(const std::string& reply, int version) {
  v1::BatchGetResponse response;
  if (!response.ParseFromString(reply) || response.items_size() != kBatchKeys)
    return absl::InternalError("BatchGet does not answer as it should");
  for (const auto& item : response.items()) {
    const bool right = item.records_size() == 1 &&
                       item.records(0).provenance().revision() == static_cast<uint64_t>(version) + 1;
    if (!right) return absl::InternalError("a resident is not as of the instant");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CompareAsOf(const CompareOptions& options) {
  ASSIGN_OR_RETURN(Installation installation, Installation::Open(options.cluster));
  ASSIGN_OR_RETURN(const auto instants, PublishVersions(options, installation));
  ASSIGN_OR_RETURN(const auto client, installation.Connect(kReader));
  ASSIGN_OR_RETURN(const auto channel, client->ChannelTo("population"));
  ASSIGN_OR_RETURN(const auto postgres, PostgresPeer::Connect(options.postgres));
  RETURN_IF_ERROR(postgres->MakeTable());
  RETURN_IF_ERROR(postgres->CopyResidents(0, options.records).status());
  RETURN_IF_ERROR(postgres->MakeTemporalTable(kResidentVersions, kPeerBeginUs, kPeerStepUs));
  CallLoad load;
  load.method = kBatchGet;
  load.outstanding = kOutstandingBatches;
  load.seconds = kRunSeconds;
  std::vector<AsOfBatch> batches(kRequests);
  Draw draw(options.records);
  for (size_t i = 0; i < kRequests; ++i) {
    batches[i].version = static_cast<int>(i) % kResidentVersions;
    for (int key = 0; key < kBatchKeys; ++key) batches[i].ids.push_back(ResidentIdOf(draw.Next()));
    load.requests.push_back(RequestOf(batches[i], instants[static_cast<size_t>(batches[i].version)]));
  }
  for (size_t i = 0; i < kResidentVersions; ++i) {
    ASSIGN_OR_RETURN(const std::string reply, CallOnce(channel, kBatchGet, load.requests[i]));
    RETURN_IF_ERROR(CheckAnswer(reply, batches[i].version));
  }
  CallLoad warm = load;
  warm.seconds = kWarmSeconds;
  RETURN_IF_ERROR(RunCalls(channel, warm).status());
  RETURN_IF_ERROR(SelectAsOf(options, batches, kWarmSeconds).status());
  Comparison comparison("asof.postgres", "keys/s");
  for (int run = 0; run < options.runs; ++run) {
    ASSIGN_OR_RETURN(const MeasuredCalls ours, Measure(channel, installation.population_pid(), load));
    ASSIGN_OR_RETURN(const double peer, SelectAsOf(options, batches, kRunSeconds));
    Tell("ours", load, ours);
    comparison.Add(ours.figures.per_second * kBatchKeys, peer);
  }
  std::printf("%s\n", comparison.ResultLine().c_str());
  return absl::OkStatus();
}

}  // namespace hangou

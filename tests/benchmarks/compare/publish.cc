#include <cstdio>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "tests/benchmarks/compare/comparison.h"
#include "tests/benchmarks/compare/comparisons.h"
#include "tests/benchmarks/compare/installation.h"
#include "tests/benchmarks/compare/kafka_peer.h"
#include "tests/benchmarks/compare/postgres_peer.h"
#include "tests/benchmarks/compare/publish_load.h"
#include "tests/benchmarks/compare/residents.h"

namespace hangou {
namespace {

// Of our clients: more do not publish faster on two cores.
constexpr int kPublishStreams = 2;
constexpr double kPacedSeconds = 5;
constexpr int kWarmUpRuns = 5;

// Processor time of everybody concerned, as differences.
struct CpuMark {
  explicit CpuMark(const Installation& installation)
      : client(OwnCpuUs()),
        server(CpuUsOf(installation.population_pid())),
        broker(CpuUsOf(installation.broker_pid())) {}
  // "client X, server Y, broker Z us/record" since this mark.
  std::string PerRecord(const Installation& installation, int64_t records) const {
    const CpuMark now(installation);
    const auto each = [records](int64_t us) {
      return static_cast<double>(us) / static_cast<double>(records);
    };
    char text[128];
    std::snprintf(text, sizeof text, "CPU per record: client %.1f us, server %.1f us, broker %.1f us",
                  each(now.client - client), each(now.server - server), each(now.broker - broker));
    return text;
  }

  int64_t client;
  int64_t server;
  int64_t broker;
};

}  // namespace

absl::Status ComparePublish(const CompareOptions& options) {
  ASSIGN_OR_RETURN(const Installation installation, Installation::Open(options.cluster));
  ASSIGN_OR_RETURN(const auto client, installation.Connect("psb-publisher"));
  ASSIGN_OR_RETURN(const auto schema, client->Schema(kResidents));
  ASSIGN_OR_RETURN(const auto kafka, KafkaPeer::Open(installation));
  ASSIGN_OR_RETURN(const auto postgres, PostgresPeer::Connect(options.postgres));
  RETURN_IF_ERROR(postgres->MakeTable());
  const int64_t count = options.records;
  int64_t first = 0;
  // Everybody warms up: caches, connections, files, and the broker's compiler, which takes most of its time for the
  // first million records.
  for (int run = 0; run < kWarmUpRuns; ++run, first += count) {
    RETURN_IF_ERROR(
        PublishAll(installation, ResidentsTarget(), ResidentRecords(*schema, first, count), kPublishStreams)
            .status());
    RETURN_IF_ERROR(postgres->CopyResidents(first, count).status());
  }
  Comparison with_kafka("publish.kafka", "records/s");
  Comparison with_postgres("publish.postgres", "records/s");
  std::vector<double> rates;
  for (int run = 0; run < options.runs; ++run, first += count) {
    auto records = ResidentRecords(*schema, first, count);
    RETURN_IF_ERROR(kafka->Mark());
    const CpuMark ours_mark(installation);
    ASSIGN_OR_RETURN(const double seconds,
                     PublishAll(installation, ResidentsTarget(), std::move(records), kPublishStreams));
    std::printf("ours: %s\n", ours_mark.PerRecord(installation, count).c_str());
    ASSIGN_OR_RETURN(const auto messages, kafka->ReadFromMark(static_cast<size_t>(count)));
    const CpuMark peer_mark(installation);
    ASSIGN_OR_RETURN(const double kafka_seconds, kafka->Produce(messages));
    std::printf("plain producer: %s\n", peer_mark.PerRecord(installation, count).c_str());
    ASSIGN_OR_RETURN(const double postgres_seconds, postgres->CopyResidents(first, count));
    const double ours = static_cast<double>(count) / seconds;
    rates.push_back(ours);
    with_kafka.Add(ours, static_cast<double>(messages.size()) / kafka_seconds);
    with_postgres.Add(ours, static_cast<double>(count) / postgres_seconds);
  }
  const double half = Median(rates) / 2;
  const auto paced = static_cast<int64_t>(half * kPacedSeconds);
  ASSIGN_OR_RETURN(const AckFigures acks, PublishAtRate(installation, ResidentsTarget(),
                                                        ResidentRecords(*schema, first, paced), half));
  std::printf("acknowledgements at half the peak: %.0f records/s, p50 %.1f ms, p99 %.1f ms\n",
              acks.per_second, static_cast<double>(acks.p50_us) / kUsPerMs,
              static_cast<double>(acks.p99_us) / kUsPerMs);
  std::printf("%s\n%s\n", with_kafka.ResultLine().c_str(), with_postgres.ResultLine().c_str());
  return absl::OkStatus();
}

}  // namespace hangou

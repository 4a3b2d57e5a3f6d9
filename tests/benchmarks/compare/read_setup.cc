#include "tests/benchmarks/compare/read_setup.h"

#include <cstdio>

#include "libs/base/status.h"
#include "tests/benchmarks/compare/comparison.h"
#include "tests/benchmarks/compare/publish_load.h"
#include "tests/benchmarks/compare/residents.h"

namespace hangou {

absl::StatusOr<std::unique_ptr<ReadSetup>> PrepareReads(const CompareOptions& options) {
  ASSIGN_OR_RETURN(Installation installation, Installation::Open(options.cluster));
  auto setup = std::make_unique<ReadSetup>(std::move(installation));
  ASSIGN_OR_RETURN(const auto publisher, setup->installation.Connect("psb-publisher"));
  ASSIGN_OR_RETURN(const auto schema, publisher->Schema(kResidents));
  RETURN_IF_ERROR(PublishAll(setup->installation, ResidentsTarget(),
                             ResidentRecords(*schema, 0, options.records), kLoadStreams)
                      .status());
  ASSIGN_OR_RETURN(setup->client, setup->installation.Connect(kReader));
  ASSIGN_OR_RETURN(setup->channel, setup->client->ChannelTo("population"));
  return setup;
}

absl::StatusOr<MeasuredCalls> Measure(const std::shared_ptr<grpc::Channel>& channel, int pid,
                                      const CallLoad& load) {
  const int64_t before = CpuUsOf(pid);
  MeasuredCalls measured;
  ASSIGN_OR_RETURN(measured.figures, RunCalls(channel, load));
  measured.server_us =
      static_cast<double>(CpuUsOf(pid) - before) / static_cast<double>(measured.figures.calls);
  return measured;
}

void Tell(const char* who, const CallLoad& load, const MeasuredCalls& measured) {
  std::printf("%s: %d outstanding: %.0f calls/s, p50 %lld us, p99 %lld us, server CPU %.1f us per call\n",
              who, load.outstanding, measured.figures.per_second,
              static_cast<long long>(measured.figures.p50_us),
              static_cast<long long>(measured.figures.p99_us), measured.server_us);
}

}  // namespace hangou

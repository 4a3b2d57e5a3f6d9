// The comparisons of reads.
#include <cstdio>
#include <thread>

#include "hangou/base_library/v1/base_library.pb.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/rpc/channel.h"
#include "tests/benchmarks/compare/bare_server.h"
#include "tests/benchmarks/compare/bare_server_process.h"
#include "tests/benchmarks/compare/call_load.h"
#include "tests/benchmarks/compare/comparison.h"
#include "tests/benchmarks/compare/comparisons.h"
#include "tests/benchmarks/compare/installation.h"
#include "tests/benchmarks/compare/postgres_peer.h"
#include "tests/benchmarks/compare/read_setup.h"
#include "tests/benchmarks/compare/residents.h"

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;

constexpr char kGet[] = "/hangou.base_library.v1.BaseLibrary/Get";
constexpr char kBareServerIdentity[] = "platform-service-population-0";
constexpr int kOutstandingGets = 64;
constexpr int kListPage = 1000;

// Starts a bare server and a connection to it with the identity of the same reader.
struct BarePeer {
  std::unique_ptr<BareServerProcess> server;
  std::shared_ptr<grpc::Channel> channel;
};

absl::StatusOr<BarePeer> StartBarePeer(const Installation& installation, const std::string& reply) {
  BarePeer peer;
  ASSIGN_OR_RETURN(peer.server,
                   BareServerProcess::Start(installation.IdentityOf(kBareServerIdentity), reply));
  ASSIGN_OR_RETURN(peer.channel, MakeChannel(peer.server->address(), installation.IdentityOf(kReader)));
  return peer;
}

v1::GetRequest GetRequestOf(int64_t number) {
  v1::GetRequest request;
  request.mutable_context()->set_purpose(kPurpose);
  request.set_resource(kResidents);
  request.mutable_owner()->set_id(ResidentIdOf(number));
  return request;
}

// Reads batches by PostgreSQL from several connections. Keys per second.
absl::StatusOr<double> SelectBatches(const CompareOptions& options,
                                     const std::vector<std::vector<std::string>>& batches, double seconds) {
  std::vector<std::unique_ptr<PostgresPeer>> connections;
  for (int i = 0; i < kOutstandingBatches; ++i) {
    ASSIGN_OR_RETURN(auto connection, PostgresPeer::Connect(options.postgres));
    RETURN_IF_ERROR(connection->PrepareSelect());
    connections.push_back(std::move(connection));
  }
  std::atomic<size_t> next = 0;
  std::atomic<int64_t> keys = 0;
  Mutex mutex;
  absl::Status error;
  std::vector<std::thread> threads;
  const Stopwatch watch;
  for (const auto& connection : connections) {
    threads.emplace_back([&] {
      while (watch.Seconds() < seconds) {
        const absl::StatusOr<int> found = connection->Select(batches[next++ % batches.size()]);
        if (found.ok() && *found > 0) {
          keys += kBatchKeys;
          continue;
        }
        MutexLock lock(mutex);
        error.Update(found.ok() ? absl::InternalError("PostgreSQL found nothing") : found.status());
        return;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  RETURN_IF_ERROR(error);
  return static_cast<double>(keys) / watch.Seconds();
}

// Walks the whole resource and counts records and pages.
struct Walk {
  int64_t records = 0;
  int64_t pages = 0;
};

using OnPage = std::function<void(const v1::ListResponse& page)>;

absl::StatusOr<Walk> WalkAll(Client& client, const OnPage& on_page = [](const v1::ListResponse&) {}) {
  v1::ListRequest request;
  request.mutable_context()->set_purpose(kPurpose);
  request.set_resource(kResidents);
  request.set_page_size(kListPage);
  Walk walk;
  do {
    ASSIGN_OR_RETURN(const v1::ListResponse page, client.List(request));
    walk.records += page.records_size();
    ++walk.pages;
    on_page(page);
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return walk;
}

}  // namespace

absl::Status CompareGet(const CompareOptions& options) {
  ASSIGN_OR_RETURN(const auto setup, PrepareReads(options));
  CallLoad load;
  load.method = kGet;
  load.outstanding = kOutstandingGets;
  load.seconds = kRunSeconds;
  Draw draw(options.records);
  for (size_t i = 0; i < kRequests; ++i)
    load.requests.push_back(GetRequestOf(draw.Next()).SerializeAsString());
  ASSIGN_OR_RETURN(const std::string reply, CallOnce(setup->channel, kGet, load.requests.front()));
  ASSIGN_OR_RETURN(const BarePeer peer, StartBarePeer(setup->installation, reply));
  RETURN_IF_ERROR(CallOnce(peer.channel, kGet, load.requests.front()).status());
  const int ours_pid = setup->installation.population_pid();
  const int peer_pid = peer.server->pid();
  CallLoad warm = load;
  warm.seconds = kWarmSeconds;
  RETURN_IF_ERROR(RunCalls(setup->channel, warm).status());
  RETURN_IF_ERROR(RunCalls(peer.channel, warm).status());
  Comparison comparison("get.echo", "calls/s");
  for (int run = 0; run < options.runs; ++run) {
    ASSIGN_OR_RETURN(const MeasuredCalls ours, Measure(setup->channel, ours_pid, load));
    ASSIGN_OR_RETURN(const MeasuredCalls echo, Measure(peer.channel, peer_pid, load));
    Tell("ours", load, ours);
    Tell("echo", load, echo);
    comparison.Add(ours.figures.per_second, echo.figures.per_second);
  }
  CallLoad lone = load;
  lone.outstanding = 1;
  ASSIGN_OR_RETURN(const MeasuredCalls lone_ours, Measure(setup->channel, ours_pid, lone));
  ASSIGN_OR_RETURN(const MeasuredCalls lone_echo, Measure(peer.channel, peer_pid, lone));
  Tell("ours", lone, lone_ours);
  Tell("echo", lone, lone_echo);
  std::printf("%s\n", comparison.ResultLine().c_str());
  return absl::OkStatus();
}

absl::Status CompareBatchGet(const CompareOptions& options) {
  ASSIGN_OR_RETURN(const auto setup, PrepareReads(options));
  ASSIGN_OR_RETURN(const auto postgres, PostgresPeer::Connect(options.postgres));
  RETURN_IF_ERROR(postgres->MakeTable());
  RETURN_IF_ERROR(postgres->CopyResidents(0, options.records).status());
  RETURN_IF_ERROR(postgres->Analyze());
  CallLoad load;
  load.method = kBatchGet;
  load.outstanding = kOutstandingBatches;
  load.seconds = kRunSeconds;
  std::vector<std::vector<std::string>> batches;
  Draw draw(options.records);
  for (size_t i = 0; i < kRequests; ++i) {
    v1::BatchGetRequest request;
    request.mutable_context()->set_purpose(kPurpose);
    request.set_resource(kResidents);
    std::vector<std::string>& ids = batches.emplace_back();
    for (int key = 0; key < kBatchKeys; ++key) {
      ids.push_back(ResidentIdOf(draw.Next()));
      request.add_owners()->set_id(ids.back());
    }
    load.requests.push_back(request.SerializeAsString());
  }
  v1::BatchGetResponse first;
  ASSIGN_OR_RETURN(const std::string reply, CallOnce(setup->channel, kBatchGet, load.requests.front()));
  if (!first.ParseFromString(reply) || first.items_size() != kBatchKeys)
    return absl::InternalError("BatchGet does not answer as it should");
  for (const auto& item : first.items()) {
    if (item.records_size() != 1) return absl::InternalError("a resident is missing");
  }
  CallLoad warm = load;
  warm.seconds = kWarmSeconds;
  RETURN_IF_ERROR(RunCalls(setup->channel, warm).status());
  RETURN_IF_ERROR(SelectBatches(options, batches, kWarmSeconds).status());
  Comparison comparison("batch_get.postgres", "keys/s");
  for (int run = 0; run < options.runs; ++run) {
    ASSIGN_OR_RETURN(const MeasuredCalls ours,
                     Measure(setup->channel, setup->installation.population_pid(), load));
    ASSIGN_OR_RETURN(const double peer, SelectBatches(options, batches, kRunSeconds));
    Tell("ours", load, ours);
    comparison.Add(ours.figures.per_second * kBatchKeys, peer);
  }
  std::printf("%s\n", comparison.ResultLine().c_str());
  return absl::OkStatus();
}

absl::Status CompareList(const CompareOptions& options) {
  ASSIGN_OR_RETURN(const auto setup, PrepareReads(options));
  int64_t bytes_in_all = 0;
  std::string full_page;
  ASSIGN_OR_RETURN(const Walk warm, WalkAll(*setup->client, [&](const v1::ListResponse& page) {
                     bytes_in_all += static_cast<int64_t>(page.ByteSizeLong());
                     if (page.records_size() == kListPage) full_page = page.SerializeAsString();
                   }));
  if (warm.records != options.records) return absl::InternalError("List does not give every record");
  ASSIGN_OR_RETURN(const BarePeer peer, StartBarePeer(setup->installation, full_page));
  // As many messages of a full page as there are bytes in the walk.
  const int64_t messages = bytes_in_all / static_cast<int64_t>(full_page.size()) + 1;
  const double bytes_per_record = static_cast<double>(bytes_in_all) / static_cast<double>(warm.records);
  const auto stream = [&] { return ReceiveStream(peer.channel, kBareStream, std::to_string(messages)); };
  RETURN_IF_ERROR(CallOnce(peer.channel, kGet, "").status());
  Comparison comparison("list.stream", "records/s");
  for (int run = 0; run < options.runs; ++run) {
    const int64_t before = CpuUsOf(setup->installation.population_pid());
    const Stopwatch ours;
    ASSIGN_OR_RETURN(const Walk walk, WalkAll(*setup->client));
    const double ours_seconds = ours.Seconds();
    const int64_t server_us = CpuUsOf(setup->installation.population_pid()) - before;
    const Stopwatch theirs;
    ASSIGN_OR_RETURN(const int64_t bytes, stream());
    const double peer_seconds = theirs.Seconds();
    std::printf("ours: %lld pages, %.0f bytes and %.1f us of server CPU per record\n",
                static_cast<long long>(walk.pages), bytes_per_record,
                static_cast<double>(server_us) / static_cast<double>(walk.records));
    comparison.Add(static_cast<double>(walk.records) / ours_seconds,
                   static_cast<double>(bytes) / bytes_per_record / peer_seconds);
  }
  std::printf("%s\n", comparison.ResultLine().c_str());
  return absl::OkStatus();
}

}  // namespace hangou

#include "tests/benchmarks/reads.h"

#include <atomic>
#include <thread>

#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "tests/benchmarks/figures.h"

namespace hangou {
namespace {

using hangou::base_library::v1::GetRequest;
using hangou::base_library::v1::GetResponse;

// What the callers have in common.
struct Run {
  Run(const ReadLoad& the_load, Client& the_client, int64_t the_end_us)
      : load(the_load), client(the_client), end_us(the_end_us) {}

  const ReadLoad& load;
  Client& client;
  const int64_t end_us;  // boot time
  std::atomic<size_t> next{0};
  std::atomic<bool> stopped{false};
  std::atomic<int64_t> records{0};
  Mutex mutex;
  std::vector<int64_t> samples HANGOU_GUARDED_BY(mutex);
  absl::Status error HANGOU_GUARDED_BY(mutex);
};

GetRequest RequestOf(const ReadLoad& load, size_t number) {
  GetRequest request;
  request.mutable_context()->set_purpose(load.purpose);
  request.mutable_context()->set_case_number(load.case_number);
  request.set_resource(load.resource);
  request.mutable_owner()->set_kind(load.kind);
  request.mutable_owner()->set_id(load.owners[number % load.owners.size()]);
  return request;
}

void CallInTurn(Run& run) {
  std::vector<int64_t> samples;
  absl::Status error;
  while (error.ok() && !run.stopped) {
    const GetRequest request = RequestOf(run.load, run.next++);
    const int64_t begin = SystemClock().BootUs();
    if (begin >= run.end_us) break;
    const absl::StatusOr<GetResponse> response = run.client.Get(request);
    error = response.status();
    if (!error.ok()) break;
    samples.push_back(SystemClock().BootUs() - begin);
    run.records += response->records_size();
  }
  if (!error.ok()) run.stopped = true;
  MutexLock lock(run.mutex);
  run.samples.insert(run.samples.end(), samples.begin(), samples.end());
  run.error.Update(error);
}

}  // namespace

absl::StatusOr<std::string> MeasureReads(const ReadLoad& load) {
  if (load.owners.empty()) return MakeError(Reason::kInvalidRequest, "no owner to read: give --owners");
  ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Client::Connect(load.client));
  // The first call connects and finds the library; it is not measured.
  RETURN_IF_ERROR(client->Get(RequestOf(load, 0)).status());
  const int64_t begin = SystemClock().BootUs();
  Run run(load, *client, begin + static_cast<int64_t>(load.seconds * kUsPerSecond));
  std::vector<std::thread> callers;
  for (int i = 0; i < load.outstanding; ++i) callers.emplace_back([&run] { CallInTurn(run); });
  for (std::thread& caller : callers) caller.join();
  const double elapsed = static_cast<double>(SystemClock().BootUs() - begin) / kUsPerSecond;
  MutexLock lock(run.mutex);
  RETURN_IF_ERROR(run.error);
  const int64_t count = static_cast<int64_t>(run.samples.size());
  return FigureLine("reads", "us", elapsed, std::move(run.samples), count) +
         " records=" + std::to_string(run.records.load()) +
         " outstanding=" + std::to_string(load.outstanding);
}

}  // namespace hangou

#include "tests/benchmarks/compare/publish_load.h"

#include <map>
#include <thread>

#include "libs/base/clock.h"
#include "libs/base/limits.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/client/publish_stream.h"
#include "libs/client/publisher.h"
#include "libs/schema/owner.h"
#include "tests/benchmarks/compare/comparison.h"
#include "tests/benchmarks/figures.h"

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;

using Records = std::vector<hangou::record::v1::Record>;

// No batch waits so long on a machine that works.
constexpr int64_t kAnswerDeadlineMs = 30'000;

absl::Status PublishSlice(Publisher& publisher, Records& records, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) RETURN_IF_ERROR(publisher.Add(std::move(records[i]), i));
  return publisher.Finish();
}

// Full batches of one partition each, as a publisher gathers them; what fills none is left out.
std::vector<v1::PublishRequest> Gather(const std::string& resource, const ResourceSchema& schema,
                                       int32_t partitions, Records records) {
  std::vector<v1::PublishRequest> batches;
  std::map<int32_t, v1::PublishRequest> gathering;
  const int64_t now_us = SystemClock().UtcUs();
  for (auto& record : records) {
    v1::PublishRequest& batch = gathering[PartitionOfPayload(schema, record.payload(), partitions, now_us)];
    *batch.add_records() = std::move(record);
    if (batch.records_size() < static_cast<int>(limits::kBatchRecords)) continue;
    batch.set_resource(resource);
    batch.set_request_id(RequestIdOf("paced", resource, batches.size(), batch));
    batches.push_back(std::move(batch));
    batch.Clear();
  }
  return batches;
}

absl::Status CheckAccepted(const v1::RecordOutcome& outcome) {
  if (outcome.outcome() == v1::OUTCOME_ACCEPTED) return absl::OkStatus();
  const std::string why = outcome.violations().empty()
                              ? v1::Outcome_Name(outcome.outcome())
                              : outcome.violations(0).field() + " " + outcome.violations(0).message();
  return absl::InternalError("a record was not accepted: " + why);
}

}  // namespace

absl::StatusOr<double> PublishAll(const Installation& installation, const PublishTarget& target,
                                  Records records, int streams) {
  struct Stream {
    std::unique_ptr<Client> client;
    std::unique_ptr<Publisher> publisher;
    absl::Status status;
  };
  std::vector<Stream> open(static_cast<size_t>(streams));
  for (Stream& stream : open) {
    ASSIGN_OR_RETURN(stream.client, installation.Connect(target.identity));
    // Connects and looks the library up: not part of what is measured.
    RETURN_IF_ERROR(stream.client->Schema(target.resource).status());
    PublisherOptions options;
    options.resource = target.resource;
    options.request_prefix = "compare";
    const auto on_outcome = [status = &stream.status](uint64_t, const v1::RecordOutcome& outcome) {
      status->Update(CheckAccepted(outcome));
    };
    ASSIGN_OR_RETURN(stream.publisher, Publisher::Open(*stream.client, options, on_outcome));
  }
  const Stopwatch watch;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < open.size(); ++i) {
    threads.emplace_back([&, i] {
      const size_t begin = records.size() * i / open.size();
      const size_t end = records.size() * (i + 1) / open.size();
      const absl::Status published = PublishSlice(*open[i].publisher, records, begin, end);
      open[i].status.Update(published);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = watch.Seconds();
  for (const Stream& stream : open) RETURN_IF_ERROR(stream.status);
  return seconds;
}

absl::StatusOr<AckFigures> PublishAtRate(const Installation& installation, const PublishTarget& target,
                                         Records records, double records_per_second,
                                         const OnAcknowledged& on_acknowledged) {
  ASSIGN_OR_RETURN(const auto client, installation.Connect(target.identity));
  ASSIGN_OR_RETURN(const auto channel, client->ChannelTo(target.library));
  ASSIGN_OR_RETURN(const auto schema, client->Schema(target.resource));
  const std::vector<v1::PublishRequest> batches =
      Gather(target.resource, *schema, installation.partitions(), std::move(records));
  PublishStream stream(channel);
  std::map<std::string, int64_t> due_us;  // of the batches
  std::map<std::string, const v1::PublishRequest*> by_id;
  std::vector<int64_t> samples;
  const int64_t begin_us = SystemClock().BootUs();
  const double batch_us = limits::kBatchRecords / records_per_second * static_cast<double>(kUsPerSecond);
  size_t sent = 0;
  int64_t heard_us = begin_us;
  while (samples.size() < batches.size()) {
    int64_t now_us = SystemClock().BootUs();
    int64_t next_us = now_us + kUsPerSecond;
    for (; sent < batches.size(); ++sent) {
      next_us = begin_us + static_cast<int64_t>(static_cast<double>(sent) * batch_us);
      if (next_us > now_us) break;
      due_us[batches[sent].request_id()] = next_us;
      by_id[batches[sent].request_id()] = &batches[sent];
      stream.Send(&batches[sent]);
    }
    const PublishStream::Events events = stream.Wait(std::max<int64_t>(1, (next_us - now_us) / kUsPerMs));
    now_us = SystemClock().BootUs();
    for (const v1::PublishResponse& answer : events.answers) {
      heard_us = now_us;
      if (answer.has_refused())
        return absl::InternalError("a batch was refused: " + answer.refused().message());
      for (const auto& outcome : answer.outcomes()) RETURN_IF_ERROR(CheckAccepted(outcome));
      samples.push_back(now_us - due_us.at(answer.request_id()));
      if (on_acknowledged) on_acknowledged(*by_id.at(answer.request_id()), now_us);
    }
    if (events.ended || now_us - heard_us > kAnswerDeadlineMs * kUsPerMs)
      return absl::UnavailableError("the stream has ended, or nothing is answered any more");
  }
  AckFigures figures;
  const double seconds =
      static_cast<double>(SystemClock().BootUs() - begin_us) / static_cast<double>(kUsPerSecond);
  figures.per_second = static_cast<double>(batches.size() * limits::kBatchRecords) / seconds;
  figures.p50_us = Quantile(samples, 0.5);
  figures.p99_us = Quantile(samples, 0.99);
  return figures;
}

}  // namespace hangou

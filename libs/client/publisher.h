// Publishes records of one resource: gathers batches, keeps several under way, repeats what was not answered.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/base_library/v1/base_library.pb.h"
#include "libs/base/limits.h"
#include "libs/client/backoff.h"

namespace grpc {
class Channel;
}

namespace hangou {

class Client;
class PublishStream;

// How to publish.
struct PublisherOptions {
  std::string resource;  // "resources/{department}.{name}"
  // Begins the request ids: at most kRequestPrefixBytes bytes of printable ASCII.
  std::string request_prefix = "client";
  // Tells this sending from every other of the same records: a random text, which one who goes on after a kill gives
  // again. Empty: made anew, so that nothing that was sent before is taken for this.
  std::string sending;
  // Batches under way. 1 keeps the order of batches, which matters where arrival is the version.
  size_t unanswered_batches = limits::kUnansweredBatches;
  // Publishing fails when it has waited so long without any answer.
  int64_t give_up_ms = 60'000;
};

// Longest prefix of request ids: beside it stand 32 hex digits, the batch number and two dashes.
constexpr size_t kRequestPrefixBytes = 16;
// Bytes gathered in all places: then the largest batch is sent although it is not full.
constexpr size_t kGatheredBytes = 8 << 20;
// Bytes of the batches under way, beside their number: what a service lets one stream hold.
constexpr size_t kUnansweredBytes = 4 << 20;
// A stream that answers nothing for so long is taken for dead and opened anew.
constexpr int64_t kAnswerTimeoutMs = 15'000;

// What a publisher did, beside the outcomes.
struct PublisherStats {
  uint64_t batches = 0;     // answered
  uint64_t repeated = 0;    // batches sent again after a refusal or a cut stream
  uint64_t reconnects = 0;  // streams after the first
};

// A text for PublisherOptions::sending that no other sending has.
std::string NewSending();

// The request id of a batch: prefix, XXH3-128 of resource, sending and records, number of the batch: no two batches of
// one publisher meet by chance.
// The same records in the same order give the same ids within one sending, so that what is sent again after a kill
// counts once, also under a later schema revision. Another sending has other ids: records that are what they were
// before the last change are a change too, which must not be taken for a repeat.
std::string RequestIdOf(const std::string& prefix, const std::string& sending, uint64_t batch_number,
                        const hangou::base_library::v1::PublishRequest& batch);

// Not thread-safe: one thread calls it, and gets the outcomes inside of its calls. Batches that are refused
// with a reason of code UNAVAILABLE (OVERLOADED, DRAINING, ...), as a whole or in some of their records, and
// those without an answer when the stream ends with UNAVAILABLE, are sent again as they are under the same
// request id, with growing waits; a record is told its first other outcome, once. Every other refusal of a
// whole batch ends the publishing with its reason. Destruction cancels what is under way; what was not answered
// may or may not have been applied.
class Publisher {
 public:
  // Where to publish: asked for each stream. `failed` is true when the last channel could not be used.
  using ChannelSource = std::function<absl::StatusOr<std::shared_ptr<grpc::Channel>>(bool failed)>;
  // The number of the records that a record is gathered with: its partition, because a batch of one partition costs the
  // broker a small part of one that is spread over all.
  using PlaceOf = std::function<int32_t(const hangou::record::v1::Record& record)>;
  // The outcome of the record that was added with this tag.
  using OnOutcome = std::function<void(uint64_t tag, const hangou::base_library::v1::RecordOutcome& outcome)>;

  Publisher(ChannelSource channels, PublisherOptions options, PlaceOf place_of, OnOutcome on_outcome);
  // Publishes to the base library that holds the resource. `client` outlives the publisher.
  static absl::StatusOr<std::unique_ptr<Publisher>> Open(Client& client, PublisherOptions options,
                                                         OnOutcome on_outcome);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // Adds a record to the batch of its place; sends a batch when it is full, and waits where too many are under way.
  // Records of one place keep their order. `tag` is the caller's. RECORD_TOO_LARGE for a record that no batch
  // may hold: it is not added, and publishing goes on.
  absl::Status Add(hangou::record::v1::Record record, uint64_t tag);
  // Sends what has been gathered, places together where they fill no batch, and waits until everything is answered.
  absl::Status Finish();
  // The next batch has this number, those behind it the next ones: one that goes on after a kill gives its batches the
  // numbers that they had. Only where nothing is gathered or under way.
  void NumberFrom(uint64_t number) { next_batch_ = number; }

  const PublisherStats& stats() const { return stats_; }

 private:
  struct Batch;

  absl::Status Send(std::unique_ptr<Batch> batch);
  absl::Status SendLargest();
  absl::Status WaitWhileMoreThan(size_t batches, size_t bytes);
  absl::Status Step();
  absl::Status EnsureStream(int64_t now_ms);
  void SendDue(int64_t now_ms);
  int64_t WaitMs(int64_t now_ms) const;
  absl::Status TakeAnswer(const hangou::base_library::v1::PublishResponse& answer, int64_t now_ms);
  bool Settle(const hangou::base_library::v1::PublishResponse& answer, Batch& batch, int64_t now_ms);
  void Repeat(Batch& batch, int64_t now_ms);
  absl::Status StreamEnded(const absl::Status& status, int64_t now_ms);
  void DropStream(int64_t now_ms);

  const ChannelSource channels_;
  const PublisherOptions options_;
  const PlaceOf place_of_;
  const OnOutcome on_outcome_;
  std::map<int32_t, std::unique_ptr<Batch>> gathering_;  // by place
  size_t bytes_gathered_ = 0;
  std::list<std::unique_ptr<Batch>> under_way_;
  size_t bytes_under_way_ = 0;
  uint64_t next_batch_ = 0;
  std::unique_ptr<PublishStream> stream_;  // refers to batches under way: destroyed first
  bool channel_failed_ = false;
  int64_t reopen_ms_ = 0;  // not before this instant, boot time
  int64_t last_answer_ms_ = 0;
  int64_t waiting_since_ms_ = 0;  // when the present call began to wait
  int64_t opened_ms_ = 0;
  absl::Status last_error_;
  Backoff backoff_;
  PublisherStats stats_;
};

}  // namespace hangou

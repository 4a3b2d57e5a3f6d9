#include "libs/client/publisher.h"

#include <xxhash.h>

#include <algorithm>
#include <random>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/keys.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/client/client.h"
#include "libs/client/publish_stream.h"
#include "libs/schema/owner.h"

namespace hangou {

using hangou::base_library::v1::PublishRequest;
using hangou::base_library::v1::PublishResponse;
using hangou::base_library::v1::RecordOutcome;
using hangou::record::v1::Record;

namespace {

constexpr size_t kLengthBytes = 4;    // of a record in what is hashed
constexpr size_t kSendingBytes = 16;  // random, as of a UUID
constexpr size_t kRecordFraming = 8;  // tag and length of a record in a batch, at most

bool IsRetryable(const absl::Status& status) { return absl::IsUnavailable(status); }

// True where a record was refused only because its owner is starting, stopping or too busy.
bool IsRetryable(const RecordOutcome& outcome) {
  if (outcome.outcome() != hangou::base_library::v1::OUTCOME_REFUSED || outcome.violations().empty())
    return false;
  const std::optional<Reason> reason = ReasonFromName(outcome.violations(0).reason());
  return reason && ReasonCode(*reason) == absl::StatusCode::kUnavailable;
}

// The error of a batch that was refused as a whole.
absl::Status RefusalOf(const hangou::record::v1::Violation& refused) {
  const std::optional<Reason> reason = ReasonFromName(refused.reason());
  return MakeError(reason.value_or(Reason::kInternal), refused.message(), refused.field());
}

PublisherOptions WithSending(PublisherOptions options) {
  if (options.sending.empty()) options.sending = NewSending();
  return options;
}

}  // namespace

// A batch and where it stands.
struct Publisher::Batch {
  PublishRequest request;
  std::vector<uint64_t> tags;
  std::vector<bool> settled;  // per record: its outcome has been told
  size_t bytes = 0;

  bool HasRoomFor(size_t more, const PublisherOptions& options) const {
    const size_t head = options.resource.size() + limits::kRequestIdBytes;
    return tags.size() < limits::kBatchRecords && bytes + more + head <= limits::kBatchBytes;
  }
  void Add(Record record, uint64_t tag, size_t record_bytes) {
    *request.add_records() = std::move(record);
    tags.push_back(tag);
    bytes += record_bytes;
  }

  bool sent = false;  // on the present stream
  int64_t sent_ms = 0;
  int64_t not_before_ms = 0;  // waits out a refusal
};

std::string NewSending() { return Hex(RandomBytes(kSendingBytes)); }

std::string RequestIdOf(const std::string& prefix, const std::string& sending, uint64_t batch_number,
                        const PublishRequest& batch) {
  std::string content = batch.resource() + '\0' + sending + '\0';
  for (const Record& record : batch.records()) {
    const size_t at = content.size();
    AppendBigEndian(&content, 0, kLengthBytes);
    if (record.schema_revision() == 0) {
      record.AppendToString(&content);
    } else {
      Record unrevised = record;
      unrevised.clear_schema_revision();
      unrevised.AppendToString(&content);
    }
    std::string length;
    AppendBigEndian(&length, content.size() - at - kLengthBytes, kLengthBytes);
    content.replace(at, kLengthBytes, length);
  }
  const XXH128_hash_t hash = XXH3_128bits(content.data(), content.size());
  std::string id;
  AppendBigEndian(&id, hash.high64, 8);
  AppendBigEndian(&id, hash.low64, 8);
  return prefix + "-" + Hex(id) + "-" + std::to_string(batch_number);
}

Publisher::Publisher(ChannelSource channels, PublisherOptions options, PlaceOf place_of, OnOutcome on_outcome)
    : channels_(std::move(channels)),
      options_(WithSending(std::move(options))),
      place_of_(std::move(place_of)),
      on_outcome_(std::move(on_outcome)),
      backoff_(std::random_device()()) {}

Publisher::~Publisher() = default;

absl::StatusOr<std::unique_ptr<Publisher>> Publisher::Open(Client& client, PublisherOptions options,
                                                           OnOutcome on_outcome) {
  if (options.request_prefix.size() > kRequestPrefixBytes) {
    return MakeError(Reason::kInvalidRequest, "the prefix of request ids has at most 16 characters");
  }
  ASSIGN_OR_RETURN(const auto schema, client.Schema(options.resource));
  const std::string library = schema->declaration().library();
  auto channels = [&client, library](bool failed) {
    if (failed) client.ForgetEndpoints();
    return client.ChannelTo(library);
  };
  ASSIGN_OR_RETURN(const int32_t partitions, client.Partitions());
  auto place_of = [schema, partitions](const Record& record) {
    return partitions == 0 ? 0
                           : PartitionOfPayload(*schema, record.payload(), partitions, SystemClock().UtcUs());
  };
  return std::make_unique<Publisher>(std::move(channels), std::move(options), std::move(place_of),
                                     std::move(on_outcome));
}

absl::Status Publisher::Add(Record record, uint64_t tag) {
  const size_t bytes = record.ByteSizeLong() + kRecordFraming;
  if (record.payload().size() > limits::kGeometryRecordBytes || bytes > limits::kBatchBytes / 2) {
    return MakeError(Reason::kRecordTooLarge, "the record is larger than 64 KiB, or 512 KiB with a geometry");
  }
  if (bytes_gathered_ + bytes > kGatheredBytes) RETURN_IF_ERROR(SendLargest());
  std::unique_ptr<Batch>& batch = gathering_[place_of_(record)];
  if (batch != nullptr && !batch->HasRoomFor(bytes, options_)) RETURN_IF_ERROR(Send(std::move(batch)));
  if (batch == nullptr) batch = std::make_unique<Batch>();
  batch->Add(std::move(record), tag, bytes);
  bytes_gathered_ += bytes;
  return absl::OkStatus();
}

absl::Status Publisher::Finish() {
  auto last = std::make_unique<Batch>();
  for (auto& [place, batch] : gathering_) {
    if (batch == nullptr) continue;
    for (size_t i = 0; i < batch->tags.size(); ++i) {
      Record& record = *batch->request.mutable_records(static_cast<int>(i));
      const size_t bytes = record.ByteSizeLong() + kRecordFraming;
      if (!last->HasRoomFor(bytes, options_))
        RETURN_IF_ERROR(Send(std::exchange(last, std::make_unique<Batch>())));
      last->Add(std::move(record), batch->tags[i], bytes);
    }
  }
  gathering_.clear();
  if (!last->tags.empty()) RETURN_IF_ERROR(Send(std::move(last)));
  return WaitWhileMoreThan(0, 0);
}

absl::Status Publisher::SendLargest() {
  const auto largest =
      std::max_element(gathering_.begin(), gathering_.end(), [](const auto& a, const auto& b) {
        const auto bytes = [](const std::unique_ptr<Batch>& batch) { return batch ? batch->bytes : 0; };
        return bytes(a.second) < bytes(b.second);
      });
  return Send(std::move(largest->second));
}

absl::Status Publisher::Send(std::unique_ptr<Batch> batch) {
  bytes_gathered_ -= batch->bytes;
  RETURN_IF_ERROR(WaitWhileMoreThan(options_.unanswered_batches - 1, kUnansweredBytes));
  batch->request.set_resource(options_.resource);
  batch->request.set_request_id(
      RequestIdOf(options_.request_prefix, options_.sending, next_batch_++, batch->request));
  batch->settled.assign(batch->tags.size(), false);
  bytes_under_way_ += batch->bytes;
  under_way_.push_back(std::move(batch));
  // Sends it, without waiting for answers.
  return WaitWhileMoreThan(options_.unanswered_batches, kUnansweredBytes + limits::kBatchBytes);
}

absl::Status Publisher::WaitWhileMoreThan(size_t batches, size_t bytes) {
  waiting_since_ms_ = NowMs();
  if (!under_way_.empty()) {
    RETURN_IF_ERROR(EnsureStream(waiting_since_ms_));
    SendDue(waiting_since_ms_);
  }
  while (under_way_.size() > batches || bytes_under_way_ > bytes) RETURN_IF_ERROR(Step());
  return absl::OkStatus();
}

absl::Status Publisher::Step() {
  int64_t now_ms = NowMs();
  RETURN_IF_ERROR(EnsureStream(now_ms));
  SendDue(now_ms);
  PublishStream::Events events;
  if (stream_ != nullptr) {
    events = stream_->Wait(WaitMs(now_ms));
  } else {
    Mutex mutex;
    CondVar never;
    MutexLock lock(mutex);
    never.WaitFor(mutex, WaitMs(now_ms));
  }
  now_ms = NowMs();
  for (const PublishResponse& answer : events.answers) RETURN_IF_ERROR(TakeAnswer(answer, now_ms));
  if (events.ended) return StreamEnded(*events.ended, now_ms);
  const int64_t quiet_since_ms = std::max(waiting_since_ms_, last_answer_ms_);
  if (now_ms - quiet_since_ms > options_.give_up_ms) {
    return last_error_.ok()
               ? MakeError(Reason::kOverloaded, "the service does not answer; publish again later")
               : last_error_;
  }
  const bool silent = std::any_of(under_way_.begin(), under_way_.end(), [&](const auto& batch) {
    return batch->sent && now_ms - std::max(batch->sent_ms, quiet_since_ms) > kAnswerTimeoutMs;
  });
  if (silent) DropStream(now_ms);
  return absl::OkStatus();
}

absl::Status Publisher::EnsureStream(int64_t now_ms) {
  if (stream_ != nullptr || now_ms < reopen_ms_) return absl::OkStatus();
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = channels_(channel_failed_);
  if (!channel.ok()) {
    if (!IsRetryable(channel.status())) return channel.status();
    last_error_ = channel.status();
    reopen_ms_ = now_ms + backoff_.NextMs();
    return absl::OkStatus();
  }
  stream_ = std::make_unique<PublishStream>(*channel);
  stats_.reconnects += opened_ms_ != 0 ? 1 : 0;
  opened_ms_ = now_ms;
  return absl::OkStatus();
}

void Publisher::SendDue(int64_t now_ms) {
  if (stream_ == nullptr) return;
  for (const auto& batch : under_way_) {
    if (batch->sent || batch->not_before_ms > now_ms) continue;
    batch->sent = true;
    batch->sent_ms = now_ms;
    stream_->Send(&batch->request);
  }
}

int64_t Publisher::WaitMs(int64_t now_ms) const {
  int64_t until = now_ms + kLongestBackoffMs;
  if (stream_ == nullptr) until = std::min(until, reopen_ms_);
  for (const auto& batch : under_way_) {
    if (!batch->sent) until = std::min(until, std::max(batch->not_before_ms, reopen_ms_));
  }
  return std::max<int64_t>(until - now_ms, 1);
}

absl::Status Publisher::TakeAnswer(const PublishResponse& answer, int64_t now_ms) {
  const auto found = std::find_if(under_way_.begin(), under_way_.end(), [&](const auto& batch) {
    return batch->request.request_id() == answer.request_id();
  });
  if (found == under_way_.end()) return absl::OkStatus();  // answered before; counts once
  Batch& batch = **found;
  if (answer.has_refused()) {
    last_error_ = RefusalOf(answer.refused());
    if (!IsRetryable(last_error_)) return last_error_;
    Repeat(batch, now_ms);
    return absl::OkStatus();
  }
  if (static_cast<size_t>(answer.outcomes_size()) != batch.tags.size()) {
    return MakeError(Reason::kInternal, "the service answered a batch with a wrong number of outcomes");
  }
  if (!Settle(answer, batch, now_ms)) {
    Repeat(batch, now_ms);
    return absl::OkStatus();
  }
  bytes_under_way_ -= batch.bytes;
  ++stats_.batches;
  under_way_.erase(found);
  return absl::OkStatus();
}

bool Publisher::Settle(const PublishResponse& answer, Batch& batch, int64_t now_ms) {
  bool all = true;
  for (int i = 0; i < answer.outcomes_size(); ++i) {
    const RecordOutcome& outcome = answer.outcomes(i);
    if (batch.settled[i]) continue;
    if (IsRetryable(outcome)) {
      last_error_ = RefusalOf(outcome.violations(0));
      all = false;
      continue;
    }
    batch.settled[i] = true;
    last_answer_ms_ = now_ms;
    on_outcome_(batch.tags[i], outcome);
  }
  channel_failed_ = false;
  if (all) backoff_.Reset();
  return all;
}

void Publisher::Repeat(Batch& batch, int64_t now_ms) {
  batch.sent = false;
  batch.not_before_ms = now_ms + backoff_.NextMs();
  ++stats_.repeated;
}

absl::Status Publisher::StreamEnded(const absl::Status& status, int64_t now_ms) {
  // A service that closes the stream in order is draining.
  if (!status.ok() && !IsRetryable(status)) return status;
  last_error_ = status.ok() ? MakeError(Reason::kDraining, "the service closed the stream") : status;
  DropStream(now_ms);
  return absl::OkStatus();
}

void Publisher::DropStream(int64_t now_ms) {
  stream_.reset();
  channel_failed_ = true;
  reopen_ms_ = now_ms + backoff_.NextMs();
  for (const auto& batch : under_way_) {
    stats_.repeated += batch->sent ? 1 : 0;
    batch->sent = false;
  }
}

}  // namespace hangou

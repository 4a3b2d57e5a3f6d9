#include "services/catalog/policy_topic.h"

#include <optional>

#include "libs/base/clock.h"
#include "libs/base/keys.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

// A whole state after so many updates: what a reader of the topic has to go through stays small.
constexpr int kFullEvery = 100;
// Messages: below what the log takes at once (16 MiB), with room for framing.
constexpr size_t kUpdateBytes = 15 << 20;
// A group commit takes milliseconds; a log that has not answered by then is not going to.
constexpr int64_t kAppendWaitMs = 10'000;
constexpr size_t kPollRecords = 256;
// Guessing another process's incarnation must not be possible by chance.
constexpr size_t kIncarnationBytes = 16;

absl::Status NotTheWriter(const hangou::catalog::v1::WriterStart& writer) {
  return MakeError(Reason::kNotOwner,
                   "the catalog is written by " + writer.replica() + " at " + writer.address());
}

}  // namespace

// Tells the reading thread that the log may have something new. Shared with notifications that may come late.
class PolicyTopic::Arrival {
 public:
  void Tell() {
    MutexLock lock(mutex_);
    ++count_;
    changed_.NotifyAll();
  }
  uint64_t count() {
    MutexLock lock(mutex_);
    return count_;
  }
  // Waits until something has come since `count`, but not for ever.
  void AwaitMore(uint64_t count) {
    constexpr int64_t kRoundMs = 100;
    MutexLock lock(mutex_);
    if (count_ == count) changed_.WaitFor(mutex_, kRoundMs);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  uint64_t count_ HANGOU_GUARDED_BY(mutex_) = 0;
};

namespace {

// The answer to an append. Shared with the log, which may give it when nobody waits any more.
class AppendAnswer {
 public:
  void Set(absl::StatusOr<int64_t> offset) {
    MutexLock lock(mutex_);
    offset_ = std::move(offset);
    changed_.NotifyAll();
  }
  absl::StatusOr<int64_t> Await() {
    const int64_t deadline_us = SystemClock().BootUs() + kAppendWaitMs * kUsPerMs;
    MutexLock lock(mutex_);
    while (!offset_ && SystemClock().BootUs() < deadline_us) changed_.WaitFor(mutex_, kAppendWaitMs);
    if (!offset_) return MakeError(Reason::kLogUnavailable, "the log does not answer");
    return *offset_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::optional<absl::StatusOr<int64_t>> offset_ HANGOU_GUARDED_BY(mutex_);
};

}  // namespace

PolicyTopic::~PolicyTopic() {
  if (reader_ != nullptr) reader_->SetNotify(nullptr);
}

absl::Status PolicyTopic::Open() {
  RETURN_IF_ERROR(log_.EnsureTopic(kPolicyTopic, 1));
  ASSIGN_OR_RETURN(reader_, log_.OpenReader(kPolicyTopic, {{0, 0}}));
  arrival_ = std::make_shared<Arrival>();
  reader_->SetNotify([arrival = arrival_, arrived = arrived_] {
    arrival->Tell();
    if (arrived) arrived();
  });
  return Read();
}

absl::Status PolicyTopic::Read() {
  ASSIGN_OR_RETURN(const auto ends, log_.EndOffsets(kPolicyTopic, {0}));
  return ReadTo(ends.at(0));
}

absl::Status PolicyTopic::BecomeWriter(const std::string& replica, const std::string& address) {
  RETURN_IF_ERROR(Read());
  v1::PolicyUpdate start;
  start.set_writer_epoch(state_.writer_epoch() + 1);
  start.mutable_writer_start()->set_replica(replica);
  start.mutable_writer_start()->set_address(address);
  start.mutable_writer_start()->set_incarnation(Hex(RandomBytes(kIncarnationBytes)));
  RETURN_IF_ERROR(AppendMessage("writer/" + std::to_string(start.writer_epoch()), start));
  if (state_.writer().incarnation() != start.writer_start().incarnation())
    return NotTheWriter(state_.writer());
  own_writer_epoch_ = start.writer_epoch();
  uncertain_ = false;  // what is not read by now comes from a former writer: void
  return absl::OkStatus();
}

absl::Status PolicyTopic::ReadTo(int64_t end_offset) {
  const int64_t deadline_us = SystemClock().BootUs() + kAppendWaitMs * kUsPerMs;
  while (next_offset_ < end_offset) {
    const uint64_t count = arrival_->count();
    ASSIGN_OR_RETURN(const std::vector<LogRecord> records, reader_->Poll(kPollRecords));
    for (const LogRecord& record : records) RETURN_IF_ERROR(AbsorbRecord(record));
    if (!records.empty()) continue;
    if (SystemClock().BootUs() > deadline_us) {
      return MakeError(Reason::kLogUnavailable, "the log does not give back what it has taken");
    }
    arrival_->AwaitMore(count);
  }
  return absl::OkStatus();
}

absl::Status PolicyTopic::AbsorbRecord(const LogRecord& record) {
  const std::string place = "the policy topic at offset " + std::to_string(record.offset);
  v1::PolicyUpdate update;
  if (!record.value || !update.ParseFromString(*record.value)) {
    return MakeError(Reason::kDataLoss, place + ": not an update");
  }
  next_offset_ = record.offset + 1;
  if (state_.IsVoid(update)) return absl::OkStatus();
  if (absl::Status status = state_.Absorb(update); !status.ok()) return Annotate(status, place);
  if (update.has_writer_start()) return absl::OkStatus();
  updates_since_full_ = update.full() ? 0 : updates_since_full_ + 1;
  if (absorbed_) absorbed_(state_, update);
  return absl::OkStatus();
}

absl::Status PolicyTopic::AppendUpdate(v1::PolicyUpdate update) {
  if (!IsWriter()) return NotTheWriter(state_.writer());
  update.set_writer_epoch(own_writer_epoch_);
  RETURN_IF_ERROR(AppendMessage("epoch/" + std::to_string(update.epoch()), update));
  return IsWriter() ? absl::OkStatus() : NotTheWriter(state_.writer());
}

absl::Status PolicyTopic::AppendMessage(const std::string& key, const v1::PolicyUpdate& update) {
  std::string value = update.SerializeAsString();
  if (value.size() > kUpdateBytes) {
    return MakeError(Reason::kInvalidRequest, "the change is larger than 15 MiB; apply it in parts");
  }
  auto answer = std::make_shared<AppendAnswer>();
  std::vector<LogEntry> entries;
  entries.push_back({key, std::move(value)});
  log_.Append(kPolicyTopic, 0, std::move(entries),
              [answer](absl::StatusOr<int64_t> offset) { answer->Set(std::move(offset)); });
  const absl::StatusOr<int64_t> offset = answer->Await();
  if (!offset.ok()) {
    uncertain_ = true;
    return offset.status();
  }
  return ReadTo(*offset + 1);
}

absl::Status PolicyTopic::Append(const v1::PolicyUpdate& update) {
  RETURN_IF_ERROR(AppendUpdate(update));
  // The update itself is safe; a whole state that cannot be written now is written before the next one.
  if (!WriteFullWhereDue().ok()) uncertain_ = true;
  return absl::OkStatus();
}

absl::Status PolicyTopic::WriteFullWhereDue() {
  if (updates_since_full_ < kFullEvery) return absl::OkStatus();
  const v1::PolicyUpdate full = state_.Full();
  if (full.ByteSizeLong() > kUpdateBytes) return absl::OkStatus();
  return AppendUpdate(full);
}

absl::Status PolicyTopic::CatchUp() {
  RETURN_IF_ERROR(Read());
  if (!uncertain_ || !IsWriter()) return absl::OkStatus();
  // Whether or not the failed update shows up, every reader goes on from this whole state, whose epoch is above both.
  v1::PolicyUpdate full = state_.Full();
  full.set_epoch(state_.epoch() + 2);
  RETURN_IF_ERROR(AppendUpdate(full));
  uncertain_ = false;
  return absl::OkStatus();
}

}  // namespace hangou

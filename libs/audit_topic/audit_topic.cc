#include "libs/audit_topic/audit_topic.h"

#include <algorithm>

#include "libs/audit/audit_format.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

constexpr size_t kChainIdBytes = 16;
constexpr size_t kKeyDigits = 20;
// Messages that are read at a time: 4 MiB where they are full.
constexpr size_t kPollMessages = 8;
// A log that has given nothing for so long is not going to.
constexpr int64_t kLogSilenceMs = 10'000;

bool IsChainId(std::string_view id) {
  return id.size() == 2 * kChainIdBytes && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Wakes whoever waits for more of a partition. Shared with notifications that may come late.
class MoreOfLog {
 public:
  void Tell() {
    MutexLock lock(mutex_);
    told_ = true;
    changed_.NotifyAll();
  }
  // Waits until something was told since the last call, but not for long.
  void Await() {
    constexpr int64_t kRoundMs = 100;
    MutexLock lock(mutex_);
    if (!told_) changed_.WaitFor(mutex_, kRoundMs);
    told_ = false;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool told_ HANGOU_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::string ChainIdOf(std::string_view first_hash) { return Hex(first_hash.substr(0, kChainIdBytes)); }

absl::StatusOr<std::string> ChainIdOf(const AuditChain& chain) {
  ASSIGN_OR_RETURN(const std::vector<StoredAuditEntry> first, chain.Read(1, 1));
  if (first.empty()) return MakeError(Reason::kInternal, "the audit chain has no first entry");
  return ChainIdOf(first.front().hash);
}

int32_t AuditPartitionOf(std::string_view chain_id) {
  // The digits are those of a hash: any of them divide evenly.
  uint32_t number = 0;
  for (const char digit : chain_id.substr(0, 7)) {
    number = number * 16 + static_cast<uint32_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  }
  return static_cast<int32_t>(number % static_cast<uint32_t>(kAuditPartitions));
}

std::string AuditKey(std::string_view chain_id, uint64_t sequence) {
  const std::string digits = std::to_string(sequence);
  return std::string(chain_id) + "/" + std::string(kKeyDigits - digits.size(), '0') + digits;
}

absl::Status EnsureAuditTopics(Log& log) {
  RETURN_IF_ERROR(log.EnsureTopic(kAuditTopic, kAuditPartitions));
  return log.EnsureTopic(kAuditHeadsTopic, 1);
}

absl::StatusOr<hangou::audit::v1::ChainBatch> DecodeChainBatch(const LogRecord& record) {
  const auto refuse = [](std::string_view what) { return MakeError(Reason::kDataLoss, what); };
  hangou::audit::v1::ChainBatch batch;
  if (!record.value || !batch.ParseFromString(*record.value)) return refuse("not a batch of audit entries");
  if (!IsChainId(batch.chain_id()) || batch.first_sequence() == 0) {
    return refuse("a batch of audit entries without chain or sequence");
  }
  const auto count = static_cast<size_t>(batch.entries_size());
  if (count == 0 || count > kChainBatchEntries) return refuse("a batch with no or too many audit entries");
  for (const auto& entry : batch.entries()) {
    const bool sound =
        !entry.entry().empty() && entry.entry().size() <= kEntryBytes && entry.hash().size() == kHashBytes;
    if (!sound) return refuse("a batch with an audit entry of a wrong size");
  }
  return batch;
}

std::string PlaceInLog(std::string_view topic, const LogRecord& record) {
  return std::string(topic) + "/" + std::to_string(record.partition) + "@" + std::to_string(record.offset);
}

absl::StatusOr<int64_t> EndOfPartition(Log& log, const std::string& topic, int32_t partition) {
  ASSIGN_OR_RETURN(const auto ends, log.EndOffsets(topic, {partition}));
  return ends.at(partition);
}

absl::Status ReadToEnd(Log& log, const std::string& topic, int32_t partition, int64_t from,
                       const std::function<absl::Status(const LogRecord&)>& visit) {
  ASSIGN_OR_RETURN(const int64_t end, EndOfPartition(log, topic, partition));
  ASSIGN_OR_RETURN(const std::unique_ptr<LogReader> reader, log.OpenReader(topic, {{partition, from}}));
  const auto more = std::make_shared<MoreOfLog>();
  reader->SetNotify([more] { more->Tell(); });
  int64_t last_us = SystemClock().BootUs();
  absl::Status status;
  while (status.ok() && from < end) {
    const auto records = reader->Poll(kPollMessages);
    status = records.status();
    if (!status.ok()) break;
    for (const LogRecord& record : *records) {
      if (record.offset < end && status.ok()) status = visit(record);
      from = record.offset + 1;
      last_us = SystemClock().BootUs();
    }
    if (!records->empty()) continue;
    more->Await();
    if (SystemClock().BootUs() - last_us > kLogSilenceMs * kUsPerMs) {
      status = MakeError(Reason::kLogUnavailable, "the log does not give what it has of " + topic);
    }
  }
  reader->SetNotify(nullptr);
  return status;
}

}  // namespace hangou

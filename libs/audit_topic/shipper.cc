#include "libs/audit_topic/shipper.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "libs/audit_topic/audit_topic.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/log/sealed_text.h"

namespace hangou {
namespace {

// Entries read from the chain at a time: its reads are bounded in number, not in bytes, and one may be 256 KiB.
constexpr size_t kReadEntries = 128;
// How often the position is written: what is shipped meanwhile is read back after a crash.
constexpr int64_t kSaveUs = 5 * kUsPerSecond;
constexpr int64_t kFirstBackoffMs = 200;
constexpr char kPositionLine[] = "hangou-audit-shipped 1";
// What an entry costs in a message beside its bytes and hash.
constexpr size_t kEntryFraming = 16;

// The position as it stands in its file.
struct ShippedPosition {
  std::string log_id;
  std::string chain_id;
  int64_t offset = 0;
  uint64_t sequence = 0;
};

std::optional<ShippedPosition> ReadPosition(const std::string& path) {
  const auto lines = ReadSealedText(path, kPositionLine);
  if (!lines.ok()) return std::nullopt;
  std::istringstream words(lines->substr(sizeof kPositionLine));
  ShippedPosition position;
  std::string log, chain, offset, sequence;
  words >> log >> position.log_id >> chain >> position.chain_id >> offset >> position.offset >> sequence >>
      position.sequence;
  return words.fail() ? std::nullopt : std::make_optional(position);
}

}  // namespace

// Outlives the shipper in callbacks of the log.
struct AuditShipper::Reach {
  Mutex mutex;
  AuditShipper* shipper HANGOU_GUARDED_BY(mutex) = nullptr;
};

AuditShipper::AuditShipper(AuditChain& chain, Log& log, AuditShipperOptions options, std::string chain_id)
    : chain_(chain),
      log_(log),
      options_(std::move(options)),
      chain_id_(std::move(chain_id)),
      partition_(AuditPartitionOf(chain_id_)),
      reach_(std::make_shared<Reach>()),
      even_us_(SystemClock().BootUs()) {
  MutexLock lock(reach_->mutex);
  reach_->shipper = this;
}

absl::StatusOr<std::unique_ptr<AuditShipper>> AuditShipper::Start(AuditChain& chain, Log& log,
                                                                  AuditShipperOptions options) {
  ASSIGN_OR_RETURN(std::string chain_id, ChainIdOf(chain));
  std::unique_ptr<AuditShipper> shipper(
      new AuditShipper(chain, log, std::move(options), std::move(chain_id)));
  shipper->loop_.Post([raw = shipper.get()] { raw->TickOnLoop(); });
  return shipper;
}

AuditShipper::~AuditShipper() { Stop(0); }

ShipLag AuditShipper::lag() const {
  const uint64_t shipped = shipped_;
  const uint64_t newest = chain_.newest_sequence();
  if (newest <= shipped) return {};
  return {newest - shipped, SystemClock().BootUs() - even_us_};
}

void AuditShipper::ShipNow() {
  const uint64_t newest = chain_.newest_sequence();
  if (newest <= shipped_) return;
  uint64_t wanted = wanted_;
  while (wanted < newest && !wanted_.compare_exchange_weak(wanted, newest)) {
  }
  loop_.Post([this] { PumpOnLoop(); });
}

void AuditShipper::Stop(int64_t wait_ms) {
  {
    MutexLock lock(mutex_);
    if (std::exchange(stopped_, true)) return;
    ShipNow();
    const uint64_t newest = chain_.newest_sequence();
    const int64_t until_us = SystemClock().BootUs() + wait_ms * kUsPerMs;
    while (shipped_ < newest) {
      const int64_t left_ms = (until_us - SystemClock().BootUs()) / kUsPerMs;
      if (left_ms <= 0) break;
      advanced_.WaitFor(mutex_, left_ms);
    }
  }
  {
    MutexLock lock(reach_->mutex);
    reach_->shipper = nullptr;
  }
  loop_.Run([this] { SavePosition(); });
  loop_.Stop();
}

void AuditShipper::TickOnLoop() {
  PumpOnLoop();
  if (SystemClock().BootUs() - last_save_us_ > kSaveUs) SavePosition();
  loop_.PostAfter(options_.every_ms, [this] { TickOnLoop(); });
}

void AuditShipper::PumpOnLoop() {
  const int64_t now_us = SystemClock().BootUs();
  if (opened_ && chain_.newest_sequence() <= shipped_) even_us_ = now_us;
  if (under_way_ || now_us < not_before_us_) return;
  if (!opened_) {
    if (const absl::Status opened = OpenOnLoop(); !opened.ok()) return BackOff(opened);
    opened_ = true;
  }
  if (chain_.newest_sequence() <= shipped_) return;
  auto message = NextMessage();
  if (!message.ok()) return BackOff(message.status());
  std::vector<LogEntry> entries;
  entries.push_back({AuditKey(chain_id_, message_first_), std::move(*message)});
  under_way_ = true;
  log_.Append(kAuditTopic, partition_, std::move(entries),
              [reach = reach_](const absl::StatusOr<int64_t>& offset) {
                MutexLock lock(reach->mutex);
                AuditShipper* const shipper = reach->shipper;
                if (shipper == nullptr) return;
                shipper->loop_.Post([shipper, offset] { shipper->OnAppended(offset); });
              });
}

void AuditShipper::OnAppended(const absl::StatusOr<int64_t>& offset) {
  under_way_ = false;
  if (!offset.ok()) return BackOff(offset.status());
  backoff_ms_ = 0;
  next_offset_ = *offset + 1;
  saved_ = false;
  if (!message_full_) even_us_ = message_us_;
  {
    MutexLock lock(mutex_);
    shipped_ = message_last_;
    advanced_.NotifyAll();
  }
  // What came meanwhile waits for company, unless there is much of it or somebody asks for it.
  if (message_full_ || wanted_ > message_last_) PumpOnLoop();
}

void AuditShipper::BackOff(const absl::Status& status) {
  // The log that was is not the log that comes back: where it stands is looked up again.
  if (ReasonOf(status) == Reason::kObjectNotFound || ReasonOf(status) == Reason::kPositionUnknown) {
    opened_ = false;
  }
  backoff_ms_ = std::clamp(2 * backoff_ms_, std::min(kFirstBackoffMs, options_.longest_backoff_ms),
                           options_.longest_backoff_ms);
  not_before_us_ = SystemClock().BootUs() + backoff_ms_ * kUsPerMs;
}

absl::Status AuditShipper::OpenOnLoop() {
  RETURN_IF_ERROR(EnsureAuditTopics(log_));
  RETURN_IF_ERROR(LoadPosition());
  const absl::Status read = ReadWhatIsThere();
  if (ReasonOf(read) != Reason::kPositionUnknown) return read;
  // The log of this id is shorter than it was: what it lacks is shipped once more.
  shipped_ = 0;
  ASSIGN_OR_RETURN(next_offset_, EndOfPartition(log_, kAuditTopic, partition_));
  return absl::OkStatus();
}

absl::Status AuditShipper::LoadPosition() {
  const std::optional<ShippedPosition> position = ReadPosition(options_.position_path);
  if (position && position->log_id == log_.log_id() && position->chain_id == chain_id_) {
    next_offset_ = position->offset;
    shipped_ = position->sequence;
    return absl::OkStatus();
  }
  // Another log, another chain, or a lost file: from the first entry. The position is remembered before the first
  // message, so that a crash never makes a whole topic be searched.
  shipped_ = 0;
  ASSIGN_OR_RETURN(next_offset_, EndOfPartition(log_, kAuditTopic, partition_));
  saved_ = false;
  SavePosition();
  return absl::OkStatus();
}

absl::Status AuditShipper::ReadWhatIsThere() {
  uint64_t shipped = shipped_;
  int64_t next = next_offset_;
  const auto visit = [&](const LogRecord& record) -> absl::Status {
    next = record.offset + 1;
    const auto batch = DecodeChainBatch(record);
    if (!batch.ok() || batch->chain_id() != chain_id_ || batch->first_sequence() > shipped + 1) {
      return absl::OkStatus();
    }
    const uint64_t last = batch->first_sequence() + static_cast<uint64_t>(batch->entries_size()) - 1;
    if (last <= shipped) return absl::OkStatus();
    ASSIGN_OR_RETURN(const bool own, IsOwnEntry(last, batch->entries(batch->entries_size() - 1).hash()));
    if (own) shipped = last;
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(ReadToEnd(log_, kAuditTopic, partition_, next_offset_, visit));
  shipped_ = shipped;
  next_offset_ = next;
  return absl::OkStatus();
}

// Entries of a copy of this chain that went on elsewhere are not ours: what we have of that sequence is shipped.
absl::StatusOr<bool> AuditShipper::IsOwnEntry(uint64_t sequence, const std::string& hash) const {
  ASSIGN_OR_RETURN(const std::vector<StoredAuditEntry> own, chain_.Read(sequence, 1));
  return !own.empty() && own.front().hash == hash;
}

absl::StatusOr<std::string> AuditShipper::NextMessage() {
  hangou::audit::v1::ChainBatch batch;
  batch.set_chain_id(chain_id_);
  message_us_ = SystemClock().BootUs();
  message_first_ = shipped_ + 1;
  message_full_ = false;
  batch.set_first_sequence(message_first_);
  size_t bytes = 0;
  for (bool more = true; more && !message_full_;) {
    message_last_ = message_first_ + static_cast<uint64_t>(batch.entries_size()) - 1;
    ASSIGN_OR_RETURN(std::vector<StoredAuditEntry> read, chain_.Read(message_last_ + 1, kReadEntries));
    more = read.size() == kReadEntries;
    for (StoredAuditEntry& entry : read) {
      bytes += entry.entry.size() + entry.hash.size() + kEntryFraming;
      message_full_ =
          bytes > kChainBatchBytes || batch.entries_size() == static_cast<int>(kChainBatchEntries);
      if (message_full_ && batch.entries_size() > 0) break;
      message_last_ = entry.sequence;
      auto* out = batch.add_entries();
      out->set_entry(std::move(entry.entry));
      out->set_hash(std::move(entry.hash));
    }
  }
  if (batch.entries_size() == 0)
    return MakeError(Reason::kInternal, "the chain ends before its newest entry");
  return batch.SerializeAsString();
}

void AuditShipper::SavePosition() {
  last_save_us_ = SystemClock().BootUs();
  if (saved_) return;
  const absl::Status written = WriteSealedText(
      options_.position_path, std::string(kPositionLine) + "\nlog " + log_.log_id() + "\nchain " + chain_id_ +
                                  "\noffset " + std::to_string(next_offset_) + "\nsequence " +
                                  std::to_string(shipped_) + "\n");
  // Where it cannot be written the next start reads more, or ships some entries twice.
  saved_ = written.ok();
}

}  // namespace hangou

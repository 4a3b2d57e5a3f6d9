// Ships the audit chain of this process to the audit topic.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/audit/chain.h"
#include "libs/base/event_loop.h"
#include "libs/base/mutex.h"
#include "libs/log/log.h"

namespace hangou {

// How a chain is shipped.
struct AuditShipperOptions {
  // File that remembers how far; beside the chain, not in its folder. Without it everything is shipped once more, which
  // readers recognise.
  std::string position_path;
  // How often it looks for new entries: what is durable together travels together, and a question about it is answered
  // well within a second.
  int64_t every_ms = 200;
  // Longest wait before a log that failed is tried again.
  int64_t longest_backoff_ms = 5000;
};

// Entries that are durable and not yet in the topic.
struct ShipLag {
  uint64_t entries = 0;
  int64_t age_us = 0;  // since when there were any, at most
};

// Follows a chain and appends its durable entries to the topic, in order, one message at a time; another one goes when
// the log has acknowledged the one before. Where it was is remembered now and then; after a restart what the topic has
// beyond that is read, so that nothing is shipped twice unless the log failed an append that it kept. While the log
// does not answer it tries again and again, and the chain is not concerned. Thread-safe; `chain` and `log` must outlive
// it. Works on a thread of its own.
class AuditShipper {
 public:
  // Begins to ship. DATA_LOSS where the chain cannot be read. The log need not be there.
  static absl::StatusOr<std::unique_ptr<AuditShipper>> Start(AuditChain& chain, Log& log,
                                                             AuditShipperOptions options);
  // Stops at once.
  ~AuditShipper();

  // The chain that it ships.
  const std::string& chain_id() const { return chain_id_; }
  // Sequence of the newest entry that the log has acknowledged, as far as this process knows.
  uint64_t shipped_sequence() const { return shipped_; }
  // How far behind it is, for metrics and readiness.
  ShipLag lag() const;
  // Ships what is durable now, without waiting for company. Returns at once.
  void ShipNow();
  // Ships what is durable, waiting at most `wait_ms` for the log, remembers where it is, and stops. Idempotent.
  void Stop(int64_t wait_ms);

 private:
  struct Reach;
  AuditShipper(AuditChain& chain, Log& log, AuditShipperOptions options, std::string chain_id);

  void TickOnLoop();
  void PumpOnLoop();
  absl::Status OpenOnLoop();
  absl::Status LoadPosition();
  absl::Status ReadWhatIsThere();
  absl::StatusOr<bool> IsOwnEntry(uint64_t sequence, const std::string& hash) const;
  absl::StatusOr<std::string> NextMessage();
  void OnAppended(const absl::StatusOr<int64_t>& offset);
  void BackOff(const absl::Status& status);
  void SavePosition();

  AuditChain& chain_;
  Log& log_;
  const AuditShipperOptions options_;
  const std::string chain_id_;
  const int32_t partition_;
  const std::shared_ptr<Reach> reach_;  // what callbacks of the log hold

  // Of the loop.
  bool opened_ = false;
  bool under_way_ = false;
  uint64_t message_first_ = 0;  // of the message under way
  uint64_t message_last_ = 0;
  bool message_full_ = false;  // there was more than it could take
  int64_t message_us_ = 0;     // when it was read from the chain
  bool saved_ = true;
  int64_t next_offset_ = 0;  // of the topic: nothing of this chain beyond what was shipped lies before it
  int64_t backoff_ms_ = 0;
  int64_t not_before_us_ = 0;
  int64_t last_save_us_ = 0;

  std::atomic<uint64_t> shipped_ = 0;
  std::atomic<uint64_t> wanted_ = 0;  // to be shipped without waiting for company
  std::atomic<int64_t> even_us_;      // what is not shipped has come since then

  Mutex mutex_;
  CondVar advanced_;
  bool stopped_ HANGOU_GUARDED_BY(mutex_) = false;

  EventLoop loop_{"audit-shipper"};  // last: it stops first
};

}  // namespace hangou

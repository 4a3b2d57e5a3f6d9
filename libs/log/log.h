// The Log seam: partitioned, append-only topics. The log is the truth; everything else is rebuilt from it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace hangou {

// How long a log keeps a tombstone, at least: who reads on within this time knows of every entry that went.
constexpr int64_t kTombstonesLiveMs = 7 * 86'400'000LL;

// What is appended.
struct LogEntry {
  std::string key;                   // record id and revision; compaction keeps the newest entry of a key
  std::optional<std::string> value;  // none: a tombstone
};

// What is read.
struct LogRecord {
  int32_t partition = 0;
  int64_t offset = 0;
  std::string key;
  std::optional<std::string> value;
};

// Reads some partitions of a topic in order. Used by one thread at a time; `Log` must outlive it.
class LogReader {
 public:
  virtual ~LogReader() = default;
  // Up to `max_records` records that are durable and not yet returned; empty where there are none at hand.
  // Those of one partition come in order of their offsets; compaction leaves gaps, but never takes the last
  // record before the end. No partition starves. Never blocks on new data: of a log across a network, what is
  // durable is at hand soon. DATA_LOSS where the stored bytes of a partition are damaged, with the place in the
  // message.
  virtual absl::StatusOr<std::vector<LogRecord>> Poll(size_t max_records) = 0;
  // Has later Polls pass over what lies before `offset` in a partition, because the caller knows it: it was appended
  // there, and acknowledged. An offset behind the next one to return changes nothing.
  virtual void SkipTo(int32_t partition, int64_t offset) = 0;
  // Calls `notify` (from any thread, no locks held) whenever Poll may have something again: at least once, and
  // sometimes for nothing. It must not block. Set it before the first Poll; an empty function unsets it, and
  // when that returns no call is under way.
  virtual void SetNotify(std::function<void()> notify) = 0;
};

// How soon a reader gets what is new.
enum class ReadPace {
  kPrompt,
  // Within 100 ms, and in larger pieces, which cost a log across a network less: for a reader that appends most of what
  // it reads, and knows that already.
  kRelaxed,
};

// Takes part in an election until it is destroyed. When the destructor returns no call of its function is under
// way, unless it is that function that destroys it. `Log` must outlive it.
class Candidacy {
 public:
  virtual ~Candidacy() = default;
};

// A log. Thread-safe.
//
// Contract: an acknowledged append is durable and is read by every reader at its offset; appends to one
// partition by one caller keep their order; an append that failed may or may not be in the log, and the
// caller learns which by reading on.
class Log {
 public:
  // Called once with the offset of the first entry, or the error. From any thread; must not block.
  using AppendDone = std::function<void(absl::StatusOr<int64_t> first_offset)>;

  virtual ~Log() = default;
  // Identity of this log; another log has another one.
  virtual const std::string& log_id() const = 0;
  // Creates a topic, or checks that it has this number of partitions. Topic names are [a-z0-9._-]+.
  virtual absl::Status EnsureTopic(const std::string& topic, int32_t partitions) = 0;
  // Appends entries to one partition as one run of offsets. Never blocks on the disk or the network.
  // LOG_UNAVAILABLE or STORE_FULL where it cannot be kept.
  virtual void Append(const std::string& topic, int32_t partition, std::vector<LogEntry> entries,
                      AppendDone done) = 0;
  // Offsets behind the last durable record of each of these partitions; they count everything that was
  // acknowledged before the call. Takes one round trip where the log is across a network: ask for all
  // partitions at once. LOG_UNAVAILABLE where it does not answer in time.
  virtual absl::StatusOr<std::map<int32_t, int64_t>> EndOffsets(const std::string& topic,
                                                                const std::vector<int32_t>& partitions) = 0;
  // Reads from the offsets given, per partition. POSITION_UNKNOWN where one lies beyond the end; DATA_LOSS
  // where the partition is damaged.
  virtual absl::StatusOr<std::unique_ptr<LogReader>> OpenReader(const std::string& topic,
                                                                std::map<int32_t, int64_t> from,
                                                                ReadPace pace = ReadPace::kPrompt) = 0;
  // Takes part in the election of one leader among the candidates of a name ([a-z0-9._-]+) in all processes on
  // this log. `changed` is called (from any thread, also from within this call, one call at a time, no locks
  // held) when this candidate begins or ceases to lead; it begins as one that does not lead. It is not called
  // for the end of the candidacy itself, by which another one comes to lead.
  //
  // Leadership is a hint: for a moment two may lead, or none. What only one may do is fenced through the log.
  virtual std::unique_ptr<Candidacy> Campaign(const std::string& name,
                                              std::function<void(bool leads)> changed) = 0;
};

}  // namespace hangou

// The policy topic: the catalog's only truth. Every replica reads it, one writes it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "libs/log/log.h"
#include "libs/policy/catalog_state.h"

namespace hangou {

// Name of the topic, of one partition. Messages: key "epoch/NNN" or "writer/NNN", value catalog.v1.PolicyUpdate.
inline constexpr char kPolicyTopic[] = "hangou.policy";

// Reads and writes the topic and keeps the state that follows from it. Used by one thread; may block on the log.
//
// Fencing: who wants to write appends a WriterStart with a writer epoch above all that it has read, and is the writer
// once it reads back that its start was the first of this epoch. What a former writer appends behind it is void for
// every reader, and the former writer learns it when it reads its own update back.
class PolicyTopic {
 public:
  // Called for every update read back after Open, with the state after it.
  using Absorbed =
      std::function<void(const CatalogState& state, const hangou::catalog::v1::PolicyUpdate& update)>;

  // `log` must outlive it.
  explicit PolicyTopic(Log& log) : log_(log) {}
  ~PolicyTopic();

  // Creates the topic where it is missing, and reads it to its end. DATA_LOSS where an epoch is missing or a message
  // is not understood.
  absl::Status Open();
  void SetAbsorbed(Absorbed absorbed) { absorbed_ = std::move(absorbed); }
  // Called from any thread, without locks, when there may be something to Read. Before Open.
  void SetArrived(std::function<void()> arrived) { arrived_ = std::move(arrived); }
  // Absorbs everything that was in the topic when it was called.
  absl::Status Read();
  // Becomes the writer, under the name and address that others reach it at. NOT_OWNER where another was faster.
  absl::Status BecomeWriter(const std::string& replica, const std::string& address);
  // Whether this is the writer, as far as was read.
  bool IsWriter() const { return own_writer_epoch_ != 0 && own_writer_epoch_ == state_.writer_epoch(); }
  // Appends an update that was planned on state(), reads it back and absorbs it. On an error it may or may not be in
  // the topic; what the next call finds there is absorbed first. LOG_UNAVAILABLE, STORE_FULL, INVALID_REQUEST where it
  // is too large; NOT_OWNER where this is not the writer (any more): then it is void.
  absl::Status Append(const hangou::catalog::v1::PolicyUpdate& update);
  // Absorbs what has come into the topic since the last call, and makes sure after a failed append that it is known
  // what the newest epoch is. Before a plan is made.
  absl::Status CatchUp();
  const CatalogState& state() const { return state_; }

 private:
  class Arrival;

  absl::Status AppendUpdate(hangou::catalog::v1::PolicyUpdate update);
  absl::Status AppendMessage(const std::string& key, const hangou::catalog::v1::PolicyUpdate& update);
  absl::Status ReadTo(int64_t end_offset);
  absl::Status AbsorbRecord(const LogRecord& record);
  absl::Status WriteFullWhereDue();

  Log& log_;
  Absorbed absorbed_;
  std::function<void()> arrived_;
  CatalogState state_;
  std::shared_ptr<Arrival> arrival_;
  std::unique_ptr<LogReader> reader_;
  int64_t next_offset_ = 0;
  int updates_since_full_ = 0;
  bool uncertain_ = false;         // an append has failed: its update may still show up
  uint64_t own_writer_epoch_ = 0;  // 0: never was the writer
};

}  // namespace hangou

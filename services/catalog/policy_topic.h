// The policy topic: the catalog's only truth. One process writes it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "libs/log/log.h"
#include "libs/policy/catalog_state.h"

namespace hangou {

// Name of the topic, of one partition. Messages: key "epoch/NNN", value catalog.v1.PolicyUpdate.
inline constexpr char kPolicyTopic[] = "hangou.policy";

// Reads and writes the topic and keeps the state that follows from it. Used by one thread; may block on the log.
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
  // Appends an update that was planned on state(), reads it back and absorbs it. On an error it may or may not be in
  // the topic; what the next call finds there is absorbed first. LOG_UNAVAILABLE, STORE_FULL, INVALID_REQUEST where it
  // is too large.
  absl::Status Append(const hangou::catalog::v1::PolicyUpdate& update);
  // Absorbs what has come into the topic since the last call, and makes sure after a failed append that it is known
  // what the newest epoch is. Before a plan is made.
  absl::Status CatchUp();
  const CatalogState& state() const { return state_; }

 private:
  class Arrival;

  absl::Status AppendMessage(const hangou::catalog::v1::PolicyUpdate& update);
  absl::Status ReadTo(int64_t end_offset);
  absl::Status AbsorbRecord(const LogRecord& record);
  absl::Status WriteFullWhereDue();

  Log& log_;
  Absorbed absorbed_;
  CatalogState state_;
  std::shared_ptr<Arrival> arrival_;
  std::unique_ptr<LogReader> reader_;
  int64_t next_offset_ = 0;
  int updates_since_full_ = 0;
  bool uncertain_ = false;  // an append has failed: its update may still show up
};

}  // namespace hangou

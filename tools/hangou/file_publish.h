// Publishing of one file: rows in, outcomes counted, refused rows set aside.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "libs/client/publisher.h"
#include "tools/hangou/rejected_file.h"
#include "libs/importer/row_encoder.h"
#include "libs/importer/row_source.h"

namespace hangou {

// What became of the rows of a file.
struct PublishCounts {
  uint64_t rows = 0;
  uint64_t accepted = 0;
  uint64_t duplicate = 0;
  uint64_t stale = 0;
  uint64_t conflict = 0;
  uint64_t refused = 0;
  std::map<std::string, uint64_t> by_reason;  // of conflicts and refusals

  uint64_t answered() const { return accepted + duplicate + stale + conflict + refused; }
};

// Holds a row until it is answered, so the memory is bounded by what the publisher has under way. Not
// thread-safe.
class FilePublication {
 public:
  // Both outlive the run.
  FilePublication(const RowEncoder& encoder, RejectedFile& rejected)
      : encoder_(encoder), rejected_(rejected) {}
  // Publishes all rows of `source`. `on_row` is called after each row. An error ends it, with the counts so
  // far.
  absl::Status Run(RowSource& source, Publisher& publisher, const std::function<void()>& on_row);
  // The publisher's callback.
  void OnOutcome(uint64_t tag, const hangou::base_library::v1::RecordOutcome& outcome);
  const PublishCounts& counts() const { return counts_; }

 private:
  struct Waiting {
    uint64_t line = 0;
    std::string raw;
  };

  void Refuse(uint64_t line, const RowProblem& problem, const std::string& raw);

  const RowEncoder& encoder_;
  RejectedFile& rejected_;
  std::unordered_map<uint64_t, Waiting> waiting_;  // by tag
  PublishCounts counts_;
  absl::Status file_status_;  // of the file of refused rows
};

}  // namespace hangou

// Publishing of one file: rows in, outcomes counted, refused rows set aside.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "libs/client/publisher.h"
#include "libs/importer/row_encoder.h"
#include "libs/importer/row_source.h"
#include "tools/hangou/rejected_file.h"

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

// Rows between two points at which everything is answered and the run could go on later: often enough that little is
// sent again, seldom enough that waiting for the answers costs nothing. Counted in rows, so that the same file gives
// the same batches each time.
constexpr uint64_t kRowsBetweenStops = 50'000;
// Bytes of rows between two such points at most: they are held until they are answered. Of the file too, so that what
// goes on at a point has the points behind it where they were.
constexpr uint64_t kBytesBetweenStops = 32 << 20;

// Holds a row until it is answered, so the memory is bounded by kBytesBetweenStops. Not thread-safe.
class FilePublication {
 public:
  // What is done behind each row; whether to stop there; and what is done where everything is answered, at a stop or
  // now and then: an error ends the run.
  struct Hooks {
    std::function<void()> on_row;
    std::function<bool()> stops;
    std::function<absl::Status(const PublishCounts& counts)> on_stop;
  };

  // Both outlive the run.
  // `generation` is that of every row; 0: as the rows state it.
  FilePublication(const RowEncoder& encoder, RejectedFile& rejected, uint64_t generation = 0)
      : encoder_(encoder), rejected_(rejected), generation_(generation) {}
  // Publishes the rows of `source`, the first of them behind those that `done` counts, which are passed over. An error
  // ends it, with the counts so far.
  absl::Status Run(RowSource& source, Publisher& publisher, const PublishCounts& done, const Hooks& hooks);
  // The publisher's callback.
  void OnOutcome(uint64_t tag, const hangou::base_library::v1::RecordOutcome& outcome);
  const PublishCounts& counts() const { return counts_; }

 private:
  struct Waiting {
    uint64_t line = 0;
    std::string raw;
  };

  absl::Status PassOver(RowSource& source, uint64_t rows, const Hooks& hooks);
  absl::Status Stop(Publisher& publisher, const Hooks& hooks);
  absl::Status Send(const Row& row, Publisher& publisher);
  void Refuse(uint64_t line, const RowProblem& problem, const std::string& raw);

  const RowEncoder& encoder_;
  RejectedFile& rejected_;
  const uint64_t generation_;
  std::unordered_map<uint64_t, Waiting> waiting_;  // by tag
  uint64_t bytes_ = 0;                             // of the rows since the last stop
  PublishCounts counts_;
  absl::Status file_status_;  // of the file of refused rows
};

}  // namespace hangou

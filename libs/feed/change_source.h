// Reads the changes of one resource: the current records first, where a snapshot was asked for, then the log.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/base_library/v1/base_library.pb.h"
#include "hangou/record/v1/envelope.pb.h"
#include "libs/base/keys.h"
#include "libs/feed/feed_position.h"
#include "libs/log/log.h"

namespace hangou {

// One change as it is stored, before any decision.
struct FeedChange {
  int32_t partition = 0;
  int64_t offset = 0;
  hangou::record::v1::Envelope event;  // an upsert or a deletion
  bool from_snapshot = false;
};

// Owner and version of a change.
const hangou::record::v1::RecordHead& HeadOf(const FeedChange& change);

// What a source is made for. The references must outlive it.
struct ChangeSourceOptions {
  Log& log;
  const KeyRing& keys;
  std::string consumer;  // keys the hashes in positions
  std::string topic;
  uint32_t resource_number;
};

// A source, standing at a position. Used by one thread at a time.
//
// A snapshot goes partition by partition: the log offset behind the first page of a partition is where its changes
// are read from later, so that nothing between is missed; what a later page shows already is shown again.
class ChangeSource {
 public:
  enum class Step {
    kChange,     // `change` is filled
    kNeedsPage,  // fetch PageRequest() and give it to TakePage
    kAtEnd,      // what was there when the log was opened is taken; the notification tells when there is more
    kNothingYet,  // nothing now, and not at the end; the notification tells when there is more
    kPause,       // much was skipped: let others have their turn, then go on
  };

  ChangeSource(ChangeSourceOptions options, FeedPosition position);

  // Set before the first Next; called from any thread when Next may have something again. An empty function unsets it,
  // and when that returns no call is under way.
  void SetNotify(std::function<void()> notify);
  // Takes the next change. POSITION_UNKNOWN, also where records of the resource were erased behind the place that it
  // was made with and nothing tells which any more; DATA_LOSS, or what the log answers.
  absl::StatusOr<Step> Next(FeedChange* change);
  // The page that is wanted.
  hangou::base_library::v1::ScanRequest PageRequest() const;
  // Takes that page.
  void TakePage(hangou::base_library::v1::ScanResponse page);
  // The place behind the changes taken.
  FeedPosition position() const;
  // Log records that were passed since the start, taken or not.
  int64_t passed() const { return passed_; }

 private:
  absl::StatusOr<Step> NextFromSnapshot(FeedChange* change);
  absl::StatusOr<Step> NextFromLog(FeedChange* change);
  absl::Status OpenReader();
  bool AtEnd();
  absl::StatusOr<bool> TakeRecord(const LogRecord& record, FeedChange* change);
  absl::Status CheckErasures(const LogRecord& record, const hangou::record::v1::ErasuresEnded& ended) const;
  void EndPartition();
  std::string HashOf(const hangou::record::v1::RecordHead& head) const;

  const ChangeSourceOptions options_;
  FeedPosition position_;
  std::function<void()> notify_;

  // The snapshot's page under way.
  bool has_page_ = false;
  hangou::base_library::v1::ScanResponse page_;
  int next_item_ = 0;
  std::string after_key_;
  std::string skip_until_;  // hash of a record: it and those before it were taken before; empty: none were
  hangou::record::v1::RecordHead last_;  // of the record taken last
  bool has_last_ = false;

  std::unique_ptr<LogReader> reader_;
  std::map<int32_t, int64_t>
      ends_;  // when the reader was opened, of the partitions that have not reached them
  // Then too: where reading began, and the end, of every partition.
  std::map<int32_t, int64_t> began_;
  std::map<int32_t, int64_t> old_ends_;
  std::deque<LogRecord> polled_;
  int64_t passed_ = 0;
};

}  // namespace hangou

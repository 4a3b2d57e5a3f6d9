// Reads one library's topic into projections, from its beginning or from where they were kept, and goes on with what
// comes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/mutex.h"
#include "libs/log/log.h"
#include "services/comparison/fed_projection.h"

namespace hangou {

// Bytes of changes that the projections of a tail gather before they are kept: each checkpoint syncs some files.
constexpr size_t kTailWaitingBytes = 32 << 20;

// Feeds projections, all of which have taken the same records, and keeps them together. Belongs to one thread, but for
// next, HasPassed and status, which are thread-safe. `log` must outlive it.
class RecordTail {
 public:
  // `notify` is called, from any thread, when Pump may have something again. `place` is what the projections have
  // taken, none for empty ones.
  RecordTail(Log& log, std::string library, int32_t partitions,
             std::vector<std::shared_ptr<FedProjection>> projections, std::function<void()> notify,
             const hangou::columnar::v1::LogPlace& place = {});

  const std::string& library() const { return library_; }
  // False where all its projections have ended.
  bool feeds_any() const;
  // Takes what is at hand, some thousand records at most; false where nothing more is. A projection that cannot take a
  // record is broken (FedProjection::Break), and so are all where the log does not have what they have taken. Other
  // errors are the log's or the disk's (LOG_UNAVAILABLE, STORE_FULL, DATA_LOSS): nothing was lost, and a later call
  // goes on.
  absl::StatusOr<bool> Pump();
  // Why the last Pump failed, OK where it did not. Thread-safe.
  absl::Status status() const;
  // Whether there is enough to keep that it should be kept soon; whether there is anything.
  bool wants_checkpoint() const;
  bool has_changed() const;
  // Keeps the projections as they are now, in one batch. STORE_FULL, DATA_LOSS: what was kept before stands.
  absl::Status Checkpoint(Store& kept);
  // Calls tell(name, keys) for each projection whose rows have changed since the last call.
  void TellChanges(const std::function<void(const ProjectionName&, std::vector<std::string> keys)>& tell);
  // Feeds what `other` feeds as well, where both read the same library and have taken the same records; false where
  // not. After true `other` feeds nothing.
  bool Absorb(RecordTail& other);
  // Offsets behind the last record taken, by partition.
  std::map<int32_t, int64_t> next() const;
  // True where everything before these offsets was taken, and the log was found to have what was taken before.
  bool HasPassed(const std::map<int32_t, int64_t>& ends) const;

 private:
  absl::Status Open();
  absl::StatusOr<bool> PumpOnce();
  absl::Status Take(const LogRecord& record);
  void CheckErasures(const LogRecord& record, const hangou::record::v1::ErasuresEnded& ended);
  void BreakAll(const absl::Status& why);
  bool HasPassedStart() const;
  hangou::columnar::v1::LogPlace PlaceNow() const;

  Log& log_;
  const std::string library_;
  const int32_t partitions_;
  const std::function<void()> notify_;
  std::multimap<uint32_t, std::shared_ptr<FedProjection>> projections_;  // by number of the resource
  std::unique_ptr<LogReader> reader_;
  std::map<int32_t, uint64_t> owner_epochs_;
  // Of what was kept: where it was whole, and where the log ended when it was opened. Empty for what began empty.
  std::map<int32_t, int64_t> whole_until_;
  std::map<int32_t, int64_t> ends_at_start_;
  bool has_changed_ = true;  // since the last checkpoint; a new one is written down soon
  mutable Mutex mutex_;
  std::map<int32_t, int64_t> next_ HANGOU_GUARDED_BY(mutex_);
  bool is_open_ HANGOU_GUARDED_BY(mutex_) = false;
  absl::Status status_ HANGOU_GUARDED_BY(mutex_);
};

}  // namespace hangou

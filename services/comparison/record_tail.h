// Reads one library's topic from its beginning into projections, and goes on with what comes.
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

// Feeds projections. Pump belongs to one thread; the rest is thread-safe. `log` must outlive it.
class RecordTail {
 public:
  // `notify` is called, from any thread, when Pump may have something again.
  RecordTail(Log& log, std::string library, int32_t partitions,
             std::vector<std::shared_ptr<FedProjection>> projections, std::function<void()> notify);

  const std::string& library() const { return library_; }
  // False where all its projections have ended.
  bool feeds_any() const;
  // Takes what is at hand, some thousand records at most; false where nothing more is. DATA_LOSS, or what the log
  // answers: the tail has to be made anew.
  absl::StatusOr<bool> Pump();
  // Calls tell(name, keys) for each projection whose rows have changed since the last call; belongs to the thread of
  // Pump.
  void TellChanges(const std::function<void(const ProjectionName&, std::vector<std::string> keys)>& tell);
  // Feeds what `other` feeds as well, where both read the same library and have taken the same records; false where
  // not. After true `other` feeds nothing. Belongs to the thread of Pump.
  bool Absorb(RecordTail& other);
  // Offsets behind the last record taken, by partition.
  std::map<int32_t, int64_t> next() const;
  // True where everything before these offsets was taken.
  bool HasPassed(const std::map<int32_t, int64_t>& ends) const;

 private:
  absl::Status Take(const LogRecord& record);

  Log& log_;
  const std::string library_;
  const int32_t partitions_;
  const std::function<void()> notify_;
  std::multimap<uint32_t, std::shared_ptr<FedProjection>> projections_;  // by number of the resource
  std::unique_ptr<LogReader> reader_;
  std::map<int32_t, uint64_t> owner_epochs_;
  mutable Mutex mutex_;
  std::map<int32_t, int64_t> next_ HANGOU_GUARDED_BY(mutex_);
};

}  // namespace hangou

// The quality of what departments send, as one replica sees it: counts per day, and the refused records themselves.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/base_library/v1/base_library.pb.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/store/store.h"

namespace hangou {

// Days for which counts are kept, and refused records: a quarter to compare with, a month to correct in.
constexpr int32_t kQualityDays = 90;
constexpr int32_t kQuarantineDays = 30;
// Refused records kept per department and resource: more would be the whole file, which the department has.
constexpr size_t kQuarantineRecords = 10'000;
// Bytes of refused records that wait to be written: some batches. Where the store does not take them they are dropped.
constexpr size_t kQuarantinePendingBytes = 4 << 20;
// Rules counted apart per department, resource and day.
constexpr size_t kQualityRules = 256;

// Counts answers and keeps refused records. What is counted reaches the store within a second of the next answer, and
// at the end: a crash may lose the counts of a second. Thread-safe.
class QualityBook {
 public:
  // The book of a library; those of several may share tables. `store` and `clock` must outlive it. A damaged row is
  // left out.
  QualityBook(std::string library, Store& store, int count_table, int quarantine_table, const Clock& clock);
  ~QualityBook();

  // Counts the answer to a batch of a department. `request` is the batch, null where it carried no payloads.
  void Count(const std::string& department, const std::string& resource,
             const hangou::base_library::v1::PublishRequest* request,
             const hangou::base_library::v1::PublishResponse& response);
  // The counts of a resource in the last `days`, newest first; what is empty is left out.
  std::vector<hangou::base_library::v1::GetQualityResponse::Day> Days(const std::string& department,
                                                                      const std::string& resource,
                                                                      int32_t days) const;
  // When a record was last taken, in microseconds since 1970-01-01 UTC; 0: not known.
  int64_t LastAcceptedUs(const std::string& department, const std::string& resource) const;
  // Refused records behind `after`, which is empty for the first, and the place to go on from, empty at the end.
  absl::StatusOr<std::string> ListQuarantine(const std::string& department, const std::string& resource,
                                             const std::string& after, size_t at_most,
                                             hangou::base_library::v1::ListQuarantineResponse* response);
  // Removes the refused records of a resource: some of them may be about what is erased.
  absl::Status ClearQuarantine(const std::string& department, const std::string& resource);
  // Writes what is counted.
  absl::Status Flush();

 private:
  // Department, resource, day.
  using CountKey = std::tuple<std::string, std::string, int32_t>;
  using ResourceKey = std::pair<std::string, std::string>;

  // library, 0, department, 0, resource, 0: the rows of a resource in either table.
  std::string Prefix(const std::string& department, const std::string& resource) const;
  std::string CountRowKey(const std::string& department, const std::string& resource, int32_t day) const;
  void Load();
  void CountOne(const CountKey& key, const hangou::base_library::v1::RecordOutcome& outcome)
      HANGOU_REQUIRES(mutex_);
  void Quarantine(const ResourceKey& key, int64_t now_us,
                  const hangou::base_library::v1::PublishRequest& request,
                  const hangou::base_library::v1::PublishResponse& response) HANGOU_REQUIRES(mutex_);
  absl::Status FlushLocked() HANGOU_REQUIRES(mutex_);
  absl::Status Expire(StoreBatch* batch) HANGOU_REQUIRES(mutex_);

  const std::string library_;
  Store& store_;
  const int count_table_;
  const int quarantine_table_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::map<CountKey, hangou::base_library::v1::GetQualityResponse::Day> counts_ HANGOU_GUARDED_BY(mutex_);
  std::set<CountKey> changed_ HANGOU_GUARDED_BY(mutex_);
  std::map<ResourceKey, int64_t> last_accepted_us_ HANGOU_GUARDED_BY(mutex_);
  std::map<ResourceKey, size_t> quarantined_ HANGOU_GUARDED_BY(mutex_);
  StoreBatch pending_ HANGOU_GUARDED_BY(mutex_);  // refused records, until they are written
  size_t pending_bytes_ HANGOU_GUARDED_BY(mutex_) = 0;
  uint32_t sequence_ HANGOU_GUARDED_BY(mutex_) = 0;
  int64_t flushed_boot_us_ HANGOU_GUARDED_BY(mutex_) = 0;
};

// When the next update of a resource is due after `last_us`, in microseconds since 1970-01-01 UTC; 0 where the update
// cycle has no period.
int64_t UpdateDueUs(const std::string& update_cycle, int64_t last_us);

}  // namespace hangou

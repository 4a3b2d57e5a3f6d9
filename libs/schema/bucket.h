// The day and the division under which a record is counted where a provider compares its own with what is stored.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "libs/schema/walker.h"

namespace hangou {

// Day of the version field (UTC+8), or else of the event time, days since 1970-01-01, 0 where neither is there;
// first six digits of the first division field in the order of numbers, empty where there is none.
struct RecordBucket {
  int32_t day = 0;
  std::string division;

  auto operator<=>(const RecordBucket&) const = default;
};

// The bucket of a record. `slices` are of its normalised payload; `event_time_us` is 0 where it has none.
RecordBucket BucketOf(const ResourceSchema& schema, const std::vector<FieldSlice>& slices,
                      int64_t event_time_us);

// What a bucket holds: the digest does not depend on the order of the records.
struct BucketTotals {
  int64_t records = 0;
  uint64_t digest_low = 0;
  uint64_t digest_high = 0;

  void Add(uint64_t hash_low, uint64_t hash_high) {
    ++records;
    digest_low += hash_low;
    digest_high += hash_high;
  }
  bool operator==(const BucketTotals&) const = default;
};

}  // namespace hangou

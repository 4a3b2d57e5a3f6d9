// A walk over all that a provider has stored of a resource, in pages that a caller asks for one after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "hangou/record/v1/envelope.pb.h"
#include "libs/base_library/library.h"

namespace hangou {

// Rows of one page: some 20 ms of work, so that others have their turn.
constexpr size_t kSurveyRows = 10'000;

// Where a walk goes on, and what it has counted; stands sealed in page tokens.
struct SurveyCursor {
  uint32_t phase = 0;
  int32_t partition = 0;
  std::string after_key;  // empty: the start of the partition
  int64_t records = 0;
  int64_t absent = 0;
  int64_t deleted = 0;

  std::string Encode() const;
  static SurveyCursor Decode(std::string_view text);
};

// Walks the copies of a library. Used by one thread, during one call.
class ResourceSurvey {
 public:
  ResourceSurvey(Library& library, uint32_t resource_number, std::string provider)
      : library_(library), resource_number_(resource_number), provider_(std::move(provider)) {}

  // Visits the provider's rows behind the cursor, at most kSurveyRows of the resource's and until `visit` returns
  // false; the cursor moves to the last one visited, and to the count of partitions at the end. DATA_LOSS,
  // DRAINING.
  absl::Status Walk(SurveyCursor* cursor,
                    const std::function<bool(const hangou::record::v1::StoredRecord&)>& visit);
  // True where the walk is over.
  bool AtEnd(const SurveyCursor& cursor) const { return cursor.partition >= partitions(); }
  // Share of the partitions that are walked, 0 to 1.
  double Progress(const SurveyCursor& cursor) const;
  // Calls `done` once the copies have what was in the log at the call, so that what was acknowledged is seen.
  static void WhenCurrent(Library& library, Library::Done done);

 private:
  int32_t partitions() const;

  Library& library_;
  const uint32_t resource_number_;
  const std::string provider_;
};

}  // namespace hangou

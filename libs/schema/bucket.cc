#include "libs/schema/bucket.h"

#include <algorithm>

#include "libs/base/text.h"

namespace hangou {

using namespace hangou::catalog::v1;  // NOLINT: the names of the field types

RecordBucket BucketOf(const ResourceSchema& schema, const std::vector<FieldSlice>& slices,
                      int64_t event_time_us) {
  constexpr size_t kCountyDigits = 6;
  RecordBucket bucket;
  const FieldSlice* division = nullptr;
  bool dated = false;
  for (const FieldSlice& slice : slices) {
    const FieldSchema& field = schema.fields()[slice.index];
    if (field.type == FIELD_TYPE_DIVISION && (division == nullptr || slice.index < division->index))
      division = &slice;
    if (slice.index != schema.version_index()) continue;
    dated = field.type == FIELD_TYPE_DATE || field.type == FIELD_TYPE_TIMESTAMP;
    if (field.type == FIELD_TYPE_DATE) bucket.day = static_cast<int32_t>(slice.scalar);
    if (field.type == FIELD_TYPE_TIMESTAMP) bucket.day = DayInChina(slice.scalar);
  }
  if (!dated && event_time_us != 0) bucket.day = DayInChina(event_time_us);
  if (division != nullptr) bucket.division = division->text.substr(0, kCountyDigits);
  return bucket;
}

}  // namespace hangou

#include "libs/base_library/past.h"

#include <algorithm>
#include <limits>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base_library/view_tables.h"

namespace hangou {

using hangou::record::v1::Deletion;
using hangou::record::v1::RecordHead;
using hangou::record::v1::StoredRecord;

int64_t AsOfUs(const hangou::record::v1::AccessContext& context, int64_t now_us) {
  if (!context.has_as_of()) return now_us;
  return context.as_of().seconds() * kUsPerSecond + context.as_of().nanos() / 1000;
}

int64_t SeenUntilUs(const hangou::record::v1::AccessContext& context) {
  return AsOfUs(context, std::numeric_limits<int64_t>::max());
}

const RecordHead& HeadOf(const StoredRecord& state) {
  return state.has_deletion() ? state.deletion().head() : state.upsert().head();
}

bool IsRecalled(const StoredRecord& state) {
  return state.has_deletion() && state.deletion().kind() == Deletion::KIND_RECALL;
}

bool IsValidOn(const StoredRecord& state, int32_t day) {
  if (!state.has_upsert() || IsRecalled(state)) return false;
  return !state.has_deletion() || state.deletion().valid_until_day() > day;
}

absl::Status DamagedRecord() {
  return MakeError(Reason::kDataLoss, "a stored record of the view is damaged");
}

absl::Status VisitFormerStates(const Store& view, std::string_view record_key, uint64_t revision,
                               const std::function<bool(const StoredRecord&)>& visit) {
  if (revision <= 1) return absl::OkStatus();
  bool damaged = false;
  const std::string from = HistoryKey(record_key, revision - 1);
  StoredRecord state;
  RETURN_IF_ERROR(
      view.Scan(kViewHistory, from, record_key, [&](std::string_view key, std::string_view value) {
        if (!IsHistoryOf(key, record_key)) return true;
        damaged = !state.ParseFromArray(value.data(), static_cast<int>(value.size()));
        return !damaged && visit(state);
      }));
  return damaged ? DamagedRecord() : absl::OkStatus();
}

absl::Status PutBackAll(const Store& view, int64_t as_of_us, std::vector<PastRecord*> records) {
  std::erase_if(records, [&](PastRecord* record) {
    const bool recalled = IsRecalled(record->state);
    record->found = !recalled && HeadOf(record->state).received_us() <= as_of_us;
    return recalled || record->found;
  });
  if (records.empty()) return absl::OkStatus();
  std::sort(records.begin(), records.end(),
            [](const PastRecord* a, const PastRecord* b) { return a->record_key < b->record_key; });
  std::vector<std::string> prefixes;
  prefixes.reserve(records.size());
  for (const PastRecord* record : records) prefixes.push_back(record->record_key);
  bool damaged = false;
  StoredRecord former;
  RETURN_IF_ERROR(
      view.ScanEach(kViewHistory, prefixes, [&](size_t place, std::string_view key, std::string_view value) {
        PastRecord& record = *records[place];
        if (!IsHistoryOf(key, record.record_key)) return true;
        damaged |= !former.ParseFromArray(value.data(), static_cast<int>(value.size()));
        if (damaged || IsRecalled(former)) return false;
        if (former.withdrawn() || HeadOf(former).received_us() > as_of_us) return true;
        record.state.Swap(&former);
        record.found = true;
        return false;
      }));
  return damaged ? DamagedRecord() : absl::OkStatus();
}

}  // namespace hangou

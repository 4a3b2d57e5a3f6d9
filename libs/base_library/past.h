// What records were: their former states, read from a view. A state is a StoredRecord: what was published last, and how
// it ended.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/record/v1/envelope.pb.h"
#include "hangou/record/v1/record.pb.h"
#include "libs/store/store.h"

namespace hangou {

// The instant of a context's as_of in microseconds since 1970-01-01 UTC; `now_us` where it names none.
int64_t AsOfUs(const hangou::record::v1::AccessContext& context, int64_t now_us);

// What was received later is not to be seen by a read: the instant of its as_of. A read that names none sees everything
// that is stored, also where its writer's clock was ahead of this one.
int64_t SeenUntilUs(const hangou::record::v1::AccessContext& context);

// Head of the newest event of a state.
const hangou::record::v1::RecordHead& HeadOf(const hangou::record::v1::StoredRecord& state);
// True where the state, and every one before it, is not to be served.
bool IsRecalled(const hangou::record::v1::StoredRecord& state);
// True where a state has a content that is valid on `day`.
bool IsValidOn(const hangou::record::v1::StoredRecord& state, int32_t day);

// DATA_LOSS: a row of the view does not parse; its owner rebuilds the view.
absl::Status DamagedRecord();

// Visits the former states of a record, newest first, from the one before `revision` on, until `visit` returns false.
// DATA_LOSS where one is damaged.
absl::Status VisitFormerStates(const Store& view, std::string_view record_key, uint64_t revision,
                               const std::function<bool(const hangou::record::v1::StoredRecord&)>& visit);

// A record that is put back: its key and its newest state, which becomes what it was, where it was anything.
struct PastRecord {
  std::string record_key;
  hangou::record::v1::StoredRecord state;
  bool found = false;
};
// Puts records back to what they were at `as_of_us`, in one pass over the former states: found, or not where there was
// nothing then, or it is recalled. What was withdrawn since counts as never published. DATA_LOSS.
absl::Status PutBackAll(const Store& view, int64_t as_of_us, std::vector<PastRecord*> records);

}  // namespace hangou

#include "services/comparison/clue_ledger.h"

#include <optional>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// States that may follow a state by what people do.
std::vector<v1::ClueState> FollowersOf(v1::ClueState state) {
  const std::vector<v1::ClueState> all = {v1::CLUE_STATE_ASSIGNED,  v1::CLUE_STATE_VERIFIED,
                                          v1::CLUE_STATE_NO_ISSUE,  v1::CLUE_STATE_DATA_ERROR,
                                          v1::CLUE_STATE_NOT_FOUND, v1::CLUE_STATE_RECOVERED};
  switch (state) {
    case v1::CLUE_STATE_NEW:
      return {v1::CLUE_STATE_ASSIGNED};
    case v1::CLUE_STATE_RECOVERED:
      return {v1::CLUE_STATE_RECOVERED};
    case v1::CLUE_STATE_WITHDRAWN:
      return {};
    default:
      return all;
  }
}

absl::Status CheckFollows(const v1::Clue& clue, v1::ClueState next) {
  std::string allowed;
  for (const v1::ClueState state : FollowersOf(clue.state())) {
    if (state == next) return absl::OkStatus();
    allowed += (allowed.empty() ? "" : ", ") + ClueStateName(state);
  }
  return MakeError(
      Reason::kInvalidRequest,
      "it is " + ClueStateName(clue.state()) + ", and cannot become " + ClueStateName(next) +
          (allowed.empty() ? "; nothing follows until it is found again" : "; what can follow: " + allowed),
      "result");
}

google::protobuf::Timestamp StampOf(const LedgerMoment& moment) {
  google::protobuf::Timestamp time;
  time.set_seconds(moment.utc_us / kUsPerSecond);
  time.set_nanos(static_cast<int32_t>(moment.utc_us % kUsPerSecond * 1'000));
  return time;
}

v1::ClueStep* AddStep(const LedgerMoment& moment, v1::Clue* clue) {
  v1::ClueStep* const step = clue->add_history();
  *step->mutable_time() = StampOf(moment);
  step->set_state(clue->state());
  step->set_office(clue->office());
  step->set_by(moment.by);
  step->set_amount_fen(clue->amount_fen());
  *clue->mutable_update_time() = *clue->mutable_history()->rbegin()->mutable_time();
  return step;
}

absl::Status CheckRoom(const v1::Clue& clue) {
  if (clue.history_size() < kClueSteps) return absl::OkStatus();
  return MakeError(Reason::kInvalidRequest, "it has been assigned and answered 100 times; no more is kept");
}

// What people have made of a clue, which a new finding does not touch.
void KeepWork(const v1::Clue& stored, v1::Clue* found) {
  found->set_name(stored.name());
  *found->mutable_create_time() = stored.create_time();
  found->set_run(stored.run());
  *found->mutable_update_time() = stored.update_time();
  found->set_state(stored.state());
  found->set_office(stored.office());
  found->set_recovered_fen(stored.recovered_fen());
  found->set_exception_until(stored.exception_until());
  if (stored.has_data_error()) *found->mutable_data_error() = stored.data_error();
  *found->mutable_history() = stored.history();
}

// Quiet until a day that has not passed.
bool IsExcepted(const v1::Clue& clue, int32_t day) {
  const std::optional<int32_t> until = ParseDay(clue.exception_until());
  return until && *until >= day;
}

absl::Status CheckAnswer(const v1::ClueAnswer& answer, const v1::Clue& clue, const LedgerMoment& moment) {
  if (!IsAnswered(answer.result())) {
    return MakeError(Reason::kInvalidRequest,
                     "an answer is verified, no_issue, data_error, not_found or recovered", "result");
  }
  if (answer.note().size() > kClueNoteBytes || !IsValidUtf8(answer.note()))
    return MakeError(Reason::kInvalidRequest, "a note is UTF-8 of at most 1,000 bytes", "note");
  if (answer.recovered_fen() < 0)
    return MakeError(Reason::kInvalidRequest, "what was recovered is not negative", "recovered_fen");
  const int64_t recovered = answer.has_recovered_fen() ? answer.recovered_fen() : clue.recovered_fen();
  const bool may_recover =
      answer.result() == v1::CLUE_STATE_VERIFIED || answer.result() == v1::CLUE_STATE_RECOVERED;
  if (answer.result() == v1::CLUE_STATE_RECOVERED && recovered == 0)
    return MakeError(Reason::kInvalidRequest, "say how much was recovered", "recovered_fen");
  if (!may_recover && answer.recovered_fen() != 0)
    return MakeError(Reason::kInvalidRequest, "money is recovered of what is verified", "recovered_fen");
  if (!answer.exception_until().empty()) {
    const std::optional<int32_t> until = ParseDay(answer.exception_until());
    if (answer.result() != v1::CLUE_STATE_NO_ISSUE)
      return MakeError(Reason::kInvalidRequest, "only no_issue is an exception", "exception_until");
    if (!until || *until < moment.day)
      return MakeError(Reason::kInvalidRequest, "an exception ends on a day to come, YYYY-MM-DD",
                       "exception_until");
  }
  if ((answer.result() == v1::CLUE_STATE_DATA_ERROR) != answer.has_data_error()) {
    return MakeError(Reason::kInvalidRequest, "data_error, and nothing else, says which field is wrong",
                     "data_error");
  }
  return absl::OkStatus();
}

}  // namespace

bool IsAnswered(v1::ClueState state) {
  return state == v1::CLUE_STATE_VERIFIED || state == v1::CLUE_STATE_NO_ISSUE ||
         state == v1::CLUE_STATE_DATA_ERROR || state == v1::CLUE_STATE_NOT_FOUND ||
         state == v1::CLUE_STATE_RECOVERED;
}

bool IsAtStake(v1::ClueState state) {
  return state == v1::CLUE_STATE_NEW || state == v1::CLUE_STATE_ASSIGNED ||
         state == v1::CLUE_STATE_VERIFIED || state == v1::CLUE_STATE_NOT_FOUND;
}

std::string ClueStateName(v1::ClueState state) {
  std::string name = v1::ClueState_Name(state).substr(sizeof("CLUE_STATE_") - 1);
  for (char& c : name) c = c == '_' ? '_' : static_cast<char>(c - 'A' + 'a');
  return name;
}

ClueChange FollowFinding(const v1::Clue* stored, const LedgerMoment& moment, v1::Clue* found) {
  const auto keep = [&](v1::ClueState state) {
    found->set_state(state);
    found->set_run(moment.run);
    *found->mutable_update_time() = StampOf(moment);
  };
  if (stored == nullptr) {
    *found->mutable_create_time() = StampOf(moment);
    keep(v1::CLUE_STATE_NEW);
    return ClueChange::kNew;
  }
  if (!IsAnswered(stored->state())) {
    KeepWork(*stored, found);
    if (stored->state() == v1::CLUE_STATE_WITHDRAWN) {
      keep(v1::CLUE_STATE_NEW);
      found->clear_office();
      return ClueChange::kNew;
    }
    if (found->SerializeAsString() == stored->SerializeAsString()) return ClueChange::kNone;
    keep(stored->state());
    return ClueChange::kChanged;
  }
  const bool had_exception = !stored->exception_until().empty();
  const bool excepted = IsExcepted(*stored, moment.day);
  if (excepted || (!had_exception && found->amount_fen() <= stored->amount_fen())) {
    if (stored->gone_run().empty()) return ClueChange::kQuiet;
    *found = *stored;
    found->clear_gone_run();
    return ClueChange::kNoted;
  }
  KeepWork(*stored, found);
  found->clear_exception_until();
  found->clear_data_error();
  keep(v1::CLUE_STATE_NEW);
  AddStep(moment, found)->set_note(had_exception ? "the exception has ended" : "more is at stake");
  return ClueChange::kReopened;
}

ClueChange FollowAbsence(const LedgerMoment& moment, v1::Clue* clue) {
  if (clue->state() == v1::CLUE_STATE_WITHDRAWN) return ClueChange::kNone;
  if (IsAnswered(clue->state())) {
    if (!clue->gone_run().empty()) return ClueChange::kNone;
    clue->set_gone_run(moment.run);
    return ClueChange::kNoted;
  }
  clue->set_state(v1::CLUE_STATE_WITHDRAWN);
  clue->clear_gone_run();
  clue->set_run(moment.run);
  *clue->mutable_update_time() = StampOf(moment);
  return ClueChange::kWithdrawn;
}

absl::Status AssignClue(const std::string& office, const LedgerMoment& moment, v1::Clue* clue,
                        bool* changed) {
  *changed = false;
  if (clue->state() == v1::CLUE_STATE_ASSIGNED && clue->office() == office) return absl::OkStatus();
  RETURN_IF_ERROR(CheckFollows(*clue, v1::CLUE_STATE_ASSIGNED));
  RETURN_IF_ERROR(CheckRoom(*clue));
  clue->set_state(v1::CLUE_STATE_ASSIGNED);
  clue->set_office(office);
  clue->clear_exception_until();
  clue->clear_data_error();
  AddStep(moment, clue);
  *changed = true;
  return absl::OkStatus();
}

absl::Status AnswerClue(const v1::ClueAnswer& answer, const LedgerMoment& moment, v1::Clue* clue,
                        bool* changed) {
  *changed = false;
  RETURN_IF_ERROR(CheckAnswer(answer, *clue, moment));
  RETURN_IF_ERROR(CheckFollows(*clue, answer.result()));
  const int64_t recovered = answer.has_recovered_fen() ? answer.recovered_fen() : clue->recovered_fen();
  const std::string& said = clue->history_size() > 0 ? clue->history().rbegin()->note() : answer.note();
  if (clue->state() == answer.result() && clue->recovered_fen() == recovered && said == answer.note() &&
      clue->exception_until() == answer.exception_until() &&
      clue->data_error().SerializeAsString() == answer.data_error().SerializeAsString()) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(CheckRoom(*clue));
  clue->set_state(answer.result());
  clue->set_exception_until(answer.exception_until());
  clue->clear_data_error();
  if (answer.has_data_error()) *clue->mutable_data_error() = answer.data_error();
  v1::ClueStep* const step = AddStep(moment, clue);
  step->set_note(answer.note());
  step->set_recovered_fen(recovered - clue->recovered_fen());
  clue->set_recovered_fen(recovered);
  *changed = true;
  return absl::OkStatus();
}

}  // namespace hangou

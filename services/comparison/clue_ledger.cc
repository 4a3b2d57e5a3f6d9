#include "services/comparison/clue_ledger.h"

#include <algorithm>
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

bool IsSameFigures(const google::protobuf::RepeatedPtrField<v1::Figure>& a,
                   const google::protobuf::RepeatedPtrField<v1::Figure>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const v1::Figure& x, const v1::Figure& y) {
    return x.value() == y.value() && x.name() == y.name();
  });
}

// What a run says of two clues is the same.
bool IsSameFinding(const v1::Clue& a, const v1::Clue& b) {
  return a.rule_version() == b.rule_version() && a.subject() == b.subject() &&
         a.amount_fen() == b.amount_fen() && a.has_amount_fen() == b.has_amount_fen() &&
         a.severity() == b.severity() && a.division() == b.division() && a.tax() == b.tax() &&
         a.tax_object() == b.tax_object() && IsSameFigures(a.figures(), b.figures()) &&
         IsSameFigures(a.key(), b.key());
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

ClueChange ChangeOf(const v1::Clue* stored, int32_t day, const v1::Clue& found) {
  if (stored == nullptr || stored->state() == v1::CLUE_STATE_WITHDRAWN) return ClueChange::kNew;
  if (!IsAnswered(stored->state()))
    return IsSameFinding(*stored, found) && stored->gone_run().empty() ? ClueChange::kNone
                                                                       : ClueChange::kChanged;
  const bool is_accepted = stored->exception_until().empty() ? found.amount_fen() <= stored->amount_fen()
                                                             : IsExcepted(*stored, day);
  if (!is_accepted) return ClueChange::kReopened;
  return stored->gone_run().empty() ? ClueChange::kQuiet : ClueChange::kNoted;
}

ClueChange FollowFinding(const v1::Clue* stored, const LedgerMoment& moment, v1::Clue* found) {
  const ClueChange change = ChangeOf(stored, moment.day, *found);
  if (change == ClueChange::kNone || change == ClueChange::kQuiet) return change;
  if (change == ClueChange::kNoted) {
    *found = *stored;
    found->clear_gone_run();
    return change;
  }
  if (stored != nullptr) KeepWork(*stored, found);
  if (stored == nullptr) *found->mutable_create_time() = StampOf(moment);
  found->set_run(moment.run);
  *found->mutable_update_time() = StampOf(moment);
  if (change == ClueChange::kChanged) return change;
  found->set_state(v1::CLUE_STATE_NEW);
  if (change == ClueChange::kNew) {
    found->clear_office();
    return change;
  }
  found->clear_exception_until();
  found->clear_data_error();
  AddStep(moment, found)
      ->set_note(stored->exception_until().empty() ? "more is at stake" : "the exception has ended");
  return change;
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

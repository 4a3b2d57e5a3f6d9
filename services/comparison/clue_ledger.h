// What becomes of a clue: by what a run finds, and by what people do. One place, without transport or storage.
//
//   new       --assign--> assigned --answer--> verified, no issue, data error, not found, recovered
//   answered  --answer--> another answer; but what is recovered stays recovered
//   answered  --assign--> assigned: it is looked at again; but not what is recovered
//   new, assigned  --not found by a run any more--> withdrawn --found again--> new
//   answered  --found with more at stake, or found when its exception has ended--> new; the answer stays in its history
//
// An answered clue keeps the figures that were answered, so that growth in small steps is growth. Where the finding of
// "no issue" is accepted until a day, it stays quiet until then, whatever its amount.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "hangou/comparison/v1/clue.pb.h"

namespace hangou {

// Steps that a clue keeps: assigned and answered again and again, some years. More are refused.
constexpr int kClueSteps = 100;
// Bytes of a note: some sentences.
constexpr size_t kClueNoteBytes = 1'000;

// When something happens to a clue, and by whom.
struct LedgerMoment {
  int64_t utc_us = 0;
  int32_t day = 0;  // of `utc_us` in UTC+8
  std::string by;   // role and workload, or the run
  std::string run;  // of FollowFinding and FollowAbsence
};

// What a run did to a clue.
enum class ClueChange {
  kNone,       // as it was: nothing to keep
  kNew,        // found for the first time, or again after it was withdrawn
  kChanged,    // its figures did
  kReopened,   // it was answered, and is new again
  kQuiet,      // it was answered and stays so: nothing to keep
  kWithdrawn,  // it is not found any more
  kNoted,      // it was answered, and `gone_run` is set or cleared
};

// True where people have said what came of it.
bool IsAnswered(hangou::comparison::v1::ClueState state);
// True where its money is at stake: not withdrawn, dismissed or paid.
bool IsAtStake(hangou::comparison::v1::ClueState state);

// Takes a finding. `found` has rule, version, period, subject, key, figures, amount, severity, department, division and
// tax; `stored` is the clue as it is kept, null where there is none; then `found` has its name already. Where the
// change is to be kept, `found` becomes what is to be kept.
ClueChange FollowFinding(const hangou::comparison::v1::Clue* stored, const LedgerMoment& moment,
                         hangou::comparison::v1::Clue* found);
// Takes that a run for the clue's rule and period did not find it.
ClueChange FollowAbsence(const LedgerMoment& moment, hangou::comparison::v1::Clue* clue);

// Gives a clue to an office. INVALID_REQUEST where that cannot follow its state. `changed`: false where the office has
// it already.
absl::Status AssignClue(const std::string& office, const LedgerMoment& moment,
                        hangou::comparison::v1::Clue* clue, bool* changed);
// Takes an answer. INVALID_REQUEST where that cannot follow its state, saying what can, or where the answer is wrong.
// Whether the data error names a field of the rule is the caller's to check. `changed`: false where it was so already.
absl::Status AnswerClue(const hangou::comparison::v1::ClueAnswer& answer, const LedgerMoment& moment,
                        hangou::comparison::v1::Clue* clue, bool* changed);

// "new", "no_issue": the state as people name it.
std::string ClueStateName(hangou::comparison::v1::ClueState state);

}  // namespace hangou

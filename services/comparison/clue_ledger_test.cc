#include "services/comparison/clue_ledger.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

constexpr int32_t kFirstDay = 20'000;

LedgerMoment MomentOn(int32_t day, const std::string& run = "runs/1") {
  return {day * kUsPerDay, day, "consumer/desk", run};
}

v1::Clue FoundWith(int64_t amount_fen) {
  v1::Clue clue;
  clue.set_rule("rules/t");
  clue.set_amount_fen(amount_fen);
  clue.set_name("clues/0000000000000001");
  return clue;
}

// A clue that an office has.
v1::Clue AssignedWith(int64_t amount_fen) {
  v1::Clue clue = FoundWith(amount_fen);
  bool changed = false;
  REQUIRE(FollowFinding(nullptr, MomentOn(kFirstDay), &clue) == ClueChange::kNew);
  REQUIRE(AssignClue("offices/one", MomentOn(kFirstDay), &clue, &changed).ok());
  REQUIRE(changed);
  return clue;
}

v1::ClueAnswer AnswerOf(v1::ClueState result, int64_t recovered_fen = 0) {
  v1::ClueAnswer answer;
  answer.set_result(result);
  if (recovered_fen != 0) answer.set_recovered_fen(recovered_fen);
  if (result == v1::CLUE_STATE_DATA_ERROR) answer.mutable_data_error()->set_resource("tax.deed");
  return answer;
}

v1::Clue AnsweredWith(const v1::ClueAnswer& answer, int64_t amount_fen) {
  v1::Clue clue = AssignedWith(amount_fen);
  bool changed = false;
  REQUIRE(AnswerClue(answer, MomentOn(kFirstDay), &clue, &changed).ok());
  REQUIRE(changed);
  return clue;
}

ClueChange Find(v1::Clue* clue, int64_t amount_fen, int32_t day = kFirstDay) {
  v1::Clue found = FoundWith(amount_fen);
  const ClueChange change = FollowFinding(clue, MomentOn(day, "runs/2"), &found);
  if (change != ClueChange::kNone && change != ClueChange::kQuiet) *clue = found;
  return change;
}

}  // namespace

TEST_CASE("The same finding leaves what people answered") {
  v1::Clue clue = AnsweredWith(AnswerOf(v1::CLUE_STATE_NO_ISSUE), 500);
  const std::string before = clue.SerializeAsString();
  CHECK(Find(&clue, 500) == ClueChange::kQuiet);
  CHECK(Find(&clue, 499) == ClueChange::kQuiet);
  CHECK(clue.SerializeAsString() == before);
}

TEST_CASE("More at stake opens an answered clue and keeps its answer") {
  v1::Clue clue = AnsweredWith(AnswerOf(v1::CLUE_STATE_RECOVERED, 300), 500);
  CHECK(Find(&clue, 501) == ClueChange::kReopened);
  CHECK(clue.state() == v1::CLUE_STATE_NEW);
  CHECK(clue.recovered_fen() == 300);
  REQUIRE(clue.history_size() == 3);
  CHECK(clue.history(1).state() == v1::CLUE_STATE_RECOVERED);
  CHECK(clue.history(1).recovered_fen() == 300);
  CHECK(clue.history(2).state() == v1::CLUE_STATE_NEW);
  CHECK(clue.run() == "runs/2");
}

TEST_CASE("An exception is quiet until its last day") {
  v1::ClueAnswer answer = AnswerOf(v1::CLUE_STATE_NO_ISSUE);
  answer.set_exception_until(FormatDay(kFirstDay + 10));
  v1::Clue clue = AnsweredWith(answer, 500);
  CHECK(Find(&clue, 9'000, kFirstDay + 10) == ClueChange::kQuiet);
  CHECK(Find(&clue, 500, kFirstDay + 11) == ClueChange::kReopened);
  CHECK(clue.exception_until().empty());
}

TEST_CASE("Only what nobody answered is withdrawn") {
  v1::Clue assigned = AssignedWith(500);
  CHECK(FollowAbsence(MomentOn(kFirstDay, "runs/3"), &assigned) == ClueChange::kWithdrawn);
  CHECK(FollowAbsence(MomentOn(kFirstDay, "runs/4"), &assigned) == ClueChange::kNone);
  v1::Clue answered = AnsweredWith(AnswerOf(v1::CLUE_STATE_DATA_ERROR), 500);
  CHECK(FollowAbsence(MomentOn(kFirstDay, "runs/3"), &answered) == ClueChange::kNoted);
  CHECK(answered.state() == v1::CLUE_STATE_DATA_ERROR);
  CHECK(answered.gone_run() == "runs/3");
  CHECK(Find(&answered, 500) == ClueChange::kNoted);
  CHECK(answered.gone_run().empty());
}

TEST_CASE("A refusal names what can follow") {
  v1::Clue clue = FoundWith(500);
  REQUIRE(FollowFinding(nullptr, MomentOn(kFirstDay), &clue) == ClueChange::kNew);
  bool changed = false;
  const absl::Status status =
      AnswerClue(AnswerOf(v1::CLUE_STATE_VERIFIED), MomentOn(kFirstDay), &clue, &changed);
  CHECK(ReasonOf(status) == Reason::kInvalidRequest);
  CHECK(Message(status) == "it is new, and cannot become verified; what can follow: assigned");
  CHECK_FALSE(changed);
  CHECK(clue.state() == v1::CLUE_STATE_NEW);
}

TEST_CASE("Answers that contradict themselves are refused") {
  v1::Clue clue = AssignedWith(500);
  const std::string before = clue.SerializeAsString();
  v1::ClueAnswer dismissed_with_money = AnswerOf(v1::CLUE_STATE_NO_ISSUE, 5);
  v1::ClueAnswer exception_of_verified = AnswerOf(v1::CLUE_STATE_VERIFIED);
  exception_of_verified.set_exception_until(FormatDay(kFirstDay + 1));
  v1::ClueAnswer exception_in_the_past = AnswerOf(v1::CLUE_STATE_NO_ISSUE);
  exception_in_the_past.set_exception_until(FormatDay(kFirstDay - 1));
  v1::ClueAnswer error_without_a_field = AnswerOf(v1::CLUE_STATE_DATA_ERROR);
  error_without_a_field.clear_data_error();
  for (const v1::ClueAnswer& answer :
       {dismissed_with_money, exception_of_verified, exception_in_the_past, error_without_a_field,
        AnswerOf(v1::CLUE_STATE_RECOVERED), AnswerOf(v1::CLUE_STATE_ASSIGNED)}) {
    bool changed = false;
    CHECK_FALSE(AnswerClue(answer, MomentOn(kFirstDay), &clue, &changed).ok());
    CHECK(clue.SerializeAsString() == before);
  }
}

// Whatever happens, the clue is where a model of a few lines says, and its steps tell how it came there.
TEST_CASE("A clue follows its model") {
  using State = v1::ClueState;
  const std::vector<State> answers = {v1::CLUE_STATE_VERIFIED, v1::CLUE_STATE_NO_ISSUE,
                                      v1::CLUE_STATE_DATA_ERROR, v1::CLUE_STATE_NOT_FOUND,
                                      v1::CLUE_STATE_RECOVERED};
  std::mt19937 random(static_cast<unsigned>(GENERATE(range(0, 200))));
  v1::Clue clue = FoundWith(1'000);
  REQUIRE(FollowFinding(nullptr, MomentOn(kFirstDay), &clue) == ClueChange::kNew);
  State state = v1::CLUE_STATE_NEW;
  int64_t amount = 1'000;
  for (int step = 0; step < 60; ++step) {
    const bool answered = std::count(answers.begin(), answers.end(), state) > 0;
    bool changed = false;
    switch (random() % 4) {
      case 0: {
        const int64_t found = static_cast<int64_t>(random() % 2'000);
        Find(&clue, found);
        if (!answered && state != v1::CLUE_STATE_ASSIGNED) state = v1::CLUE_STATE_NEW;
        if (answered && found > amount) state = v1::CLUE_STATE_NEW;
        if (!answered || found > amount) amount = found;
        break;
      }
      case 1:
        FollowAbsence(MomentOn(kFirstDay), &clue);
        if (!answered) state = v1::CLUE_STATE_WITHDRAWN;
        break;
      case 2: {
        const bool may = state != v1::CLUE_STATE_WITHDRAWN && state != v1::CLUE_STATE_RECOVERED;
        CHECK(AssignClue("offices/one", MomentOn(kFirstDay), &clue, &changed).ok() == may);
        if (may) state = v1::CLUE_STATE_ASSIGNED;
        break;
      }
      case 3: {
        const State next = answers[random() % answers.size()];
        const bool may = (state == v1::CLUE_STATE_ASSIGNED || answered) &&
                         (state != v1::CLUE_STATE_RECOVERED || next == v1::CLUE_STATE_RECOVERED);
        const int64_t money = next == v1::CLUE_STATE_RECOVERED ? 1 + static_cast<int64_t>(random() % 9) : 0;
        CHECK(AnswerClue(AnswerOf(next, money), MomentOn(kFirstDay), &clue, &changed).ok() == may);
        if (may) state = next;
        break;
      }
    }
    REQUIRE(clue.state() == state);
    REQUIRE(clue.amount_fen() == amount);
    int64_t recovered = 0;
    for (const v1::ClueStep& done : clue.history()) recovered += done.recovered_fen();
    REQUIRE(clue.recovered_fen() == recovered);
  }
}

}  // namespace hangou

// GetEffect: what comparing has brought.
#include <map>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "services/comparison/clue_access.h"
#include "services/comparison/clue_ledger.h"
#include "services/comparison/money_once.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

constexpr size_t kMonthCharacters = 7;  // 2026-03

std::string MonthOf(const google::protobuf::Timestamp& time) {
  return FormatDay(DayInChina(time.seconds() * kUsPerSecond)).substr(0, kMonthCharacters);
}

// Gathers one line.
struct EffectTally {
  v1::EffectLine line;
  MoneyOnce at_stake;

  void Count(const v1::Clue& clue) {
    if (clue.state() == v1::CLUE_STATE_WITHDRAWN) return line.set_withdrawn(line.withdrawn() + 1);
    line.set_found(line.found() + 1);
    if (IsAtStake(clue.state())) at_stake.Add(clue, clue.amount_fen());
    switch (clue.state()) {
      case v1::CLUE_STATE_ASSIGNED:
        return line.set_assigned(line.assigned() + 1);
      case v1::CLUE_STATE_VERIFIED:
        return line.set_verified(line.verified() + 1);
      case v1::CLUE_STATE_NO_ISSUE:
        return line.set_no_issue(line.no_issue() + 1);
      case v1::CLUE_STATE_DATA_ERROR:
        return line.set_data_error(line.data_error() + 1);
      case v1::CLUE_STATE_NOT_FOUND:
        return line.set_not_found(line.not_found() + 1);
      case v1::CLUE_STATE_RECOVERED:
        return line.set_recovered(line.recovered() + 1);
      default:
        return;
    }
  }
  void AddRecovered(int64_t fen) { line.set_recovered_fen(line.recovered_fen() + fen); }
  v1::EffectLine Finish(const std::string& key) {
    line.set_key(key);
    line.set_amount_fen(at_stake.plain_fen());
    line.set_amount_once_fen(at_stake.once_fen());
    const int64_t right = line.verified() + line.recovered();
    const int64_t answered = right + line.no_issue() + line.data_error() + line.not_found();
    if (answered > 0)
      line.set_precision_percent(100.0 * static_cast<double>(right) / static_cast<double>(answered));
    return line;
  }
};

using EffectTallies = std::map<std::string, EffectTally>;

void TellEffect(EffectTallies* tallies, google::protobuf::RepeatedPtrField<v1::EffectLine>* lines) {
  for (auto& [key, tally] : *tallies) *lines->Add() = tally.Finish(key);
}

}  // namespace

absl::StatusOr<v1::GetEffectResponse> GetEffect(const ComparisonContext& context, const Caller& caller,
                                                const v1::GetEffectRequest& request) {
  v1::ClueFilter filter;
  filter.set_rule(request.rule());
  filter.set_office(request.office());
  const std::vector<StoredClue> clues =
      context.book.Clues(caller.department, [&](const v1::Clue& clue) { return IsWanted(filter, clue); });
  EffectTally total;
  EffectTallies rules, offices, months;
  for (const StoredClue& clue : clues) {
    EffectTally* const month = &months[MonthOf(clue->create_time())];
    for (EffectTally* tally : {&total, &rules[clue->rule()], &offices[clue->office()], month})
      tally->Count(*clue);
    // Of an office what was recovered while it had the clue; of a month what was recovered in it.
    for (const v1::ClueStep& step : clue->history()) {
      if (step.recovered_fen() == 0) continue;
      for (EffectTally* tally :
           {&total, &rules[clue->rule()], &offices[step.office()], &months[MonthOf(step.time())]})
        tally->AddRecovered(step.recovered_fen());
    }
  }
  v1::GetEffectResponse response;
  *response.mutable_total() = total.Finish("");
  TellEffect(&rules, response.mutable_rules());
  TellEffect(&offices, response.mutable_offices());
  TellEffect(&months, response.mutable_months());
  RETURN_IF_ERROR(RecordClueWork(context, caller, {}, request.rule().empty() ? "clues" : request.rule(),
                                 clues.size(), "effect"));
  return response;
}

}  // namespace hangou

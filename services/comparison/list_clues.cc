// ListClues and GetClue: what a department's rules have found.
#include <algorithm>

#include "libs/base/status.h"
#include "services/comparison/clue_access.h"
#include "services/comparison/clue_ledger.h"
#include "services/comparison/money_once.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

v1::ClueFilter FilterOf(const v1::ListCluesRequest& request) {
  v1::ClueFilter filter;
  filter.set_rule(request.rule());
  filter.set_division(request.division());
  filter.set_office(request.office());
  filter.set_minimum_amount_fen(request.minimum_amount_fen());
  return filter;
}

std::string TokenContextOf(const Caller& caller, const v1::ListCluesRequest& request) {
  return "comparison.ListClues|" + caller.spiffe_id + "|" + FilterOf(request).SerializeAsString() + "|" +
         std::to_string(request.state());
}

std::string TitleOfOffice(const ComparisonContext& context, const std::string& department,
                          const std::string& name) {
  for (const v1::TaxOffice& office : context.book.Offices(department)) {
    if (office.name() == name) return office.title();
  }
  return "";
}

}  // namespace

absl::StatusOr<v1::ListCluesResponse> ListClues(const ComparisonContext& context, const Caller& caller,
                                                const v1::ListCluesRequest& request) {
  const v1::ClueFilter filter = FilterOf(request);
  std::vector<StoredClue> clues = context.book.Clues(caller.department, [&](const v1::Clue& clue) {
    const bool state = request.state() == v1::CLUE_STATE_UNSPECIFIED
                           ? clue.state() != v1::CLUE_STATE_WITHDRAWN
                           : clue.state() == request.state();
    return state && IsWanted(filter, clue);
  });
  ASSIGN_OR_RETURN(const PlaceInList place,
                   PlaceOfPage(context.keys, request.page_token(), TokenContextOf(caller, request),
                               request.page_size(), clues.size()));
  std::partial_sort(clues.begin(), clues.begin() + static_cast<std::ptrdiff_t>(place.end), clues.end(),
                    ComesBefore);
  v1::ListCluesResponse response;
  response.set_total_size(static_cast<int64_t>(clues.size()));
  MoneyOnce at_stake;
  for (const StoredClue& clue : clues) {
    response.set_total_amount_fen(response.total_amount_fen() + clue->amount_fen());
    if (IsAtStake(clue->state())) at_stake.Add(*clue, clue->amount_fen());
  }
  response.set_total_once_fen(at_stake.once_fen());
  std::vector<v1::Clue*> told;
  for (size_t i = place.begin; i < place.end; ++i) {
    told.push_back(response.add_clues());
    *told.back() = *clues[i];
    told.back()->clear_history();
  }
  response.set_next_page_token(
      TokenBehind(context.keys, place, TokenContextOf(caller, request), clues.size()));
  RETURN_IF_ERROR(DecideClues(context, caller, request.context(),
                              request.rule().empty() ? "clues" : request.rule(), told));
  return response;
}

absl::StatusOr<v1::GetClueResponse> GetClue(const ComparisonContext& context, const Caller& caller,
                                            const v1::GetClueRequest& request) {
  const StoredClue stored = context.book.FindClue(caller.department, request.name());
  if (!stored) return MakeError(Reason::kObjectNotFound, "there is no such clue; see `hangou compare clues`");
  v1::GetClueResponse response;
  *response.mutable_clue() = *stored;
  ASSIGN_OR_RETURN(const auto evidence, context.book.Evidence(caller.department, request.name()));
  if (evidence) *response.mutable_evidence() = *evidence;
  // What a run covers is kept with the run.
  if (evidence && evidence->positions().empty()) {
    ASSIGN_OR_RETURN(const auto run, context.book.FindRun(caller.department, evidence->run()));
    if (run) *response.mutable_evidence()->mutable_positions() = run->positions();
  }
  RETURN_IF_ERROR(DecideClues(context, caller, request.context(), stored->rule(), {response.mutable_clue()},
                              evidence ? response.mutable_evidence() : nullptr));
  if (!response.clue().withheld().empty()) response.clear_evidence();
  for (const v1::StoredRule& rule : context.book.Rules(caller.department)) {
    if (rule.rule().name() == stored->rule()) response.set_rule_title(rule.rule().title());
  }
  response.set_office_title(TitleOfOffice(context, caller.department, stored->office()));
  return response;
}

}  // namespace hangou

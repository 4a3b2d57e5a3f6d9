// ListClues: what a department's rules have found.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "services/comparison/comparison.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

std::string TokenContextOf(const Caller& caller, const v1::ListCluesRequest& request) {
  return "comparison.ListClues|" + caller.spiffe_id + "|" + request.rule() + "|" +
         std::to_string(request.state());
}

// Largest first; those of one amount by their names.
bool ComesBefore(const v1::Clue& a, const v1::Clue& b) {
  return a.amount_fen() != b.amount_fen() ? a.amount_fen() > b.amount_fen() : a.name() < b.name();
}

}  // namespace

absl::StatusOr<v1::ListCluesResponse> ListClues(const ComparisonContext& context, const Caller& caller,
                                                const v1::ListCluesRequest& request) {
  if (request.page_size() < 0)
    return MakeError(Reason::kInvalidRequest, "page_size is negative", "page_size");
  const auto size = static_cast<size_t>(
      std::min(request.page_size() == 0 ? limits::kPageDefault : request.page_size(), limits::kPageMax));
  size_t begin = 0;
  if (!request.page_token().empty()) {
    ASSIGN_OR_RETURN(const std::string place,
                     context.keys.OpenToken(request.page_token(), TokenContextOf(caller, request)));
    if (!absl::SimpleAtoi(place, &begin))
      return MakeError(Reason::kTokenInvalid, "the page token is not good");
  }
  std::vector<v1::Clue> clues = context.book.Clues(caller.department, [&](const v1::Clue& clue) {
    const bool state = request.state() == v1::CLUE_STATE_UNSPECIFIED
                           ? clue.state() != v1::CLUE_STATE_WITHDRAWN
                           : clue.state() == request.state();
    return state && (request.rule().empty() || clue.rule() == request.rule());
  });
  std::sort(clues.begin(), clues.end(), ComesBefore);
  v1::ListCluesResponse response;
  response.set_total_size(static_cast<int64_t>(clues.size()));
  for (const v1::Clue& clue : clues)
    response.set_total_amount_fen(response.total_amount_fen() + clue.amount_fen());
  const size_t end = std::min(clues.size(), begin + size);
  for (size_t i = begin; i < end; ++i) *response.add_clues() = std::move(clues[i]);
  if (end < clues.size())
    response.set_next_page_token(
        context.keys.SealToken(std::to_string(end), TokenContextOf(caller, request)));
  ASSIGN_OR_RETURN(const auto pin, context.policy.Acquire(request.context().min_epoch()));
  auto entry =
      EntryOf(caller, hangou::audit::v1::ACTION_CLUE, request.rule().empty() ? "clues" : request.rule());
  entry.set_purpose(request.context().purpose().substr(0, limits::kContextText));
  entry.set_case_number(request.context().case_number().substr(0, limits::kContextText));
  entry.set_epoch(pin.snapshot().epoch());
  entry.set_records(static_cast<uint64_t>(response.clues_size()));
  RETURN_IF_ERROR(context.audit.AppendAndWait(std::move(entry)));
  RETURN_IF_ERROR(pin.Confirm());
  return response;
}

}  // namespace hangou

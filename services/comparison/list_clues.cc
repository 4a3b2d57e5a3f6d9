// ListClues: what a department's rules have found.
#include <algorithm>
#include <map>

#include "absl/strings/numbers.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/identifiers/identifiers.h"
#include "libs/policy/record_presenter.h"
#include "services/comparison/comparison.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// Clues of a page: an entry of the audit names at most so many entities.
constexpr int kPageClues = 256;
// Times that a page is decided again because the policy moved on just then.
constexpr int kDecidePageTimes = 5;

std::string TokenContextOf(const Caller& caller, const v1::ListCluesRequest& request) {
  return "comparison.ListClues|" + caller.spiffe_id + "|" + request.rule() + "|" +
         std::to_string(request.state());
}

// Largest first; those of one amount by their names.
bool ComesBefore(const v1::Clue& a, const v1::Clue& b) {
  return a.amount_fen() != b.amount_fen() ? a.amount_fen() > b.amount_fen() : a.name() < b.name();
}

// The entity that a clue is about, as the audit names it; empty where the subject is neither person nor organisation.
std::string AuditedSubject(const ComparisonContext& context, const std::string& subject) {
  const int32_t today = DayInChina(context.clock.UtcUs());
  const auto hash_as = [&](IdentifierType type, EntityKind kind) -> std::string {
    const auto verdict = CheckIdentifier(type, subject, today);
    return verdict.ok() ? AuditHash(context.keys, kind, CanonicalKey(kind, verdict.normalized)) : "";
  };
  std::string hash = hash_as(IdentifierType::kCitizenId, EntityKind::kPerson);
  return hash.empty() ? hash_as(IdentifierType::kUscc, EntityKind::kOrganisation) : hash;
}

// A clue is made of what its rule reads: where that may not be had any more, only its amount and state are given.
void Withhold(const absl::Status& why, v1::Clue* clue) {
  clue->set_withheld(std::string(Message(why)));
  clue->clear_subject();
  clue->clear_key();
  clue->clear_figures();
}

// Decides a page under the newest policy, and makes its entry durable. `again`: the policy moved on meanwhile.
absl::Status DecidePage(const ComparisonContext& context, const Caller& caller,
                        const v1::ListCluesRequest& request, v1::ListCluesResponse* response, bool* again) {
  *again = false;
  ASSIGN_OR_RETURN(const auto pin, context.policy.Acquire(request.context().min_epoch()));
  auto entry =
      EntryOf(caller, hangou::audit::v1::ACTION_CLUE, request.rule().empty() ? "clues" : request.rule());
  std::map<std::string, absl::Status> rights;  // by rule
  for (v1::Clue& clue : *response->mutable_clues()) {
    const auto [known, is_new] = rights.try_emplace(clue.rule());
    if (is_new) {
      const auto ready = CompileStored(context, pin.snapshot(), caller.department, clue.rule());
      known->second = ready.ok() ? CheckRuleRights(*ready->compiled, pin.snapshot(), caller.department,
                                                   context.clock.UtcUs())
                                 : ready.status();
    }
    if (!known->second.ok()) Withhold(known->second, &clue);
    if (std::string hash = AuditedSubject(context, clue.subject()); !hash.empty())
      entry.add_entity_hashes(std::move(hash));
  }
  entry.set_purpose(request.context().purpose().substr(0, limits::kContextText));
  entry.set_case_number(request.context().case_number().substr(0, limits::kContextText));
  entry.set_epoch(pin.snapshot().epoch());
  entry.set_records(static_cast<uint64_t>(response->clues_size()));
  RETURN_IF_ERROR(context.audit.AppendAndWait(std::move(entry)));
  const absl::Status confirmed = pin.Confirm();
  *again = ReasonOf(confirmed) == Reason::kEpochNotReached;
  return confirmed;
}

}  // namespace

absl::StatusOr<v1::ListCluesResponse> ListClues(const ComparisonContext& context, const Caller& caller,
                                                const v1::ListCluesRequest& request) {
  if (request.page_size() < 0)
    return MakeError(Reason::kInvalidRequest, "page_size is negative", "page_size");
  const auto size = static_cast<size_t>(
      std::min(request.page_size() == 0 ? limits::kPageDefault : request.page_size(), kPageClues));
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
  bool again = false;
  absl::Status decided;
  for (int i = 0; i < kDecidePageTimes && (i == 0 || again); ++i)
    decided = DecidePage(context, caller, request, &response, &again);
  RETURN_IF_ERROR(decided);
  return response;
}

}  // namespace hangou

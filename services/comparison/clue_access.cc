#include "services/comparison/clue_access.h"

#include <algorithm>
#include <map>

#include "absl/strings/numbers.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/identifiers/identifiers.h"
#include "libs/policy/record_presenter.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// Times that a page is decided again because the policy moved on just then.
constexpr int kDecidePageTimes = 5;

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

void Withhold(const absl::Status& why, v1::Clue* clue) {
  clue->set_withheld(std::string(Message(why)));
  clue->clear_subject();
  clue->clear_key();
  clue->clear_figures();
  clue->clear_tax_object();
  clue->clear_history();
}

// Evidence has the fields of the rule's version then.
absl::Status CheckEvidence(const ComparisonContext& context, const PolicySnapshot& snapshot,
                           const std::string& department, const std::string& purpose,
                           const v1::ClueEvidence& evidence) {
  for (const v1::EvidenceSide& side : evidence.sides()) {
    const std::vector<std::string> fields(side.fields().begin(), side.fields().end());
    RETURN_IF_ERROR(
        DecideProjection(snapshot, department, purpose, side.resource(), fields, context.clock.UtcUs())
            .status);
  }
  return absl::OkStatus();
}

absl::Status DecideOnce(const ComparisonContext& context, const Caller& caller,
                        const hangou::record::v1::AccessContext& access, const std::string& what,
                        const std::vector<v1::Clue*>& clues, v1::ClueEvidence* evidence, bool* again) {
  *again = false;
  ASSIGN_OR_RETURN(const auto pin, context.policy.Acquire(access.min_epoch()));
  auto entry = EntryOf(caller, hangou::audit::v1::ACTION_CLUE, what);
  std::map<std::string, absl::Status> rights;  // by rule
  for (v1::Clue* const clue : clues) {
    const auto [known, is_new] = rights.try_emplace(clue->rule());
    if (is_new) {
      const auto ready = CompileStored(context, pin.snapshot(), caller.department, clue->rule());
      known->second = ready.ok() ? CheckRuleRights(*ready->compiled, pin.snapshot(), caller.department,
                                                   context.clock.UtcUs())
                                 : ready.status();
      if (known->second.ok() && evidence != nullptr)
        known->second = CheckEvidence(context, pin.snapshot(), caller.department,
                                      ready->stored.rule().purpose(), *evidence);
    }
    if (!known->second.ok()) {
      Withhold(known->second, clue);
      if (evidence != nullptr) evidence->Clear();
    }
    if (std::string hash = AuditedSubject(context, clue->subject()); !hash.empty())
      entry.add_entity_hashes(std::move(hash));
  }
  entry.set_purpose(access.purpose().substr(0, limits::kContextText));
  entry.set_case_number(access.case_number().substr(0, limits::kContextText));
  entry.set_epoch(pin.snapshot().epoch());
  entry.set_records(clues.size());
  RETURN_IF_ERROR(context.audit.AppendAndWait(std::move(entry)));
  const absl::Status confirmed = pin.Confirm();
  *again = ReasonOf(confirmed) == Reason::kEpochNotReached;
  return confirmed;
}

}  // namespace

absl::Status DecideClues(const ComparisonContext& context, const Caller& caller,
                         const hangou::record::v1::AccessContext& access, const std::string& what,
                         const std::vector<v1::Clue*>& clues, v1::ClueEvidence* evidence) {
  bool again = false;
  absl::Status decided;
  for (int i = 0; i < kDecidePageTimes && (i == 0 || again); ++i)
    decided = DecideOnce(context, caller, access, what, clues, evidence, &again);
  return decided;
}

absl::Status RecordClueWork(const ComparisonContext& context, const Caller& caller,
                            const hangou::record::v1::AccessContext& access, const std::string& what,
                            uint64_t records, const std::string& note) {
  ASSIGN_OR_RETURN(const auto pin, context.policy.Acquire(access.min_epoch()));
  auto entry = EntryOf(caller, hangou::audit::v1::ACTION_CLUE, what);
  entry.set_purpose(access.purpose().substr(0, limits::kContextText));
  entry.set_case_number(access.case_number().substr(0, limits::kContextText));
  entry.set_epoch(pin.snapshot().epoch());
  entry.set_records(records);
  entry.set_note(note);
  return context.audit.AppendAndWait(std::move(entry));
}

bool IsWanted(const v1::ClueFilter& filter, const v1::Clue& clue) {
  return (filter.rule().empty() || clue.rule() == filter.rule()) &&
         (filter.office().empty() || clue.office() == filter.office()) &&
         clue.division().compare(0, filter.division().size(), filter.division()) == 0 &&
         (filter.minimum_amount_fen() == 0 || clue.amount_fen() >= filter.minimum_amount_fen());
}

bool ComesBefore(const StoredClue& a, const StoredClue& b) {
  return a->amount_fen() != b->amount_fen() ? a->amount_fen() > b->amount_fen() : a->name() < b->name();
}

absl::StatusOr<PlaceInList> PlaceOfPage(const KeyRing& keys, const std::string& token,
                                        const std::string& token_context, int32_t page_size, size_t all) {
  if (page_size < 0) return MakeError(Reason::kInvalidRequest, "page_size is negative", "page_size");
  const int size = std::min(page_size == 0 ? limits::kPageDefault : page_size, kPageClues);
  PlaceInList place;
  if (!token.empty()) {
    ASSIGN_OR_RETURN(const std::string begin, keys.OpenToken(token, token_context));
    if (!absl::SimpleAtoi(begin, &place.begin))
      return MakeError(Reason::kTokenInvalid, "the page token is not good");
  }
  place.begin = std::min(place.begin, all);
  place.end = std::min(all, place.begin + static_cast<size_t>(size));
  return place;
}

std::string TokenBehind(const KeyRing& keys, const PlaceInList& place, const std::string& token_context,
                        size_t all) {
  return place.end < all ? keys.SealToken(std::to_string(place.end), token_context) : "";
}

}  // namespace hangou

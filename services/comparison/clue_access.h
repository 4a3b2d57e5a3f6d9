// Who may see what of clues: every reply with clues is decided under the newest policy, and stands in the audit.
#pragma once

#include <string>
#include <vector>

#include "services/comparison/comparison.h"

namespace hangou {

// Clues of a reply: an entry of the audit names at most so many entities.
constexpr int kPageClues = 256;

// Decides clues, and makes their entry durable; `what` is its subject. A clue is made of what its rule reads: where the
// department may not have that any more, only amount and state stay, and `withheld` says why. So it is with `evidence`,
// which is of the one clue there is, or null. A reason of the policy, AUDIT_UNAVAILABLE.
absl::Status DecideClues(const ComparisonContext& context, const Caller& caller,
                         const hangou::record::v1::AccessContext& access, const std::string& what,
                         const std::vector<hangou::comparison::v1::Clue*>& clues,
                         hangou::comparison::v1::ClueEvidence* evidence = nullptr);

// Makes an entry without clues durable: of what only counts, or changes them. `note` says how many.
absl::Status RecordClueWork(const ComparisonContext& context, const Caller& caller,
                            const hangou::record::v1::AccessContext& access, const std::string& what,
                            uint64_t records, const std::string& note);

// True where a filter wants a clue.
bool IsWanted(const hangou::comparison::v1::ClueFilter& filter, const hangou::comparison::v1::Clue& clue);
// Largest first; those of one amount by their names.
bool ComesBefore(const StoredClue& a, const StoredClue& b);
// Where a page begins and ends. TOKEN_INVALID, INVALID_REQUEST.
struct PlaceInList {
  size_t begin = 0;
  size_t end = 0;
};
absl::StatusOr<PlaceInList> PlaceOfPage(const KeyRing& keys, const std::string& token,
                                        const std::string& token_context, int32_t page_size, size_t all);
// The token of the page behind, empty at the end.
std::string TokenBehind(const KeyRing& keys, const PlaceInList& place, const std::string& token_context,
                        size_t all);

}  // namespace hangou

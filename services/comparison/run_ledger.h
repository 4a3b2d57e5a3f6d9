// What the findings of a whole run do to the clues of its rule and period.
#pragma once

#include <functional>
#include <vector>

#include "services/comparison/book.h"
#include "services/comparison/clue_ledger.h"
#include "services/comparison/clue_maker.h"

namespace hangou {

// Which clues a run was about.
using CoversClue = std::function<bool(const hangou::comparison::v1::Clue&)>;

// Compares the findings of a run with the clues of its rule and period in the book, inside ComparisonBook::Change:
// clues that change, with their evidence, and what the run found become events; `run` gets the counts. `findings` are
// used up. With `covers`, the run was about those clues only, and what it found is not kept as a whole.
void MergeFindings(const ComparisonBook& book, const LedgerMoment& moment, const CoversClue& covers,
                   std::vector<KeptFinding>* findings, hangou::comparison::v1::Run* run,
                   std::vector<hangou::comparison::v1::ComparisonEvent>* events);

}  // namespace hangou

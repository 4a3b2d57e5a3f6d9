#include "services/comparison/run_ledger.h"

#include <algorithm>
#include <map>

#include "libs/base/keys.h"
#include "libs/base/text.h"
#include "services/comparison/money_once.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// Findings of one event: some ten kilobytes.
constexpr size_t kPartFindings = 4'000;

void CountChange(ClueChange change, v1::Run* run) {
  switch (change) {
    case ClueChange::kNew:
      return run->set_new_clues(run->new_clues() + 1);
    case ClueChange::kChanged:
      return run->set_changed_clues(run->changed_clues() + 1);
    case ClueChange::kReopened:
      return run->set_reopened_clues(run->reopened_clues() + 1);
    case ClueChange::kWithdrawn:
      return run->set_withdrawn_clues(run->withdrawn_clues() + 1);
    case ClueChange::kQuiet:
      return run->set_quiet_clues(run->quiet_clues() + 1);
    case ClueChange::kNoted:
    case ClueChange::kNone:
      return;
  }
}

// At least one part: a run that found nothing is one to compare with.
void AddFindings(const v1::Run& run, std::vector<std::pair<uint64_t, int64_t>> found,
                 std::vector<v1::ComparisonEvent>* events) {
  std::sort(found.begin(), found.end());
  size_t next = 0;
  for (uint32_t part = 0; part == 0 || next < found.size(); ++part) {
    auto* const findings = events->emplace_back().mutable_findings();
    findings->set_run(run.name());
    findings->set_rule(run.rule());
    findings->set_period(run.period());
    findings->set_part(part);
    for (const size_t end = std::min(found.size(), next + kPartFindings); next < end; ++next) {
      findings->add_clues(found[next].first);
      findings->add_amounts(found[next].second);
    }
  }
}

}  // namespace

void MergeFindings(const ComparisonBook& book, const LedgerMoment& moment, const CoversClue& covers,
                   std::vector<KeptFinding>* findings, v1::Run* run,
                   std::vector<v1::ComparisonEvent>* events) {
  std::map<std::string, StoredClue> before;
  const auto mine = [&](const v1::Clue& clue) {
    return clue.rule() == run->rule() && clue.period() == run->period() && (!covers || covers(clue));
  };
  for (StoredClue& clue : book.Clues(run->department(), mine)) {
    std::string identity = IdentityOf(*clue);
    if (!identity.empty()) before[std::move(identity)] = std::move(clue);
  }
  std::vector<std::pair<uint64_t, int64_t>> found;
  MoneyOnce money;
  for (KeptFinding& finding : *findings) {
    const auto known = before.find(finding.identity);
    const StoredClue stored = known == before.end() ? nullptr : known->second;
    money.Add(finding.clue, finding.clue.amount_fen());
    finding.clue.set_name(stored ? stored->name() : ClueName(ReadBigEndian(RandomBytes(8))));
    found.emplace_back(ClueNumber(finding.clue.name()), finding.clue.amount_fen());
    const ClueChange change = FollowFinding(stored.get(), moment, &finding.clue);
    CountChange(change, run);
    if (finding.evidence && change != ClueChange::kQuiet && change != ClueChange::kNoted) {
      finding.evidence->set_clue(finding.clue.name());
      finding.evidence->set_run(run->name());
      *events->emplace_back().mutable_evidence() = *std::move(finding.evidence);
    }
    if (change != ClueChange::kNone && change != ClueChange::kQuiet)
      *events->emplace_back().mutable_clue() = std::move(finding.clue);
    if (stored) before.erase(known);
  }
  for (const auto& [identity, stored] : before) {
    v1::Clue clue = *stored;
    const ClueChange change = FollowAbsence(moment, &clue);
    CountChange(change, run);
    if (change != ClueChange::kNone) *events->emplace_back().mutable_clue() = std::move(clue);
  }
  run->set_amount_once_fen(money.once_fen());
  if (!covers) AddFindings(*run, std::move(found), events);
  findings->clear();
}

}  // namespace hangou

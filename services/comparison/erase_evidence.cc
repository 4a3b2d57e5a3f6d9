#include "services/comparison/erase_evidence.h"

#include "libs/base/status.h"
#include "services/comparison/clue_ledger.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

constexpr int64_t kEraseMs = 30'000;

bool HasRow(const v1::ClueEvidence& evidence, const std::string& resource, uint64_t record) {
  for (const v1::EvidenceSide& side : evidence.sides()) {
    if (side.resource() != resource) continue;
    for (const v1::EvidenceRow& row : side.rows()) {
      if (row.record() == record) return true;
    }
  }
  return false;
}

// What is left of a clue: that there was one, its amount, and what came of it, without notes.
void ForgetSubject(v1::Clue* clue) {
  clue->clear_subject();
  clue->clear_key();
  clue->clear_figures();
  clue->clear_tax_object();
  for (v1::ClueStep& step : *clue->mutable_history()) step.clear_note();
  clue->set_withheld("a record that it was made of was erased");
  if (!IsAnswered(clue->state())) clue->set_state(v1::CLUE_STATE_WITHDRAWN);
}

}  // namespace

absl::Status EraseEvidence(const Clock& clock, ComparisonBook& book, const std::string& department,
                           const std::string& resource, uint64_t record) {
  return book.Change(kEraseMs, [&](std::vector<v1::ComparisonEvent>* events) -> absl::Status {
    for (const std::string& name : book.CluesOfRecord(department, resource, record)) {
      const StoredClue stored = book.FindClue(department, name);
      ASSIGN_OR_RETURN(const auto evidence, book.Evidence(department, name));
      // Newer evidence of the clue may do without the record.
      if (!stored || !evidence || !HasRow(*evidence, resource, record)) continue;
      events->emplace_back().mutable_evidence()->set_clue(name);
      v1::Clue& clue = *events->emplace_back().mutable_clue();
      clue = *stored;
      ForgetSubject(&clue);
    }
    for (v1::ComparisonEvent& event : *events) {
      event.set_department(department);
      event.set_time_us(clock.UtcUs());
    }
    return absl::OkStatus();
  });
}

}  // namespace hangou

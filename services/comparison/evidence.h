// What a finding rests on, gathered at the end of a run: rows as they are then, and formulas with the numbers put in.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "libs/columnar/projection.h"
#include "services/comparison/clue_maker.h"
#include "services/comparison/fed_projection.h"

namespace hangou {

// Findings of one run of which evidence is kept, at some kilobytes each; the next run keeps that of the others.
constexpr size_t kRunEvidence = 20'000;
// Rows of one resource: what a person looks through.
constexpr size_t kEvidenceRows = 50;

// What a run has read. The references outlive the gathering.
struct EvidenceSource {
  const CompiledRule& rule;
  const hangou::comparison::v1::Run& run;
  const RunTerms& terms;
  const std::vector<ProjectionName>& names;  // in the order of sides and resources, as are the views
  const std::vector<Projection::View>& views;
};

// Gathers the evidence of findings of one partition, which have frames, and lets the frames go. DATA_LOSS.
absl::Status GatherEvidence(const EvidenceSource& source, int partition, std::vector<KeptFinding*> findings);

}  // namespace hangou

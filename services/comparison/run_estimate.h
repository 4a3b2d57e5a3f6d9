// What a run is expected to need, told before it is run.
#pragma once

#include <cstdint>

#include "hangou/comparison/v1/comparison.pb.h"
#include "services/comparison/book.h"

namespace hangou {

// Runs of other rules say something about speed from so many rows on: below, it is the fixed cost of a run that shows.
constexpr int64_t kTellingRows = 100'000;
// Rows a second where no run has told yet: a third of what the twelve rules of the pack take on two cores
// (tests/benchmarks/run.sh compare, compare.pack), because a rule may be slower than they are and a disk cold.
constexpr int64_t kCautiousRowsPerSecond = 4'000'000;
// What a run takes whatever it reads: deciding, recording and keeping are a few waits for a disk.
constexpr int64_t kFixedRunUs = 20'000;

// How many threads a run of so many partitions has.
unsigned ThreadsOfRun(int partitions);
// The estimate for a run that reads `read_rows` rows of the sources of `plan`. `of_rule` and `of_all` are speeds of
// former runs (ComparisonBook); the first that has rows counts.
hangou::comparison::v1::RunEstimate EstimateRun(const hangou::comparison::v1::ExplainRuleResponse& plan,
                                                int64_t read_rows, unsigned threads,
                                                const ComparisonBook::ReadSpeed& of_rule,
                                                const ComparisonBook::ReadSpeed& of_all);

}  // namespace hangou

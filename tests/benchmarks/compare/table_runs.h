// Two tables of the same rows for a rule and for a peer: sums of two sides by entity, and documents of one side that
// are not on the other. Both sides have the same rows per entity; amounts and gaps follow from the row's number, so
// that the peer makes the same rows in SQL.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/columnar/segment.h"
#include "libs/comparison/rule.h"

namespace hangou {

constexpr int64_t kRowsPerEntity = 10;
constexpr int kPartitionsOfTables = 8;
constexpr unsigned kRunThreads = 2;

constexpr char kSumRule[] = "sum";
constexpr char kAntiRule[] = "anti";

// What came of a run, to be the same as the peer's.
struct TableAnswer {
  double seconds = 0;
  int64_t keys = 0;
  int64_t amount = 0;
  double peak_mib = 0;  // resident memory of the process meanwhile, the peer's tables in memory included
};

using Segments = std::vector<std::shared_ptr<const Segment>>;

// The key of an entity as projections have it: nine characters, as organisation codes have.
std::string EntityText(int64_t entity);
// The amount of a row on the left or the right, in fen; the right lacks some rows, and has some other amounts.
bool IsOnTheRight(int64_t row);
int64_t AmountOnSide(int64_t row, bool right);

// The rule "sum" or "anti" over both sides.
std::shared_ptr<const CompiledRule> RuleOfTables(const std::string& kind);
// Writes a side: all rows in one segment, or spread over `live` of them.
absl::StatusOr<Segments> WriteSide(const std::string& folder, bool right, bool anti, int64_t rows, int live);
// Runs the rule with kRunThreads threads.
absl::StatusOr<TableAnswer> RunTables(const CompiledRule& rule, const Segments& left, const Segments& right);

// Forgets the highest resident memory of this process, and tells it since, in MiB.
void ForgetPeakMemory();
double PeakMemoryMib();

}  // namespace hangou

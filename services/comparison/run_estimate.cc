#include "services/comparison/run_estimate.h"

#include <algorithm>
#include <thread>

#include "libs/columnar/encoding.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// Bytes of a value of a block in memory at most: a number of 128 bits, or a view of a text with its bytes.
constexpr int64_t kCellBytes = 32;
// Values that a row of a block has besides its fields: its key and its id.
constexpr int64_t kKeyCells = 2;

int64_t PerSecond(const ComparisonBook::ReadSpeed& speed) {
  return static_cast<int64_t>(static_cast<double>(speed.rows) * 1e6 /
                              static_cast<double>(std::max<int64_t>(1, speed.us)));
}

}  // namespace

unsigned ThreadsOfRun(int partitions) {
  return std::min(std::max(1u, std::thread::hardware_concurrency()), static_cast<unsigned>(partitions));
}

v1::RunEstimate EstimateRun(const v1::ExplainRuleResponse& plan, int64_t read_rows, unsigned threads,
                            const ComparisonBook::ReadSpeed& of_rule,
                            const ComparisonBook::ReadSpeed& of_all) {
  v1::RunEstimate estimate;
  estimate.set_read_rows(read_rows);
  if (of_rule.rows > 0) {
    estimate.set_basis(v1::SPEED_BASIS_RULE);
    estimate.set_rows_per_s(PerSecond(of_rule));
  } else if (of_all.rows > 0) {
    estimate.set_basis(v1::SPEED_BASIS_INSTALLATION);
    estimate.set_rows_per_s(PerSecond(of_all));
  } else {
    estimate.set_basis(v1::SPEED_BASIS_PRODUCT);
    estimate.set_rows_per_s(kCautiousRowsPerSecond);
  }
  const double seconds =
      static_cast<double>(read_rows) / static_cast<double>(std::max<int64_t>(1, estimate.rows_per_s()));
  estimate.set_took_us(kFixedRunUs + static_cast<int64_t>(seconds * 1e6));
  for (const v1::SourcePlan& source : plan.sources()) {
    estimate.set_memory_bytes(estimate.memory_bytes() + source.segments() *
                                                            (source.fields_size() + kKeyCells) * kBlockRows *
                                                            kCellBytes * threads);
    estimate.set_waits_for_rows(estimate.waits_for_rows() || source.still_read());
  }
  return estimate;
}

}  // namespace hangou

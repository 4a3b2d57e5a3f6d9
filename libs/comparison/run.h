// Runs a rule over the rows of one partition: a merge of its sides by key.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/columnar/merge.h"
#include "libs/comparison/rule.h"

namespace hangou {

// The rows of one resource of a side.
struct SideInput {
  size_t side = 0;
  std::unique_ptr<MergedRows> rows;
  // For each column of the side (CompiledSide::columns): its index in the projection; -1: it is withheld.
  std::vector<int> columns;
};

// What a run is for.
struct RunTerms {
  int32_t as_of_day = 0;
  int64_t period = 0;  // where the rule has one: years, quarters or months, as values count them
  // Cut-offs by peer group, where the rule has peers; a group that is not there has none.
  std::map<std::string, Wide, std::less<>> cut_offs;
};

// What cannot be said of some keys, and why.
struct RunProblem {
  std::string place;  // the formula: line and column
  Fault fault = Fault::kNone;

  auto operator<=>(const RunProblem&) const = default;
};

// What a run saw. Sums over partitions are sums of these.
struct RunCounts {
  std::vector<int64_t> rows;  // that counted, per side
  int64_t keys = 0;
  int64_t findings = 0;
  int64_t not_due = 0;
  int64_t undetermined = 0;  // something that is needed is missing
  int64_t withheld = 0;      // something that is needed may not be seen
  std::map<RunProblem, int64_t> problems;

  void Add(const RunCounts& other);
};

// A key for which the rule holds. The views live during the call.
struct Finding {
  std::string_view key;
  std::string_view subject;
  std::optional<int64_t> amount_fen;
  const Value* slots = nullptr;  // of the rule's frame
};

// How a run is followed and ended. Thread-safe.
struct RunControl {
  std::atomic<bool> cancelled = false;
  std::atomic<int64_t> keys = 0;  // compared so far
};

// What is done with each finding; an error ends the run.
using TakeFinding = std::function<absl::Status(const Finding& finding)>;
// What is done with each peer: its group and value.
using TakePeer = std::function<void(std::string_view group, Wide value)>;

// Runs the rule over one partition. CANCELLED, DATA_LOSS, or what `take` answers. Memory: a block per source.
absl::StatusOr<RunCounts> RunRule(const CompiledRule& rule, std::vector<SideInput> inputs,
                                  const RunTerms& terms, RunControl* control, const TakeFinding& take);
// The first pass of a rule with peers: tells each key that has a group and a value.
absl::Status GatherPeers(const CompiledRule& rule, std::vector<SideInput> inputs, const RunTerms& terms,
                         RunControl* control, const TakePeer& take);
// The value below which `percentile` percent of `values` lie (the nearest rank: the least value such that so many are
// not above it). `values` is put in order.
Wide PercentileOf(std::vector<Wide>* values, uint32_t percentile);

}  // namespace hangou

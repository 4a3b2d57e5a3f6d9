// How closely two records agree: a pattern with an outcome per comparison.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "libs/linkage/linkage_rows.h"

namespace hangou {

// Outcomes of all comparisons of a pair, four bits each, the first one lowest.
using AgreementPattern = uint64_t;
constexpr int kOutcomeBits = 4;

// The outcome of a comparison in a pattern.
inline size_t OutcomeOf(AgreementPattern pattern, size_t comparison) {
  return static_cast<size_t>(pattern >> (comparison * kOutcomeBits)) & ((1 << kOutcomeBits) - 1);
}

// Compares pairs, and remembers some of the texts that it has compared. Not thread-safe: each thread has one. `rule`
// and `rows` outlive it.
class PairComparer {
 public:
  PairComparer(const CompiledLinkage& rule, const LinkageRows& rows);
  // The same for (a, b) and (b, a).
  AgreementPattern Compare(uint32_t a, uint32_t b);

 private:
  // What came of a test of two texts. Slots are overwritten.
  struct Remembered {
    uint64_t values = 0;
    bool holds = false;
  };
  static constexpr size_t kSlots = 1 << 13;

  size_t OutcomeOfComparison(size_t comparison, uint32_t a, uint32_t b);
  bool Holds(const CompiledLevel& level, size_t memory, uint32_t a, uint32_t b);
  bool HoldsForTexts(const CompiledLevel& level, size_t memory, uint32_t value_a, uint32_t value_b);

  const CompiledLinkage& rule_;
  const LinkageRows& rows_;
  std::vector<std::vector<Remembered>>
      memories_;  // per level of each comparison; empty where a test costs nothing
};

}  // namespace hangou

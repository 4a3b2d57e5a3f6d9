// The probabilistic model of a linkage (Fellegi and Sunter, 1969): how often matches and strangers agree, by outcome of
// each comparison, and what a pattern of agreement therefore weighs.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "libs/linkage/comparer.h"

namespace hangou {

// Pairs by pattern and by the rules of blocking that have them (bits).
using PatternCounts = std::map<std::pair<AgreementPattern, uint32_t>, uint64_t>;

// What is known of one comparison. Indexes are outcomes; that of a missing value is not used.
struct ComparisonModel {
  std::vector<double> m;        // share of the outcome among matches
  std::vector<double> u;        // among strangers
  std::vector<double> weights;  // log2(m / u)
};

// The model. A value type.
class LinkModel {
 public:
  // Learns. `random` counts patterns of pairs drawn from all there are, `blocked` those of blocked pairs, each of which
  // stands for `scale` of them; `all_pairs` is how many pairs there are, blocked or not. u comes from the random pairs;
  // m from expectation maximisation over the pairs of each rule of blocking, without the comparisons that the rule
  // looks at itself, so that what makes a block does not count as agreement.
  static LinkModel Learn(const CompiledLinkage& rule, const PatternCounts& random,
                         const PatternCounts& blocked, double scale, double all_pairs);

  const std::vector<ComparisonModel>& comparisons() const { return comparisons_; }
  // Probability that two records drawn from everything are a match.
  double prior() const { return prior_; }
  // Sum of the weights of the outcomes, without the prior.
  double WeightOf(AgreementPattern pattern) const;
  // Probability of a match for such a weight.
  double ProbabilityOf(double weight) const;

 private:
  explicit LinkModel(const CompiledLinkage& rule) : rule_(&rule) {}
  void SetU(const PatternCounts& random);
  void LearnM(const PatternCounts& blocked);
  void LearnPrior(const PatternCounts& blocked, double scale, double all_pairs);
  void SetWeights();

  const CompiledLinkage* rule_;
  std::vector<ComparisonModel> comparisons_;
  double prior_ = 0;
};

}  // namespace hangou

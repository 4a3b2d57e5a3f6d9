// Rules of linkage: from YAML, checked, and with names resolved.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/linkage/v1/linkage.pb.h"

namespace hangou {

// Fields, comparisons, levels of one and rules of blocking: a pattern of agreement has four bits per comparison, and a
// pair a bit per rule of blocking.
constexpr int kLinkageFields = 64;
constexpr int kLinkageComparisons = 16;
constexpr int kLinkageLevels = 8;
constexpr int kBlockingRules = 16;
// Pairs that are compared where the rule does not say: some minutes on two cores.
constexpr uint64_t kDefaultPairBudget = 100'000'000;
constexpr uint32_t kDefaultLinkPercent = 95;
constexpr uint32_t kDefaultReviewPercent = 50;

// A level, with its fields as indexes.
struct CompiledLevel {
  hangou::linkage::v1::LevelTest test = hangou::linkage::v1::LEVEL_TEST_UNSPECIFIED;
  size_t field = 0;
  size_t with = 0;
  double at_least = 0;  // 0 to 1
  size_t at_most = 0;
  std::string label;
};

// A comparison. Its outcomes are 0 (missing), 1 to levels.size() (the level that holds) and levels.size() + 1
// (different).
struct CompiledComparison {
  size_t field = 0;
  std::string name;
  std::vector<CompiledLevel> levels;
  bool rare_counts_more = false;

  size_t different() const { return levels.size() + 1; }
  // "same", "similar", ..., "different", "missing".
  std::string OutcomeName(size_t outcome) const;
};

// A rule of blocking.
struct CompiledBlocking {
  std::string name;
  std::vector<size_t> fields;
};

// A rule, checked. Immutable.
struct CompiledLinkage {
  hangou::linkage::v1::LinkageRule rule;
  std::vector<CompiledComparison> comparisons;
  std::vector<CompiledBlocking> blocking;
  std::vector<size_t> identifiers;   // fields
  std::vector<size_t> needs_one_of;  // comparisons
  uint64_t pair_budget = kDefaultPairBudget;
  double link_probability = 0;
  double review_probability = 0;

  bool one_table() const { return rule.mode() == hangou::linkage::v1::LINKAGE_MODE_DUPLICATES; }
  bool one_to_one() const { return rule.mode() == hangou::linkage::v1::LINKAGE_MODE_ONE_TO_ONE; }
  // True where the comparison looks at a column that the rule of blocking looks at as well.
  bool Overlap(size_t comparison, size_t blocking_rule) const;
  // The column of a field in the right table.
  const std::string& RightColumn(size_t field) const;
};

// Reads the rule of a YAML file. INVALID_OBJECT with file and line where something is wrong, or not one rule is there.
absl::StatusOr<hangou::linkage::v1::LinkageRule> LoadLinkageRule(const std::string& path);

// Checks a rule. INVALID_OBJECT, naming what is wrong and what to do.
absl::StatusOr<CompiledLinkage> CompileLinkage(const hangou::linkage::v1::LinkageRule& rule);

}  // namespace hangou

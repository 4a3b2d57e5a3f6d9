// Which records are compared at all: the blocks of a rule, counted before anything is compared.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "libs/linkage/linkage_rows.h"

namespace hangou {

// Largest blocks that a plan names, by their sizes.
constexpr size_t kToldBlocks = 5;

// A block by its size; never by what stands in it.
struct BlockSize {
  uint32_t left = 0;
  uint32_t right = 0;  // of one table: 0
  uint64_t pairs = 0;
};

// What a rule of blocking would have compared.
struct BlockingCount {
  std::string name;
  uint64_t blocks = 0;           // with a pair, those left out included
  uint64_t pairs = 0;            // those left out included
  uint64_t records_without = 0;  // that lack a field of the rule
  std::vector<BlockSize> largest;
  uint64_t dropped_blocks = 0;
  uint64_t dropped_pairs = 0;
};

// What a linkage would compare. A pair that is in blocks of two rules is compared once and counted twice, so that the
// sum is an upper bound.
struct BlockingPlan {
  std::vector<BlockingCount> rules;
  uint64_t budget = 0;
  uint64_t pairs = 0;          // what would be compared
  uint64_t dropped_pairs = 0;  // what is left out to stay within the budget

  bool fits() const { return pairs <= budget; }
};

// A piece of work: some blocks of a rule, or some records of a large one.
struct PairUnit {
  uint32_t rule = 0;
  uint32_t first_block = 0;
  uint32_t last_block = 0;    // behind the last
  uint32_t first_record = 0;  // within the block, where it is a single one
  uint32_t last_record = 0;
  uint64_t pairs = 0;
};

// The blocks of all rules. Immutable; thread-safe. Holds 12 bytes per record and rule.
class Blocks {
 public:
  // Sorts the records into blocks, and leaves out the largest where the rule asks for it. `rule` and `rows` outlive it.
  Blocks(const CompiledLinkage& rule, const LinkageRows& rows);

  const BlockingPlan& plan() const { return plan_; }
  // OK where the plan is within the budget; INVALID_REQUEST saying what to do where it is not.
  absl::Status CheckBudget() const;
  // All pieces of work, in an order that does not matter for results.
  std::vector<PairUnit> Units() const;
  // Takes every pair of a piece that no earlier rule has (the lower record first), with the rules that have it as bits.
  void Visit(const PairUnit& unit, const std::function<void(uint32_t, uint32_t, uint32_t)>& take) const;

 private:
  struct Block {
    uint64_t begin = 0;  // into records
    uint32_t left = 0;   // records of the left table, which come first
    uint32_t right = 0;
    uint64_t pairs = 0;
  };
  struct RuleBlocks {
    std::vector<uint64_t> keys;     // of each record; 0: in no block
    std::vector<uint32_t> records;  // by key
    std::vector<Block> blocks;
    std::unordered_set<uint64_t> dropped;  // keys
  };

  void FillKeys(const CompiledBlocking& blocking, RuleBlocks* rule) const;
  void FillBlocks(RuleBlocks* rule) const;
  void Count(const std::string& name, const RuleBlocks& rule);
  void DropLargest();
  void DropAbove(uint64_t most_pairs);
  bool Share(const RuleBlocks& rule, uint32_t a, uint32_t b) const {
    return rule.keys[a] != 0 && rule.keys[a] == rule.keys[b] && !rule.dropped.contains(rule.keys[a]);
  }

  const CompiledLinkage& rule_;
  const LinkageRows& rows_;
  std::vector<RuleBlocks> rules_;
  BlockingPlan plan_;
};

}  // namespace hangou

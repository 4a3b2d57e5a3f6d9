#include "libs/linkage/blocking.h"

#include <algorithm>

#include "libs/base/status.h"

namespace hangou {
namespace {

// Pairs of a piece of work: enough that taking it costs nothing, few enough that all threads end together.
constexpr uint64_t kUnitPairs = 1 << 14;

}  // namespace

Blocks::Blocks(const CompiledLinkage& rule, const LinkageRows& rows)
    : rule_(rule), rows_(rows), rules_(rule.blocking.size()) {
  plan_.budget = rule.pair_budget;
  for (size_t i = 0; i < rules_.size(); ++i) {
    FillKeys(rule.blocking[i], &rules_[i]);
    FillBlocks(&rules_[i]);
    Count(rule.blocking[i].name, rules_[i]);
  }
  if (!plan_.fits() && rule.rule.drop_large_blocks()) DropLargest();
}

void Blocks::FillKeys(const CompiledBlocking& blocking, RuleBlocks* rule) const {
  rule->keys.assign(rows_.count(), 0);
  for (uint32_t record = 0; record < rows_.count(); ++record) {
    uint64_t key = 1;
    for (const size_t field : blocking.fields) {
      const uint32_t value = rows_.Value(field, record);
      key = value == 0 ? 0 : MixHash(key, rows_.HashOf(field, value));
      if (key == 0) break;
    }
    rule->keys[record] = key;
    if (key != 0) rule->records.push_back(record);
  }
  const auto& keys = rule->keys;
  std::sort(rule->records.begin(), rule->records.end(),
            [&keys](uint32_t a, uint32_t b) { return keys[a] != keys[b] ? keys[a] < keys[b] : a < b; });
}

void Blocks::FillBlocks(RuleBlocks* rule) const {
  const auto& records = rule->records;
  for (size_t begin = 0; begin < records.size();) {
    size_t end = begin;
    Block block;
    block.begin = begin;
    for (; end < records.size() && rule->keys[records[end]] == rule->keys[records[begin]]; ++end)
      ++(records[end] < rows_.left_count() ? block.left : block.right);
    const uint64_t left = block.left;
    block.pairs = rule_.one_table() ? left * (left - 1) / 2 : left * block.right;
    if (block.pairs > 0) rule->blocks.push_back(block);
    begin = end;
  }
}

void Blocks::Count(const std::string& name, const RuleBlocks& rule) {
  BlockingCount count;
  count.name = name;
  count.blocks = rule.blocks.size();
  count.records_without = rows_.count() - rule.records.size();
  for (const Block& block : rule.blocks) {
    count.pairs += block.pairs;
    count.largest.push_back({block.left, block.right, block.pairs});
  }
  const size_t told = std::min(kToldBlocks, count.largest.size());
  std::partial_sort(count.largest.begin(), count.largest.begin() + static_cast<std::ptrdiff_t>(told),
                    count.largest.end(), [](const BlockSize& a, const BlockSize& b) {
                      return a.pairs != b.pairs ? a.pairs > b.pairs : a.left > b.left;
                    });
  count.largest.resize(told);
  plan_.pairs += count.pairs;
  plan_.rules.push_back(std::move(count));
}

// Whole sizes are left out, so that what is does not depend on the order of the records.
void Blocks::DropLargest() {
  std::vector<uint64_t> sizes;
  for (const RuleBlocks& rule : rules_) {
    for (const Block& block : rule.blocks) sizes.push_back(block.pairs);
  }
  std::sort(sizes.begin(), sizes.end());
  uint64_t sum = 0, most = 0;
  for (size_t i = 0; i < sizes.size();) {
    size_t end = i;
    while (end < sizes.size() && sizes[end] == sizes[i]) ++end;
    sum += sizes[i] * (end - i);
    if (sum > plan_.budget) break;
    most = sizes[i];
    i = end;
  }
  DropAbove(most);
}

void Blocks::DropAbove(uint64_t most_pairs) {
  for (size_t i = 0; i < rules_.size(); ++i) {
    RuleBlocks& rule = rules_[i];
    BlockingCount& count = plan_.rules[i];
    std::erase_if(rule.blocks, [&](const Block& block) {
      if (block.pairs <= most_pairs) return false;
      ++count.dropped_blocks;
      count.dropped_pairs += block.pairs;
      rule.dropped.insert(rule.keys[rule.records[block.begin]]);
      return true;
    });
    plan_.pairs -= count.dropped_pairs;
    plan_.dropped_pairs += count.dropped_pairs;
  }
}

absl::Status Blocks::CheckBudget() const {
  if (plan_.fits()) return absl::OkStatus();
  const auto worst =
      std::max_element(plan_.rules.begin(), plan_.rules.end(),
                       [](const BlockingCount& a, const BlockingCount& b) { return a.pairs < b.pairs; });
  return MakeError(Reason::kInvalidRequest,
                   std::to_string(plan_.pairs) + " pairs would be compared, the budget is " +
                       std::to_string(plan_.budget) + "; blocking " + worst->name + " makes " +
                       std::to_string(worst->pairs) + " of them, its largest block " +
                       std::to_string(worst->largest.empty() ? 0 : worst->largest[0].pairs) +
                       ": give it another field, raise pair_budget, or set drop_large_blocks",
                   "pair_budget");
}

std::vector<PairUnit> Blocks::Units() const {
  std::vector<PairUnit> units;
  for (uint32_t r = 0; r < rules_.size(); ++r) {
    const auto& blocks = rules_[r].blocks;
    PairUnit small{r, 0, 0, 0, 0, 0};
    const auto end_small = [&](uint32_t next) {
      if (small.pairs > 0) units.push_back(small);
      small = {r, next, next, 0, 0, 0};
    };
    for (uint32_t b = 0; b < blocks.size(); ++b) {
      if (blocks[b].pairs <= kUnitPairs) {
        small.last_block = b + 1;
        small.pairs += blocks[b].pairs;
        if (small.pairs >= kUnitPairs) end_small(b + 1);
        continue;
      }
      end_small(b + 1);
      const uint64_t pairs_of_record = rule_.one_table() ? blocks[b].left : blocks[b].right;
      const auto step = static_cast<uint32_t>(std::max<uint64_t>(1, kUnitPairs / pairs_of_record));
      for (uint32_t first = 0; first < blocks[b].left; first += step) {
        const uint32_t last = std::min(blocks[b].left, first + step);
        units.push_back({r, b, b + 1, first, last, (last - first) * pairs_of_record});
      }
    }
    end_small(0);
  }
  return units;
}

void Blocks::Visit(const PairUnit& unit,
                   const std::function<void(uint32_t, uint32_t, uint32_t)>& take) const {
  const RuleBlocks& rule = rules_[unit.rule];
  for (uint32_t b = unit.first_block; b < unit.last_block; ++b) {
    const Block& block = rule.blocks[b];
    const uint32_t* const left = rule.records.data() + block.begin;
    const uint32_t* const end = left + block.left + block.right;
    const uint32_t last = unit.last_record == 0 ? block.left : unit.last_record;
    for (uint32_t i = unit.first_record; i < last; ++i) {
      for (const uint32_t* other = rule_.one_table() ? left + i + 1 : left + block.left; other < end;
           ++other) {
        uint32_t rules = 0;
        for (uint32_t r = 0; r < rules_.size(); ++r)
          rules |= Share(rules_[r], left[i], *other) ? 1U << r : 0U;
        const bool seen = (rules & ((1U << unit.rule) - 1)) != 0;
        if (!seen) take(left[i], *other, rules);
      }
    }
  }
}

}  // namespace hangou

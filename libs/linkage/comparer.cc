#include "libs/linkage/comparer.h"

#include <utility>

#include "libs/linkage/distance.h"

namespace hangou {

namespace linkage_v1 = hangou::linkage::v1;

PairComparer::PairComparer(const CompiledLinkage& rule, const LinkageRows& rows) : rule_(rule), rows_(rows) {
  memories_.resize(rule.comparisons.size() * kLinkageLevels);
  for (size_t i = 0; i < rule.comparisons.size(); ++i) {
    for (size_t j = 0; j < rule.comparisons[i].levels.size(); ++j) {
      const auto test = rule.comparisons[i].levels[j].test;
      if (test == linkage_v1::LEVEL_TEST_SIMILAR || test == linkage_v1::LEVEL_TEST_EDITS)
        memories_[i * kLinkageLevels + j].resize(kSlots);
    }
  }
}

AgreementPattern PairComparer::Compare(uint32_t a, uint32_t b) {
  AgreementPattern pattern = 0;
  for (size_t i = 0; i < rule_.comparisons.size(); ++i)
    pattern |= static_cast<AgreementPattern>(OutcomeOfComparison(i, a, b)) << (i * kOutcomeBits);
  return pattern;
}

size_t PairComparer::OutcomeOfComparison(size_t comparison, uint32_t a, uint32_t b) {
  const CompiledComparison& compared = rule_.comparisons[comparison];
  if (rows_.Value(compared.field, a) == 0 || rows_.Value(compared.field, b) == 0) return 0;
  for (size_t i = 0; i < compared.levels.size(); ++i) {
    if (Holds(compared.levels[i], comparison * kLinkageLevels + i, a, b)) return i + 1;
  }
  return compared.different();
}

bool PairComparer::Holds(const CompiledLevel& level, size_t memory, uint32_t a, uint32_t b) {
  const uint32_t value_a = rows_.Value(level.field, a);
  const uint32_t value_b = rows_.Value(level.field, b);
  if (value_a == 0 || value_b == 0) return false;
  switch (level.test) {
    case linkage_v1::LEVEL_TEST_SAME:
      return value_a == value_b;
    case linkage_v1::LEVEL_TEST_BOTH_VALID:
      return rows_.IsValid(level.field, a) && rows_.IsValid(level.field, b);
    case linkage_v1::LEVEL_TEST_SWAPPED:
      return rows_.Text(level.field, value_a) == rows_.Text(level.with, rows_.Value(level.with, b)) &&
             rows_.Text(level.with, rows_.Value(level.with, a)) == rows_.Text(level.field, value_b);
    case linkage_v1::LEVEL_TEST_WITHIN: {
      const std::u32string& one = rows_.Text(level.field, value_a);
      const std::u32string& other = rows_.Text(level.field, value_b);
      return one.starts_with(other) || other.starts_with(one);
    }
    default:
      return value_a == value_b || HoldsForTexts(level, memory, value_a, value_b);
  }
}

bool PairComparer::HoldsForTexts(const CompiledLevel& level, size_t memory, uint32_t value_a,
                                 uint32_t value_b) {
  const TextOutline& outline_a = rows_.Outline(level.field, value_a);
  const TextOutline& outline_b = rows_.Outline(level.field, value_b);
  const bool hopeless = level.test == linkage_v1::LEVEL_TEST_SIMILAR
                            ? MostSimilar(outline_a, outline_b) < level.at_least
                            : LeastEdits(outline_a, outline_b) > level.at_most;
  if (hopeless) return false;
  if (value_a > value_b) std::swap(value_a, value_b);
  const uint64_t values = static_cast<uint64_t>(value_a) << 32 | value_b;
  Remembered& slot = memories_[memory][values * 0x9E3779B97F4A7C15 >> 51];
  static_assert(kSlots == 1ULL << (64 - 51));
  if (slot.values == values) return slot.holds;
  // In the order of the texts: which of two records comes first tells nothing.
  const std::u32string* one = &rows_.Text(level.field, value_a);
  const std::u32string* other = &rows_.Text(level.field, value_b);
  if (*other < *one) std::swap(one, other);
  slot.values = values;
  slot.holds = level.test == linkage_v1::LEVEL_TEST_SIMILAR ? JaroWinkler(*one, *other) >= level.at_least
                                                            : WithinEdits(*one, *other, level.at_most);
  return slot.holds;
}

}  // namespace hangou

#include "libs/linkage/link_model.h"

#include <catch2/catch.hpp>
#include <random>

#include "libs/linkage/linkage_for_test.h"

namespace hangou {
namespace {

using linkage_test::CompiledTestRule;
using linkage_test::TestLinkageRule;

// Outcomes of the four comparisons of the test's rule, drawn by shares.
AgreementPattern DrawPattern(std::mt19937& random, const std::vector<std::vector<double>>& shares) {
  AgreementPattern pattern = 0;
  for (size_t i = 0; i < shares.size(); ++i) {
    std::discrete_distribution<uint64_t> outcome(shares[i].begin(), shares[i].end());
    pattern |= outcome(random) << (i * kOutcomeBits);
  }
  return pattern;
}

// Outcome 0 is a missing value.
const std::vector<std::vector<double>> kM = {
    {0, 0.8, 0.15, 0.05}, {0.1, 0.8, 0.05, 0.05}, {0.3, 0.5, 0.2}, {0, 0.7, 0.3}};
const std::vector<std::vector<double>> kU = {
    {0, 0.002, 0.008, 0.99}, {0.1, 0.001, 0.009, 0.89}, {0.3, 0.001, 0.699}, {0, 0.02, 0.98}};

double ShareOf(const std::vector<double>& shares, size_t outcome) {
  return shares[outcome] / (1 - shares[0]);
}

TEST_CASE("a generated population gives back the shares that it was made with") {
  const CompiledLinkage rule = CompiledTestRule(TestLinkageRule());
  std::mt19937 random(1);
  PatternCounts strangers, blocked;
  for (int i = 0; i < 400'000; ++i) ++strangers[{DrawPattern(random, kU), 0}];
  // Pairs of the three rules of blocking: what a rule looks at agrees in all its pairs.
  constexpr int kPairs = 60'000;
  int matches = 0;
  for (int i = 0; i < kPairs; ++i) {
    const bool match = i % 5 == 0;
    matches += match ? 1 : 0;
    constexpr size_t kLooksAt[] = {0, 1, 3};
    const auto r = static_cast<size_t>(i / 5 % 3);
    const size_t by = kLooksAt[r] * kOutcomeBits;
    const AgreementPattern pattern =
        (DrawPattern(random, match ? kM : kU) & ~(AgreementPattern{15} << by)) | (AgreementPattern{1} << by);
    ++blocked[{pattern, 1U << r}];
  }
  const LinkModel model = LinkModel::Learn(rule, strangers, blocked, 1, 100e6);
  for (size_t i = 0; i < kM.size(); ++i) {
    for (size_t outcome = 1; outcome < kM[i].size(); ++outcome) {
      CAPTURE(i, outcome);
      CHECK(model.comparisons()[i].m[outcome] == Approx(ShareOf(kM[i], outcome)).margin(0.02));
      CHECK(model.comparisons()[i].u[outcome] == Approx(ShareOf(kU[i], outcome)).epsilon(0.1).margin(3e-4));
    }
  }
  CHECK(model.prior() == Approx(matches / 100e6).epsilon(0.1));
}

TEST_CASE("where nothing matches, nothing is taken for a match") {
  const CompiledLinkage rule = CompiledTestRule(TestLinkageRule());
  std::mt19937 random(2);
  PatternCounts strangers, blocked;
  for (int i = 0; i < 100'000; ++i) ++strangers[{DrawPattern(random, kU), 0}];
  for (int i = 0; i < 10'000; ++i) ++blocked[{(DrawPattern(random, kU) & ~AgreementPattern{15}) | 1, 1}];
  const LinkModel model = LinkModel::Learn(rule, strangers, blocked, 1, 100e6);
  for (const auto& [key, count] : blocked) {
    CAPTURE(key.first);
    CHECK(model.ProbabilityOf(model.WeightOf(key.first)) < 0.95);
  }
}

TEST_CASE("no pairs at all teach nothing, and are no error") {
  const CompiledLinkage rule = CompiledTestRule(TestLinkageRule());
  const LinkModel model = LinkModel::Learn(rule, {}, {}, 1, 0);
  for (const ComparisonModel& comparison : model.comparisons()) {
    CHECK(std::isfinite(comparison.weights.back()));
    CHECK(comparison.weights.back() <= 0);
  }
  CHECK(model.ProbabilityOf(0) < 0.5);
}

}  // namespace
}  // namespace hangou

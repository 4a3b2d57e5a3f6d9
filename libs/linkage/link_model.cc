#include "libs/linkage/link_model.h"

#include <algorithm>
#include <cmath>

namespace hangou {
namespace {

// Where expectation maximisation begins: most matches agree, and one blocked pair in twenty is one.
constexpr double kFirstAgreement = 0.8;
constexpr double kFirstShare = 0.05;
constexpr int kMostRounds = 500;
constexpr double kSettled = 1e-7;
// As if so many matches had been seen before: a table without matches teaches nothing.
constexpr double kBelievedMatches = 2;
// What was never seen among the random pairs is taken for half a pair.
constexpr double kUnseen = 0.5;
constexpr double kLeastPrior = 1e-15;

// The best outcome most often, each further one less, a difference rarely.
std::vector<double> FirstM(size_t different) {
  std::vector<double> m(different + 1, 0);
  m[1] = kFirstAgreement;
  double left = 1 - kFirstAgreement;
  for (size_t outcome = 2; outcome <= different; ++outcome) {
    m[outcome] = outcome == different ? left : left / 2;
    left -= m[outcome];
  }
  return m;
}

// Expectation maximisation over the pairs of some rules of blocking, for some of the comparisons, with u given.
class Maximisation {
 public:
  Maximisation(const CompiledLinkage& rule, const std::vector<ComparisonModel>& model,
               std::vector<size_t> learned)
      : learned_(std::move(learned)), model_(model) {
    for (const size_t comparison : learned_) m_.push_back(FirstM(rule.comparisons[comparison].different()));
  }

  // Learns from pairs that one of the rules has.
  void Run(const PatternCounts& blocked, uint32_t rules) {
    for (int round = 0; round < kMostRounds; ++round) {
      const double before = share_;
      Round(blocked, rules);
      if (pairs_ == 0 || std::abs(share_ - before) < kSettled) break;
    }
  }
  // What came out, in the order of the learned comparisons, and from how many matches.
  const std::vector<std::vector<double>>& m() const { return m_; }
  double matches() const { return share_ * pairs_; }

 private:
  void Round(const PatternCounts& blocked, uint32_t rules) {
    std::vector<std::vector<double>> counts;
    for (size_t i = 0; i < learned_.size(); ++i) {
      counts.push_back(FirstM(m_[i].size() - 1));
      for (double& count : counts[i]) count *= kBelievedMatches;
    }
    double matches = 0;
    pairs_ = 0;
    for (const auto& [key, count] : blocked) {
      if ((key.second & rules) == 0) continue;
      const double expected = static_cast<double>(count) * MatchProbability(key.first);
      pairs_ += static_cast<double>(count);
      matches += expected;
      for (size_t i = 0; i < learned_.size(); ++i) counts[i][OutcomeOf(key.first, learned_[i])] += expected;
    }
    for (size_t i = 0; i < learned_.size(); ++i) {
      double sum = 0;
      for (size_t outcome = 1; outcome < counts[i].size(); ++outcome) sum += counts[i][outcome];
      for (size_t outcome = 1; outcome < counts[i].size(); ++outcome)
        m_[i][outcome] = counts[i][outcome] / sum;
    }
    if (pairs_ > 0) share_ = std::clamp(matches / pairs_, kLeastPrior, 1 - kSettled);
  }
  double MatchProbability(AgreementPattern pattern) const {
    double odds = share_ / (1 - share_);
    for (size_t i = 0; i < learned_.size(); ++i) {
      const size_t outcome = OutcomeOf(pattern, learned_[i]);
      if (outcome != 0) odds *= m_[i][outcome] / model_[learned_[i]].u[outcome];
    }
    return odds / (1 + odds);
  }

  const std::vector<size_t> learned_;
  const std::vector<ComparisonModel>& model_;
  std::vector<std::vector<double>> m_;
  double share_ = kFirstShare;
  double pairs_ = 0;
};

}  // namespace

LinkModel LinkModel::Learn(const CompiledLinkage& rule, const PatternCounts& random,
                           const PatternCounts& blocked, double scale, double all_pairs) {
  LinkModel model(rule);
  for (const CompiledComparison& comparison : rule.comparisons)
    model.comparisons_.push_back({FirstM(comparison.different()), {}, {}});
  // Some of the random pairs are matches; how many, the first turn tells.
  for (int turn = 0; turn < 2; ++turn) {
    model.SetU(random);
    model.LearnM(blocked);
    model.SetWeights();
    model.LearnPrior(blocked, scale, all_pairs);
  }
  return model;
}

void LinkModel::SetU(const PatternCounts& random) {
  for (size_t i = 0; i < comparisons_.size(); ++i) {
    ComparisonModel& model = comparisons_[i];
    std::vector<double> counts(model.m.size(), 0);
    double seen = 0;
    for (const auto& [key, count] : random) {
      const size_t outcome = OutcomeOf(key.first, i);
      counts[outcome] += static_cast<double>(count);
      if (outcome != 0) seen += static_cast<double>(count);
    }
    double sum = 0;
    for (size_t outcome = 1; outcome < counts.size(); ++outcome) {
      counts[outcome] = std::max(counts[outcome] - seen * prior_ * model.m[outcome], kUnseen);
      sum += counts[outcome];
    }
    model.u.assign(counts.size(), 0);
    for (size_t outcome = 1; outcome < counts.size(); ++outcome) model.u[outcome] = counts[outcome] / sum;
  }
}

// A comparison that no rule of blocking looks at is learned from all of them, and what is learned counts by the matches
// behind it; one that every rule looks at is learned from everything, as well as it goes.
void LinkModel::LearnM(const PatternCounts& blocked) {
  std::vector<std::vector<double>> sums;
  std::vector<double> behind(comparisons_.size(), 0);
  for (const ComparisonModel& model : comparisons_) sums.emplace_back(model.m.size(), 0);
  const auto learn = [&](const std::vector<size_t>& learned, uint32_t rules, bool unlearned_only) {
    if (learned.empty()) return;
    Maximisation maximisation(*rule_, comparisons_, learned);
    maximisation.Run(blocked, rules);
    for (size_t i = 0; i < learned.size(); ++i) {
      if (unlearned_only && behind[learned[i]] > 0) continue;
      const double matches = maximisation.matches() + kSettled;
      behind[learned[i]] += matches;
      for (size_t outcome = 1; outcome < sums[learned[i]].size(); ++outcome)
        sums[learned[i]][outcome] += matches * maximisation.m()[i][outcome];
    }
  };
  std::vector<size_t> all;
  for (size_t i = 0; i < comparisons_.size(); ++i) all.push_back(i);
  for (size_t r = 0; r < rule_->blocking.size(); ++r) {
    std::vector<size_t> learned;
    for (const size_t i : all) {
      if (!rule_->Overlap(i, r)) learned.push_back(i);
    }
    learn(learned, 1U << r, false);
  }
  if (std::find(behind.begin(), behind.end(), 0.0) != behind.end()) learn(all, ~0U, true);
  for (const size_t i : all) {
    for (size_t outcome = 1; outcome < sums[i].size(); ++outcome)
      comparisons_[i].m[outcome] = std::max(sums[i][outcome] / behind[i], kLeastPrior);
  }
}

void LinkModel::SetWeights() {
  for (ComparisonModel& model : comparisons_) {
    model.weights.assign(model.m.size(), 0);
    for (size_t outcome = 1; outcome < model.m.size(); ++outcome)
      model.weights[outcome] = std::log2(model.m[outcome] / model.u[outcome]);
    // A difference never speaks for a link, whatever few pairs seem to teach.
    model.weights.back() = std::min(model.weights.back(), 0.0);
  }
}

// The matches expected among the blocked pairs are as good as all there are; how many that is depends on the prior.
void LinkModel::LearnPrior(const PatternCounts& blocked, double scale, double all_pairs) {
  double pairs = 0;
  for (const auto& [key, count] : blocked) pairs += static_cast<double>(count) * scale;
  prior_ = std::max(pairs * kFirstShare / std::max(all_pairs, 1.0), kLeastPrior);
  for (int round = 0; round < kMostRounds; ++round) {
    double matches = 0;
    for (const auto& [key, count] : blocked)
      matches += static_cast<double>(count) * scale * ProbabilityOf(WeightOf(key.first));
    const double next = std::clamp(matches / std::max(all_pairs, 1.0), kLeastPrior, 0.5);
    const bool settled = std::abs(next - prior_) < kSettled * prior_;
    prior_ = next;
    if (settled) break;
  }
}

double LinkModel::WeightOf(AgreementPattern pattern) const {
  double weight = 0;
  for (size_t i = 0; i < comparisons_.size(); ++i) weight += comparisons_[i].weights[OutcomeOf(pattern, i)];
  return weight;
}

double LinkModel::ProbabilityOf(double weight) const {
  const double odds = prior_ / (1 - prior_) * std::exp2(weight);
  return std::isinf(odds) ? 1 : odds / (1 + odds);
}

}  // namespace hangou

#include "libs/linkage/linker.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <thread>
#include <unordered_map>

#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace hangou {

namespace linkage_v1 = hangou::linkage::v1;

namespace {

constexpr size_t kDrawChunks = 256;
// Weights closer than this are the same: which of two counterparts is meant, people must say.
constexpr double kSameWeight = 1e-9;

double SecondsSince(int64_t begin_us) {
  return static_cast<double>(SystemClock().BootUs() - begin_us) / kUsPerSecond;
}

// Calls work(worker, index) for every index below `count`; worker 0 is the calling thread.
void RunInParallel(unsigned threads, size_t count, const std::function<void(size_t, size_t)>& work) {
  std::atomic<size_t> next = 0;
  const auto run = [&](size_t worker) {
    for (size_t index = next++; index < count; index = next++) work(worker, index);
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(run, i);
  run(0);
  for (std::thread& thread : others) thread.join();
}

// Counts of one thread; merged in any order they come to the same.
struct PatternCounter {
  struct HashOfKey {
    size_t operator()(const std::pair<AgreementPattern, uint32_t>& key) const {
      return (key.first ^ static_cast<uint64_t>(key.second) << 40) * 0x9E3779B97F4A7C15 >> 7;
    }
  };
  std::unordered_map<std::pair<AgreementPattern, uint32_t>, uint64_t, HashOfKey> counts;
};

PatternCounts Merged(const std::vector<PatternCounter>& counters) {
  PatternCounts counts;
  for (const PatternCounter& counter : counters) {
    for (const auto& [key, count] : counter.counts) counts[key] += count;
  }
  return counts;
}

// SplitMix64.
class Draw {
 public:
  explicit Draw(uint64_t seed) : state_(seed * 0xD6E8FEB86659FD93 + 1) {}
  uint32_t Below(uint64_t limit) {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return static_cast<uint32_t>((z ^ (z >> 31)) % limit);
  }

 private:
  uint64_t state_;
};

// What may be linked comes before what is for review, however much that weighs.
bool ComesFirst(const LinkedPair& a, const LinkedPair& b) {
  if (a.decision != b.decision) return a.decision < b.decision;
  if (a.weight != b.weight) return a.weight > b.weight;
  return a.left != b.left ? a.left < b.left : a.right < b.right;
}

bool InOrderOfRecords(const LinkedPair& a, const LinkedPair& b) {
  return a.left != b.left ? a.left < b.left : a.right < b.right;
}

uint32_t RootOf(std::vector<uint32_t>& parents, uint32_t record) {
  while (parents[record] != record) record = parents[record] = parents[parents[record]];
  return record;
}

double AllPairs(double left, double right, bool one_table) {
  return one_table ? left * (left - 1) / 2 : left * right;
}

}  // namespace

Linker::Linker(const CompiledLinkage& rule, LinkageRows* rows, unsigned threads, LinkageProgress progress,
               uint64_t training_pairs)
    : rule_(rule),
      rows_(*rows),
      threads_(std::max(threads, 1U)),
      progress_(std::move(progress)),
      training_pairs_(training_pairs) {}

absl::StatusOr<LinkageResult> Linker::Run() {
  LinkageResult result;
  const Blocks blocks(rule_, rows_);
  RETURN_IF_ERROR(blocks.CheckBudget());
  taken_.assign(rows_.count(), false);
  const int64_t begin_us = SystemClock().BootUs();
  LinkExactly(&result);
  result.exact = result.pairs.size();
  result.seconds_exact = SecondsSince(begin_us);
  RETURN_IF_ERROR(Score(blocks, &result));
  std::sort(result.pairs.begin(), result.pairs.end(), InOrderOfRecords);
  if (rule_.one_table()) {
    JoinEntities(&result);
  } else {
    for (LinkedPair& pair : result.pairs) pair.right -= rows_.left_count();
  }
  return result;
}

void Linker::LinkExactly(LinkageResult* result) {
  for (const size_t field : rule_.identifiers) {
    std::unordered_map<uint32_t, std::vector<uint32_t>> holders;
    for (uint32_t record = 0; record < rows_.count(); ++record) {
      if (rows_.IsValid(field, record)) holders[rows_.Value(field, record)].push_back(record);
    }
    for (const auto& [value, records] : holders) {
      if (records.size() <= kIdentifierHolders) {
        LinkHolders(static_cast<uint32_t>(field), records, result);
        continue;
      }
      ++result->crowded;
      for (const uint32_t record : records) rows_.Distrust(field, record);
    }
  }
}

void Linker::LinkHolders(uint32_t field, const std::vector<uint32_t>& records, LinkageResult* result) {
  const auto link = [&](uint32_t a, uint32_t b) {
    for (const size_t earlier : rule_.identifiers) {
      if (earlier == field) break;
      if (rows_.IsValid(earlier, a) && rows_.IsValid(earlier, b) &&
          rows_.Value(earlier, a) == rows_.Value(earlier, b))
        return;
    }
    LinkedPair pair;
    pair.left = a;
    pair.right = b;
    pair.identifier = field;
    result->pairs.push_back(pair);
  };
  const auto first_right = std::find_if(records.begin(), records.end(),
                                        [this](uint32_t record) { return record >= rows_.left_count(); });
  if (rule_.one_to_one()) {
    // Where several records of a table have it, the score says which one is meant.
    if (records.size() != 2 || first_right != records.begin() + 1) return;
    if (taken_[records[0]] || taken_[records[1]]) return;
    link(records[0], records[1]);
    taken_[records[0]] = taken_[records[1]] = true;
    return;
  }
  const auto lefts_end = rule_.one_table() ? records.end() : first_right;
  for (auto a = records.begin(); a != lefts_end; ++a) {
    for (auto b = rule_.one_table() ? a + 1 : first_right; b != records.end(); ++b) link(*a, *b);
  }
}

// True where the pair needs no score: both records are settled, or this very pair is.
bool Linker::IsExact(uint32_t a, uint32_t b) const {
  if (rule_.one_to_one()) return taken_[a] || taken_[b];
  for (const size_t field : rule_.identifiers) {
    if (rows_.IsValid(field, a) && rows_.IsValid(field, b) && rows_.Value(field, a) == rows_.Value(field, b))
      return true;
  }
  return false;
}

void Linker::VisitAll(const Blocks& blocks, const std::vector<PairUnit>& units, uint64_t from, uint64_t total,
                      const TakePair& take) const {
  std::atomic<uint64_t> done = from;
  RunInParallel(threads_, units.size(), [&](size_t worker, size_t unit) {
    blocks.Visit(units[unit], [&](uint32_t a, uint32_t b, uint32_t rules) {
      if (!IsExact(a, b)) take(worker, unit, a, b, rules);
    });
    done += units[unit].pairs;
    if (worker == 0 && progress_) progress_(done, total);
  });
}

// The records are drawn in the order of their contents, so that their order in the file does not count.
PatternCounts Linker::DrawRandomPairs() const {
  std::vector<std::pair<uint64_t, uint32_t>> left, right;
  for (uint32_t record = 0; record < rows_.count(); ++record) {
    if (!taken_[record])
      (record < rows_.left_count() ? left : right).emplace_back(rows_.RecordHash(record), record);
  }
  std::sort(left.begin(), left.end());
  std::sort(right.begin(), right.end());
  const auto& others = rule_.one_table() ? left : right;
  if (left.empty() || others.empty()) return {};
  std::vector<PatternCounter> counters(threads_);
  std::vector<PairComparer> comparers(threads_, PairComparer(rule_, rows_));
  const auto count = [&](size_t worker, uint32_t a, uint32_t b) {
    if (a != b) ++counters[worker].counts[{comparers[worker].Compare(a, b), 0}];
  };
  if (static_cast<double>(left.size()) * static_cast<double>(others.size()) <=
      static_cast<double>(kRandomPairs)) {
    RunInParallel(threads_, left.size(), [&](size_t worker, size_t i) {
      for (size_t j = rule_.one_table() ? i + 1 : 0; j < others.size(); ++j)
        count(worker, left[i].second, others[j].second);
    });
  } else {
    RunInParallel(threads_, kDrawChunks, [&](size_t worker, size_t chunk) {
      Draw draw(chunk);
      for (uint64_t i = 0; i < kRandomPairs / kDrawChunks; ++i) {
        const uint32_t a = left[draw.Below(left.size())].second;
        count(worker, a, others[draw.Below(others.size())].second);
      }
    });
  }
  return Merged(counters);
}

// Where there are few pairs, all are learned from, and kept for weighing.
std::vector<std::vector<Linker::ComparedPair>> Linker::LearnFrom(const Blocks& blocks,
                                                                 const std::vector<PairUnit>& units,
                                                                 uint64_t every,
                                                                 LinkageResult* result) const {
  const uint64_t total = every == 1 ? blocks.plan().pairs : 2 * blocks.plan().pairs;
  std::vector<uint64_t> hashes;
  for (uint32_t record = 0; every > 1 && record < rows_.count(); ++record)
    hashes.push_back(rows_.RecordHash(record));
  std::vector<PatternCounter> counters(threads_);
  std::vector<PairComparer> comparers(threads_, PairComparer(rule_, rows_));
  std::vector<std::vector<ComparedPair>> compared(units.size());
  VisitAll(blocks, units, 0, total, [&](size_t worker, size_t unit, uint32_t a, uint32_t b, uint32_t rules) {
    if (every > 1 && MixHash(hashes[a] ^ hashes[b], hashes[a] + hashes[b]) % every != 0) return;
    const AgreementPattern pattern = comparers[worker].Compare(a, b);
    ++counters[worker].counts[{pattern, rules}];
    if (every == 1) compared[unit].push_back({a, b, pattern});
  });
  double left = 0, right = 0;
  for (uint32_t record = 0; record < rows_.count(); ++record) {
    if (!taken_[record]) ++(record < rows_.left_count() ? left : right);
  }
  result->model = LinkModel::Learn(rule_, DrawRandomPairs(), Merged(counters), static_cast<double>(every),
                                   AllPairs(left, right, rule_.one_table()));
  return compared;
}

absl::Status Linker::Score(const Blocks& blocks, LinkageResult* result) {
  int64_t begin_us = SystemClock().BootUs();
  const std::vector<PairUnit> units = blocks.Units();
  const uint64_t pairs = blocks.plan().pairs;
  const uint64_t every = pairs / training_pairs_ + 1;
  std::vector<std::vector<ComparedPair>> compared = LearnFrom(blocks, units, every, result);
  result->seconds_learning = SecondsSince(begin_us);
  begin_us = SystemClock().BootUs();
  std::vector<std::vector<LinkedPair>> candidates(units.size());
  std::vector<uint64_t> counted(threads_, 0);
  std::atomic<size_t> kept = 0;
  const auto keep = [&](size_t worker, size_t unit, const ComparedPair& pair) {
    ++counted[worker];
    LinkedPair weighed = Weigh(*result->model, pair);
    if (weighed.probability < rule_.review_probability) return;
    if (++kept <= kKeptPairs) candidates[unit].push_back(std::move(weighed));
  };
  if (every == 1) {
    RunInParallel(threads_, units.size(), [&](size_t worker, size_t unit) {
      for (const ComparedPair& pair : compared[unit]) keep(worker, unit, pair);
      std::vector<ComparedPair>().swap(compared[unit]);
    });
  } else {
    std::vector<PairComparer> comparers(threads_, PairComparer(rule_, rows_));
    VisitAll(blocks, units, pairs, 2 * pairs,
             [&](size_t worker, size_t unit, uint32_t a, uint32_t b, uint32_t) {
               keep(worker, unit, {a, b, comparers[worker].Compare(a, b)});
             });
  }
  if (kept > kKeptPairs) {
    return MakeError(Reason::kInvalidRequest,
                     "more than " + std::to_string(kKeptPairs) +
                         " pairs are above the review threshold; raise review_percent, or weigh more fields");
  }
  std::vector<LinkedPair> all;
  for (auto& of_unit : candidates) all.insert(all.end(), of_unit.begin(), of_unit.end());
  if (rule_.one_to_one()) ChooseCounterparts(&all);
  result->pairs.insert(result->pairs.end(), all.begin(), all.end());
  result->compared = std::accumulate(counted.begin(), counted.end(), uint64_t{0});
  result->seconds_scoring = SecondsSince(begin_us);
  return absl::OkStatus();
}

double Linker::RarityOf(const LinkModel& model, size_t comparison, const LinkedPair& pair) const {
  const CompiledComparison& compared = rule_.comparisons[comparison];
  const size_t outcome = OutcomeOf(pair.pattern, comparison);
  if (!compared.rare_counts_more || outcome == 0 || outcome > compared.levels.size()) return 0;
  const CompiledLevel& level = compared.levels[outcome - 1];
  if (level.test != linkage_v1::LEVEL_TEST_SAME) return 0;
  const uint32_t holders = rows_.Frequency(level.field, rows_.Value(level.field, pair.left));
  const double share = static_cast<double>(holders) / rows_.count();
  return std::log2(model.comparisons()[comparison].u[outcome] / share);
}

LinkedPair Linker::Weigh(const LinkModel& model, const ComparedPair& compared) const {
  LinkedPair pair;
  pair.left = compared.a;
  pair.right = compared.b;
  pair.pattern = compared.pattern;
  pair.weight = model.WeightOf(pair.pattern);
  for (size_t i = 0; i < rule_.comparisons.size(); ++i) pair.weight += RarityOf(model, i, pair);
  pair.probability = model.ProbabilityOf(pair.weight);
  const auto agrees = [&](size_t comparison) {
    const size_t outcome = OutcomeOf(pair.pattern, comparison);
    return outcome != 0 && outcome != rule_.comparisons[comparison].different();
  };
  const auto& needs = rule_.needs_one_of;
  const bool may_link = needs.empty() || std::any_of(needs.begin(), needs.end(), agrees);
  pair.decision =
      may_link && pair.probability >= rule_.link_probability ? LinkDecision::kLink : LinkDecision::kReview;
  return pair;
}

// The heaviest link first; what is left of a record's other pairs is nothing, but where two weigh the same.
void Linker::ChooseCounterparts(std::vector<LinkedPair>* candidates) const {
  std::sort(candidates->begin(), candidates->end(), ComesFirst);
  std::vector<bool> settled(rows_.count(), false);
  std::vector<LinkedPair> chosen;
  std::unordered_map<uint32_t, size_t> pairs_of_weight;
  for (size_t i = 0; i < candidates->size();) {
    size_t end = i;
    pairs_of_weight.clear();
    const auto same = [&](const LinkedPair& a, const LinkedPair& b) {
      return a.decision == b.decision && a.weight - b.weight < kSameWeight;
    };
    for (; end < candidates->size() && same((*candidates)[i], (*candidates)[end]); ++end) {
      const LinkedPair& pair = (*candidates)[end];
      if (settled[pair.left] || settled[pair.right]) continue;
      ++pairs_of_weight[pair.left];
      ++pairs_of_weight[pair.right];
    }
    std::vector<LinkedPair> free;
    for (; i < end; ++i) {
      LinkedPair pair = (*candidates)[i];
      if (settled[pair.left] || settled[pair.right]) continue;
      if (pairs_of_weight[pair.left] > 1 || pairs_of_weight[pair.right] > 1)
        pair.decision = LinkDecision::kReview;
      free.push_back(pair);
    }
    for (const LinkedPair& pair : free) {
      settled[pair.left] = settled[pair.right] = true;
      chosen.push_back(pair);
    }
  }
  *candidates = std::move(chosen);
}

void Linker::JoinEntities(LinkageResult* result) const {
  std::vector<uint32_t>& parents = result->entities;
  parents.resize(rows_.count());
  std::iota(parents.begin(), parents.end(), 0);
  for (const LinkedPair& pair : result->pairs) {
    if (pair.decision != LinkDecision::kLink) continue;
    const uint32_t a = RootOf(parents, pair.left);
    const uint32_t b = RootOf(parents, pair.right);
    parents[std::max(a, b)] = std::min(a, b);
  }
  for (uint32_t record = 0; record < rows_.count(); ++record) parents[record] = RootOf(parents, record);
}

std::string Linker::ReasonsOf(const LinkModel& model, const LinkedPair& pair) const {
  if (pair.identifier)
    return rule_.rule.fields(static_cast<int>(*pair.identifier)).name() + ": the same valid identifier";
  std::string reasons;
  for (size_t i = 0; i < rule_.comparisons.size(); ++i) {
    const size_t outcome = OutcomeOf(pair.pattern, i);
    if (!reasons.empty()) reasons += "; ";
    reasons += rule_.comparisons[i].name + ": " + rule_.comparisons[i].OutcomeName(outcome);
    if (outcome == 0) continue;
    char weight[32];
    std::snprintf(weight, sizeof weight, " %+.1f",
                  model.comparisons()[i].weights[outcome] + RarityOf(model, i, pair));
    reasons += weight;
  }
  return reasons;
}

}  // namespace hangou

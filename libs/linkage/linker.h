// Linkage from end to end: exact by identifier, then by score.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/linkage/blocking.h"
#include "libs/linkage/link_model.h"

namespace hangou {

// Pairs that the model is learned from; of more, a part is taken, chosen by the contents of the records.
constexpr uint64_t kTrainingPairs = 4'000'000;
// Pairs drawn at random to see how often strangers agree.
constexpr uint64_t kRandomPairs = 1'000'000;
// Linked and reviewed pairs that are kept: 32 bytes each.
constexpr size_t kKeptPairs = 20'000'000;
// Records that may share a valid identifier; more are a number that somebody fills in, which links nobody.
constexpr size_t kIdentifierHolders = 100;

enum class LinkDecision : uint8_t { kLink, kReview };

// A pair that is linked, or for people to decide.
struct LinkedPair {
  uint32_t left = 0;   // record
  uint32_t right = 0;  // record; of the right table: less the number of the left one's records
  LinkDecision decision = LinkDecision::kLink;
  std::optional<uint32_t> identifier;  // field by which it was linked, without a score
  AgreementPattern pattern = 0;
  double weight = 0;  // log2 of the odds that it adds, rarity included
  double probability = 1;
};

// What came of a linkage.
struct LinkageResult {
  std::vector<LinkedPair> pairs;   // by left record, then right record
  std::vector<uint32_t> entities;  // of one table: of each record the lowest record that it is linked with
  uint64_t compared = 0;           // pairs
  uint64_t exact = 0;              // pairs linked by identifier
  uint64_t crowded = 0;            // identifiers that too many records share
  std::optional<LinkModel> model;
  double seconds_exact = 0;
  double seconds_learning = 0;
  double seconds_scoring = 0;
};

// What is told on the way: pairs so far, and of how many. Called by the calling thread.
using LinkageProgress = std::function<void(uint64_t, uint64_t)>;

// Links. Results do not depend on the number of threads, nor on the order of the records (but for their numbers, and
// which of two equal ones is taken). Not thread-safe; what it is given outlives it.
class Linker {
 public:
  Linker(const CompiledLinkage& rule, LinkageRows* rows, unsigned threads, LinkageProgress progress,
         uint64_t training_pairs = kTrainingPairs);

  // INVALID_REQUEST where the pairs are over the budget, or too many pairs are to be kept.
  absl::StatusOr<LinkageResult> Run();
  // What makes up the weight of a pair: "name: same +12.3; birth_date: one edit +3.1; phone: missing".
  std::string ReasonsOf(const LinkModel& model, const LinkedPair& pair) const;

 private:
  // Pairs that a piece of work brought, in its order.
  struct ComparedPair {
    uint32_t a;
    uint32_t b;
    AgreementPattern pattern;
  };
  using TakePair = std::function<void(size_t worker, size_t unit, uint32_t a, uint32_t b, uint32_t rules)>;

  void LinkExactly(LinkageResult* result);
  void LinkHolders(uint32_t field, const std::vector<uint32_t>& records, LinkageResult* result);
  bool IsExact(uint32_t a, uint32_t b) const;
  void VisitAll(const Blocks& blocks, const std::vector<PairUnit>& units, uint64_t from, uint64_t total,
                const TakePair& take) const;
  PatternCounts DrawRandomPairs() const;
  std::vector<std::vector<ComparedPair>> LearnFrom(const Blocks& blocks, const std::vector<PairUnit>& units,
                                                   uint64_t every, LinkageResult* result) const;
  absl::Status Score(const Blocks& blocks, LinkageResult* result);
  double RarityOf(const LinkModel& model, size_t comparison, const LinkedPair& pair) const;
  LinkedPair Weigh(const LinkModel& model, const ComparedPair& pair) const;
  void ChooseCounterparts(std::vector<LinkedPair>* candidates) const;
  void JoinEntities(LinkageResult* result) const;

  const CompiledLinkage& rule_;
  LinkageRows& rows_;
  const unsigned threads_;
  const LinkageProgress progress_;
  const uint64_t training_pairs_;
  std::vector<bool> taken_;  // one to one: records that an identifier has linked
};

}  // namespace hangou

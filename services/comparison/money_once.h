// The same money, found by several rules, counted once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

#include "hangou/comparison/v1/clue.pb.h"

namespace hangou {

// Sums amounts of clues. Money is the same where tax, subject, object and period are; each rule may have several clues
// of it, whose amounts add up, and the rule that finds most counts. A clue of a rule that names no tax is money of its
// own, with those of its rule. Not thread-safe.
class MoneyOnce {
 public:
  // Adds a clue with an amount: of the clue, or what was recovered of it.
  void Add(const hangou::comparison::v1::Clue& clue, int64_t amount_fen);

  int64_t plain_fen() const { return plain_fen_; }
  int64_t once_fen() const;

 private:
  struct ByRule {
    std::map<std::string, int64_t> amounts;
  };

  int64_t plain_fen_ = 0;
  int64_t alone_fen_ = 0;  // of rules without a tax
  std::unordered_map<std::string, ByRule> money_;
};

}  // namespace hangou

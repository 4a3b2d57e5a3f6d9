#include "tools/citygen/random.h"

#include <algorithm>
#include <numeric>

namespace hangou {

size_t Weights::Draw(Random& random) const {
  const int64_t at = random.Between(0, sums_.back() - 1);
  return static_cast<size_t>(std::upper_bound(sums_.begin(), sums_.end(), at) - sums_.begin());
}

// A step of about the golden section lands far from where the last ones did.
Shuffle::Shuffle(uint64_t seed, uint64_t size) : size_(size), factor_(size * 618 / 1000 + 1) {
  while (std::gcd(factor_, size) != 1) ++factor_;
  shift_ = Random(seed, "shuffle").Next() % size;
}

}  // namespace hangou
